"""A running load balancer: where it is, what it has seen, waiting, and what failures show."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Callable

import pytest

from simlb.core.model import Configuration
from simlb.errors import SimlbError
from simlb.testing import ALB, Clock, FakeBackend
from simlb.testing.running import NotReachedError
from simlb.testing.watched import Condition, Number, State


class TestAddresses:
    def test_urls(self, alb: ALB) -> None:
        alb.listen(80).fixed(200, "plain")
        alb.listen(443, cert="api.example.com").fixed(200, "secure")
        with alb.start() as lb:
            assert lb.url == lb.url_for("http") == lb.url_for(80)
            assert lb.get("/x").text == "plain"
            assert lb.get(lb.url_for("https", "/x")).text == "secure"
            assert lb.url_for(443, "/x").endswith("/x")

    def test_any_host_name(self, alb: ALB) -> None:
        alb.listen(80).redirect("https")
        alb.listen(443, cert="api.example.com").fixed(200, "secure")
        with alb.start() as lb:
            response = lb.get("http://api.example.com/a?b=1")
            assert response.headers["location"] == "https://api.example.com:443/a?b=1"
            followed = lb.get("http://api.example.com/a?b=1", follow_redirects=True)
            assert (followed.status_code, followed.text) == (200, "secure")
            assert followed.url == "https://api.example.com:443/a?b=1"

    def test_a_name_that_the_certificate_does_not_have(self, alb: ALB) -> None:
        alb.listen(443, cert="api.example.com").fixed(200)
        with alb.start() as lb, pytest.raises(ssl.SSLCertVerificationError, match=r"www\.example\.com"):
            lb.get("https://www.example.com/")

    def test_no_such_listener(self, alb: ALB) -> None:
        alb.listen(80).fixed(200)
        with alb.start() as lb:
            with pytest.raises(SimlbError, match="has no listener 'https'") as caught:
                lb.url_for("https")
            assert caught.value.code == "E696"
            with pytest.raises(ConnectionRefusedError, match="no listener on port 443"):
                lb.get("https://api.test/")
            with pytest.raises(SimlbError, match="is not a URL"):
                lb.get("ftp://api.test/")

    def test_no_listener_at_all(self, alb: ALB) -> None:
        with alb.start() as lb, pytest.raises(SimlbError, match="has no listener") as caught:
            _ = lb.url
        assert caught.value.hints == ("it has none: alb.listen(80)",)

    def test_a_closed_security_group(self, alb: ALB) -> None:
        alb.security_group().listen(80).fixed(200)
        with alb.start() as lb, pytest.raises(TimeoutError):
            lb.get("/", timeout=0.02)


class TestTraffic:
    def test_records_and_sums(self, alb: ALB) -> None:
        a, b = FakeBackend(), FakeBackend(status=500)
        alb.listen(80).forward("web", a, b).rule(path="/gone").fixed(410)
        with alb.start() as lb:
            statuses = [lb.get(path).status_code for path in ("/1", "/2", "/gone", "/3", "/4")]
            assert statuses == lb.log.statuses() == [200, 500, 410, 200, 500]
            assert lb.served_by() == {"i-01": 2, "i-02": 2}
            assert [record.path for record in lb.log.where(elb_status=500)] == ["/2", "/4"]
            assert [record.path for record in lb.log.where(lambda record: record.target is None)] == ["/gone"]
            assert lb.log.last(2).statuses() == [200, 500]
            assert lb.log[0].method == "GET"
            assert len(lb.log[1:3]) == 2
            assert lb.metrics["HTTPCode_Target_5XX_Count"] == 2
            assert lb.metrics["HTTPCode_ELB_502_Count"] == 0
            with pytest.raises(SimlbError, match="has no 'staus'"):
                lb.log.where(staus=200)
            lb.log.clear()
            lb.get("/5")
            assert [record.path for record in lb.log] == ["/5"]
        assert [record.path for record in lb.log] == ["/5"]
        assert repr(lb.log) == "[GET /5 -> 200 (target 200, i-01)]"

    def test_everybody_has_served(self, alb: ALB) -> None:
        alb.listen(80).forward("web", FakeBackend(), FakeBackend())
        with alb.start() as lb:
            lb.get("/")
            with pytest.raises(AssertionError, match="expected 1 or more each: i-02 served 0") as caught:
                lb.assert_all_served()
            assert "web  i-02" in str(caught.value)
            lb.get("/")
            lb.assert_all_served()

    def test_retries(self, alb: ALB) -> None:
        alb.listen(80).forward("web", FakeBackend(responses=[503, 503, 200]))
        with alb.start() as lb:
            for path in ("/orders?try=1", "/orders?try=2", "/orders?try=3", "/else"):
                lb.get(path)
            lb.post("/orders")
            assert lb.retries("/orders") == 2
            assert lb.retries("/orders", method="POST") == 0
            assert lb.retries("/orders", client="10.0.0.1") == 0
            lb.assert_retries(2, "/orders", method="GET")
            with pytest.raises(
                AssertionError, match=r"expected 1 retries of /orders, saw 2: \[GET /orders\?try=1 -> 503"
            ):
                lb.assert_retries(1, "/orders")


class TestReplay:
    def test_a_request_once_more(self, new_alb: Callable[..., ALB]) -> None:
        alb = new_alb(keep_bodies="1k")
        backend = FakeBackend(responses=[503, 201])
        alb.listen(80).forward("web", backend)
        with alb.start() as lb:
            assert lb.post("/orders?n=1", json={"id": 7}, headers={"X-Shop": "1"}).status_code == 503
            assert lb.replay(lb.log[0]).status_code == 201
            assert lb.replay("last").status_code == 201
            first, second, third = backend.requests
            for again in (second, third):
                assert (again.method, again.target, again.body) == (first.method, first.target, first.body)
                assert again.headers["x-shop"] == "1"
            assert lb.replay(lb.log[0].trace_id, body=b"x").status_code == 201
            assert lb.replay("#0", without_body=True).status_code == 201
            assert [bytes(request.body) for request in backend.requests[-2:]] == [b"x", b""]

    def test_with_the_name_and_the_certificate_of_then(self, alb: ALB) -> None:
        alb.listen(443, cert=["a.test", "b.test"]).fixed(200)
        with alb.start() as lb:
            lb.get("https://b.test/x")
            assert lb.replay(lb.log[0]).status_code == 200
            assert [(record.host, record.path) for record in lb.log] == [("b.test", "/x")] * 2

    def test_not_without_what_was_not_kept(self, alb: ALB) -> None:
        alb.listen(80).fixed(200)
        with alb.start() as lb:
            lb.post("/", body=b"x")
            for which, code in (("last", "E744"), ("#7", "E750")):
                with pytest.raises(SimlbError) as caught:
                    lb.replay(which)
                assert caught.value.code == code


class TestStates:
    def test_of_targets_and_groups(self, alb: ALB) -> None:
        web = alb.target_group("web", FakeBackend(), FakeBackend(health=404))
        alb.target_group("idle", FakeBackend())
        alb.listen(80).forward(web)
        with alb.start():
            assert [str(target.state) for target in web] == ["healthy", "initial"]
            assert (web[1].reason, web[1].description) == (
                "Elb.InitialHealthChecking",
                "Initial health checks in progress",
            )
            assert (web.healthy, web.unhealthy, web.draining) == (1, 0, 0)
            assert (web.mode, alb["idle"].mode) == ("healthy", "unused")
            assert alb["idle"][0].state == "unused"
            assert web[-1].name == "i-02"
            with pytest.raises(IndexError, match="has 2 targets"):
                _ = web[2]
        assert web[0].state == "healthy"

    def test_waiting_for_a_state(self, alb: ALB) -> None:
        backend = FakeBackend(name="slow-one")
        backend.hang(health=True)
        web = alb.target_group("web", backend)
        alb.listen(80).forward(web)
        with alb.start() as lb:
            later = threading.Timer(0.01, backend.resume)
            later.start()
            lb.wait(web[0].state == "healthy", timeout=2)
            lb.wait_until_healthy()
            later.join()

    def test_waiting_in_vain_says_why(self, alb: ALB) -> None:
        web = alb.target_group("web", FakeBackend(health=404))
        alb.listen(80).forward(web)
        with alb.start() as lb:
            lb.get("/lost")
            with pytest.raises(NotReachedError) as caught:
                lb.wait(web.healthy == 1, timeout=0.01)
            text = str(caught.value)
            assert text.startswith("web.healthy == 1: not reached within 0.01 s\n")
            assert "web  i-01" in text
            assert "Elb.InitialHealthChecking  last check: 404 in" in text
            assert "/lost HTTP/1.1" in text
            with pytest.raises(NotReachedError, match="every target healthy"):
                lb.wait_until_healthy(0.01)
            with pytest.raises(NotReachedError, match="in flight >= 1"):
                lb.in_flight(1, 0.01)
            with pytest.raises(NotReachedError, match="the condition"):
                lb.wait(lambda: False, 0.01)

    def test_what_cannot_be_waited_for(self, alb: ALB) -> None:
        alb.listen(80).fixed(200)
        with alb.start() as lb, pytest.raises(SimlbError, match="compared already") as caught:
            lb.wait(False)  # type: ignore[arg-type]
        assert caught.value.code == "E690"

    def test_not_running(self, alb: ALB) -> None:
        web = alb.target_group("web", FakeBackend())
        for look in (lambda: web.healthy, lambda: web[0].state, lambda: alb.running):
            with pytest.raises(SimlbError, match="is not running") as caught:
                look()
            assert caught.value.code == "E691"


class TestWatched:
    def test_a_number_is_the_number_it_was(self) -> None:
        values = [1, 2]
        number = Number(lambda: len(values), "count")
        condition = number == 3
        assert isinstance(condition, Condition)
        assert not condition
        values.append(3)
        assert not condition
        assert condition()
        assert number + 1 == 3
        assert condition.words == "count == 3"
        assert number < 3
        assert number <= 2
        assert number > 1
        assert number >= 2
        assert number != 3
        assert hash(number) == hash(2)
        assert [number] == [2]

    def test_a_state_is_the_text_it_was(self) -> None:
        now = ["initial"]
        state = State(lambda: now[0], "web[0].state")
        condition = state == "healthy"
        now[0] = "healthy"
        assert not condition
        assert isinstance(condition, Condition)
        assert condition()
        assert state != "healthy"
        assert state in {"initial", "unused"}
        assert f"{state}" == "initial"


class TestReports:
    def test_as_json(self, alb: ALB) -> None:
        web = alb.target_group("web", FakeBackend())
        alb.listen(80).forward(web)
        with alb.start() as lb:
            lb.get("/seen")
            facts = json.loads(json.dumps(lb.to_json(), default=str))
            assert facts["target_groups"][0]["targets"][0]["state"] == "healthy"
            assert facts["traffic"][0]["path"] == "/seen"
            assert facts["events"][0]["event"] == "TargetStateChanged"
            assert len(facts["access_log"]) == 1

    def test_as_things_were_when_the_test_failed(self, alb: ALB) -> None:
        backend = FakeBackend()
        web = alb.target_group("web", backend)
        alb.listen(80).forward(web)
        with pytest.raises(ZeroDivisionError), alb.start() as lb:  # noqa: PT012
            lb.get("/seen")
            raise ZeroDivisionError
        assert "/seen" in lb.report()
        assert lb.to_json()["load_balancer"] == "my-alb"
        assert lb.is_stopped

    def test_a_failure_that_the_test_got_over_is_forgotten(self, alb: ALB) -> None:
        alb.listen(80).forward("web", FakeBackend())
        with pytest.raises(ZeroDivisionError), alb.start() as lb:  # noqa: PT012
            with pytest.raises(ValueError, match="expected"), lb.fault("http.abort"):
                raise ValueError("expected")
            lb.get("/later")
            raise ZeroDivisionError
        assert "/later" in lb.report()
        assert "faults:" not in lb.report()

    def test_the_clock_that_stands_still_is_named(self, new_alb: Callable[..., ALB]) -> None:
        alb = new_alb(clock="manual")
        web = alb.target_group("web", FakeBackend())
        alb.listen(80).forward(web)
        with alb.start() as lb:
            lb.clock.advance(5)
            with pytest.raises(NotReachedError, match="time stands still: advance the clock") as caught:
                lb.wait(web.healthy == 2, timeout=0.01)
            assert "clock manual, at 5 s" in str(caught.value)


class TestLife:
    def test_stopping_twice_is_harmless(self, alb: ALB) -> None:
        alb.listen(80).fixed(200)
        lb = alb.start()
        assert lb.get("/").ok
        lb.stop()
        lb.stop()
        with pytest.raises(ConnectionRefusedError):
            lb.get("/")

    def test_again(self, alb: ALB) -> None:
        alb.listen(80).forward("web", FakeBackend())
        for _ in range(2):
            with alb.start() as lb:
                assert lb.get("/").ok
                assert len(lb.log) == 1

    def test_the_ca_file_goes_and_the_key_never_was(self, alb: ALB) -> None:
        from pathlib import Path

        alb.listen(443, cert="api.test").fixed(200)
        with alb.start() as lb:
            path = Path(lb.ca_path)
            assert path.read_text() == lb.ca_pem
            assert "PRIVATE" not in lb.ca_pem
            files = [file for file in path.parent.rglob("*") if file.is_file()]
            assert all("PRIVATE" not in file.read_text() for file in files)
        assert not path.parent.exists()

    def test_what_the_load_balancer_is(self, alb: ALB) -> None:
        alb.listen(80).fixed(200)
        with alb.start() as lb:
            assert isinstance(lb.configuration, Configuration)
            assert lb.dns_name.endswith(".ap-northeast-2.elb.localhost")
            assert repr(lb).startswith("<load balancer my-alb at http://127.0.0.1:")
        assert repr(lb) == "<load balancer my-alb, stopped>"


@pytest.mark.parametrize("clock", [Clock(), Clock(speed=50), "real", 10])
def test_clocks(new_alb: Callable[..., ALB], clock: object) -> None:
    alb = new_alb(clock=clock)
    alb.listen(80).fixed(200)
    with alb.start() as lb:
        assert lb.get("/").ok
        with pytest.raises(SimlbError, match="runs by itself") as caught:
            lb.clock.advance(1)
        assert caught.value.code == "E694"


class TestControlPort:
    def test_for_other_programs(self, new_alb: Callable[..., ALB]) -> None:
        alb = new_alb(control=True)
        web = alb.target_group("web", FakeBackend())
        alb.listen(80).forward(web)
        with alb.start() as lb:
            connection = http.client.HTTPConnection(lb.control_url.removeprefix("http://"))
            connection.request("GET", "/api/v1/status")
            status = json.load(connection.getresponse())
            connection.close()
            assert status["target_groups"][0]["targets"][0]["state"] == "healthy"
            assert len(lb.control_token) > 20

    def test_not_unless_asked_for(self, alb: ALB) -> None:
        alb.listen(80).fixed(200)
        with alb.start() as lb:
            with pytest.raises(SimlbError, match="has no control port") as caught:
                _ = lb.control_url
            assert caught.value.code == "E691"
            with pytest.raises(SimlbError, match="has no control port"):
                _ = lb.control_token
