"""The timeline of a scenario file: triggers and actions, and whether they can come about in this order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from simlb.config.decode import Places
from simlb.config.documents import MatcherEntry
from simlb.config.names import duration_s
from simlb.config.problems import REFERENCE, SCHEMA, InvalidConfigError, Problems, Refused, did_you_mean, quoted
from simlb.config.yaml_source import YamlSource
from simlb.scenario.expression_check import Scope, find_target
from simlb.scenario.expression_tree import Binary, Call, Expression, Name, Negative, Node, Not
from simlb.scenario.fault_orders import FaultCompiler
from simlb.scenario.functions import Kind
from simlb.scenario.loads import rate_per_s
from simlb.scenario.model import (
    Action,
    After,
    Ask,
    At,
    ChangeTargetGroup,
    Deregister,
    FaultAction,
    Heal,
    Load,
    Mark,
    Register,
    Say,
    SetLoad,
    Step,
    Trigger,
    When,
)
from simlb.scenario.narration import ELAPSED, words
from simlb.scenario.schema import ACTIONS, TRIGGERS, AskEntry, FaultEntry, StepEntry, WordsEntry
from simlb.scenario.topology import Built, with_change

UNREACHABLE = "E666"

_EVENT_WITHIN_S = 600.0
"""How long an event is waited for where the file does not say."""


class StepCompiler:
    """Compiles the steps of one file in their order, and keeps what has happened by then."""

    def __init__(
        self,
        source: YamlSource,
        places: Places,
        problems: Problems,
        scope: Scope,
        built: Built,
        faults: FaultCompiler,
        installed: Sequence[FaultAction],
        loads: Sequence[Load],
    ) -> None:
        """`installed` are the faults that are there from the start."""
        self.moments: set[str] = {"start", "unhealthy"}
        """Names of the moments that have come by now."""
        self._source = source
        self._places = places
        self._problems = problems
        self._scope = scope
        self._built = built
        self._config = built.topology.config
        self._faults = faults
        self._installed: dict[str, FaultAction] = {}
        self._loads = {load.id: load for load in loads}
        self._last_at_s = 0.0
        self._fillable = (*scope.variables, ELAPSED)
        for fault in installed:
            self._install(fault)

    def compile(self, entries: Sequence[StepEntry]) -> tuple[Step, ...]:
        """All steps; their problems have been noted."""
        steps = []
        for index, entry in enumerate(entries):
            with self._problems.at(self._places.at(entry)):
                if all(getattr(entry, key) is None for key in ACTIONS):
                    raise Refused(f"a step does something: one of {quoted(ACTIONS)}", code=SCHEMA)
                trigger = self._trigger(entry)
                actions = tuple(self._actions(entry, index))
                place = self._places.at(entry)
                steps.append(Step(trigger=trigger, actions=actions, line=place.line))
        return tuple(steps)

    # -- triggers ------------------------------------------------------------------------------------------------------

    def _trigger(self, entry: StepEntry) -> Trigger:
        given = [key for key in TRIGGERS if getattr(entry, key) is not None]
        if len(given) != 1:
            seen = f"this one has {quoted(given)}" if given else "this one has none of them"
            raise Refused(f"a step has exactly one of {quoted(TRIGGERS)}; {seen}", code=SCHEMA)
        if entry.within is not None and entry.when is None:
            hint = "after: {event: ..., wait: 20s, within: 60s}" if entry.after is not None else "when: ..."
            self._problems.add(self._places.at(entry, "within"), "'within' goes with 'when'", hint, code=SCHEMA)
        if entry.at is not None:
            return self._at(entry, entry.at)
        if entry.when is not None:
            return self._when(entry, entry.when)
        return self._after(entry)

    def _at(self, entry: StepEntry, written: str) -> At:
        at_s = self._last_at_s
        with self._problems.at(self._places.at(entry, "at")):
            at_s = float(duration_s(written))
            if at_s < self._last_at_s:
                what = f"{written} is before the step above ({self._last_at_s:g}s): steps come in the order of the file"
                raise Refused(what, code=UNREACHABLE)
            self._last_at_s = at_s
        return At(at_s=at_s)

    def _when(self, entry: StepEntry, written: str) -> When:
        if entry.within is None:
            raise Refused("'when' needs 'within': how long to wait at most", "within: 65s", code=SCHEMA)
        within_s = 0.0
        with self._problems.at(self._places.at(entry, "within")):
            within_s = float(duration_s(entry.within))
        with self._problems.at(self._places.at(entry, "when")):
            condition, _ = self._scope.expression(written, Kind.FLAG)
            self._check_reachable(condition)
            return When(condition=condition, within_s=within_s)
        return When(condition=NOTHING, within_s=within_s)

    def _after(self, entry: StepEntry) -> After:
        after = entry.after
        assert after is not None
        wait_s, within_s = 0.0, _EVENT_WITHIN_S
        with self._problems.at(self._places.at(after, "wait")):
            wait_s = float(duration_s(after.wait))
        with self._problems.at(self._places.at(after, "within")):
            within_s = _EVENT_WITHIN_S if after.within is None else float(duration_s(after.within))
        with self._problems.at(self._places.at(after, "event")):
            event, _ = self._scope.expression(after.event, Kind.MOMENT)
            self._check_reachable(event)
            return After(event=event, wait_s=wait_s, within_s=within_s)
        return After(event=NOTHING, wait_s=wait_s, within_s=within_s)

    def _check_reachable(self, expression: Expression) -> None:
        check_reachable(expression, self._scope, self.moments, "no step before this one brings it about")

    # -- actions -------------------------------------------------------------------------------------------------------

    def _actions(self, entry: StepEntry, index: int) -> Iterator[Action]:
        """The actions in the order in which the file has them."""
        values = self._source.values
        assert isinstance(values, dict)
        for key in values["timeline"][index]:
            if key not in ACTIONS:
                continue
            found: list[Action] = []
            with self._problems.at(self._places.at(entry, key)):
                found += self._action(entry, key)
            yield from found

    def _action(self, entry: StepEntry, key: str) -> Iterator[Action]:
        match key:
            case "say":
                assert entry.say is not None
                yield Say(words=words(entry.say, self._fillable))
            case "ask":
                assert entry.ask is not None
                yield self._ask(entry.ask)
            case "fault":
                for fault in entry.fault if isinstance(entry.fault, list) else [entry.fault]:
                    assert isinstance(fault, FaultEntry)
                    action = self._faults.compile(fault)
                    self._install(action)
                    yield action
            case "heal":
                assert entry.heal is not None
                yield self._heal(_listed(entry.heal))
            case "change":
                yield self._change(entry)
            case "register" | "deregister":
                yield self._registration(entry, key)
            case "load":
                yield self._set_load(entry)
            case "mark":
                assert entry.mark is not None
                self.moments.add(entry.mark)
                yield Mark(name=entry.mark)

    def _ask(self, entry: AskEntry) -> Ask:
        choices = tuple(words(choice) for choice in entry.choices)
        if entry.answer >= len(choices):
            with self._problems.at(self._places.at(entry, "answer")):
                raise Refused(f"there is no choice {entry.answer}: they count from 0 to {len(choices) - 1}")
        return Ask(
            question=words(WordsEntry(ko=entry.ko, en=entry.en), self._fillable),
            choices=choices,
            answer=entry.answer,
            explanation=None if entry.explain is None else words(entry.explain, self._fillable),
        )

    def _install(self, fault: FaultAction) -> None:
        self._installed[fault.id] = fault
        self.moments.add(fault.id)
        if fault.for_s is not None:
            self.moments.add(f"{fault.id}.healed")

    def _heal(self, ids: tuple[str, ...]) -> Heal:
        for name in ids:
            if name in self._installed:
                del self._installed[name]
                self.moments.add(f"{name}.healed")
                continue
            if name not in self._scope.faults:
                what = f"there is no fault '{name}'{did_you_mean(name, self._scope.faults)}"
                raise Refused(what, code=REFERENCE)
            is_over = f"{name}.healed" in self.moments
            why = "is healed already" if is_over else "is not installed yet: the step that does so comes later"
            raise Refused(f"fault '{name}' {why}", code=UNREACHABLE)
        return Heal(ids=ids)

    def _change(self, entry: StepEntry) -> ChangeTargetGroup:
        change = entry.change
        assert change is not None
        groups = self._scope.groups
        if change.target_group not in groups:
            what = f"there is no target group '{change.target_group}'{did_you_mean(change.target_group, groups)}"
            raise Refused(what, code=REFERENCE)
        health = {}
        for key in change.health.__struct_fields__ if change.health is not None else ():
            if (value := getattr(change.health, key)) is not None:
                health[key] = value.http_code if isinstance(value, MatcherEntry) else value
                if key in {"interval", "timeout"}:
                    with self._problems.at(self._places.at(change.health, key)):
                        duration_s(value)
        if not health and not change.attributes:
            raise Refused("nothing is changed: give 'health' or 'attributes'", code=SCHEMA)
        action = ChangeTargetGroup(
            target_group=change.target_group, health_check=health, attributes=dict(change.attributes)
        )
        self._config = with_change(self._config, action)
        try:
            self._built.check(self._config)
        except InvalidConfigError as error:
            for problem in error.problems:
                self._problems.add(self._places.at(entry, "change"), problem.what, *problem.hints, code=problem.code)
        return action

    def _registration(self, entry: StepEntry, key: str) -> Register | Deregister:
        groups = self._scope.groups
        names: list[str] = []
        written = entry.register if key == "register" else entry.deregister
        assert written is not None
        for word in _listed(written):
            names += groups[word] if word in groups else (find_target(word, groups)[1],)
        targets = tuple(dict.fromkeys(names))
        return Register(targets=targets) if key == "register" else Deregister(targets=targets)

    def _set_load(self, entry: StepEntry) -> SetLoad:
        change = entry.load
        assert change is not None
        load = self._loads.get(change.id)
        if load is None:
            what = f"there is no load '{change.id}'{did_you_mean(change.id, self._loads)}"
            raise Refused(what, code=REFERENCE)
        if change.run is None and change.rate is None and change.users is None:
            raise Refused("nothing is changed: give 'run', 'rate' or 'users'", code=SCHEMA)
        is_closed = load.plan["kind"] == "closed"
        if (change.users is not None and not is_closed) or (
            change.rate is not None and load.plan["kind"] != "constant"
        ):
            raise Refused(f"load '{load.id}' is {load.plan['kind']}: a constant load has a rate, a closed one users")
        return SetLoad(
            id=change.id,
            runs=change.run,
            rate_per_s=None if change.rate is None else rate_per_s(change.rate),
            users=change.users,
        )


def check_reachable(expression: Expression, scope: Scope, moments: Collection[str], why: str) -> None:
    """Raise Refused (E666) when an expression hangs on a moment that does not come."""
    for name in _names(expression.tree):
        if name in scope.moments and name not in moments:
            raise Refused(f"'{expression.text}': '{name}' cannot have happened: {why}", code=UNREACHABLE)


def _names(node: Node) -> Iterator[str]:
    match node:
        case Name():
            yield node.name
        case Call():
            for argument in (*node.arguments, *(value for _, value in node.named)):
                yield from _names(argument)
        case Negative() | Not():
            yield from _names(node.operand)
        case Binary():
            yield from _names(node.left)
            yield from _names(node.right)


def _listed(written: str | list[str]) -> tuple[str, ...]:
    return tuple(written) if isinstance(written, list) else (written,)


NOTHING = Expression(text="", tree=Name(at=0, name=""))
"""Stands for an expression whose problem has been noted."""
