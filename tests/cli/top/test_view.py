"""What `simlb top` looks like, as golden text, and what it goes without where there is little room."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from simlb.cli.top.labels import KOREAN
from simlb.cli.top.table import DROPPED, ORDER, sparkline
from tests.cli.top.pictures import KILLED, THREE, changed, pulse, shown, target


def test_a_wide_terminal_has_every_column() -> None:
    heading = next(line for line in shown(THREE, width=160) if "STATE" in line)
    assert re.split(r"\s{2,}", heading) == [
        "TARGET", "ADDRESS", "STATE", "REASON", "LAST CHECK", "NEXT", "REQ/S", "ERR/S", "IN FLIGHT", "P95", "SINCE",
        "HISTORY",
    ]  # fmt: skip


def test_columns_go_in_a_fixed_order_and_name_and_state_stay() -> None:
    assert set(ORDER) - set(DROPPED) == {"target", "state"}
    names = {
        "since": "SINCE", "address": "ADDRESS", "history": "HISTORY", "reason": "REASON", "next_check": "NEXT",
        "p95": "P95", "in_flight": "IN FLIGHT", "last_check": "LAST CHECK", "errors": "ERR/S", "per_second": "REQ/S",
    }  # fmt: skip
    gone = 0
    for width in range(160, 20, -1):
        heading = next(line for line in shown(THREE, width=width) if line.startswith("TARGET"))
        missing = [name for name in DROPPED if names[name] not in heading]
        assert missing == list(DROPPED[: len(missing)])
        assert len(missing) >= gone
        assert "STATE" in heading
        gone = len(missing)
    assert gone == len(DROPPED)


@pytest.mark.parametrize(
    ("width", "height", "rows"),
    [
        (20, 4, ["i-01    ✔ healthy", "i-02    ✔ healthy", "i-03    ✗ unhealthy"]),
        (20, 3, ["i-03    ✗ unhealthy", "and 2 more: 2 healt…"]),
        (12, 3, ["i-03  ✗ unh…", "and 2 more:…"]),
    ],
)
def test_very_small_terminals_show_targets_and_states(width: int, height: int, rows: list[str]) -> None:
    assert shown(THREE, *KILLED, width=width, height=height)[1:] == rows


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 2), (5, 2), (500, 200)])
def test_no_size_is_a_problem(width: int, height: int) -> None:
    assert shown(THREE, *KILLED, width=width, height=height)


def test_a_thousand_targets_show_what_needs_a_look_first() -> None:
    states = {500: "unhealthy", 700: "initial", 900: "draining"}
    targets = [target(f"t-{number}", states.get(number, "healthy")) for number in range(1000)]
    lines = shown(pulse(*targets, target("t-one", target_group="api")), height=24)
    names = [line.split()[0] for line in lines if line.startswith("t-")]
    assert names[:3] == ["t-500", "t-900", "t-700"]
    assert names[3:] == [f"t-{number}" for number in range(len(names) - 3)]
    assert f"and {1001 - len(names)} more: {1001 - len(names)} healthy" in lines
    assert len(shown(pulse(*targets), height=None)) > 1000


def test_groups_have_headings_and_one_without_a_healthy_target_a_badge() -> None:
    web, api = target("i-01"), target("i-02", "unhealthy", target_group="api")
    lines = shown(pulse(web, api), width=120)
    assert "target group web  1 healthy" in lines
    assert "target group api  1 unhealthy   FAIL-OPEN: no target is healthy, requests go to all of them" in lines
    assert "api  FAIL-OPEN: no target is healthy, requests go to all of them" in shown(pulse(web, api))
    assert any("FAIL-OPEN" in line for line in shown(pulse(api))), "also where there is only one group"


def test_without_figures_and_without_an_instance() -> None:
    assert "no figures yet" in shown()
    assert "nothing has happened yet" in shown(THREE)
    lost = shown(THREE, is_lost=True)
    assert lost[0] == "simlb top  instance default  waiting for the instance ...  q quits"
    assert any(line.startswith("i-03") for line in lost), "what was seen last"


CHECKS = ("200", "200", "connection")


def test_korean_labels_are_aligned() -> None:
    lines = shown(THREE, *KILLED, labels=KOREAN)
    assert lines[0] == "simlb top  인스턴스 default  속도 10  AWS 1m40s (실제 10s)  q 종료"
    heading, *rows = lines[4:8]
    assert heading.startswith("대상  상태")
    begins = [heading.index("마지막 검사"), *(row.index(word) for row, word in zip(rows, CHECKS, strict=True))]
    assert len({cell_len(line[:at]) for line, at in zip((heading, *rows), begins, strict=True)}) == 1


def test_once_is_plain_and_has_everything() -> None:
    lines = shown(THREE, *KILLED, width=160, height=None)
    assert "quits" not in lines[0]
    assert "control port http://127.0.0.1:8089/" in lines[0]


def test_names_and_evidence_cannot_command_the_terminal() -> None:
    hostile = "\x1b[2J\x9b\u202ei"
    evil = target(hostile, "unhealthy", last_check=hostile, reason=hostile, address=hostile, target_group=hostile)
    lines = shown(pulse(evil, target("i-02")), changed(1, hostile, hostile, evidence=hostile), width=200)
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("values", "highest", "drawn"),
    [
        ([], 0, ""),
        ([0, 0], 0, "··"),
        ([0, 1, 4, 7, 8], 8, "·▂▅██"),
        ([0.001], 8, "▁"),
        ([100], 8, "█"),
    ],
)
def test_sparklines(values: list[float], highest: float, drawn: str) -> None:
    assert sparkline(values, highest) == drawn
