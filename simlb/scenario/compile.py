"""From a scenario file to `model.Scenario`: every name checked, every problem told at once with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from simlb.config.addresses import Resolver, system_resolver
from simlb.config.decode import Places, decode_as
from simlb.config.names import duration_s
from simlb.config.problems import Problems, Refused
from simlb.config.yaml_source import YamlSource, read_text
from simlb.core.model import Configuration
from simlb.faults.fault import FaultType
from simlb.faults.types import BY_NAME
from simlb.load.plan import REAL_RATE_MAX_PER_S, LoadPlan
from simlb.scenario import topology
from simlb.scenario.expectation_compiler import ExpectationCompiler
from simlb.scenario.expression_check import RESERVED, Scope
from simlb.scenario.fault_orders import FaultCompiler
from simlb.scenario.functions import Kind
from simlb.scenario.loads import compile_loads
from simlb.scenario.model import Load, Rollback, Scenario, SetLoad, SteadyState, Step
from simlb.scenario.narration import words
from simlb.scenario.schema import ELSEWHERE, NOT_YET, FaultEntry, ScenarioFile, SteadyStateEntry
from simlb.scenario.steps import StepCompiler

BEGIN_HINT = "simlb scenario new ID writes one to begin with"

_STEADY_WITHIN_S = 120.0
_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*")


def load(path: Path) -> Scenario:
    """Read and compile a file. Raises ConfigError; for a wrong scenario an InvalidConfigError with all its problems."""
    return compile_text(read_text(path, begin_hint=BEGIN_HINT), str(path), path)


def compile_text(
    text: str,
    name: str,
    path: Path | None = None,
    *,
    fault_types: Mapping[str, FaultType] = BY_NAME,
    resolve: Resolver = system_resolver,
) -> Scenario:
    """Compile a scenario's text, which messages call `name`. Raises ConfigError."""
    source = YamlSource(text, name, path, begin_hint=BEGIN_HINT)
    problems = Problems()
    file, places = decode_as(ScenarioFile, source, problems, not_yet=NOT_YET, elsewhere=ELSEWHERE)
    folder = path.absolute().parent if path is not None else Path.cwd()
    built = topology.build(file.topology, source, places, problems, folder=folder, resolve=resolve)
    with problems.at(places.at(file, "id")):
        check_id(file.id)
    if file.clock.speed > file.clock.max_speed:
        what = f"speed {file.clock.speed:g} is above the scenario's max_speed {file.clock.max_speed:g}"
        problems.add(places.at(file.clock, "speed"), what)
    if built is None:
        problems.raise_any()
        raise AssertionError("a topology that is none has a problem")
    compiler = _Compiler(file, source, places, problems, built, fault_types)
    scenario = compiler.compile(text, path)
    problems.raise_any()
    assert scenario is not None
    return scenario


def check_id(written: str) -> str:
    """A scenario's id, which is a file's name as well. Raises Refused."""
    if _ID.fullmatch(written) is None:
        raise Refused(f"'{written}' is not an id such as target-crash: small letters, digits and single hyphens")
    return written


class _Compiler:
    def __init__(
        self,
        file: ScenarioFile,
        source: YamlSource,
        places: Places,
        problems: Problems,
        built: topology.Built,
        fault_types: Mapping[str, FaultType],
    ) -> None:
        self._file = file
        self._source = source
        self._places = places
        self._problems = problems
        self._built = built
        self._faults = FaultCompiler(places, problems, fault_types, built.configuration, built.topology.groups)

    def compile(self, text: str, path: Path | None) -> Scenario | None:
        file, places, problems = self._file, self._places, self._problems
        loads = compile_loads(file.load, places, problems, self._built.configuration, file.clock.seed)
        variables = _variables(self._built.configuration, loads)
        scope = Scope(
            groups=self._built.topology.groups,
            faults=self._names("fault", self._fault_entries()),
            marks=self._names("mark", [(step, step.mark) for step in file.timeline if step.mark is not None]),
            loads=[load.id for load in loads],
            variables=tuple(variables),
        )
        before = tuple(self._faults.compile(entry) for entry in file.topology.faults)
        steps = StepCompiler(self._source, places, problems, scope, self._built, self._faults, before, loads)
        timeline = steps.compile(file.timeline)
        self._check_rates(loads, timeline)
        expectations = ExpectationCompiler(places, problems, scope, steps.moments).compile(file.expect)
        steady_state = self._steady_state(file.steady_state, scope)
        texts = {}
        for key in ("title", "summary"):
            with problems.at(places.at(file, key)):
                texts[key] = words(getattr(file, key))
        if len(problems):
            return None
        return Scenario(
            id=file.id,
            title=texts["title"],
            summary=texts["summary"],
            level=file.level,
            minutes=float(file.minutes),
            tags=tuple(file.tags),
            speed=float(file.clock.speed),
            max_speed=float(file.clock.max_speed),
            seed=file.clock.seed,
            topology=replace(self._built.topology, faults=before),
            loads=loads,
            steady_state=steady_state,
            timeline=timeline,
            expectations=expectations,
            rollback=Rollback(file.rollback),
            variables=variables,
            path=path,
            text=text,
        )

    def _check_rates(self, loads: tuple[Load, ...], timeline: tuple[Step, ...]) -> None:
        """Rates scale with the clock, and the load generator has a cap in real time."""
        clock = self._file.clock
        peaks = {load.id: LoadPlan.from_json(load.plan).peak_per_s for load in loads if load.plan["kind"] != "closed"}
        for step in timeline:
            for action in step.actions:
                if isinstance(action, SetLoad) and action.rate_per_s is not None:
                    peaks[action.id] = max(peaks[action.id], action.rate_per_s)
        for name, peak_per_s in peaks.items():
            real_per_s = peak_per_s * clock.max_speed
            if real_per_s > REAL_RATE_MAX_PER_S:
                what = (
                    f"at {clock.max_speed:g} times the speed '{name}' sends {real_per_s:g} requests in a real second; "
                    f"the cap is {REAL_RATE_MAX_PER_S:g}"
                )
                hint = f"max_speed: {REAL_RATE_MAX_PER_S / peak_per_s:.4g}, or a lower rate"
                self._problems.add(self._places.at(clock, "max_speed"), what, hint)

    def _fault_entries(self) -> list[tuple[object, str]]:
        faults: list[FaultEntry] = list(self._file.topology.faults)
        for step in self._file.timeline:
            faults += step.fault if isinstance(step.fault, list) else [] if step.fault is None else [step.fault]
        return [(entry, entry.id) for entry in faults]

    def _names(self, kind: str, entries: list[tuple[object, str]]) -> list[str]:
        """Names for moments: each once, and none that means something already."""
        known: dict[str, None] = {}
        groups = self._built.topology.groups
        key = "mark" if kind == "mark" else "id"
        taken = {*RESERVED, *groups, *(target for targets in groups.values() for target in targets)}
        faults = [] if kind == "fault" else [name for _, name in self._fault_entries()]
        for entry, name in entries:
            with self._problems.at(self._places.at(entry, key)):
                if name in known or name in faults:
                    raise Refused(f"'{name}' is there already: names of faults and marks are unique")
                if name in taken or _NAME.fullmatch(name) is None:
                    why = "has a meaning already" if name in taken else "is no name: letters, digits, _ and hyphens"
                    raise Refused(f"'{name}' {why}")
                known[name] = None
        return list(known)

    def _steady_state(self, entry: SteadyStateEntry | None, scope: Scope) -> SteadyState | None:
        if entry is None:
            return None
        before = Scope(groups=scope.groups, loads=scope.loads, variables=scope.variables)
        conditions = []
        for position, written in enumerate(entry.that):
            with self._problems.at(self._places.at(entry, "that", position)):
                conditions.append(before.expression(written, Kind.FLAG)[0])
        for_s, within_s = 0.0, 0.0
        with self._problems.at(self._places.at(entry, "for")):
            for_s = float(duration_s(entry.for_))
        with self._problems.at(self._places.at(entry, "within")):
            within_s = _STEADY_WITHIN_S + for_s if entry.within is None else float(duration_s(entry.within))
        return SteadyState(for_s=for_s, that=tuple(conditions), within_s=within_s)


def _variables(configuration: Configuration, loads: tuple[Load, ...]) -> dict[str, float]:
    """What stands for itself in expressions and sentences; what there is nothing of is not there."""
    variables: dict[str, float] = {}
    group = next(iter(configuration.target_groups.values()), None)
    if group is not None:
        check = group.health_check
        variables |= {
            "I": float(check.interval_s),
            "U": float(check.unhealthy_threshold_count),
            "H": float(check.healthy_threshold_count),
            "T": float(check.timeout_s),
            "N": float(len(group.targets)),
        }
    if loads and "rate_per_s" in loads[0].plan:
        variables["R"] = float(loads[0].plan["rate_per_s"])
    return variables
