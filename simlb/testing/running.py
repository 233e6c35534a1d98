"""A running load balancer in a test: where it is, what went through it, waiting, clients, faults, and its end."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from simlb.controlplane.event_types import known_types
from simlb.core.event_json import Told, type_of
from simlb.errors import SimlbError
from simlb.explain.finding import LAST
from simlb.testing import report
from simlb.testing.certificates import authority
from simlb.testing.client import TIMEOUT_S, Bytes, Client, arequest
from simlb.testing.events import Events
from simlb.testing.explanations import Explained
from simlb.testing.faults import RunningFault
from simlb.testing.loops import Home, Ready
from simlb.testing.messages import Response
from simlb.testing.scenarios import run_scenario
from simlb.testing.traffic import TrafficLog
from simlb.testing.watched import Condition

if TYPE_CHECKING:
    import aiohttp
    import httpx
    import requests

    from simlb.explain.story import Story
    from simlb.observe.traffic import TrafficRecord
    from simlb.scenario.runner import RunResult
    from simlb.testing.alb import ALB

FIRST_CHECKS_MAX_S = 2.0
"""How long, in real seconds, a start waits for the outcome of every target's first health check."""
WAIT_S = 5.0
_LOOK_EVERY_S = 0.002


class NotReachedError(AssertionError):
    """What was waited for did not come about."""


class RunningLoadBalancer(Explained):
    """What `with alb.start() as lb` gives. Usable from any thread; in async code what takes time is awaited."""

    def __init__(self, alb: ALB, home: Home) -> None:
        super().__init__(alb, home)
        self.log = TrafficLog(self)
        """Finished exchanges, oldest first: a list of TrafficRecord."""
        self._client = Client(lambda: self.routes, home.refuse_blocking)
        self._kept: tuple[BaseException, str, dict[str, Any]] | None = None
        """What a test failed with, and how everything stood then."""

    def __repr__(self) -> str:
        return f"<load balancer {self.alb.name}{', stopped' if self.is_stopped else f' at {self.url}'}>"

    async def on_started(self) -> None:
        """Install what was asked for from the start on."""
        for given, named in self.alb.faults_at_start:
            await self.fault(*given, **named).installed()

    async def leave(self, error: BaseException | None) -> None:
        """The end of an `async with`: keep a report if the test has failed, then stop."""
        self.keep_report(error)
        await self.finish()
        self.home.close()

    def keep_report(self, error: BaseException | None) -> None:
        """Keep how everything stands when a test fails. The first block that it leaves knows most: its fault is there.

        `error` None forgets an earlier failure, which the test has got over.
        """
        if error is None:
            self._kept = None
        elif self._kept is None or self._kept[0] is not error:
            self._kept = self.home.call(lambda: (error, report.report(self), report.to_json(self)))

    def __enter__(self) -> RunningLoadBalancer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.is_stopped:
            self.keep_report(error)
        self.stop()

    # -- where it is ---------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT` of the first listener."""
        return self.routes.url(None, "")

    def url_for(self, listener: str | int, path: str = "") -> str:
        """The URL of a path on a listener: by scheme (`"https"`) or port. Raises SimlbError E696."""
        return self.routes.url(listener, path)

    @property
    def ca_pem(self) -> str:
        """The certificate of the CA that signs the listeners' certificates: what a client has to trust."""
        return authority().ca_pem.decode()

    @property
    def ca_path(self) -> str:
        """A file with `ca_pem`, which goes when the load balancer stops. The fixture alb_ca has one that stays."""
        path = self._folder / "ca.pem"
        if not self.is_stopped and not path.exists():
            path.write_bytes(authority().ca_pem)
        return str(path)

    @property
    def control_url(self) -> str:
        """The control port, for other programs. Raises SimlbError E691 unless asked for: `ALB(control=True)`."""
        if self._control is None:
            raise SimlbError("E691", f"Load balancer '{self.alb.name}' has no control port.", "ALB(control=True)")
        return f"http://127.0.0.1:{self._control.port}"

    @property
    def control_token(self) -> str:
        """What the control port wants to see of whoever changes something."""
        assert self.control_url
        return self._control_token

    @property
    def dns_name(self) -> str:
        """The load balancer's own name, `my-alb-123.ap-northeast-2.elb.localhost`."""
        return self.configuration.load_balancers[0].dns_name

    # -- clients -------------------------------------------------------------------------------------------------------

    def get(self, url: str, **options: Any) -> Response:
        """GET with the built-in client, see `Client.request`. Blocks; in async code `await lb.aget(...)`."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Response:
        """POST with the built-in client."""
        return self.request("POST", url, **options)

    def request(self, method: str, url: str, **options: Any) -> Response:
        """A request with the built-in client. A time-out carries the report."""
        try:
            return self._client.request(method, url, **options)
        except TimeoutError as error:
            error.add_note(self.report())
            raise

    async def aget(self, url: str, **options: Any) -> Response:
        """GET on the running loop."""
        return await self.arequest("GET", url, **options)

    async def arequest(self, method: str, url: str, **options: Any) -> Response:
        """A request on the running loop."""
        try:
            return await arequest(self.routes, method, url, **options)
        except TimeoutError as error:
            error.add_note(self.report())
            raise

    def session(self) -> requests.Session:
        """A `requests.Session` for which every host name leads here. Raises SimlbError E695 without requests."""
        from simlb.testing.sessions import requests_session

        return requests_session(self.routes, self.ca_path, self.home.refuse_blocking)

    def httpx_client(self, **options: Any) -> httpx.Client:
        """An `httpx.Client` for which every host name leads here. Raises SimlbError E695 without httpx."""
        from simlb.testing.sessions import httpx_client

        return httpx_client(self.routes, self.home.refuse_blocking, **options)

    def httpx_async_client(self, **options: Any) -> httpx.AsyncClient:
        """An `httpx.AsyncClient` for which every host name leads here. Raises SimlbError E695 without httpx."""
        from simlb.testing.sessions import httpx_async_client

        return httpx_async_client(self.routes, **options)

    def aiohttp_session(self, **options: Any) -> aiohttp.ClientSession:
        """An `aiohttp.ClientSession` for which every host name leads here, on the running loop."""
        from simlb.testing.sessions import aiohttp_session

        return aiohttp_session(self.routes, **options)

    def replay(
        self,
        which: TrafficRecord | str,
        *,
        body: bytes | None = None,
        without_body: bool = False,
        partial: bool = False,
        timeout: float = TIMEOUT_S,
    ) -> Response:
        """Send a request of the past again, with the header and body that its client sent; the new response.

        `which` is a record of `log`, a trace id, `last` or `#12`. Blocks, `timeout` real seconds at most. Raises
        SimlbError: E750 for a request that is not kept, E744 without its body (`ALB(keep_bodies="64k")`, or `body`, or
        `without_body`), E745 for a head of more than 2 kB (`partial` sends its beginning), E746, E693 on the loop.
        """
        from simlb.app.replaying import Replaying
        from simlb.controlplane.replay_request import request_of

        ref = which if isinstance(which, str) else f"#{which.number}"
        view = self.home.call(lambda: Replaying(self.app).request(ref))
        request = request_of(view, without_body=without_body, body=body, partial=partial)
        place = (view.address, view.published_port)
        url = f"{'https' if view.is_tls else 'http'}://{view.server_name or view.address}:{view.port}{view.uri}"
        sent = Bytes(view.method, url, request.to_bytes(), address=place, server_name=view.server_name or view.address)
        return self._client.send(sent, timeout)

    # -- waiting -------------------------------------------------------------------------------------------------------

    def wait(
        self, condition: Condition | Callable[[], object], timeout: float = WAIT_S, *, words: str = "the condition"
    ) -> Awaitable[None]:
        """Wait, at most `timeout` real seconds, until a condition holds: `lb.wait(web.healthy == 2)`, or a callable.

        Blocks; in async code it is to be awaited. Raises NotReachedError, an AssertionError, with the report; `words`
        say there what a callable stood for.
        """
        if not callable(condition):
            raise SimlbError(
                "E690",
                f"{condition!r} cannot be waited for: it has been compared already.",
                "lb.wait(web.healthy == 2), lb.wait(web[0].state == 'unhealthy'), or lb.wait(lambda: ...)",
            )
        if isinstance(condition, Condition):
            words = condition.words
        if self.home.is_here:
            return self._wait_here(condition, words, timeout)
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() >= deadline:
                raise self._not_reached(words, timeout)
            time.sleep(_LOOK_EVERY_S)
        return Ready(None)

    async def _wait_here(self, condition: Callable[[], object], words: str, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            held = condition()
            if isinstance(held, Coroutine):
                held = await held
            if held:
                return
            if time.monotonic() >= deadline:
                raise self._not_reached(words, timeout_s)
            await asyncio.sleep(_LOOK_EVERY_S)

    def wait_until_healthy(self, timeout: float = WAIT_S) -> Awaitable[None]:
        """Wait until every target of every group in use is healthy."""

        def all_healthy() -> bool:
            return all(
                state.is_healthy
                for node in self.app.nodes.values()
                for group in node.groups.values()
                if group.in_use
                for state in group.targets.values()
            )

        return self.wait(Condition(lambda: self.home.call(all_healthy), "every target healthy", held=False), timeout)

    def in_flight(self, count: int, timeout: float = WAIT_S) -> Awaitable[None]:
        """Wait until targets have been given so many requests at the same time, or more."""

        def enough() -> bool:
            return (
                sum(
                    state.outstanding
                    for node in self.app.nodes.values()
                    for group in node.groups.values()
                    for state in group.targets.values()
                )
                >= count
            )

        return self.wait(Condition(lambda: self.home.call(enough), f"in flight >= {count}", held=False), timeout)

    def _not_reached(self, words: str, timeout_s: float) -> NotReachedError:
        still = " (time stands still: advance the clock)" if self.clock.is_manual else ""
        return NotReachedError(f"{words}: not reached within {timeout_s:g} s{still}\n{self.report()}")

    # -- what happened -------------------------------------------------------------------------------------------------

    @property
    def metrics(self) -> Mapping[str, int]:
        """CloudWatch's sums so far, 0 for what has not been counted: `lb.metrics["HTTPCode_ELB_502_Count"]`."""
        return self.home.call(self.app.observing.sums)

    def on_event(self, listener: Callable[[Told], object], *types: str) -> Callable[[], None]:
        """Call `listener` with everything that happens from now on, until the returned function is called.

        `types` are names as in docs/events.md, such as `"target_state_changed"`; all without any. It is called on the
        load balancer's loop, and must not wait there; what it raises fails the test at its end. Raises SimlbError E771.
        """
        wanted = known_types(types)

        def hear(event: Told) -> None:
            if not wanted or type_of(type(event)) in wanted:
                try:
                    listener(event)
                except Exception as error:  # noqa: BLE001 - the load balancer goes on, and the test hears of it
                    self._problems.append(f"on_event: {error!r}")

        stop = self.home.call(lambda: self.app.observing.events.listen(hear))
        return lambda: self.home.call(stop)

    def event_stream(self, *types: str, timeout: float = WAIT_S) -> Events:
        """What happens from now on, to iterate over: `for event in lb.event_stream("target_state_changed"): ...`.

        Also `async for`. `types` as in `on_event`; a step without an event within `timeout` real seconds raises
        NotReachedError. Raises SimlbError E771.
        """
        return Events(self, types, timeout)

    def explain(self, what: TrafficRecord | str = LAST, *, unmasked: bool = False) -> Story:
        """Why a request went where it went: a record of `lb.log`, a trace id, `"#3"`, or `"last"`.

        `str(story)` and `story.text("ko")` tell it, `story.facts` and `story.cause` are for assertions. Values of
        cookies, authorisation and queries are masked unless `unmasked`. Raises SimlbError E750 for what is not kept,
        E751 for what names no request.
        """
        reference = what if isinstance(what, str) else f"#{what.number}"
        return self.home.call(lambda: self.app.observing.explaining.exchange_story(reference, unmasked=unmasked))

    def report(self) -> str:
        """Targets with their states and reasons, faults, the timeline, the last 20 lines: what failures show."""
        if self.is_stopped and self._kept is not None:
            return self._kept[1]
        return self.home.call(lambda: report.report(self))

    def to_json(self) -> dict[str, Any]:
        """The report's facts as plain values."""
        if self.is_stopped and self._kept is not None:
            return self._kept[2]
        return self.home.call(lambda: report.to_json(self))

    def served_by(self) -> Counter[str]:
        """How many requests each target has served, by its name."""
        return self.log.served_by()

    def retries(self, path: str, *, method: str | None = None, client: str | None = None) -> int:
        """How often a client came again with the same method and path, see `Records.retries`."""
        return self.log.retries(path, method=method, client=client)

    def assert_all_served(self, at_least: int = 1) -> None:
        """Raise AssertionError, with the report, unless every target of every group in use has served so many."""
        served = self.served_by()
        idle = [
            f"{target.name} served {served[target.name]}"
            for group in self.alb.target_groups
            if group.mode != "unused"
            for target in group
            if served[target.name] < at_least
        ]
        if idle:
            raise AssertionError(f"expected {at_least} or more each: {', '.join(idle)}\n{self.report()}")

    def assert_retries(self, count: int, path: str, *, method: str | None = None) -> None:
        """Raise AssertionError, with the attempts and the report, unless a client came again exactly so often."""
        seen = self.retries(path, method=method)
        if seen != count:
            attempts = self.log.where(path=path)
            raise AssertionError(f"expected {count} retries of {path}, saw {seen}: {attempts!r}\n{self.report()}")

    # -- faults --------------------------------------------------------------------------------------------------------

    def fault(
        self,
        type_name: str,
        *,
        on: object = None,
        match: Mapping[str, Any] | None = None,
        percent: float | str | None = None,
        count: int | None = None,
        every: int | None = None,
        pattern: str | None = None,
        lasts: float | str | None = None,
        name: str | None = None,
        seed: int | None = None,
        **parameters: Any,
    ) -> RunningFault:
        """Install a fault: `with lb.fault("http.abort", on=web[0], status=503, count=2): ...`, or until `remove`.

        `on` is a target, a target group, a backend, a listener, a name or port, or several of them; without it every
        target, or what the fault's type makes of it. `match` holds `method`, `path` (wildcards) and `headers`. `lasts`
        is in load-balancer seconds. Raises SimlbError (`simlb fault types` lists types and parameters).
        """
        options = {
            "percent": percent,
            "count": count,
            "every": every,
            "pattern": pattern,
            "lasts": lasts,
            "name": name,
            "seed": seed,
        }
        return RunningFault(self, type_name, on, dict(match or {}), options, parameters)

    def run(self, scenario: str | Path, *, speed: float | None = None, seed: int | None = None) -> RunResult:
        """Run a scenario by its id or file, beside this load balancer: it brings a topology of its own.

        See `simlb.testing.run_scenario`; `await simlb.testing.arun_scenario(...)` in async code.
        """
        return run_scenario(scenario, speed=speed, seed=seed)

    def fault_words(self) -> list[str]:
        """Installed faults, each in a line. On the load balancer's loop."""
        return [
            f"{fault.name}: {fault.words} on {', '.join(fault.acts_on) or fault.on} "
            f"({fault.state}, struck {fault.selector.struck} of {fault.selector.seen})"
            for fault in self.app.faults
        ]
