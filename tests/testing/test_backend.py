"""Fake backends on the wire: what they answer, what they have seen, how they fail and come back."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import pytest

from simlb.errors import SimlbError
from simlb.testing import ALB, FakeBackend
from simlb.testing.running import RunningLoadBalancer

Start = Callable[..., RunningLoadBalancer]


@pytest.fixture
def start(alb: ALB) -> Start:
    """One listener, one group `web` of these targets."""

    def begin(*targets: Any, **options: Any) -> RunningLoadBalancer:
        alb.listen(80).forward(alb.target_group("web", *targets, **options))
        return alb.start()

    return begin


class TestAnswers:
    def test_by_itself_200(self, start: Start) -> None:
        lb = start(FakeBackend())
        response = lb.get("/")
        assert (response.status_code, response.text) == (200, "")

    def test_one_answer(self, start: Start) -> None:
        lb = start(FakeBackend(status=201, json={"id": 7}, headers={"X-Shop": "1"}))
        response = lb.post("/orders", json={"n": 1})
        assert (response.status_code, response.json()) == (201, {"id": 7})
        assert response.headers["x-shop"] == "1"

    def test_several_in_turn(self, start: Start) -> None:
        lb = start(FakeBackend(responses=[502, "fine", {"status": 404, "text": "gone"}]))
        assert [lb.get("/").status_code for _ in range(4)] == [502, 200, 404, 404]

    def test_head_has_no_body(self, start: Start) -> None:
        lb = start(FakeBackend(text="hello"))
        response = lb.request("HEAD", "/")
        assert (response.content, response.headers["content-length"]) == (b"", "5")

    def test_expectations_and_their_check(self, start: Start) -> None:
        backend = FakeBackend()
        backend.on("/orders", method="POST").respond(201)
        backend.once("/orders/1").respond(text="one")
        lb = start(backend)
        assert lb.post("/orders").status_code == 201
        with pytest.raises(AssertionError, match="any /orders/1 never came"):
            backend.check()
        assert lb.get("/orders/1").text == "one"
        lb.alb.check()
        assert lb.get("/else").status_code == 500
        with pytest.raises(AssertionError, match="GET /else was not expected"):
            lb.alb.check()

    def test_a_default_beside_expectations(self, start: Start) -> None:
        backend = FakeBackend(status=404)
        backend.on("/a").respond(200)
        lb = start(backend)
        assert [lb.get(path).status_code for path in ("/a", "/b")] == [200, 404]
        backend.check()

    @pytest.mark.parametrize(
        "options", [{"text": "a", "responses": [200]}, {"responses": []}, {"status": 200, "app": print}, {"status": 7}]
    )
    def test_what_does_not_go_together(self, options: dict[str, Any]) -> None:
        with pytest.raises(SimlbError) as caught:
            FakeBackend(**options)
        assert caught.value.code == "E690"


class TestSeen:
    def test_the_request(self, start: Start) -> None:
        backend = FakeBackend()
        lb = start(backend)
        lb.post("/a%20b?x=1&x=2&y=", body="héllo", headers={"X-Trace": "7"})
        seen = backend.last
        assert (seen.method, seen.path, seen.query, seen.text) == ("POST", "/a%20b", {"x": "2", "y": ""}, "héllo")
        assert seen.headers["x-trace"] == "7"
        assert seen.headers["X-FORWARDED-FOR"] == "127.0.0.1"

    def test_chunked_bodies(self, start: Start) -> None:
        backend = FakeBackend()
        lb = start(backend)
        chunks = "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
        lb.request("POST", "/", body=chunks, headers={"Transfer-Encoding": "chunked"})
        assert backend.last.text == "abcde"

    def test_connections_are_kept(self, start: Start) -> None:
        backend = FakeBackend()
        lb = start(backend)
        for _ in range(3):
            lb.get("/")
        assert len({request.connection for request in backend.requests}) == 1

    def test_health_checks_are_not_among_the_requests(self, start: Start) -> None:
        backend = FakeBackend()
        start(backend)
        assert (backend.requests, backend.health_checks) == ([], 1)
        with pytest.raises(AssertionError, match="has seen no request"):
            _ = backend.last

    def test_a_request_body_that_is_json(self, start: Start) -> None:
        backend = FakeBackend()
        start(backend).post("/", json=[1, 2])
        assert backend.last.json() == [1, 2]


class TestHealth:
    @pytest.mark.parametrize(("health", "state"), [(None, "healthy"), (200, "healthy"), (503, "initial")])
    def test_status(self, start: Start, health: int | None, state: str) -> None:
        lb = start(FakeBackend(status=500, health=health))
        assert lb.alb["web"][0].state == state

    def test_well_while_it_hangs(self, start: Start) -> None:
        lb = start(FakeBackend(hang=True))
        assert lb.alb["web"].healthy == 1

    def test_a_start_does_not_wait_for_a_check_that_hangs(self, start: Start) -> None:
        backend = FakeBackend()
        backend.hang(health=True)
        lb = start(backend)
        assert lb.alb["web"][0].state == "initial"
        backend.resume()
        lb.wait(lb.alb["web"].healthy == 1)


class TestFailing:
    def test_crash_and_restart(self, start: Start) -> None:
        backend = FakeBackend()
        lb = start(backend)
        port = backend.port
        assert lb.get("/").ok
        backend.crash()
        assert lb.get("/").status_code == 502
        assert lb.log[-1].target_status == "-"
        backend.restart()
        assert lb.get("/").ok
        assert backend.port == port

    def test_a_crash_resets_what_is_under_way(self, start: Start) -> None:
        backend = FakeBackend(hang=True)
        lb = start(backend)
        statuses: list[int] = []
        asking = threading.Thread(target=lambda: statuses.append(lb.get("/").status_code))
        asking.start()
        lb.wait(lambda: len(backend.requests) == 1)
        backend.crash()
        asking.join()
        assert statuses == [502]

    def test_crashed_from_the_start(self, start: Start) -> None:
        backend = FakeBackend()
        backend.crash()
        lb = start(backend, fail_open_while_initial=True)
        assert lb.get("/").status_code == 502

    def test_repeated_crashes_and_restarts_are_harmless(self, start: Start) -> None:
        backend = FakeBackend()
        lb = start(backend)
        backend.crash()
        backend.crash()
        backend.restart()
        backend.restart()
        assert lb.get("/").ok

    def test_hang_and_resume(self, start: Start) -> None:
        backend = FakeBackend(text="late")
        lb = start(backend)
        backend.hang()
        texts: list[str] = []
        asking = threading.Thread(target=lambda: texts.append(lb.get("/").text))
        asking.start()
        lb.in_flight(1)
        backend.resume()
        asking.join()
        assert texts == ["late"]

    def test_it_notices_when_nobody_waits_any_more(self, alb: ALB) -> None:
        backend = FakeBackend(hang=True)
        alb.listen(80).forward("web", backend)
        with alb.start() as lb, pytest.raises(TimeoutError) as caught:
            lb.get("/", timeout=0.05)
        assert "targets:" in "\n".join(caught.value.__notes__)

    def test_one_load_balancer_at_a_time(self, start: Start, new_alb: Callable[..., ALB]) -> None:
        backend = FakeBackend(name="shared")
        start(backend)
        second = new_alb("second")
        second.listen(80).forward("web", backend)
        with pytest.raises(SimlbError, match="Backend shared is running") as caught:
            second.start()
        assert caught.value.code == "E691"

    def test_again_with_the_next_load_balancer(self, new_alb: Callable[..., ALB]) -> None:
        backend = FakeBackend(text="a")
        for name in ("first", "second"):
            alb = new_alb(name)
            alb.listen(80).forward("web", backend)
            with alb.start() as lb:
                assert lb.get("/").text == "a"
        assert len(backend.requests) == 2


# -- applications ------------------------------------------------------------------------------------------------------

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]


class Asgi:
    """Echoes what it was asked, in two pieces; counts its lives."""

    def __init__(self) -> None:
        self.lives: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while True:
                kind = (await receive())["type"]
                self.lives.append(kind)
                if kind == "lifespan.startup":
                    scope["state"]["shop"] = "open"
                await send({"type": f"{kind}.complete"})
                if kind == "lifespan.shutdown":
                    return
        if scope["path"] == "/boom":
            raise ValueError("boom")
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message["more_body"]:
                break
        facts = {"method": scope["method"], "path": scope["path"], "query": scope["query_string"].decode()}
        await send({"type": "http.response.start", "status": 202, "headers": [(b"content-type", b"application/json")]})
        text = json.dumps({**facts, "body": body.decode(), "state": scope["state"]}).encode()
        await send({"type": "http.response.body", "body": text[:5], "more_body": True})
        await send({"type": "http.response.body", "body": text[5:]})


async def plain_asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that knows no lifespan."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def failing_asgi(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/boom":
        raise ValueError("boom")
    start_response("201 Created", [("Content-Type", "text/plain")])
    yield f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ['QUERY_STRING']} ".encode()
    yield body + environ.get("HTTP_X_FORWARDED_PROTO", "").encode()


@pytest.fixture
def asgi() -> Asgi:
    return Asgi()


class TestApplications:
    def test_asgi(self, start: Start, asgi: Asgi) -> None:
        with start(asgi, matcher="202") as lb:
            response = lb.post("/a%20b?x=1", body="hello")
            assert response.status_code == 202
            assert response.json() == {
                "method": "POST",
                "path": "/a b",
                "query": "x=1",
                "body": "hello",
                "state": {"shop": "open"},
            }
            assert lb.alb["web"].healthy == 1
        assert asgi.lives == ["lifespan.startup", "lifespan.shutdown"]

    def test_asgi_without_lifespan(self, start: Start) -> None:
        lb = start(FakeBackend(app=plain_asgi), matcher="204")
        assert lb.get("/").status_code == 204

    def test_asgi_that_does_not_start(self, start: Start) -> None:
        with pytest.raises(SimlbError, match="failing_asgi did not start: no database") as caught:
            start(failing_asgi)
        assert caught.value.code == "E697"

    def test_wsgi(self, start: Start) -> None:
        lb = start(wsgi, matcher="201")
        response = lb.post("/a%20b?x=1", body="hello ")
        assert (response.status_code, response.text) == (201, "POST /a b x=1 hello http")

    @pytest.mark.parametrize("app", [Asgi(), wsgi], ids=["asgi", "wsgi"])
    def test_what_an_application_raises(self, start: Start, app: Any) -> None:
        backend = FakeBackend(app=app)
        lb = start(backend, matcher="200-299")
        assert lb.get("/boom").status_code == 500
        with pytest.raises(AssertionError, match="application of backend") as caught:
            backend.check()
        assert isinstance(caught.value.__cause__, ValueError)

    def test_its_own_health_checks_unless_told_otherwise(self, start: Start, asgi: Asgi) -> None:
        lb = start(FakeBackend(app=asgi, name="by-itself"), FakeBackend(app=asgi, name="told", health=200))
        assert [str(target.state) for target in lb.alb["web"]] == ["initial", "healthy"]


async def test_a_connection_that_speaks_no_http_is_closed(alb: ALB) -> None:
    backend = FakeBackend()
    alb.listen(80).forward("web", backend)
    async with alb:
        for data in (b"\x16\x03\x01\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/1.1\r\nbad\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", backend.port)
            writer.write(data)
            assert await reader.read() == b""
            writer.close()


async def test_continue_is_given(alb: ALB) -> None:
    backend = FakeBackend(text="ok")
    alb.listen(80).forward("web", backend)
    async with alb:
        reader, writer = await asyncio.open_connection("127.0.0.1", backend.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hi")
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
        assert backend.last.text == "hi"
        writer.close()
