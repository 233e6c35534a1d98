"""Faults of a load balancer under test: installed when they are asked for, undone at the end of their block."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from simlb.errors import SimlbError
from simlb.testing.backend import FakeBackend
from simlb.testing.groups import Target, TargetGroup, by_place
from simlb.testing.listeners import Listener
from simlb.testing.loops import Ready
from simlb.testing.watched import Number

if TYPE_CHECKING:
    from simlb.faults.installed import InstalledFault
    from simlb.testing.running import RunningLoadBalancer

_MATCH = ("method", "path", "headers")


class RunningFault:
    """One installed fault. A context manager, blocking or not, that undoes it; or call `remove`.

    In async code most faults are there at once, and `with` will do; those that take a moment (a changed configuration)
    need `async with`.
    """

    def __init__(
        self,
        running: RunningLoadBalancer,
        type_name: str,
        on: object,
        match: Mapping[str, Any],
        options: Mapping[str, Any],
        parameters: Mapping[str, Any],
    ) -> None:
        """Install it. See `RunningLoadBalancer.fault`."""
        self._running = running
        self._type_name = type_name
        self._fault: InstalledFault | None = None
        self._is_removed = False
        unknown = sorted(set(match) - set(_MATCH))
        if unknown:
            raise SimlbError("E690", f"'match' has no '{unknown[0]}'.", f"it takes: {', '.join(_MATCH)}")
        words = list(_words(running, on))
        self._installing = running.home.begin(self._install(words, match, options, parameters))

    async def _install(
        self, words: list[str], match: Mapping[str, Any], options: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> None:
        from simlb.faults.fault import Scope
        from simlb.faults.parameters import find_type, read_duration

        book = self._running.app.faults
        given = dict(options)
        lasts = given.pop("lasts")
        if not words and find_type(self._type_name, book.types).scope is Scope.TARGET:
            words = [group.name for group in self._running.alb.target_groups if len(group)]
        self._fault = await book.add(
            self._type_name,
            words,
            parameters,
            match_method=match.get("method"),
            match_path=match.get("path"),
            match_headers=match.get("headers"),
            for_s=read_duration("lasts", lasts) if isinstance(lasts, str) else lasts,
            **given,
        )

    @property
    def name(self) -> str:
        """What reports call it: `abort-1`."""
        return self._there.name

    @property
    def struck(self) -> Number:
        """How many requests (or connections) it has struck."""
        fault = self._there
        return Number(lambda: self._running.home.call(lambda: fault.selector.struck), f"{fault.name}.struck")

    @property
    def seen(self) -> Number:
        """How many it could have struck: those that `match`."""
        fault = self._there
        return Number(lambda: self._running.home.call(lambda: fault.selector.seen), f"{fault.name}.seen")

    async def installed(self) -> RunningFault:
        """Wait until it is there."""
        await self._installing
        return self

    def remove(self) -> Awaitable[None]:
        """Undo it. Harmless when repeated, and when its time is over. To be awaited in async code."""
        if self._is_removed:
            return Ready(None)
        self._is_removed = True
        return self._running.home.begin(self._remove())

    async def _remove(self) -> None:
        await self._installing
        book = self._running.app.faults
        if self._fault is not None and any(fault is self._fault for fault in book):
            await book.remove(self._fault.name)

    @property
    def _there(self) -> InstalledFault:
        if self._fault is None:
            raise SimlbError(
                "E693", f"Fault {self._type_name} takes a moment to install.", "in async code: async with lb.fault(...)"
            )
        return self._fault

    def __enter__(self) -> RunningFault:
        assert self._there is not None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave(error)
        self.remove()

    async def __aenter__(self) -> RunningFault:
        return await self.installed()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave(error)
        await self.remove()

    def _leave(self, error: BaseException | None) -> None:
        """A report of a failed test is to show the faults that it had."""
        if error is not None:
            self._running.keep_report(error)


def _words(running: RunningLoadBalancer, on: object) -> Iterable[str]:
    """What the fault book calls these things."""
    match on:
        case None:
            return
        case Target():
            yield on.name
        case TargetGroup():
            yield on.name
        case Listener():
            yield str(on.values["port"])
        case FakeBackend():
            target = by_place(running.alb.target_groups, on)
            if target is None:
                raise SimlbError("E690", f"{on!r} is no target of load balancer '{running.alb.name}'.")
            yield target.name
        case str() | int():
            yield str(on)
        case list() | tuple():
            for item in on:
                yield from _words(running, item)
        case _:
            raise SimlbError(
                "E690", f"A fault cannot be on {on!r}.", "a target (web[0]), a group, a backend, a listener, or a name"
            )
