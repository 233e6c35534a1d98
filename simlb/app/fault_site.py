"""The running application as faults see it: what they may do to it, and what of it outlives a reload.

Several faults may hold one thing. What is held stays as it is until the last of them lets go: a target that two faults
have taken down is started when both are undone, and a reload does not start it meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from simlb.app.flawed_certificates import FlawedCertificates
from simlb.clock import Clock
from simlb.core.model import Certificate, Configuration
from simlb.dataplane.node import LoadBalancerNode
from simlb.dataplane.points import Behaviour
from simlb.dataplane.probe import wait_until_listening
from simlb.errors import SimlbError
from simlb.faults.fault import Scope
from simlb.faults.site import CertificateFlaw, ConfigurationChange, OwnTarget
from simlb.processes.supervised_process import SupervisedProcess

if TYPE_CHECKING:
    from simlb.app.application import App

LISTENS_WITHIN_S = 3.0
"""How long a target that a fault gives back may take to listen, in real seconds. It may be one that never does."""

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound


class _Holds:
    """Who holds what: by the thing's name, the keys of those that hold it."""

    def __init__(self) -> None:
        self._keys: dict[str, list[object]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._keys

    @property
    def names(self) -> tuple[str, ...]:
        """All things that are held."""
        return tuple(self._keys)

    def take(self, key: object, name: str) -> None:
        """One more holds it."""
        self._keys.setdefault(name, []).append(key)

    def let_go(self, key: object) -> tuple[str, ...]:
        """That one holds nothing any more; what nobody holds now."""
        free = []
        for name, keys in list(self._keys.items()):
            if key in keys:
                keys.remove(key)
                if not keys:
                    del self._keys[name]
                    free.append(name)
        return tuple(free)


class FaultSite:
    """Implements `simlb.faults.site.Site` over an application."""

    def __init__(self, app: App, random: Random) -> None:
        self._app = app
        self.clock: Clock = app.clock
        self.random = random
        self.overlays: tuple[ConfigurationChange, ...] = ()
        """What lies over the configuration of file and commands, in this order."""
        self._behaviours: list[tuple[str, Behaviour]] = []
        self._down = _Holds()
        self._paused = _Holds()
        self._gone = asyncio.Event()
        self._certificates = FlawedCertificates(app.options)

    # -- what there is -------------------------------------------------------------------------------------------------

    def times(self) -> tuple[float, float]:
        """Load-balancer seconds and real seconds since the instance started."""
        return self._app.narrator.at_s(), self._app.narrator.real_s()

    def configuration(self) -> Configuration:
        """What file and commands say, without what faults have changed."""
        return self._app.registered

    def targets(self) -> Mapping[str, Sequence[str]]:
        """The names of each target group's targets, those that drain last."""
        groups = {
            name: [target.name for target in group.targets]
            for name, group in self.configuration().target_groups.items()
        }
        for live in self._app.live_groups():
            groups.setdefault(live.group.name, []).extend(state.target.name for state in live.targets.values())
        return {name: tuple(dict.fromkeys(names)) for name, names in groups.items()}

    def is_own(self, target: str) -> bool:
        """Whether simlb started what serves as this target."""
        return self._identity(target) is not None

    def listener_address(self, load_balancer: str, port: int) -> tuple[str, int]:
        """Where a listener's socket can be reached from here."""
        listener = self._app.nodes[load_balancer].listeners[port]
        return _ANY_ADDRESS.get(listener.host, listener.host), listener.published_port

    # -- between load balancer and target ------------------------------------------------------------------------------

    def interfere(self, target: str, behaviour: Behaviour) -> None:
        """Put a behaviour on the way to a target, in every load balancer, also in those that a reload brings."""
        self._behaviours.append((target, behaviour))
        for node in self._app.nodes.values():
            node.interfere(target, behaviour)

    def release(self, target: str, behaviour: Behaviour) -> None:
        """Take it away again."""
        self._behaviours = [item for item in self._behaviours if item != (target, behaviour)]
        for node in self._app.nodes.values():
            node.release(target, behaviour)

    def equip(self, node: LoadBalancerNode) -> None:
        """Give a new node what the others have."""
        for target, behaviour in self._behaviours:
            node.interfere(target, behaviour)

    # -- processes -----------------------------------------------------------------------------------------------------

    async def take_down(self, key: object, target: str, *, kill: bool) -> None:
        """End what serves as an own target, and keep it ended."""
        identity = self._identity(target)
        if identity is None:
            return
        self._down.take(key, identity)
        own = self._own(identity)
        if own is None:
            return
        if not kill:
            await own.stop()
        elif own.kill() and isinstance(own, SupervisedProcess):
            # Back when it has ended, so that whoever undoes this at once does not find it running still.
            await own.wait_exited()

    async def bring_up(self, key: object, target: str) -> None:
        """Undo `take_down`; back when the target listens, as far as it is registered and not paused."""
        del target  # it may have another process by now: what counts is what this key has taken down
        for identity in self._down.let_go(key):
            own = self._own(identity)
            if own is not None:
                await own.start()
                if identity in self._paused:
                    own.pause()
                elif isinstance(own, SupervisedProcess):
                    await self._until_listening(own)

    async def _until_listening(self, process: SupervisedProcess) -> None:
        """A fault is undone when its target serves again: its start must not count as a failed check."""
        groups = self._app.configuration.target_groups.values()
        targets = (target for group in groups for target in group.targets if target.process == process.name)
        target = next(targets, None)
        if target is not None:
            await wait_until_listening(target, lambda: not process.is_running, LISTENS_WITHIN_S)

    def pause(self, key: object, target: str) -> None:
        """Pause an own target, and keep it paused. Raises SimlbError E640 where processes cannot be paused."""
        identity = self._identity(target)
        if identity is None:
            return
        self._paused.take(key, identity)
        own = self._own(identity)
        if own is not None:
            own.pause()

    def resume(self, key: object, target: str) -> None:
        """Undo `pause`."""
        del target
        for identity in self._paused.let_go(key):
            own = self._own(identity)
            if own is not None:
                own.resume()

    async def restart(self, target: str) -> None:
        """Stop and start an own target."""
        self.check_free(target)
        identity = self._identity(target)
        own = self._own(identity) if identity is not None else None
        if own is not None:
            await own.restart()

    def check_free(self, target: str) -> None:
        """Raise SimlbError E641 when a fault keeps that target down or paused, E830 when its instance is stopped."""
        identity = self._identity(target)
        self._app.instances.check_started(target)
        for holds, words in ((self._down, "down"), (self._paused, "paused")):
            if identity is not None and identity in holds:
                faults = self._app.faults.on(Scope.TARGET, target)
                raise SimlbError(
                    "E641",
                    f"{target} is kept {words} by a fault: {', '.join(fault.name for fault in faults)}.",
                    *(fault.undo for fault in faults if fault.undo),
                )

    @property
    def down(self) -> tuple[str, ...]:
        """The processes that are not to be started."""
        return self._down.names

    def reassert(self) -> None:
        """Pause again what has been started anew and is to be paused."""
        for identity in self._paused.names:
            own = self._own(identity)
            if own is not None:
                own.pause()

    def _identity(self, target: str) -> str | None:
        """What tells an own target's process or fake apart; None for a target that is not simlb's, or not there."""
        return target if target in self._app.own_targets else self._app.process_of(target)

    def _own(self, identity: str) -> OwnTarget | None:
        return self._app.own_targets.get(identity) or self._app.supervisor.get(identity)

    # -- configuration -------------------------------------------------------------------------------------------------

    async def change(self, change: ConfigurationChange) -> None:
        """Lay a change over the configuration, also over every later reload."""
        async with self._app.reloading:
            await self._lay_over((*self.overlays, change))

    async def undo(self, change: ConfigurationChange) -> None:
        """Take that change away again. If that cannot be served now, it is at the next reload."""
        async with self._app.reloading:
            if change not in self.overlays:
                return
            rest = tuple(overlay for overlay in self.overlays if overlay != change)
            try:
                await self._lay_over(rest)
            except SimlbError:
                self.overlays = rest
                raise

    def in_force(self, configuration: Configuration) -> Configuration:
        """With everything that faults have laid over it."""
        for overlay in self.overlays:
            configuration = overlay(configuration)
        return configuration

    async def _lay_over(self, overlays: tuple[ConfigurationChange, ...]) -> None:
        before, self.overlays = self.overlays, overlays
        try:
            await self._app.apply_again("By a fault" if len(overlays) > len(before) else "A fault is undone")
        except BaseException:
            self.overlays = before
            raise

    async def drained(self, target: str) -> None:
        """Wait until a target that is deregistered everywhere has drained everywhere."""
        while any(state.target.name == target for live in self._app.live_groups() for state in live.targets.values()):
            await self._gone.wait()

    def target_is_gone(self) -> None:
        """A target has drained."""
        self._gone.set()
        self._gone = asyncio.Event()

    # -- certificates --------------------------------------------------------------------------------------------------

    async def issue(self, flaw: CertificateFlaw, names: Sequence[str]) -> Certificate:
        """A certificate with that flaw for these names, as files of the instance."""
        region = self._app.region
        return await asyncio.to_thread(self._certificates.issue, flaw, tuple(names), region)

    def flaw_of(self, certificate: Certificate) -> CertificateFlaw | None:
        """What a fault has made wrong with it; None for one that is none of its making."""
        return self._certificates.flaws.get(certificate)

    def discard(self, certificate: Certificate) -> None:
        """Remove its files."""
        self._certificates.discard(certificate)

    # -- life ----------------------------------------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, None]) -> Callable[[], None]:
        """Run something in the background until it ends, the returned function is called or the instance is closed."""
        task = self._app.keep(work)

        def cancel() -> None:
            task.cancel()

        return cancel

    def close(self) -> None:
        """The instance ends: its files go."""
        self._certificates.close()
