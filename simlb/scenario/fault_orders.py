"""The faults of a scenario file: their types, parameters and places, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simlb.config.decode import Places
from simlb.config.names import duration_s
from simlb.config.problems import Problems, Refused, did_you_mean
from simlb.core.model import Configuration
from simlb.faults.fault import FaultType, Scope
from simlb.scenario.expression_check import find_target
from simlb.scenario.model import FaultAction
from simlb.scenario.schema import FaultEntry

FAULT = "E665"


@dataclass(frozen=True, slots=True)
class FaultCompiler:
    """Compiles the faults of one file. `groups` are the names of all targets by group."""

    places: Places
    problems: Problems
    types: Mapping[str, FaultType]
    configuration: Configuration
    groups: Mapping[str, tuple[str, ...]]

    def compile(self, entry: FaultEntry) -> FaultAction:
        """What the fault book will be asked for; problems have been noted."""
        on = self._on(entry)
        fault_type = self.types.get(entry.type)
        if fault_type is None:
            near = did_you_mean(entry.type, self.types)
            self._fail(entry, "type", what=f"there is no fault '{entry.type}'{near}", hint="simlb fault types")
        else:
            self._check_parameters(entry, fault_type)
            self._check_selectors(entry, fault_type)
            on = self._resolved(entry, fault_type, on)
        for_s = None
        if entry.for_ is not None:
            with self.problems.at(self.places.at(entry, "for")):
                for_s = float(duration_s(entry.for_))
        return FaultAction(
            id=entry.id,
            type=entry.type,
            on=on,
            parameters=dict(entry.with_),
            selection=_selection(entry),
            for_s=for_s,
        )

    def _on(self, entry: FaultEntry) -> tuple[str, ...]:
        if entry.on is None:
            return ()
        return tuple(str(word) for word in (entry.on if isinstance(entry.on, list) else [entry.on]))

    def _check_parameters(self, entry: FaultEntry, fault_type: FaultType) -> None:
        known = {parameter.name: parameter for parameter in fault_type.parameters}
        for name, value in entry.with_.items():
            parameter = known.get(name)
            if parameter is None:
                what = f"{fault_type.name} has no parameter '{name}'{did_you_mean(name, known)}"
                self._fail(entry, "with", name, what=what, hint=f"it has: {', '.join(known) or 'none'}")
            elif parameter.choices and str(value) not in parameter.choices:
                near = did_you_mean(str(value), parameter.choices)
                what = f"'{name}' must be one of {', '.join(parameter.choices)}, not '{value}'{near}"
                self._fail(entry, "with", name, what=what)
            elif parameter.kind == "duration":
                with self.problems.at(self.places.at(entry, "with", name)):
                    if not isinstance(value, str):
                        raise Refused(f"'{name}' is a duration: write it with its unit, such as 300ms", code=FAULT)
                    duration_s(value)
        for parameter in fault_type.parameters:
            if parameter.default is None and not parameter.is_optional and parameter.name not in entry.with_:
                what = f"{fault_type.name} needs '{parameter.name}': {parameter.en}"
                self._fail(entry, what=what, hint=f"with: {{{parameter.name}: ...}}")

    def _check_selectors(self, entry: FaultEntry, fault_type: FaultType) -> None:
        for name in ("match", "percent", "count", "every", "pattern"):
            if getattr(entry, name) is not None and name not in fault_type.selectors:
                taken = ", ".join(sorted(fault_type.selectors)) or "none"
                self._fail(entry, name, what=f"{fault_type.name} takes no '{name}'", hint=f"it takes: {taken}")

    def _resolved(self, entry: FaultEntry, fault_type: FaultType, on: tuple[str, ...]) -> tuple[str, ...]:
        """`web/3` by its target's own name, which stays its own whatever else is registered."""
        found: list[str] = []
        with self.problems.at(self.places.at(entry, "on")):
            match fault_type.scope:
                case Scope.TARGET:
                    found += (word if word in self.groups else find_target(word, self.groups)[1] for word in on)
                    if not on:
                        raise Refused(f"{fault_type.name} acts on targets: say on which", "on: web/3", code=FAULT)
                    self._check_own(fault_type, found)
                case Scope.TARGET_GROUP:
                    for word in on:
                        if word not in self.groups:
                            near = did_you_mean(word, self.groups)
                            raise Refused(f"there is no target group '{word}'{near}", code=FAULT)
                        found.append(word)
                case Scope.LISTENER:
                    for word in on:
                        self._check_listener(word)
                        found.append(word)
        return tuple(found)

    def _check_own(self, fault_type: FaultType, on: list[str]) -> None:
        if not fault_type.own_only:
            return
        own = {process.name for process in self.configuration.processes}
        targets = [target for word in on for target in self.groups.get(word, (word,))]
        for target in targets:
            if target not in own:
                what = f"{fault_type.name} is for targets that simlb runs; '{target}' is a process that you run"
                raise Refused(what, "give it 'sample' or 'run' in place of 'url'", code=FAULT)

    def _check_listener(self, word: str) -> None:
        name, _, port = word.rpartition(":")
        known = {
            str(listener.port)
            for balancer in self.configuration.load_balancers
            for listener in balancer.listeners
            if name.upper() in {"", balancer.name.upper(), listener.protocol}
        }
        if port not in known:
            raise Refused(f"there is no listener '{word}'", f"there are: {', '.join(sorted(known))}", code=FAULT)

    def _fail(self, entry: FaultEntry, *keys: str, what: str, hint: str | None = None) -> None:
        hints = (hint,) if hint else ()
        self.problems.add(self.places.at(entry, *keys), what, *hints, code=FAULT)


def _selection(entry: FaultEntry) -> dict[str, Any]:
    given: dict[str, Any] = {
        key: value for key in ("percent", "count", "every", "pattern") if (value := getattr(entry, key)) is not None
    }
    if entry.match is not None:
        match = {"method": entry.match.method, "path": entry.match.path, "header": dict(entry.match.header)}
        given["match"] = {key: value for key, value in match.items() if value}
    return given
