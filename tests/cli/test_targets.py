"""Tables of targets in any width; targets registered, deregistered and waited for."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from simlb.cli.targets import list_lines, mode_words, share_words, target_lines
from simlb.cli.terminal import Style, line_width
from simlb.controlplane.views import InstanceView, TargetView
from tests.cli.conftest import Run, Running
from tests.controlplane.fakes import instance_view, target

PLAIN = Style(color=False)
SICK = target(
    "i-03",
    9003,
    state="unhealthy",
    reason="Target.FailedHealthChecks",
    hint="nothing listens there",
    last_check="connection refused (fail 5, needs 5 passes)",
    process="killed by SIGKILL",
    since_s=38,
)
LEAVING = target(
    "i-04",
    9004,
    state="draining",
    reason="Target.DeregistrationInProgress",
    process=None,
    since_s=60,
    owner=None,
    draining_left_s=239.5,
)
ADDED = target("i-05", 9005, process=None, owner="api")


def table(*targets: TargetView, width: int | None) -> str:
    return "\n".join(target_lines(targets, PLAIN, speed=10, width=width))


def test_at_100_columns_reasons_and_their_checks_go_below_their_target() -> None:
    assert table(target(), SICK, LEAVING, width=107) == (
        "TARGET  ADDRESS         STATE      LAST CHECK             REQUESTS  IN-FLIGHT  SINCE  PROCESS\n"
        "i-01    127.0.0.1:9001  healthy    200 in 2 ms (pass 14)         7          0  4m12s  pid 4121\n"
        "i-03    127.0.0.1:9003  unhealthy  -                             7          0    38s  killed by SIGKILL\n"
        "    Target.FailedHealthChecks  connection refused (fail 5, needs 5 passes)\n"
        "    → nothing listens there\n"
        "i-04    127.0.0.1:9004  draining   -                             7          0  1m00s  yours\n"
        "    Target.DeregistrationInProgress  gone in 240 s (24 s here)"
    )


def test_what_lowers_a_share_stands_below_its_target_in_any_width() -> None:
    ramping, odd = target("i-01", slow_start_weight=0.34), target("i-02", anomaly="anomalous", mitigation_weight=0.05)
    for width in (None, 60):
        lines = table(ramping, odd, target("i-03"), width=width).splitlines()
        assert [lines[1][:4], *lines[2:5]] == ["i-01", "    slow start 34 %", lines[3], "    anomalous, weight 5 %"]
        assert len(lines) == 6


@pytest.mark.parametrize(
    ("slow_start", "anomaly", "weight", "words"),
    [
        (1.0, "normal", 1.0, ""),
        (0.01, "normal", 1.0, "slow start 1 %"),
        (0.5, "anomalous", 1.0, "slow start 50 %, anomalous"),
        (1.0, "anomalous", 1.0, "anomalous"),
        (1.0, "normal", 0.384, "recovering from an anomaly, weight 38 %"),
    ],
)
def test_shares(slow_start: float, anomaly: str, weight: float, words: str) -> None:
    shown = target(slow_start_weight=slow_start, anomaly=anomaly, mitigation_weight=weight)
    assert share_words(shown) == words


@pytest.mark.parametrize(
    ("width", "header"),
    [
        (None, "TARGET ADDRESS STATE REASON LAST CHECK REQUESTS IN-FLIGHT SINCE OWNER PROCESS"),
        (200, "TARGET ADDRESS STATE REASON LAST CHECK REQUESTS IN-FLIGHT SINCE OWNER PROCESS"),
        (120, "TARGET ADDRESS STATE LAST CHECK REQUESTS IN-FLIGHT SINCE OWNER PROCESS"),
        (100, "TARGET ADDRESS STATE LAST CHECK REQUESTS IN-FLIGHT SINCE OWNER"),
        (85, "TARGET ADDRESS STATE LAST CHECK IN-FLIGHT SINCE OWNER"),
        (80, "TARGET ADDRESS STATE LAST CHECK IN-FLIGHT OWNER"),
        (65, "TARGET ADDRESS STATE LAST CHECK OWNER"),
        (20, "TARGET ADDRESS STATE LAST CHECK OWNER"),
    ],
)
def test_a_narrow_terminal_goes_without_columns(width: int | None, header: str) -> None:
    lines = table(target(), SICK, ADDED, width=width).splitlines()
    assert " ".join(lines[0].split()) == header
    assert "Target.FailedHealthChecks" in "\n".join(lines), "the reason is never lost"
    rows = [line for line in lines if not line.startswith("    ")]
    if width is not None and width > 60:
        assert max(map(len, rows)) <= width


def test_who_owns_a_target_is_shown_where_it_is_not_the_file_alone() -> None:
    assert "OWNER" not in table(target(), SICK, LEAVING, width=None)
    assert "  api    yours" in table(target(), ADDED, width=None)


def test_the_indent_counts_as_width() -> None:
    plain = list(target_lines([target(), SICK], PLAIN, width=105))
    indented = list(target_lines([target(), SICK], PLAIN, width=107, indent="  "))
    assert indented == [f"  {line}" for line in plain]


def test_colour_takes_no_width() -> None:
    colored = "\n".join(target_lines([target(), SICK], Style(color=True), width=110))
    assert "\x1b[31munhealthy\x1b[0m" in colored
    assert "Target.FailedHealthChecks" in colored.splitlines()[3]


def groups(*changes: dict[str, object]) -> InstanceView:
    view = instance_view()
    web = view.target_groups[0]
    made = [dataclasses.replace(web, targets=web.targets[:1], **change) for change in changes]  # type: ignore[arg-type]
    return dataclasses.replace(view, target_groups=tuple(made))


def test_several_groups_have_headings_with_how_they_choose_and_answer() -> None:
    view = groups(
        {},
        {
            "name": "canary",
            "mode": "fail_open",
            "minimum_healthy_targets_count": 2,
            "algorithm": "least_outstanding_requests",
            "stickiness": "lb_cookie 1 d",
            "slow_start_s": 30,
            "anomaly_mitigation": True,
            "removed": ("i-07 (127.0.0.1:9007)",),
        },
    )
    lines = list(list_lines(view, PLAIN))
    assert lines[0] == "web  ip  HTTP:80  round_robin  healthy"
    assert lines[3] == (
        "canary  ip  HTTP:80  least_outstanding_requests  sticky lb_cookie 1 d  slow start 30 s  "
        "anomaly mitigation on  "
        "fail-open: too few targets are healthy (1 of 1, at least 2 wanted), so requests go to all of them"
    )
    assert lines[6] == "drift: i-07 (127.0.0.1:9007) was removed; a reload registers it again"


TOO_FEW = "fail-open: too few targets are healthy ({} wanted), so requests go to all of them"


@pytest.mark.parametrize(
    ("mode", "states", "group", "words"),
    [
        ("healthy", "H", {}, ""),
        ("fail_open", "UU", {}, "fail-open: no target is healthy, so requests go to all of them"),
        ("fail_open", "IU", {}, "fail-open: no target is healthy, so requests go to all of them"),
        ("fail_open", "HHUUUU", {"count": 3}, TOO_FEW.format("2 of 6, at least 3")),
        ("fail_open", "HHUUUUDD", {"percentage": 50}, TOO_FEW.format("2 of 6, at least 3")),
        ("fail_open", "HHUUU", {"percentage": 50}, TOO_FEW.format("2 of 5, at least 3")),
        ("fail_open", "HHUUU", {"percentage": 60, "count": 2}, TOO_FEW.format("2 of 5, at least 3")),
        ("fail_open", "HH", {"count": 5}, TOO_FEW.format("2 of 2, at least 5")),
        ("no_targets", "D", {}, "no registered target: requests get 503"),
        ("initial", "II", {}, "no target has passed a check yet: requests get 503"),
        (
            "initial",
            "II",
            {"fail_open_while_initial": True},
            "no target has passed a check yet: requests go to all of them (fail_open_while_initial)",
        ),
        ("unused", "", {}, "not in use: no listener forwards to it"),
        ("of_tomorrow", "H", {}, "of_tomorrow"),
    ],
)
def test_what_a_mode_means(mode: str, states: str, group: dict[str, Any], words: str) -> None:
    names = {"H": "healthy", "U": "unhealthy", "I": "initial", "D": "draining"}
    shown = tuple(target(f"i-{index}", state=names[letter]) for index, letter in enumerate(states))
    thresholds = {"count": "minimum_healthy_targets_count", "percentage": "minimum_healthy_targets_percentage"}
    changes = {thresholds.get(key, key): value for key, value in group.items()}
    web = dataclasses.replace(instance_view().target_groups[0], mode=mode, targets=shown, **changes)
    assert mode_words(web) == words


def test_a_single_group_needs_no_heading() -> None:
    lines = list(list_lines(groups({"mode": "initial"}), PLAIN))
    assert lines[0].startswith("TARGET")
    assert lines[-1] == "no target has passed a check yet: requests get 503"


def test_columns_of_the_environment_are_the_width(run: Run, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = run("target", "ls")[1]
    assert max(map(len, out.splitlines())) <= 80
    assert "    Target.FailedHealthChecks  refused (fail 5, needs 5 passes)\n" in out


@pytest.mark.parametrize("columns", ["", "0", "-3", "wide", "٣"])
def test_no_terminal_and_no_columns_is_no_limit(
    monkeypatch: pytest.MonkeyPatch, columns: str, tmp_path: object
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with open(f"{tmp_path}/out", "w") as stream:  # noqa: PTH123
        assert line_width(stream) is None


# -- add, rm, drain ----------------------------------------------------------------------------------------------------


def test_add_registers_a_target(run: Run, running: Running) -> None:
    status, out, err = run("target", "add", "web", "127.0.0.1:9004", "--name", "new")
    assert (status, out, err) == (0, "new is registered in web.\n", "")
    run("target", "add", "web", "http://127.0.0.1:9004")
    assert running.instance.calls == ["register web 127.0.0.1:9004 new", "register web http://127.0.0.1:9004 None"]


def test_rm_deregisters_and_returns_at_once(run: Run, running: Running) -> None:
    assert run("target", "rm", "i-03") == (0, "i-03 is deregistered from web.\n", "")
    run("target", "rm", "i-03", "--group", "web")
    assert running.instance.calls == ["deregister i-03 None", "deregister i-03 web"]


@pytest.mark.parametrize(
    ("argv", "code", "hint"),
    [
        ("target add wbe 127.0.0.1:1", "E304", "            → did you mean web?"),
        ("target rm i-09", "E302", "            → did you mean i-01?"),
        ("target drain i-09", "E302", "            → did you mean i-01?"),
    ],
)
def test_refusals_are_coded_messages(run: Run, running: Running, argv: str, code: str, hint: str) -> None:
    status, out, err = run(*argv.split())
    assert (status, out) == (2, "")
    assert err.startswith(f"SIMLB-{code}  ")
    assert hint in err


def leaving(*in_flight: int | None) -> Callable[[], InstanceView]:
    """Views of i-03 as it drains with so many requests in flight; None when it is registered again, then it is gone."""
    view = instance_view()
    web = view.target_groups[0]
    answers = []
    for left_s, count in zip(range(100, 0, -10), in_flight, strict=False):
        drains = {"draining_left_s": None} if count is None else {"draining_left_s": float(left_s), "in_flight": count}
        shown = dataclasses.replace(web.targets[2], state="draining", **drains)
        answers.append(dataclasses.replace(web, targets=(*web.targets[:2], shown)))
    answers.append(dataclasses.replace(web, targets=web.targets[:2]))
    return lambda: dataclasses.replace(view, target_groups=(answers.pop(0),))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What `drain` would have slept."""
    slept: list[float] = []
    monkeypatch.setattr("simlb.cli.registering.time.sleep", slept.append)
    return slept


def test_drain_waits_until_the_target_is_gone(
    run: Run, running: Running, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.setattr(running.instance, "view", leaving(2, 2, 1, 0, 0))
    assert run("target", "drain", "i-03") == (
        0,
        "i-03 is deregistered from web.\n"
        "  i-03  draining, 2 in flight, gone in 100 s (10 s here)\n"
        "  i-03  draining, 1 in flight, gone in 80 s (8 s here)\n"
        "  i-03  draining, 0 in flight, gone in 70 s (7 s here)\n"
        "i-03 is gone from web.\n",
        "",
    )
    assert len(pauses) == 5
    assert max(pauses) <= 0.1


def test_drain_on_a_terminal_writes_over_one_line(
    run: Run, running: Running, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr(running.instance, "view", leaving(1, 0))
    out = run("target", "drain", "i-03")[1]
    assert out.splitlines()[-1] == "i-03 is gone from web."
    assert out.count("\r") == 2
    assert "\r  i-03  draining, 0 in flight, gone in 90 s (9 s here)" in out


def test_an_interrupted_drain_says_that_only_the_waiting_ends(
    run: Run, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("simlb.cli.registering.time.sleep", interrupted)
    monkeypatch.setattr(running.instance, "view", leaving(2, 2))
    status, out, err = run("target", "drain", "i-03")
    assert (status, out.splitlines()[-1], err) == (130, "i-03 goes on draining.", "")


def test_drain_says_when_the_target_was_registered_again(
    run: Run, running: Running, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.setattr(running.instance, "view", leaving(0, None))
    status, _, err = run("target", "drain", "i-03")
    assert status == 1
    assert err.startswith("SIMLB-E307  i-03 was registered in web again while it drained.")
    assert "simlb target drain i-03 --group web\n" in err


def test_json_has_owner_and_what_is_left_of_draining(run: Run, running: Running) -> None:
    running.instance.current = dataclasses.replace(
        instance_view(),
        target_groups=(dataclasses.replace(instance_view().target_groups[0], targets=(LEAVING, ADDED)),),
    )
    listed = json.loads(run("target", "ls", "--json")[1])
    assert (listed[0]["slow_start_weight"], listed[0]["anomaly"], listed[0]["mitigation_weight"]) == (1, "normal", 1)
    assert [(item["owner"], item["draining_left_s"], item["address"]) for item in listed] == [
        (None, 239.5, "127.0.0.1:9004"),
        ("api", None, "127.0.0.1:9005"),
    ]
