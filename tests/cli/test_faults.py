"""`simlb fault`: what is asked for, and every line that is printed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from simlb.cli import status, targets
from simlb.cli.faults import added_line, list_lines
from simlb.cli.terminal import Style
from simlb.controlplane.fault_views import FaultView
from tests.cli.conftest import Run, Running
from tests.controlplane.fakes import instance_view, target

PLAIN = Style(color=False)
NOON = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))


def view(**changes: object) -> FaultView:
    members = {
        "name": "latency-1",
        "type": "link.latency",
        "on": "i-02",
        "acts_on": ("i-02",),
        "parameters": {"delay": "300ms"},
        "selection": "",
        "words": "link.latency delay=300ms",
        "state": "installed",
        "since_s": 0.0,
        "for_s": None,
        "left_s": None,
        "matched": 0,
        "struck": 0,
        "undo": "simlb fault rm latency-1",
        "speed": 1.0,
    }
    return FaultView(**members | changes)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlb.cli.faults.simlb_command", lambda instance: "simlb")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, " ✔ latency-1  i-02  link.latency delay=300ms      undo: simlb fault rm latency-1"),
        (
            {"left_s": 30.0, "for_s": 30.0},
            " ✔ latency-1  i-02  link.latency delay=300ms, for 30 s until 12:00:30      undo: simlb fault rm latency-1",
        ),
        (
            {"left_s": 30.0, "for_s": 30.0, "speed": 10.0},
            " ✔ latency-1  i-02  link.latency delay=300ms, for 30 s (3 s here) until 12:00:03      "
            "undo: simlb fault rm latency-1",
        ),
        (
            {"name": "restart-1", "words": "target.restart", "state": "over"},
            " ✔ restart-1  i-02  target.restart: done",
        ),
    ],
)
def test_what_is_said_about_a_new_fault(changes: dict[str, object], line: str) -> None:
    assert added_line(view(**changes), PLAIN, instance="default", now=NOON) == line


def test_the_list() -> None:
    faults = [
        view(on="web", acts_on=("i-01", "i-02"), left_s=12.34, speed=10.0),
        view(name="abort-1", words="http.abort status=503, 2 times", state="used up", matched=7, struck=2),
        view(name="crash-1", on="web/3 (i-03)", acts_on=(), words="target.crash", state="nothing to act on"),
    ]
    assert list(list_lines(faults, PLAIN, instance="default")) == [
        "NAME       ON                WHAT                            STATE              STRUCK  LEFT",
        "latency-1  web (i-01, i-02)  link.latency delay=300ms        installed          -       12.3 s (1.23 s here)",
        "abort-1    i-02              http.abort status=503, 2 times  used up            2 of 7  -",
        "crash-1    web/3 (i-03)      target.crash                    nothing to act on  -       -",
        "undo: simlb fault rm NAME, or fault clear",
    ]


def test_options_may_stand_anywhere(running: Running, run: Run) -> None:
    status, out, err = run(
        *(
            "fault",
            "add",
            "link.latency",
            "--on",
            "i-02",
            "delay=300ms",
            "--for",
            "20s",
            "jitter=10ms",
            "--name",
            "slow",
        )
    )
    assert (status, err) == (0, "")
    assert out.startswith(" ✔ slow  i-02  link.latency delay=300ms jitter=10ms, for 20 s until ")
    assert [name for name, _ in running.site.behaviours] == ["i-02"]


def test_selectors(running: Running, run: Run) -> None:
    status, out, _ = run(
        *("fault", "add", "http.abort", "status=503", "--on", "i-01,i-02", "--on", "i-03", "--percent", "50%"),
        *("--count", "2", "--every", "3", "--pattern", "FFS", "--seed", "7", "--match-method", "GET"),
        *("--match-path", "/api/*", "--match-header", "X-A: b", "--match-header", "X-B:c", "--json"),
    )
    assert status == 0
    data = json.loads(out)
    assert data["acts_on"] == ["i-01", "i-02", "i-03"]
    assert data["selection"] == "50 % of GET /api/* X-A: b X-B: c, 1 in 3, pattern FFS, 2 times"


def test_from_the_first_to_the_last(running: Running, run: Run) -> None:
    assert run("fault", "ls") == (0, "No fault is installed.\n", "")
    assert run("fault", "ls", "--json") == (0, "[]\n", "")
    run("fault", "add", "target.crash", "--on", "web/3")
    run("fault", "add", "gate.close", "ports=443")
    listed = json.loads(run("fault", "ls", "--json")[1])
    assert [item["name"] for item in listed] == ["crash-1", "close-1"]
    assert run("fault", "rm", "crash-1") == (0, " ✔ crash-1 removed from web/3 (i-03): target.crash\n", "")
    assert run("fault", "clear") == (0, " ✔ close-1 removed from 443: gate.close\n", "")
    assert run("fault", "clear") == (0, "No fault is installed.\n", "")
    assert running.site.untouched()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["add", "target.crsh", "--on", "i-01"],
            "SIMLB-E630  There is no fault 'target.crsh'. → did you mean target.crash?",
        ),
        (
            ["add", "link.latency", "--on", "i-01", "dely=1s"],
            "SIMLB-E631  link.latency has no parameter 'dely'. → did you mean delay?",
        ),
        (
            ["add", "link.latency", "--on", "i-01", "1s"],
            "SIMLB-E631  '1s' is no parameter. → write NAME=VALUE: simlb fault types link.latency",
        ),
        (
            ["add", "link.latency", "--on", "i-01", "delay=300"],
            "SIMLB-E632  link.latency: delay is 300, without a unit. → write 300ms or 300s",
        ),
        (
            ["add", "target.crash", "--on", "i-01", "--for", "20"],
            "SIMLB-E632  for is 20, without a unit. → write 20ms or 20s",
        ),
        (
            ["add", "target.crash", "--on", "i-33"],
            "SIMLB-E634  There is no target and no target group 'i-33'. → did you mean i-03?",
        ),
        (["add", "target.crash"], "SIMLB-E635  target.crash acts on targets: say on which."),
        (["add", "http.abort", "--on", "web", "--match-header", "X-A"], "SIMLB-E637  'X-A' is no header."),
        (
            ["add", "http.abort", "--on", "web", "--percent", "150"],
            "SIMLB-E637  Percent is 150. → it may be above 0, up to 100",
        ),
        (["rm", "x"], "SIMLB-E638  There is no fault named 'x'. → none is installed"),
        (["types", "crash"], "SIMLB-E630  There is no fault 'crash'. → did you mean target.crash?"),
        (["add", "http.abort", "--count", "many"], "simlb: argument --count: 'many' is not a whole number"),
        (["add", "http.abort", "--fro", "20s"], "simlb: unknown option '--fro'. Did you mean '--for'?"),
    ],
)
def test_what_is_said_about_wrong_words(running: Running, run: Run, arguments: list[str], said: str) -> None:
    status, out, err = run("fault", *arguments)
    assert (status, out) == (2, "")
    assert " ".join(err.split()).startswith(said.replace("  ", " "))
    assert running.site.untouched()


def test_types_need_no_instance(run: Run) -> None:
    status, out, _ = run("fault", "types")
    assert status == 0
    assert "gate.close" in out
    assert "    The target's process is killed (SIGKILL)" in out
    assert "대상" not in out
    assert "    대상 프로세스를 강제 종료합니다(SIGKILL)." in run("fault", "types", "--lang", "ko")[1]
    assert {row["name"] for row in json.loads(run("fault", "types", "--json")[1])} >= {"target.crash", "gate.close"}


def test_all_about_one_type(run: Run) -> None:
    assert run("fault", "types", "target.stop")[1] == (
        "target.stop  on a target, one that simlb runs\n"
        "  The target's process is stopped (SIGTERM), as in a deployment. Undone, it starts and is registered again.\n"
        "  → 502 until the health check has noticed; with drain=true no error at all.\n"
        "\n"
        "  drain=  flag, default false  deregister it first, and stop it when it has drained\n"
        "\n"
        "  how long: --for 20s; else until simlb fault rm\n"
    )


def test_status_and_target_ls_name_faults_where_they_act() -> None:
    base = instance_view()
    group = base.target_groups[0]
    sick = target("i-02", 9002, faults=("latency-1: link.latency delay=300ms", "hang-1: target.hang"))
    faulty = replace(
        base,
        target_groups=(replace(group, targets=(sick,), faults=("path-1: config.path",)),),
        load_balancers=tuple(
            replace(
                balancer,
                listeners=tuple(replace(found, faults=("close-1: gate.close",)) for found in balancer.listeners[:1]),
            )
            for balancer in base.load_balancers
        ),
    )
    listed = list(targets.list_lines(faulty, PLAIN))
    assert listed[2:] == [
        "    fault latency-1: link.latency delay=300ms",
        "    fault hang-1: target.hang",
        "fault path-1: config.path",
    ]
    shown = list(status.status_lines(faulty, PLAIN))
    for line in ("    fault close-1: gate.close", "  fault path-1: config.path", "      fault hang-1: target.hang"):
        assert line in shown
    assert type(faulty).from_json(json.loads(json.dumps(faulty.to_json()))) == faulty


def test_talking_about_faults_imports_nothing_heavy() -> None:
    code = "import sys, simlb.cli.faults; print(sorted({'aiohttp', 'msgspec', 'simlb.faults'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
