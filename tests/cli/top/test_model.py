"""What `simlb top` makes of events and pulses, without a terminal or a clock."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.cli.top.model import HISTORY, SAME_WITHIN_S, Model, most_urgent
from simlb.core.event_json import Missed, Told
from simlb.core.events import Notice, RequestsCounted
from tests.cli.top.pictures import changed, error, pulse, target


def fed(*events: Told, now: float = 0.0) -> Model:
    model = Model("default")
    model.connected(speed=10, control="127.0.0.1:8089")
    for event in events:
        model.take(event, now)
    return model


def listed(model: Model, count: int = 10) -> list[tuple[int, str]]:
    return [(one.count, f"{one.subject} {one.text}".strip()) for one in model.happenings(count)]


def test_targets_keep_the_order_of_the_configuration_within_their_groups() -> None:
    one, two, three = target("i-01"), target("i-02", target_group="api"), target("i-03", "unhealthy")
    groups = fed(pulse(one, two, three)).groups(0.0)
    assert [(group.name, [row.pulse.target for row in group.rows]) for group in groups] == [
        ("web", ["i-01", "i-03"]),
        ("api", ["i-02"]),
    ]
    assert [row.pulse.target for _, row in most_urgent(groups)] == ["i-03", "i-01", "i-02"]


@pytest.mark.parametrize(
    ("states", "fails_open"),
    [
        (["unhealthy", "unhealthy"], True),
        (["unhealthy", "draining"], True),
        (["unhealthy", "healthy"], False),
        (["initial", "initial"], False),
        (["initial", "unhealthy"], True),
        (["unused"], False),
        (["draining"], False),
    ],
)
def test_a_group_without_a_healthy_target_fails_open(states: list[str], fails_open: bool) -> None:
    (group,) = fed(pulse(*(target(f"i-{index:02}", state) for index, state in enumerate(states)))).groups(0.0)
    assert group.fails_open is fails_open


def test_rates_of_the_past_are_kept_up_to_a_bound_and_only_of_targets_that_are_there() -> None:
    model = fed(*(pulse(target("i-01", per_second=float(second)), target("i-02")) for second in range(HISTORY + 5)))
    first, _ = model.groups(0.0)[0].rows
    assert first.history == tuple(float(second) for second in range(5, HISTORY + 5))
    model.take(pulse(target("i-02")), 0.0)
    model.take(pulse(target("i-01"), target("i-02")), 0.0)
    assert [len(row.history) for row in model.groups(0.0)[0].rows] == [1, HISTORY]


def test_time_goes_on_between_pulses_at_the_speed_of_the_instance() -> None:
    model = fed(pulse(target("i-01", next_check_in_s=12.0), at_s=100), now=5.0)
    assert model.times(5.5) == pytest.approx((105.0, 10.5))
    assert model.groups(5.5)[0].rows[0].next_check_in_s == pytest.approx(7.0)
    assert model.groups(9.0)[0].rows[0].next_check_in_s == 0
    model.lost()
    assert model.times(50.0) == (100.0, 10.0), "of an instance that has gone nothing is known but the last"


def test_nobody_checks_a_target_that_is_not_in_use() -> None:
    model = fed(pulse(target("i-01", "unused", next_check_in_s=None)))
    assert model.groups(0.0)[0].rows[0].next_check_in_s is None


IN_A_ROW = [error(1.0 + step / 10) for step in range(41)]


@pytest.mark.parametrize(
    ("events", "lines"),
    [
        ([], []),
        (IN_A_ROW, [(41, "502 i-03 connection refused")]),
        (
            [error(1), error(2, "i-02"), error(3)],
            [(1, "502 i-02 connection refused"), (2, "502 i-03 connection refused")],
        ),
        (
            [error(1), error(1 + SAME_WITHIN_S), error(2 + 2 * SAME_WITHIN_S)],
            [(2, "502 i-03 connection refused"), (1, "502 i-03 connection refused")],
        ),
        ([error(1, elb_status_code=200, target_status_code=200, failure=None)], []),
        ([error(1, elb_status_code=404, target_status_code=404, failure=None)], []),
        ([error(1, elb_status_code=500, target_status_code=500, failure=None)], [(1, "500 i-03")]),
        (
            [error(1, elb_status_code=503, target=None, failure=None)],
            [(1, "503 by the load balancer")],
        ),
        ([error(1, elb_status_code=503, target=None, failure=None, action="fixed-response")], []),
        ([error(1, elb_status_code=301, target=None, failure=None, action="redirect")], []),
        (
            [error(1), changed(2, "i-03", "unhealthy"), error(3)],
            [
                (1, "i-03 healthy -> unhealthy  Target.FailedHealthChecks: Health checks failed (connection refused)"),
                (2, "502 i-03 connection refused"),
            ],
        ),
        ([Notice(level="warning", text="careful", code="E105")], [(1, "SIMLB-E105 careful")]),
        ([Missed(count=3)], [(1, "stream 3 events missed: no longer kept")]),
    ],
)
def test_errors_alike_are_one_line_and_what_went_well_is_none(events: list[Told], lines: list[tuple[int, str]]) -> None:
    assert listed(fed(*events)) == lines


def test_what_has_no_time_gets_that_of_what_came_before() -> None:
    model = fed(pulse(target("i-01"), at_s=50), changed(6, "i-03", "unhealthy"), Notice(level="info", text="so"))
    assert [(one.at_s, one.real_s) for one in model.happenings(5)] == [(60, 6), (60, 6)]


def test_errors_do_not_drive_changes_of_state_off_the_list() -> None:
    changes = [changed(step, f"i-{step:02}", "unhealthy") for step in range(10)]
    errors = [error(10 + step / 10, f"i-{step:02}") for step in range(10)]
    kinds = [one.is_error for one in fed(*changes, *errors).happenings(6)]
    assert kinds == [False, False, False, True, True, True]
    assert [one.is_error for one in fed(*changes[:1], *errors).happenings(6)] == [False, True, True, True, True, True]
    assert fed(*errors).happenings(0) == []


def counted(count: int, status: int, **changes: Any) -> RequestsCounted:
    values: dict[str, Any] = {
        "at_s": 1.0, "real_s": 0.1, "load_balancer": "demo", "listener_port": 443, "target_group": "web",
        "target": "i-03", "action": "forward", "elb_status_code": status, "target_status_code": status, "count": count,
    }  # fmt: skip
    return RequestsCounted(**values | changes)


def test_of_counted_requests_errors_are_told() -> None:
    model = fed(counted(70, 200), counted(30, 500), counted(12, 500), counted(4, 502, target_status_code=0))
    assert listed(model) == [(42, "500 i-03"), (4, "502 i-03 by the load balancer")]


def test_that_a_target_begins_is_no_news() -> None:
    assert listed(fed(changed(1, "i-01", "initial"))) == []


def test_another_instance_begins_anew() -> None:
    model = fed(pulse(target("i-01")), error(1))
    model.lost()
    assert model.link == "waiting"
    assert model.groups(0.0), "what was seen last stays to be looked at"
    model.connected(speed=1, control="127.0.0.1:9000")
    assert (model.link, model.groups(0.0), model.happenings(5)) == ("live", (), [])


def test_hostile_names_come_without_commands_to_the_terminal() -> None:
    hostile = "i-\x1b[2J\x9b31m\u202e"
    model = fed(changed(1, hostile, "unhealthy", evidence="\x1b]0;x\x07"), error(2, hostile, "\x1b[2J"))
    assert all((one.subject + one.text).isprintable() for one in model.happenings(5))
