"""The life of a load balancer under test: everything is started in order, ready when its targets have been looked at,
and ended in the opposite order, whatever goes wrong on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simlb.app.application import App
from simlb.app.options import AppOptions
from simlb.certs.private_folder import PrivateFolder
from simlb.config.addresses import system_resolver
from simlb.config.compile import Compiled, compile_source
from simlb.config.context import Tools
from simlb.controlplane.instance import Instance
from simlb.controlplane.views import InstanceView
from simlb.core.events import Event
from simlb.core.model import Configuration, Target
from simlb.errors import SimlbError
from simlb.testing.certificates import EphemeralCertificates, authority
from simlb.testing.clock import Clock
from simlb.testing.loops import Home
from simlb.testing.own_fake import OwnFake
from simlb.testing.routing import Entrance, Routes

if TYPE_CHECKING:
    from simlb.clock import Clock as RunningClock
    from simlb.controlplane.server import ControlServer
    from simlb.testing.alb import ALB

FIRST_CHECKS_MAX_S = 2.0
"""How long, in real seconds, a start waits for the outcome of every target's first health check."""
_LOOK_EVERY_S = 0.0005
_EVENTS_KEPT = 1000
_LAST_TURNS = 6
"""Turns of the loop from an accepted socket to an aborted and closed one."""


class Life:
    """Starts and stops one application with its fake backends, on one loop."""

    def __init__(self, alb: ALB, home: Home) -> None:
        self.alb = alb
        self.home = home
        self.clock: Clock = alb.clock
        self.is_stopped = False
        self.events: deque[Event] = deque(maxlen=_EVENTS_KEPT)
        """State changes, faults and notices, oldest first."""
        self.app: App
        self.configuration: Configuration
        self.routes: Routes
        """Where its clients connect to."""
        self._private = PrivateFolder()
        self._folder = self._private.path
        self._certificates = EphemeralCertificates(alb.region, self._folder)
        self._ports: dict[str, int] = {}
        self._control: ControlServer | None = None
        self._control_token = ""
        self._problems: list[str] = []
        self._ends = contextlib.AsyncExitStack()

    def start_here_or_there(self) -> None:
        """Start it on its own loop. Raises SimlbError, leaving nothing behind."""
        try:
            self.home.run(self.begin())
        except BaseException:
            self.home.close()
            raise

    async def begin(self) -> None:
        """Start everything on this loop; return once every target has had its first health check."""
        if self.home.is_own_loop:
            asyncio.get_running_loop().set_exception_handler(self._on_problem)
        self._ends.callback(self._private.close)
        self._ends.callback(self._certificates.close)
        try:
            await self._begin()
        except BaseException:
            await self._ends.aclose()
            raise

    async def _begin(self) -> None:
        clock = self.clock.attach(self.home)
        self._ends.callback(self.clock.detach, clock)
        for backend in self.alb.backends:
            await backend.start(self.home, clock)
            self._ends.push_async_callback(backend.stop)
        compiled = self._compile()
        self.configuration = compiled.configuration
        options = AppOptions(
            instance=self.alb.name,
            state_dir=self._folder,
            certs_dir=self._folder,
            load=self._compile,
            keeps_traffic=True,
            seed=self.alb.seed,
            issuer=authority(),
            is_ephemeral=True,
        )
        self.app = App(options, _Audience(self.events), compiled, clock=clock)
        self.app.own_targets |= {target.name: fake for target, fake in self._fakes()}
        self._ends.push_async_callback(self._close_app)
        await self.app.start()
        self.routes = Routes(self.alb.name, self._entrances, authority().ca_pem)
        if self.alb.control:
            await self._open_control()
        self._ends.push_async_callback(self._clear_faults)
        await self.on_started()
        await self._first_checks()

    async def on_started(self) -> None:
        """It listens; its targets are being looked at for the first time."""

    async def finish(self) -> None:
        """Stop everything on this loop. What is still under way is cut."""
        if self.is_stopped:
            return
        self.is_stopped = True
        await self._ends.aclose()

    def stop(self) -> None:
        """Stop it, and its loop and thread. Harmless when repeated. In async code, leave the `async with` instead.

        Raises SimlbError E691 when it is too late: its event loop was closed while it ran.
        """
        if self.is_stopped:
            return
        instead = "leave the `async with` block"
        self.home.refuse_blocking("stop()", instead)
        loop = self.home.loop
        if loop.is_closed():
            self.is_stopped = True
            # What the end of the loop has left to nobody else.
            self._certificates.close()
            with contextlib.suppress(OSError):
                self._private.close()
            raise SimlbError("E691", f"The event loop of load balancer '{self.alb.name}' was closed under it.", instead)
        try:
            if loop.is_running():
                self.home.run(self.finish())
            else:
                loop.run_until_complete(self.finish())
        finally:
            self.home.close()

    def check(self) -> None:
        """Raise AssertionError when something went wrong inside that no request shows."""
        if self._problems:
            raise AssertionError(f"inside load balancer {self.alb.name}: " + "; ".join(self._problems))

    # -- parts of it ---------------------------------------------------------------------------------------------------

    async def _clear_faults(self) -> None:
        # Fakes that faults have taken down are to be there for the next load balancer.
        if len(self.app.faults):
            await self.app.faults.clear()

    async def _close_app(self) -> None:
        await self.app.close(grace_s=0)
        # Connections that were being accepted while the listeners closed.
        for _ in range(_LAST_TURNS):
            await asyncio.sleep(0)
            for node in self.app.nodes.values():
                for connection in list(node.connections):
                    connection.abort()

    def _compile(self) -> Compiled:
        from simlb.processes.samples import sample_names

        tools = Tools(
            certificates=self._certificates,
            allocate_port=self._allocate_port,
            sample_names=sample_names(),
            resolve=system_resolver,
            folder=self.alb.folder,
            signs_any_name=True,
        )
        return compile_source(self.alb.source(), tools)

    def _allocate_port(self, target: str) -> int:
        from simlb.processes.ports import free_ports

        if target not in self._ports:
            taken = set(self._ports.values())
            # One more than are taken: at least one of them is new.
            self._ports[target] = next(port for port in free_ports(len(taken) + 1) if port not in taken)
        return self._ports[target]

    def _entrances(self) -> tuple[Entrance, ...]:
        """As of now: calls of the elbv2 API open and close listeners. Asked from any thread."""
        found = []
        for load_balancer in self.app.configuration.load_balancers:
            node = self.app.nodes.get(load_balancer.name)
            for listener in load_balancer.listeners:
                open_ = node.listeners.get(listener.port) if node is not None else None
                if open_ is not None:
                    scheme = listener.protocol.lower()
                    found.append(Entrance(listener.port, scheme, open_.host, open_.published_port))
        return tuple(found)

    async def _open_control(self) -> None:
        from simlb.controlplane.runfile import new_token
        from simlb.controlplane.server import HOST, ControlServer

        self._control_token = new_token()
        self._control = ControlServer(self.app, self._control_token, 0, routes=self.app.control_routes())
        self._ends.push_async_callback(self._control.close)
        await self._control.start()
        self.app.control = f"{HOST}:{self._control.port}"

    def _fakes(self) -> Iterator[tuple[Target, OwnFake]]:
        """Every target that a backend of this process serves as."""
        for group in self.alb.target_groups:
            for place, target in enumerate(self.configuration.target_groups[group.name].targets):
                backend = group[place].backend
                if backend is not None:
                    yield target, OwnFake(backend)

    async def _first_checks(self) -> None:
        deadline = time.monotonic() + FIRST_CHECKS_MAX_S
        silent = {target.name for target, fake in self._fakes() if fake.backend.hangs_on_checks}
        while time.monotonic() < deadline:
            states = [
                state
                for node in self.app.nodes.values()
                for group in node.groups.values()
                if group.in_use
                for state in group.targets.values()
            ]
            if all(state.health.last_probe is not None or state.target.name in silent for state in states):
                return
            await asyncio.sleep(_LOOK_EVERY_S)

    def _on_problem(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        message = str(context.get("message"))
        self._problems.append(message if error is None else f"{message}: {error!r}")


class _Audience:
    """The instance's presenter: keeps what happens."""

    def __init__(self, events: deque[Event]) -> None:
        self._events = events

    def ready(self, view: InstanceView, app: Instance, clock: RunningClock) -> None:
        """Nobody waits for it here."""

    def event(self, event: Event) -> None:
        """Keep it."""
        self._events.append(event)

    def stopping(self) -> None:
        """Nobody waits for it here."""

    def close(self) -> None:
        """Nobody waits for it here."""
