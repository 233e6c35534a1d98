"""`simlb events`: one readable line for each event, or its JSON, until the instance ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from simlb.cli.event_words import is_error, line
from simlb.cli.terminal import Style
from simlb.core.event_json import Ended, Missed, Told, event_to_json
from simlb.core.events import (
    CertificateChanged,
    ConfigurationChanged,
    FaultInstalled,
    FaultRemoved,
    Notice,
    ProcessExited,
    ProcessStarted,
    RequestsCounted,
)
from tests.cli.conftest import Run, Running
from tests.cli.top.pictures import changed, error, pulse, target

PLAIN = Style(color=False)
AT: dict[str, Any] = {"at_s": 61.0, "real_s": 6.1}
COUNTED: dict[str, Any] = AT | {"load_balancer": "demo", "listener_port": 443, "target_group": "web", "target": "i-01"}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            changed(6.1, "i-03", "unhealthy"),
            "i-03  healthy -> unhealthy  Target.FailedHealthChecks: Health checks failed (connection refused)",
        ),
        (changed(6.1, "i-03", "healthy"), "i-03  unhealthy -> healthy"),
        (ProcessStarted(**AT, process="i-01", pid=7), "i-01  started (pid 7)"),
        (
            ProcessExited(**AT, process="i-01", pid=7, status=-9, target_groups=("web", "api")),
            "i-01  killed (pid 7, SIGKILL). The load balancer does not know yet: the next check of each group "
            "(web, api) finds out.",
        ),
        (
            FaultInstalled(**AT, name="latency-1", type="link.latency", on="i-01", text="delay=300ms", for_s=30),
            "latency-1  fault installed on i-01: delay=300ms, for 30 s (3 s here)",
        ),
        (
            FaultRemoved(**AT, name="latency-1", type="link.latency", on="i-01", text="x", reason="its time is over"),
            "latency-1  fault removed from i-01: x (its time is over)",
        ),
        (ConfigurationChanged(**AT, cause="reload", text="2 listeners"), "configuration, reload  2 listeners"),
        (
            CertificateChanged(
                **AT, load_balancer="demo", listener_port=443, names=("a",), not_after="2026-12-01", text="renewed"
            ),
            "demo 443  certificate until 2026-12-01: renewed",
        ),
        (error(6.1), "GET demo.localhost/  502 by the load balancer, web i-03, connection refused, 1.0 ms"),
        (
            error(6.1, elb_status_code=200, target_status_code=200, failure=None),
            "GET demo.localhost/  200 from web i-03, 1.0 ms",
        ),
        (
            error(6.1, elb_status_code=301, target=None, failure=None, action="redirect"),
            "GET demo.localhost/  301 redirect, 1.0 ms",
        ),
        (
            RequestsCounted(**COUNTED, action="forward", elb_status_code=200, target_status_code=200, count=70),
            "70 more requests  200 from web i-01",
        ),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_words(event: Any, words: str) -> None:
    assert line(event, speed=10, style=PLAIN) == f"  61.0 s AWS (  6.1 s here)  {words}"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Notice(level="warning", text="careful", code="E105", hints=("→ do",)), "SIMLB-E105  careful → do"),
        (Missed(count=1), "stream  1 event missed: no longer kept"),
    ],
)
def test_what_has_no_time_stands_in_the_same_column(event: Any, words: str) -> None:
    assert line(event, speed=1, style=PLAIN) == f"{'':8}  {words}"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"elb_status_code": 500, "target_status_code": 500, "failure": None}, True),
        ({"elb_status_code": 200, "target_status_code": 200}, True),
        ({"elb_status_code": 200, "target_status_code": 200, "failure": None}, False),
        ({"elb_status_code": 404, "target_status_code": 404, "failure": None}, False),
        ({"elb_status_code": 400, "failure": None, "action": "-"}, True),
        ({"elb_status_code": 0, "failure": None, "action": "-"}, True),
        ({"elb_status_code": 503, "failure": None, "action": "fixed-response"}, False),
    ],
)
def test_what_is_an_error(changes: dict[str, Any], wanted: bool) -> None:
    assert is_error(error(1, **changes)) is wanted


class FakeStream:
    """Gives these events, and remembers what it was asked for."""

    events: tuple[Told | dict[str, Any], ...] = ()
    asked: dict[str, Any]

    def __init__(self, _: object, **asked: Any) -> None:
        type(self).asked = asked

    def __enter__(self) -> FakeStream:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number, event in enumerate(self.events):
            yield event if isinstance(event, dict) else event_to_json(event, number, "2026-11-23T09:00:00Z")


@pytest.fixture
def stream(running: Running, monkeypatch: pytest.MonkeyPatch) -> type[FakeStream]:
    """The stream of a running instance at speed 10."""
    assert running.instance.view().speed == 10
    monkeypatch.setattr("simlb.cli.events.EventStream", FakeStream)
    FakeStream.events = ()
    return FakeStream


def test_lines_until_the_instance_ends(run: Run, stream: type[FakeStream]) -> None:
    stream.events = (ProcessStarted(**AT, process="i-01", pid=7), error(6.2, None), Ended())
    status, out, err = run("events")
    assert (status, err) == (0, "simlb: the instance has stopped\n")
    assert out.splitlines() == [
        "  61.0 s AWS (  6.1 s here)  i-01  started (pid 7)",
        "  62.0 s AWS (  6.2 s here)  GET demo.localhost/  502 by the load balancer, connection refused, 1.0 ms",
    ]
    assert stream.asked == {"types": None, "history": 0, "pulses": False}


def test_json_lines_and_what_is_asked_for(run: Run, stream: type[FakeStream]) -> None:
    stream.events = (Missed(count=2), changed(1, "i-01", "healthy"), pulse(target("i-01")), error(1))
    status, out, err = run(
        "events", "--json", "--type", "target_state_changed,notice", "--type", "pulse", "--history", "5", "--pulse",
        "-n", "2",
    )  # fmt: skip
    assert (status, err) == (0, "")
    kinds = [json.loads(text)["type"] for text in out.splitlines()]
    assert kinds == ["missed", "target_state_changed", "pulse"], "what is about the stream itself is not counted"
    assert stream.asked == {"types": ["target_state_changed", "notice", "pulse"], "history": 5, "pulses": True}


def test_a_pulse_and_an_event_of_a_newer_simlb(run: Run, stream: type[FakeStream]) -> None:
    stream.events = (pulse(target("i-01")), {"type": "invented", "id": 1, "text": "\x1b[2J"})
    assert run("events", "--pulse", "-n", "2")[1].splitlines() == [
        " 100.0 s AWS ( 10.0 s here)  demo 60.0 req/s, in flight 3, p95 12 ms",
        '{"type": "invented", "id": 1, "text": "\\u001b[2J"}',
    ]


def test_none_at_all(run: Run, stream: type[FakeStream]) -> None:
    stream.events = (error(1),)
    assert run("events", "-n", "0") == (0, "", "")


def test_nothing_in_an_event_commands_the_terminal(run: Run, stream: type[FakeStream]) -> None:
    hostile = "\x1b[2J\x9b31m\u202e\x7f\r\n"
    events = [
        changed(1, hostile, hostile, evidence=hostile),
        error(1, hostile, hostile, path=hostile, host=hostile, method=hostile, target_group=hostile),
        Notice(level="error", text=hostile, hints=(hostile,)),
        FaultInstalled(**AT, name=hostile, type="x", on=hostile, text=hostile),
        CertificateChanged(**AT, load_balancer=hostile, listener_port=1, names=(), not_after=hostile, text=hostile),
        ConfigurationChanged(**AT, cause="reload", text=hostile),
        ProcessExited(**AT, process=hostile, pid=1, status=1, target_groups=(hostile, hostile)),
    ]
    stream.events = tuple(events)
    lines = run("events", "-n", str(len(events)))[1].split("\n")
    assert len(lines) == len(events) + 1, "one line each"
    assert all(text.isprintable() for text in lines)
    as_json = run("events", "--json", "-n", str(len(events)))[1].splitlines()
    assert all(text.isprintable() for text in as_json)
    assert json.loads(as_json[2])["text"] == hostile


def test_json_keeps_names_readable(run: Run, stream: type[FakeStream]) -> None:
    stream.events = (Notice(level="info", text="대상"),)
    assert "대상" in run("events", "--json", "-n", "1")[1]


@pytest.mark.parametrize(
    "arguments",
    [("--type", ""), ("--type", "a,,b"), ("--history", "x"), ("-n", "-1")],
)
def test_wrong_arguments(run: Run, arguments: tuple[str, str]) -> None:
    status, out, err = run("events", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("simlb: ")


def test_every_field_of_an_event_is_in_its_json(run: Run, stream: type[FakeStream]) -> None:
    stream.events = (error(1),)
    (text,) = run("events", "--json", "-n", "1")[1].splitlines()
    assert set(json.loads(text)) == {"type", "id", "time", *asdict(error(1))}
