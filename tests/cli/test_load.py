"""`simlb load start | stop | ls`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from simlb.cli.load import load_lines, plan_words
from simlb.cli.terminal import Style
from simlb.controlplane.instance import Instance
from simlb.controlplane.load_routes import load_routes
from simlb.controlplane.server import ControlServer
from tests.cli.conftest import Run, Running
from tests.controlplane.loads import FakeDesk, load_view, plan

PLAIN = Style(color=False)


@pytest.fixture
def desk(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDesk]:
    """A running instance that has loads."""
    desk = FakeDesk()
    made = ControlServer.__init__

    def with_loads(
        server: ControlServer, instance: Instance, token: str, port: int, routes: Sequence[web.RouteDef] = ()
    ) -> None:
        made(server, instance, token, port, routes=[*routes, *load_routes(desk)])

    monkeypatch.setattr(ControlServer, "__init__", with_loads)
    instance = Running(state_dir, "default")
    yield desk
    instance.close()


# -- start -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "members"),
    [
        ("", {"kind": "constant"}),
        ("--rate 20/s", {"kind": "constant", "rate_per_s": 20}),
        ("--rate 90/m --for 1h", {"kind": "constant", "rate_per_s": 1.5, "duration_s": 3600}),
        ("--rate 5 --to 100/s --over 60s", {"kind": "ramp", "rate_per_s": 5, "to_rate_per_s": 100, "over_s": 60}),
        (
            "--profile spike --peak 40/s --peak-at 5m --peak-for 500ms",
            {"kind": "spike", "peak_rate_per_s": 40, "peak_at_s": 300, "peak_for_s": 0.5},
        ),
        ("--users 10 --think 1.5s", {"kind": "closed", "users": 10, "think_s": 1.5}),
        (
            "--path /a/{n} --method HEAD --header X:1 --header Y: --body-bytes 0 --no-keep-alive --insecure",
            {
                "kind": "constant",
                "path": "/a/{n}",
                "method": "HEAD",
                "headers": [["X", "1"], ["Y", ""]],
                "body_bytes": 0,
                "keep_alive": False,
                "insecure": True,
            },
        ),
        (
            "--port 443 --load-balancer web --host a.localhost --id x --seed 0 --arrivals poisson --requests 5",
            {
                "kind": "constant",
                "port": 443,
                "load_balancer": "web",
                "host": "a.localhost",
                "id": "x",
                "seed": 0,
                "arrivals": "poisson",
                "requests": 5,
            },
        ),
        (
            "--timeout 70s --connect-timeout 5s --uncapped",
            {"kind": "constant", "timeout_s": 70, "connect_timeout_s": 5, "uncapped": True},
        ),
    ],
)
def test_flags_are_members_of_a_plan(run: Run, desk: FakeDesk, arguments: str, members: dict[str, Any]) -> None:
    status, _, err = run("load", "start", *arguments.split())
    assert (status, err) == (0, "")
    assert desk.calls == [members]


def test_start_says_what_it_does_with_both_rates(run: Run, desk: FakeDesk) -> None:
    assert run("load", "start", "--rate", "20/s", "--path", "/items/{n}", "--for", "60s")[1] == (
        "load-1 goes to demo HTTPS:443 (GET /items/{n}, Host demo.elb.localhost:8443): "
        "20/s, which is 200/s real at speed 10, for 60 s (6 s here).\n"
        "watch it: simlb load ls        stop it: simlb load stop load-1\n"
    )
    assert json.loads(run("load", "start", "--json")[1]) == load_view().to_json()


def test_the_file_of_a_ca(run: Run, desk: FakeDesk) -> None:
    Path("ca.pem").write_text("-----BEGIN CERTIFICATE-----")
    assert run("load", "start", "--cacert", "ca.pem")[0] == 0
    assert desk.calls == [{"kind": "constant", "ca_pem": "-----BEGIN CERTIFICATE-----"}]
    Path("other.pem").write_text("Zertifikat für alle")
    for name, why in (("no.pem", "No such file or directory"), ("other.pem", "it is no PEM file")):
        assert run("load", "start", "--cacert", name)[2].startswith(f"SIMLB-E658  {name} cannot be read: {why}.\n")


@pytest.mark.parametrize(
    ("arguments", "err"),
    [
        ("--rate fast", "'fast' is not a rate such as 20/s"),
        ("--rate 20/d", "'20/d' is not a rate such as 20/s"),
        ("--for 60", "'60' is not a duration such as 60s"),
        ("--users many", "'many' is not a whole number"),
        ("--header X", "'X' is not 'NAME: VALUE'"),
        ("--profile burst", "'burst' is none of: constant, ramp, spike, closed"),
        ("--arrivals late", "'late' is none of: even, poisson"),
        ("--users 5 --to 5/s --over 5s", "SIMLB-E651  --to and --users do not go together.\n"),
        ("--to 5/s", "SIMLB-E651  over_s: a load of kind ramp needs it.\n            → the flag is --over\n"),
        ("--users 5 --rate 5/s", "SIMLB-E651  rate_per_s: the users of a closed load make its rate.\n"),
        ("--path a", "            → the flag is --path\n"),
    ],
)
def test_what_is_wrong_is_told_with_its_flag(run: Run, desk: FakeDesk, arguments: str, err: str) -> None:
    status, out, said = run("load", "start", *arguments.split())
    assert (status, out) == (2, "")
    assert err in said
    assert desk.calls == []


# -- stop --------------------------------------------------------------------------------------------------------------


def test_stop_shows_what_became_of_it(run: Run, desk: FakeDesk) -> None:
    desk.loads = [load_view(), load_view(id="other")]
    status, out, _ = run("load", "stop", "load-1")
    assert (status, desk.calls) == (0, ["stop load-1"])
    assert "load-1  ended" in out
    assert "other" not in out


def test_stop_without_a_name_stops_all_that_run(run: Run, desk: FakeDesk) -> None:
    desk.loads = [load_view(id="old", state="ended"), load_view(), load_view(id="load-2")]
    assert run("load", "stop")[0] == 0
    assert desk.calls == ["stop load-1", "stop load-2"]
    status, _, err = run("load", "stop")
    assert (status, err) == (2, "SIMLB-E655  No load runs.\n            → start one: simlb load start --rate 20/s\n")


def test_stop_of_what_is_not_there(run: Run, desk: FakeDesk) -> None:
    assert run("load", "stop", "load-9")[2].startswith("SIMLB-E655  There is no load 'load-9'.")


def test_stop_does_not_wait_for_what_is_in_flight(run: Run, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlb.cli.load.PATIENCE_S", 0.0)
    desk.stays_in_flight = True
    desk.loads = [load_view(state="stopping")]
    out = run("load", "stop", "load-1")[1]
    assert "    ! 3 requests in flight may take up to 70 s (7 s here); stop it again not to wait\n" in out


# -- ls ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["load", "load ls", "load status"])
def test_a_list_of_loads(run: Run, desk: FakeDesk, command: str) -> None:
    assert run(*command.split()) == (0, "(no loads: simlb load start --rate 20/s)\n", "")
    desk.loads = [
        load_view(),
        load_view(
            id="shoppers",
            state="ended",
            kind="closed",
            plan=plan(kind="closed", users=1, think_s=1),
            statuses={},
            errors={"connect_refused": 12, "timeout": 1},
            p50_ms=None,
            p95_ms=None,
            p99_ms=None,
        ),
    ]
    assert run(*command.split())[1] == (
        "LOAD      STATE    RATE               SENT  IN-FLIGHT  P50 MS  P95 MS  P99 MS  LAG MS\n"
        "load-1    running  20/s (200/s here)  1203          3    12.0    30.2    90.0     1.4\n"
        "    demo HTTPS:443 (GET /items/{n}, Host demo.elb.localhost:8443): 20/s, which is 200/s real at speed 10\n"
        "    200 ×900   502 ×1   502 ×299 by the load balancer\n"
        "shoppers  ended    -                  1203          3       -       -       -     1.4\n"
        "    demo HTTPS:443 (GET /, Host demo.elb.localhost:8443): "
        "1 user, each asking again 1 s (0.1 s here) after the answer\n"
        "    connect_refused ×12   timeout ×1\n"
        "P50 to P99 are load-balancer time: at speed 10, 10 ms of it are 1 ms here. LAG is real.\n"
    )


def test_json(run: Run, desk: FakeDesk) -> None:
    desk.loads = [load_view()]
    assert json.loads(run("load", "ls", "--json")[1]) == [load_view().to_json()]


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"state": "failed", "failure": "MemoryError"}, "its worker ended by itself: MemoryError"),
        ({"dropped_by_cap": 1}, "1 request not sent: 256 were in flight, which is the cap (--uncapped)"),
        ({"held_by_cap": 5}, "users waited 5 times: 500 requests in a real second are the cap (--uncapped)"),
        ({"lag_max_ms": 31.0}, "the generator itself was up to 31 ms late: the machine is busy, and latencies show it"),
        (
            {"errors": {"exhausted": 2}},
            "2 requests found no free port or descriptor: that is this machine, not the targets",
        ),
    ],
)
def test_what_makes_figures_doubtful_is_said(changes: dict[str, Any], warning: str) -> None:
    assert f"    ! {warning}" in list(load_lines([load_view(**changes)], PLAIN))
    assert not any("!" in line for line in load_lines([load_view()], PLAIN))


@pytest.mark.parametrize(
    ("members", "speed", "words"),
    [
        ({"rate_per_s": 20}, 1, "20/s"),
        ({"rate_per_s": 20}, 10, "20/s, which is 200/s real at speed 10"),
        ({"kind": "ramp", "rate_per_s": 1, "to_rate_per_s": 5, "over_s": 60}, 1, "1/s, going to 5/s within 60 s"),
        (
            {"kind": "spike", "rate_per_s": 1, "peak_rate_per_s": 5, "peak_at_s": 60, "peak_for_s": 2},
            1,
            "1/s, and after 60 s 5/s for 2 s",
        ),
        (
            {"kind": "closed", "users": 10, "think_s": 2, "requests": 1},
            1,
            "10 users, each asking again 2 s after the answer, 1 request",
        ),
        ({"rate_per_s": 2, "arrivals": "poisson", "duration_s": 9}, 1, "2/s (Poisson), for 9 s"),
    ],
)
def test_a_plan_in_words(members: dict[str, Any], speed: float, words: str) -> None:
    view = load_view(plan=plan(**members), kind=members.get("kind", "constant"), speed=speed)
    assert plan_words(view) == words
