"""The book of faults: installs, lists and undoes them, in any order, and follows the configuration as it changes.

A fault is installed at each place that it is on, and comes and goes with the places: what a reload removes is let go,
what it brings back is taken hold of again. Nothing is left half done: where one place fails, the others are undone.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

from simlb.controlplane.paths import DEFAULT_INSTANCE
from simlb.core.events import Event, FaultInstalled, FaultRemoved, Notice
from simlb.errors import SimlbError
from simlb.faults.fault import FaultType, Order, Scope, Value
from simlb.faults.installed import FaultState, InstalledFault, selection_words
from simlb.faults.parameters import Written, find_type, meant_or, read_parameters, read_selection
from simlb.faults.places import Place, find, require_own, understand
from simlb.faults.selection import Selector
from simlb.faults.site import Site

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
FAULTS_MAX = 1000
FOR_S_MAX = 365 * 86_400.0


class FaultBook:
    """The installed faults of one instance, in the order of their installation. Used on the instance's loop."""

    def __init__(
        self,
        site: Site,
        types: Mapping[str, FaultType],
        tell: Callable[[Event], None],
        *,
        instance: str | None = DEFAULT_INSTANCE,
    ) -> None:
        """`tell` gets an event for everything that is installed or removed.

        `instance` is by which name commands find it, None where they do not.
        """
        self.types = types
        self._site = site
        self._tell = tell
        self._instance = instance
        self._faults: dict[str, InstalledFault] = {}
        self._numbers: dict[str, Iterator[int]] = {}
        self._changing = asyncio.Lock()

    def __iter__(self) -> Iterator[InstalledFault]:
        return iter(list(self._faults.values()))

    def __len__(self) -> int:
        return len(self._faults)

    def on(self, scope: Scope, name: str, load_balancer: str | None = None) -> tuple[InstalledFault, ...]:
        """The faults that act on that target, target group or port now."""
        return tuple(
            fault
            for fault in self
            if fault.type.scope is scope
            and any((place.name, place.load_balancer) == (name, load_balancer) for place in fault.parts)
        )

    def words_on(self, scope: Scope, name: str, load_balancer: str | None = None) -> tuple[str, ...]:
        """The same in words: `latency-1: link.latency delay=300ms`."""
        if not self._faults:  # asked for every target, whenever somebody looks
            return ()
        return tuple(
            f"{fault.name}: {fault.words}{' (used up)' if fault.state is FaultState.USED_UP else ''}"
            for fault in self.on(scope, name, load_balancer)
        )

    async def add(
        self,
        type_name: str,
        on: str | Sequence[str] | None = None,
        parameters: Mapping[str, Written] | None = None,
        *,
        match_method: str | None = None,
        match_path: str | None = None,
        match_headers: Mapping[str, str] | None = None,
        percent: Written | None = None,
        count: Written | None = None,
        every: Written | None = None,
        pattern: str | None = None,
        for_s: float | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> InstalledFault:
        """Install a fault. It removes itself after `for_s` load-balancer seconds; `seed` makes its draws repeatable.

        Raises SimlbError: E630-E637 for wrong words, E639 for a name that is taken, and what the fault itself raises;
        nothing is installed then.
        """
        fault_type = find_type(type_name, self.types)
        given = dict(parameters or {})
        words = [on] if isinstance(on, str) else list(on or ())
        if fault_type.names_ports_by in given:
            # A parameter that says the same as `on`: ports=80,443.
            words += [part.strip() for part in str(given.pop(fault_type.names_ports_by)).split(",")]
        values = read_parameters(fault_type, given)
        selection = read_selection(
            fault_type,
            match_method=match_method,
            match_path=match_path,
            match_headers=match_headers,
            percent=percent,
            count=count,
            every=every,
            pattern=pattern,
        )
        _check_time(fault_type, for_s)
        random = Random(self._site.random.getrandbits(64) if seed is None else seed)
        async with self._changing:
            if name is not None:
                self._check_name(name)
            if len(self._faults) >= FAULTS_MAX:
                raise SimlbError("E639", f"{FAULTS_MAX} faults are installed already.", "simlb fault clear")
            spots = understand(fault_type, words, self._site)
            name = name or self._free_name(fault_type)
            fault = InstalledFault(
                name=name,
                type=fault_type,
                undo=self._undo(name),
                spots=spots,
                given={key: _shown(value) for key, value in given.items()},
                selected=selection_words(selection, match_path),
                values=values,
                selector=Selector(selection, random),
                since_s=self._site.times()[0],
                for_s=for_s,
            )
            places = find(fault_type, spots, self._site)
            if fault.needs_own:
                for place in places:
                    require_own(fault_type.name, place.name, self._site)
            await self._install(fault, places)
            if not fault_type.is_momentary:
                self._faults[fault.name] = fault
                self._arm(fault)
        self._tell_installed(fault)
        return fault

    async def remove(self, name: str) -> InstalledFault:
        """Undo a fault. Raises SimlbError E638 for an unknown name, and, when it is gone, what went wrong meanwhile."""
        async with self._changing:
            fault = self._faults.get(name)
            if fault is None:
                hint = meant_or(name, self._faults) if self._faults else "none is installed"
                raise SimlbError("E638", f"There is no fault named '{name}'.", hint)
            await self._remove(fault)
        return fault

    async def clear(self) -> tuple[InstalledFault, ...]:
        """Undo all faults, the last one first. Raises SimlbError when all are gone, if undoing one went wrong."""
        problems: list[SimlbError] = []
        removed: list[InstalledFault] = []
        async with self._changing:
            for fault in reversed(list(self._faults.values())):
                removed.append(fault)
                try:
                    await self._remove(fault)
                except SimlbError as error:
                    problems.append(error)
        _raise_first(problems)
        return tuple(removed)

    async def refresh(self) -> None:
        """The configuration has changed: let go of what has gone, take hold of what has come (back)."""
        async with self._changing:
            for fault in self:
                await self._follow(fault)

    def close(self) -> None:
        """The instance ends, and with it all that faults have changed: only timers have to go."""
        for fault in self:
            if fault.timer is not None:
                fault.timer.cancel()

    # -- installing ----------------------------------------------------------------------------------------------------

    async def _install(self, fault: InstalledFault, places: Sequence[Place]) -> None:
        """At every place, or at none."""
        try:
            for place in places:
                await self._install_at(fault, place)
        except BaseException as error:
            for place in reversed(list(fault.parts)):
                try:
                    await fault.parts.pop(place).remove(self._site)
                except SimlbError as another:
                    if isinstance(error, SimlbError):
                        error.notes = (*error.notes, f"{another.code}  {another.what}")
            raise

    async def _install_at(self, fault: InstalledFault, place: Place) -> None:
        part = fault.type.build(
            Order(
                name=fault.name,
                on=(place.name,),
                load_balancer=place.load_balancer,
                values=fault.values,
                selector=fault.selector,
            )
        )
        try:
            await part.install(self._site)
        except BaseException:
            with contextlib.suppress(SimlbError):  # the first error is the one to tell
                await part.remove(self._site)
            raise
        fault.parts[place] = part

    def _arm(self, fault: InstalledFault) -> None:
        if fault.for_s is None:
            return
        fault.until_s = self._site.times()[0] + fault.for_s
        fault.timer = self._site.clock.call_later(fault.for_s, lambda: self._time_is_over(fault))

    def _time_is_over(self, fault: InstalledFault) -> None:
        # A clock that is moved by hand waits for the removal, as it does for a probe.
        self._site.clock.work_began()
        self._site.spawn(self._end(fault))

    async def _end(self, fault: InstalledFault) -> None:
        try:
            async with self._changing:
                if self._faults.get(fault.name) is fault:
                    await self._remove(fault, reason="its time is over")
        except SimlbError as error:
            self._tell_failed(error, f"Fault {fault.name} is removed all the same.")
        finally:
            self._site.clock.work_ended()

    async def _remove(self, fault: InstalledFault, *, reason: str = "") -> None:
        """Undo it everywhere, and strike it out, whatever goes wrong on the way."""
        on = _on(fault)
        if fault.timer is not None:
            fault.timer.cancel()
        problems: list[SimlbError] = []
        for place in reversed(list(fault.parts)):
            try:
                await fault.parts.pop(place).remove(self._site)
            except SimlbError as error:
                problems.append(error)
        del self._faults[fault.name]
        at_s, real_s = self._site.times()
        self._tell(
            FaultRemoved(
                at_s=at_s,
                real_s=real_s,
                name=fault.name,
                type=fault.type.name,
                on=on,
                text=fault.words,
                reason=reason,
            )
        )
        _raise_first(problems)

    async def _follow(self, fault: InstalledFault) -> None:
        places = find(fault.type, fault.spots, self._site)
        if fault.needs_own:
            places = tuple(place for place in places if self._site.is_own(place.name))
        had_any = bool(fault.parts)
        problems: list[SimlbError] = []
        for place in [place for place in fault.parts if place not in places]:
            try:
                await fault.parts.pop(place).remove(self._site)
            except SimlbError as error:
                problems.append(error)
        for place in [place for place in places if place not in fault.parts]:
            try:
                await self._install_at(fault, place)
            except SimlbError as error:
                problems.append(error)
        for problem in problems:
            self._tell_failed(problem, f"That is about fault {fault.name}.")
        if had_any and not fault.parts:
            self._tell(
                Notice(level="warning", text=f"Fault {fault.name} has nothing to act on: {fault.on} is not there.")
            )
        elif fault.parts and not had_any:
            self._tell_installed(fault)

    # -- names and events ----------------------------------------------------------------------------------------------

    def _check_name(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise SimlbError(
                "E639",
                f"'{name}' cannot name a fault.",
                "letters, digits, '.', '_' and '-', at most 64, starting with a letter or digit",
            )
        if name in self._faults:
            undo = self._faults[name].undo
            hints = [f"remove it: {undo}"] if undo else []
            raise SimlbError("E639", f"There is a fault named {name} already.", *hints)

    def _undo(self, name: str) -> str:
        if self._instance is None:
            return ""
        return f"simlb fault rm {name}" + (
            "" if self._instance == DEFAULT_INSTANCE else f" --instance {self._instance}"
        )

    def _free_name(self, fault_type: FaultType) -> str:
        """`latency-1`, `latency-2` ...: never one that was given before, so that what is written down stays true."""
        stem = fault_type.name.rpartition(".")[2].replace("_", "-")
        numbers = self._numbers.setdefault(stem, itertools.count(1))
        return next(name for number in numbers if (name := f"{stem}-{number}") not in self._faults)

    def _tell_failed(self, error: SimlbError, *more: str) -> None:
        notes = (*error.notes, *more)
        self._tell(Notice(level="error", code=error.code, text=error.what, hints=error.hints, notes=notes))

    def _tell_installed(self, fault: InstalledFault) -> None:
        at_s, real_s = self._site.times()
        self._tell(
            FaultInstalled(
                at_s=at_s,
                real_s=real_s,
                name=fault.name,
                type=fault.type.name,
                on=_on(fault),
                text=fault.words,
                for_s=None if fault.until_s is None else max(0.0, fault.until_s - at_s),
                undo="" if fault.type.is_momentary else fault.undo,
                is_over=fault.type.is_momentary,
            )
        )


def _on(fault: InstalledFault) -> str:
    return ", ".join(fault.acts_on) or fault.on


def _check_time(fault_type: FaultType, for_s: float | None) -> None:
    if for_s is None:
        return
    if fault_type.is_momentary:
        raise SimlbError("E637", f"{fault_type.name} is over at once: it takes no time to last.")
    if not 0 < for_s <= FOR_S_MAX:
        raise SimlbError("E637", f"A fault cannot last {for_s:g} s.", "such as 20s, or 2m")


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:.15g}"


def _raise_first(problems: Sequence[SimlbError]) -> None:
    if not problems:
        return
    first, *others = problems
    first.notes = (*first.notes, *(f"{error.code}  {error.what}" for error in others))
    raise first
