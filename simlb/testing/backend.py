"""A target that a test scripts: what it answers, what it has seen, and how it fails. Speaks HTTP/1.1 on loopback."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from simlb.clock import Clock
from simlb.errors import SimlbError
from simlb.testing.answers import Answer, answer, answers
from simlb.testing.asgi import AsgiTarget
from simlb.testing.exchange import BodyReader, ResponseWriter
from simlb.testing.expectations import Book, Expectation
from simlb.testing.expectations import Sequence as Answers
from simlb.testing.fake_server import FakeServer
from simlb.testing.loops import Home, Ready
from simlb.testing.messages import Request
from simlb.testing.wsgi import WsgiTarget

_HEALTH_CHECKER = "ELB-HealthChecker/"
_KEPT_REQUESTS = 10_000


class FakeBackend:
    """One target. It runs with the load balancer that has it as a target, on that one's loop.

    It answers health checks with 200 by itself, also while it hangs, unless `health` says otherwise; an application's
    are answered by the application. Health checks are not among `requests`.
    """

    def __init__(
        self,
        *,
        name: str | None = None,
        status: int | None = None,
        text: str | None = None,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        latency: str | float | None = None,
        hang: bool = False,
        responses: Sequence[object] | None = None,
        app: Any = None,
        health: int | None = None,
    ) -> None:
        """One answer for every request, or `responses` in turn (the last one stays), or an ASGI or WSGI application.

        `latency` goes by the load balancer's clock: with a manual one an answer waits until time is moved. `hang` is to
        begin with `hang()`. `health` is the status code for health checks. Raises SimlbError E690 for what does not go
        together.
        """
        has_single = any(value is not None for value in (status, text, json, body, headers, latency))
        if sum((has_single, responses is not None, app is not None)) > 1:
            raise SimlbError("E690", "A backend has one answer, or 'responses', or an 'app'.")
        if responses is not None and not responses:
            raise SimlbError("E690", "'responses' needs at least one answer.")
        self.name = name
        self.requests: list[Request] = []
        """What it was asked, health checks aside, oldest first; the last 10,000."""
        self.health_checks = 0
        """How many health checks it has got."""
        self.errors: list[Exception] = []
        """What its application has raised; `check` raises the first."""
        self._app = _adapter(app) if app is not None else None
        self._health = health if health is not None or app is not None else 200
        self._has_default = has_single or responses is not None
        if responses is not None:
            self._default = Answers(*(answers(given) for given in responses))
        else:
            self._default = Answers(
                answer(
                    status=200 if status is None else status,
                    text=text,
                    json=json,
                    body=body,
                    headers=headers,
                    latency=0.0 if latency is None else latency,
                )
            )
        self._book = Book()
        self._server = FakeServer(self._serve)
        self.home: Home | None = None
        """Where it runs; None while it does not."""
        self._clock: Clock | None = None
        self._is_crashed = False
        self._is_hanging = hang
        self._is_health_hanging = False
        self._resumed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<FakeBackend {self.name or 'without a name'} at {self.url}>"

    # -- where it is ---------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1; 0 before it has started."""
        return self._server.port

    @property
    def url(self) -> str:
        """Where it is reached without a load balancer."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections have been made to it, those of health checks included."""
        return self._server.connections

    # -- what it has seen ----------------------------------------------------------------------------------------------

    @property
    def last(self) -> Request:
        """The last request. Raises AssertionError when there has been none."""
        assert self.requests, f"backend {self.name or self.url} has seen no request"
        return self.requests[-1]

    # -- what it answers -----------------------------------------------------------------------------------------------

    def on(
        self,
        path: str = "*",
        *,
        method: str | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
    ) -> Expectation:
        """Answer requests that look like this by what `.respond(...)` says. `path` may hold `*` and `?`."""
        return self._book.add(Expectation(path, method=method, query=query, headers=headers, body=body))

    def once(
        self,
        path: str = "*",
        *,
        method: str | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
    ) -> Expectation:
        """The same for one request, which `check` then misses if it does not come."""
        return self._book.add(Expectation(path, method=method, query=query, headers=headers, body=body, is_once=True))

    def in_order(
        self,
        path: str = "*",
        *,
        method: str | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
    ) -> Expectation:
        """The same for one request each, in the order in which they were written down."""
        return self._book.add(
            Expectation(path, method=method, query=query, headers=headers, body=body, is_ordered=True)
        )

    def check(self) -> None:
        """Raise AssertionError for expected requests that never came, unexpected ones, and an application's error."""
        problems = [*self._book.complaints, *self._book.missing()]
        if problems:
            raise AssertionError(f"backend {self.name or self.url}: " + "; ".join(problems))
        if self.errors:
            raise AssertionError(f"the application of backend {self.name or self.url} failed") from self.errors[0]

    # -- how it fails --------------------------------------------------------------------------------------------------

    def crash(self) -> None:
        """Like a killed process: its port refuses, connections are reset. Also before it has started."""
        self._is_crashed = True
        self._on_loop(self._server.crash)

    def restart(self) -> Awaitable[None]:
        """Listen again after `crash`, on the same port. On the load balancer's own loop, to be awaited."""
        self._is_crashed = False
        return self.home.begin(self._server.listen()) if self.home is not None else Ready(None)

    def hang(self, *, health: bool = False) -> None:
        """Take requests and answer none until `resume`; health checks only with `health=True`."""
        self._is_hanging, self._is_health_hanging = True, health

    def resume(self) -> None:
        """Answer again, those that wait as well."""
        self._is_hanging = self._is_health_hanging = False
        self._on_loop(self._wake)

    def _wake(self) -> None:
        self._resumed.set()
        self._resumed = asyncio.Event()

    def _on_loop(self, function: Callable[[], None]) -> None:
        if self.home is not None:
            self.home.call(function)

    # -- life, for the load balancer -----------------------------------------------------------------------------------

    @property
    def is_listening(self) -> bool:
        """Whether it runs and has not crashed."""
        return self._server.is_listening

    @property
    def hangs_on_checks(self) -> bool:
        """Whether waiting for its health check makes no sense."""
        return self._is_health_hanging

    async def start(self, home: Home, clock: Clock) -> None:
        """Listen on the running loop. Raises SimlbError E691 where another load balancer runs it, E697 by its app."""
        if self.home is not None:
            raise SimlbError(
                "E691",
                f"Backend {self.name or self.url} is running with another load balancer.",
                "a backend of its own for each, or that one's url: target_group('web', backend.url)",
            )
        if self._app is not None:
            await self._app.start()
        self.home, self._clock = home, clock
        self._resumed = asyncio.Event()
        self._server.port = 0
        await self._server.start(listening=not self._is_crashed)

    async def stop(self) -> None:
        """End with the load balancer."""
        if self.home is None:
            return
        self.home = None
        await self._server.close()
        if self._app is not None:
            await self._app.stop()

    # -- one request ---------------------------------------------------------------------------------------------------

    async def _serve(
        self, request: Request, body: BodyReader, response: ResponseWriter, gone: asyncio.Event
    ) -> bytes | None:
        if request.headers.get("user-agent", "").startswith(_HEALTH_CHECKER):
            self.health_checks += 1
            while self._is_health_hanging and not gone.is_set():
                await self._woken(gone)
            if self._health is not None:
                return Answer(status=self._health).to_bytes(request.method)
        else:
            if len(self.requests) >= _KEPT_REQUESTS:
                del self.requests[0]
            self.requests.append(request)
            while self._is_hanging and not gone.is_set():
                await self._woken(gone)
        if self._app is not None:
            await self._ask_app(self._app, request, body, response)
            return None
        await body.read_all()
        found = self._answer(request)
        if found.hangs:
            await self._woken(gone)
        if found.latency_s:
            await self._delayed(found.latency_s, gone)
        return found.to_bytes(request.method)

    def _answer(self, request: Request) -> Answer:
        found = self._book.find(request)
        if found is None and self._book and not self._has_default:
            words = f"{request.method} {request.target}"
            self._book.complaints.append(f"{words} was not expected")
            found = answer(status=500, text=f"no expectation matches {words}")
        return found if found is not None else self._default.next()

    async def _ask_app(
        self, app: AsgiTarget | WsgiTarget, request: Request, body: BodyReader, response: ResponseWriter
    ) -> None:
        try:
            await app.serve(request, body, response)
        except (ConnectionError, asyncio.IncompleteReadError):
            raise
        except Exception as error:
            self.errors.append(error)
            if response.is_started:
                raise ConnectionAbortedError from error
            response.start(500, [("Content-Type", "text/plain")])
            await response.write(b"Internal Server Error", is_last=True)
        if not response.is_finished:
            raise ConnectionAbortedError

    async def _woken(self, gone: asyncio.Event) -> None:
        """Return after `resume`, or when nobody waits for the answer any more."""
        await _first(self._resumed.wait(), gone.wait())

    async def _delayed(self, latency_s: float, gone: asyncio.Event) -> None:
        assert self._clock is not None
        over = asyncio.Event()
        timer = self._clock.call_later(latency_s, over.set)
        try:
            await _first(over.wait(), gone.wait())
        finally:
            timer.cancel()


async def _first(*waits: Any) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _adapter(app: Any) -> AsgiTarget | WsgiTarget:
    """By what an application can be called with: scope, receive, send - or environ, start_response."""
    if callable(app):
        called = app if inspect.isroutine(app) else app.__call__
        try:
            signature = inspect.signature(called)
        except (TypeError, ValueError):
            signature = None
        if signature is not None:
            for arity, adapter in ((3, AsgiTarget), (2, WsgiTarget)):
                try:
                    signature.bind(*[None] * arity)
                except TypeError:
                    continue
                if arity == 3 or not inspect.iscoroutinefunction(called):
                    return adapter(app)
    raise SimlbError(
        "E690",
        f"{app!r} is neither an ASGI nor a WSGI application.",
        "ASGI: async def app(scope, receive, send); WSGI: def app(environ, start_response)",
    )
