"""The faults of a scenario file, checked in advance as the fault book would: types, parameters, selectors, places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from simlb.config.decode import Places
from simlb.config.names import duration_s
from simlb.config.problems import Problems
from simlb.core.model import Configuration
from simlb.faults.fault import FaultType, Scope
from simlb.faults.parameters import find_type, read_parameters, read_selection
from simlb.faults.places import require_own, understand
from simlb.faults.site import Site
from simlb.scenario.model import FaultAction
from simlb.scenario.schema import FaultEntry


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
        on = _words(entry)
        with self.problems.at(self.places.at(entry, "type")):
            fault_type = find_type(entry.type, self.types)
            on = self._checked(entry, fault_type, on)
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

    def _checked(self, entry: FaultEntry, fault_type: FaultType, on: tuple[str, ...]) -> tuple[str, ...]:
        """Where it is to be: `web/3` by that target's own name, which stays its own whatever else is registered."""
        with self.problems.at(self.places.at(entry, "with")):
            read_parameters(fault_type, entry.with_)
        with self.problems.at(self.places.at(entry)):
            match = entry.match
            read_selection(
                fault_type,
                match_method=None if match is None else match.method,
                match_path=None if match is None else match.path,
                match_headers=None if match is None else match.header,
                percent=entry.percent,
                count=entry.count,
                every=entry.every,
                pattern=entry.pattern,
            )
        with self.problems.at(self.places.at(entry, "on")):
            # Places are found by these three questions alone; nothing runs yet that could answer others.
            site = cast("Site", _Planned(self.configuration, self.groups))
            ports = str(entry.with_.get(fault_type.names_ports_by, ""))
            named = [port.strip() for port in ports.split(",") if port.strip()]
            spots = understand(fault_type, [*on, *named], site)
            if fault_type.own_only:
                for target in (name for spot in spots for name in self.groups.get(spot.name, (spot.name,))):
                    require_own(fault_type.name, target, site)
            if fault_type.scope is Scope.TARGET:
                return tuple(spot.name for spot in spots)
        return on


class _Planned:
    """What will be there, before it is."""

    def __init__(self, configuration: Configuration, groups: Mapping[str, Sequence[str]]) -> None:
        self._configuration = configuration
        self._groups = groups
        self._own = {process.name for process in configuration.processes}

    def configuration(self) -> Configuration:
        """As the scenario describes it."""
        return self._configuration

    def targets(self) -> Mapping[str, Sequence[str]]:
        """Names of targets by group."""
        return self._groups

    def is_own(self, target: str) -> bool:
        """Whether simlb will start it."""
        return target in self._own


def _words(entry: FaultEntry) -> tuple[str, ...]:
    if entry.on is None:
        return ()
    return tuple(str(word) for word in (entry.on if isinstance(entry.on, list) else [entry.on]))


def _selection(entry: FaultEntry) -> dict[str, Any]:
    given: dict[str, Any] = {
        key: value for key in ("percent", "count", "every", "pattern") if (value := getattr(entry, key)) is not None
    }
    if entry.match is not None:
        match = {"method": entry.match.method, "path": entry.match.path, "header": dict(entry.match.header)}
        given["match"] = {key: value for key, value in match.items() if value}
    return given
