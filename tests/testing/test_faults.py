"""Faults in tests: as context managers, on whatever names a target, on fakes as on processes, undone at the end."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import pytest

from simlb.errors import SimlbError
from simlb.testing import ALB, FakeBackend
from simlb.testing.running import RunningLoadBalancer


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Well at /up, and nowhere else."""
    start_response("200 OK" if environ["PATH_INFO"] == "/up" else "404 Not Found", [])
    return []


def statuses(lb: RunningLoadBalancer, count: int, path: str = "/") -> list[int]:
    return [lb.get(path).status_code for _ in range(count)]


class TestBlocking:
    def test_for_a_block(self, alb: ALB) -> None:
        alb.listen(80).forward("web", FakeBackend())
        with alb.start() as lb:
            with lb.fault("http.abort", status=503, count=2) as fault:
                assert statuses(lb, 3) == [503, 503, 200]
                assert (fault.struck, fault.name) == (2, "abort-1")
            assert statuses(lb, 1) == [200]
            assert lb.fault_words() == []

    def test_until_it_is_removed(self, alb: ALB) -> None:
        alb.listen(80).forward("web", FakeBackend())
        with alb.start() as lb:
            fault = lb.fault("http.abort", status=500)
            assert statuses(lb, 1) == [500]
            fault.remove()
            fault.remove()
            assert statuses(lb, 1) == [200]

    @pytest.mark.parametrize(
        "on",
        [
            lambda lb, web, backend: web[0],
            lambda lb, web, backend: web[0].name,
            lambda lb, web, backend: backend,
            lambda lb, web, backend: "web/1",
            lambda lb, web, backend: [web[0], web[0].name],
        ],
    )
    def test_on_one_target(self, alb: ALB, on: Callable[..., Any]) -> None:
        backend = FakeBackend()
        web = alb.target_group("web", backend, FakeBackend())
        alb.listen(80).forward(web)
        with alb.start() as lb, lb.fault("http.abort", on=on(lb, web, backend), status=500):
            assert sorted(statuses(lb, 4)) == [200, 200, 500, 500]
            assert lb.log.where(elb_status=500).served_by() == {"i-01": 2}

    def test_on_a_group_and_what_matches(self, alb: ALB) -> None:
        web = alb.target_group("web", FakeBackend(), FakeBackend())
        alb.listen(80).forward(web)
        with alb.start() as lb, lb.fault("http.abort", on=web, match={"path": "/api/*"}, status=500) as fault:
            assert statuses(lb, 2, "/api/x") == [500, 500]
            assert statuses(lb, 2, "/else") == [200, 200]
            assert (fault.seen, fault.struck) == (2, 2)

    def test_a_fake_crashes_as_a_process_does(self, alb: ALB) -> None:
        web = alb.target_group("web", FakeBackend())
        alb.listen(80).forward(web)
        with alb.start() as lb:
            with lb.fault("target.crash", on=web[0]):
                assert statuses(lb, 1) == [502]
            assert statuses(lb, 1) == [200]

    def test_on_a_listener(self, alb: ALB) -> None:
        listener = alb.listen(80).fixed(200)
        alb.listen(81).fixed(201)
        with alb.start() as lb:
            with lb.fault("gate.close", on=listener):
                with pytest.raises(TimeoutError):
                    lb.get("/", timeout=0.02)
                assert lb.get(lb.url_for(81)).status_code == 201
            assert statuses(lb, 1) == [200]

    def test_a_certificate_of_the_wrong_kind(self, alb: ALB) -> None:
        alb.listen(443, cert="api.example.com").fixed(200)
        with alb.start() as lb:
            for flaw, words in (
                ("expired", "expired"),
                ("wrong_name", "Hostname mismatch"),
                ("untrusted", "self-signed"),
            ):
                with lb.fault(f"cert.{flaw}"), pytest.raises(ssl.SSLCertVerificationError, match=words):
                    lb.get("https://api.example.com/")
            assert lb.get("https://api.example.com/").ok

    def test_a_mistake_in_the_configuration(self, new_alb: Callable[..., ALB]) -> None:
        alb = new_alb(clock="manual")
        web = alb.target_group("web", app, path="/up", interval=30)
        alb.listen(80).forward(web)
        with alb.start() as lb:
            with lb.fault("config.path"):
                lb.clock.advance(60)
                assert (web[0].state, web[0].reason) == ("unhealthy", "Target.ResponseCodeMismatch")
            lb.clock.advance(150)
            assert web[0].state == "healthy"

    def test_undone_at_the_end_also_for_the_next_start(self, alb: ALB) -> None:
        web = alb.target_group("web", FakeBackend())
        alb.listen(80).forward(web)
        with alb.start() as lb:
            lb.fault("target.crash", on=web[0])
            assert statuses(lb, 1) == [502]
        with alb.start() as lb:
            assert statuses(lb, 1) == [200]

    def test_from_the_start_on(self, alb: ALB) -> None:
        alb.listen(80).forward("web", FakeBackend())
        alb.fault_at_start("http.abort", status=500, count=1)
        with alb.start() as lb:
            assert statuses(lb, 2) == [500, 200]

    def test_for_some_time(self, new_alb: Callable[..., ALB]) -> None:
        alb = new_alb(clock="manual")
        alb.listen(80).forward("web", FakeBackend())
        with alb.start() as lb, lb.fault("http.abort", lasts="20s"):
            assert statuses(lb, 1) == [503]
            lb.clock.advance(20)
            assert statuses(lb, 1) == [200]

    def test_reports_show_them(self, alb: ALB) -> None:
        alb.listen(80).forward("web", FakeBackend())
        with pytest.raises(ZeroDivisionError), alb.start() as lb, lb.fault("http.abort", status=503):  # noqa: PT012
            lb.get("/")
            raise ZeroDivisionError
        assert "abort-1: http.abort status=503 on i-01 (installed, struck 1 of 1)" in lb.report()


class TestOnTheLoop:
    async def test_with_will_do(self, alb: ALB) -> None:
        async with alb.listen(80).forward("web", FakeBackend()) as lb:
            with lb.fault("http.abort", status=503, count=2):
                assert [(await lb.aget("/")).status_code for _ in range(3)] == [503, 503, 200]
            assert lb.fault_words() == []

    async def test_what_takes_a_moment(self, alb: ALB) -> None:
        listener = alb.listen(80).forward("web", FakeBackend())
        async with alb as lb:
            async with lb.fault("gate.close", on=listener):
                with pytest.raises(TimeoutError):
                    await lb.aget("/", timeout=0.02)
            assert (await lb.aget("/")).ok

    async def test_from_the_start_on(self, alb: ALB) -> None:
        alb.fault_at_start("http.abort", status=500, count=1)
        async with alb.listen(80).forward("web", FakeBackend()) as lb:
            assert (await lb.aget("/")).status_code == 500


@pytest.mark.parametrize(
    ("ask", "what", "code"),
    [
        (lambda lb: lb.fault("http.abrt"), "http.abrt", "E630"),
        (lambda lb: lb.fault("http.abort", stauts=503), "stauts", "E631"),
        (lambda lb: lb.fault("http.abort", on="wbe"), "wbe", "E634"),
        (lambda lb: lb.fault("http.abort", on=3.5), "cannot be on 3.5", "E690"),
        (lambda lb: lb.fault("http.abort", on=FakeBackend()), "is no target", "E690"),
        (lambda lb: lb.fault("http.abort", match={"pth": "/"}), "has no 'pth'", "E690"),
    ],
)
def test_refused(alb: ALB, ask: Callable[[RunningLoadBalancer], object], what: str, code: str) -> None:
    alb.listen(80).forward("web", FakeBackend())
    with alb.start() as lb, pytest.raises(SimlbError, match=what) as caught:
        ask(lb)
    assert caught.value.code == code
