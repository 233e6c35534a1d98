"""Checks an expression before anything runs: names that exist, and values that go together.

Durations are a kind of their own: `between(a, b) < 60` is refused, since 60 of what? A rate may be compared with a
plain number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from simlb.config.problems import Refused, did_you_mean
from simlb.core.health import HealthState, Reason
from simlb.scenario.expression_parser import parse, refuse
from simlb.scenario.expression_tree import (
    Binary,
    Call,
    Expression,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Text,
)
from simlb.scenario.functions import FUNCTIONS, Kind
from simlb.scenario.whats import (
    CLIENT_WORDS,
    DURATIONS,
    FIELDS,
    FLAGS,
    LOG_WORDS,
    NUMBERS,
    client_predicate,
    log_predicate,
)

MEANING = "E662"

VARIABLES: Mapping[str, Kind] = {
    "I": Kind.DURATION,
    "U": Kind.NUMBER,
    "H": Kind.NUMBER,
    "T": Kind.DURATION,
    "N": Kind.NUMBER,
    "R": Kind.RATE,
}
"""Interval, unhealthy and healthy threshold, timeout of the first group's health check; its targets; the first rate."""

STORY_MOMENTS = ("start", "end", "unhealthy")
RESERVED = frozenset({*VARIABLES, *STORY_MOMENTS, *FUNCTIONS, "log", "and", "or", "not", "healthy", "true", "false"})
"""Names that faults and marks cannot have."""

_UNITS = "write durations with their unit: 30s"
_SECONDS = {Kind.NUMBER: 0, Kind.DURATION: 1, Kind.RATE: -1}
"""Powers of a second: what products and quotients of these are."""
_OF_WORDS = frozenset(name for name, signature in FUNCTIONS.items() if signature.gives is Kind.TEXT)
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The names that a scenario's expressions may use."""

    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    faults: Collection[str] = ()
    marks: Collection[str] = ()
    loads: Collection[str] = ()
    variables: Collection[str] = tuple(VARIABLES)

    @property
    def targets(self) -> tuple[str, ...]:
        """All names of targets."""
        return tuple(dict.fromkeys(target for targets in self.groups.values() for target in targets))

    @property
    def moments(self) -> tuple[str, ...]:
        """All names of moments."""
        return (*STORY_MOMENTS, *self.faults, *(f"{fault}.healed" for fault in self.faults), *self.marks)

    def expression(self, text: str, *wanted: Kind) -> tuple[Expression, Kind]:
        """Parse and check `text`, which must be one of `wanted`. Raises Refused (E661, E662)."""
        names = {*self.groups, *self.targets, *self.faults, *self.marks, *self.loads}
        long_names = frozenset(name for name in names if "-" in name)
        tree = parse(text, long_names, frozenset(self.groups))
        kind = Checker(text, self).check(tree, *wanted)
        return Expression(text=text, tree=tree), kind


class Checker:
    """Checks one expression."""

    def __init__(self, text: str, scope: Scope) -> None:
        self._text = text
        self._scope = scope

    def check(self, node: Node, *wanted: Kind) -> Kind:
        """The kind of `node`, which must be one of `wanted`. Raises Refused."""
        if wanted == (Kind.MOMENT,):
            return self._moment(node)
        found = self._kind(node)
        if found not in wanted:
            self._refuse(node, f"{' or '.join(wanted)} is needed, not {found},")
        return found

    # -- values --------------------------------------------------------------------------------------------------------

    def _kind(self, node: Node, *, in_log: bool = False) -> Kind:
        match node:
            case Number():
                return Kind.DURATION if node.text[-1] in "smh" else Kind.NUMBER
            case Text():
                return Kind.TEXT
            case Name():
                return self._name(node, in_log=in_log)
            case Negative():
                return self._quantity(node.operand, in_log=in_log)
            case Not():
                self._flag(node.operand, in_log=in_log)
                return Kind.FLAG
            case Call():
                if in_log:
                    self._refuse(node, "a condition on log lines cannot call functions")
                return self._call(node)
            case Binary():
                return self._binary(node, in_log=in_log)

    def _name(self, node: Name, *, in_log: bool) -> Kind:
        name = node.name
        if name.startswith("log."):
            if not in_log:
                self._refuse(node, "log lines can be looked at only inside all(), any(), count(), first() ...")
            return self._log_field(node)
        if name in VARIABLES and name in self._scope.variables:
            return VARIABLES[name]
        if name in VARIABLES:
            self._refuse(node, f"this scenario has nothing that {name} could stand for")
        if name in self._scope.moments:
            self._refuse(node, f"'{name}' is a moment", "between(start, end) is the time between two of them")
        known = (*self._scope.variables, *self._scope.moments)
        raise self._refusal(node, f"'{name}' is unknown{did_you_mean(name, known)}")

    def _log_field(self, node: Name) -> Kind:
        name = node.name.removeprefix("log.")
        if name not in FIELDS:
            near = did_you_mean(name, FIELDS)
            self._refuse(node, f"a log line has no '{name}'{near}", f"it has: {', '.join(FIELDS)}")
        if name in FLAGS:
            return Kind.FLAG
        return Kind.NUMBER if name in NUMBERS else Kind.DURATION if name in DURATIONS else Kind.TEXT

    def _binary(self, node: Binary, *, in_log: bool) -> Kind:
        if node.operator in {"and", "or", "=>"}:
            if node.operator == "=>" and not in_log:
                self._refuse(node, "'=>' has a meaning only inside all() and any()")
            self._flag(node.left, in_log=in_log)
            self._flag(node.right, in_log=in_log)
            return Kind.FLAG
        if node.operator in _COMPARISONS:
            self._comparison(node, in_log=in_log)
            return Kind.FLAG
        left, right = self._quantity(node.left, in_log=in_log), self._quantity(node.right, in_log=in_log)
        if node.operator in {"+", "-"}:
            if not are_comparable(left, right):
                self._refuse(node, f"{left} and {right} cannot be added", _UNITS)
            return left if right is Kind.NUMBER else right
        power = _SECONDS[left] + (_SECONDS[right] if node.operator == "*" else -_SECONDS[right])
        kind = next((kind for kind, seconds in _SECONDS.items() if seconds == power), None)
        if kind is None:
            self._refuse(node, f"{left} and {right} give nothing that has a meaning")
        return kind

    def _comparison(self, node: Binary, *, in_log: bool) -> None:
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(one, Call) and one.function in _OF_WORDS:
                self._call(one)
                self._word(one, other, node)
                return
        left, right = self._kind(node.left, in_log=in_log), self._kind(node.right, in_log=in_log)
        if Kind.FLAG in {left, right} or Kind.MOMENT in {left, right}:
            self._refuse(node, f"{left} cannot be compared with {right}")
        if not are_comparable(left, right):
            hint = _UNITS if Kind.DURATION in {left, right} else "quote texts: '-'"
            self._refuse(node, f"{left} cannot be compared with {right}", hint)
        if left is Kind.TEXT and node.operator not in {"==", "!="}:
            self._refuse(node, "texts are equal or not, nothing else,")

    def _word(self, call: Call, word: Node, comparison: Binary) -> None:
        """What health() and reason() are compared with: one of elbv2's words, quoted or not."""
        if comparison.operator not in {"==", "!="}:
            self._refuse(comparison, "texts are equal or not, nothing else,")
        values = [str(value) for value in (Reason if call.function == "reason" else HealthState)]
        if call.function == "reason":
            values.append("Target.NotRegistered")
        given = word.value if isinstance(word, Text) else word.name if isinstance(word, Name) else ""
        if given not in values:
            near = did_you_mean(given, values)
            self._refuse(word, f"{call.function}() is never that{near}", f"it is one of: {', '.join(values)}")

    def _quantity(self, node: Node, *, in_log: bool) -> Kind:
        kind = self._kind(node, in_log=in_log)
        if kind not in _SECONDS:
            self._refuse(node, f"a number is needed, not {kind},")
        return kind

    def _flag(self, node: Node, *, in_log: bool) -> None:
        kind = self._kind(node, in_log=in_log)
        if kind is not Kind.FLAG:
            self._refuse(node, f"a condition is needed, not {kind},")

    # -- calls ---------------------------------------------------------------------------------------------------------

    def _call(self, node: Call) -> Kind:
        signature = FUNCTIONS.get(node.function)
        if signature is None:
            near = did_you_mean(node.function, FUNCTIONS)
            self._refuse(node, f"there is no function '{node.function}'{near}", f"there are: {', '.join(FUNCTIONS)}")
        if len(node.arguments) != len(signature.takes):
            wanted = ", ".join(signature.takes)
            self._refuse(node, f"{node.function}() takes {wanted}")
        for argument, kind in zip(node.arguments, signature.takes, strict=True):
            self._argument(argument, kind)
        for name, argument in node.named:
            if name not in signature.named:
                near = did_you_mean(name, signature.named)
                takes = ", ".join(f"{name}=" for name in signature.named) or "none"
                self._refuse(argument, f"{node.function}() has no '{name}='{near}", f"it has: {takes}")
            self._argument(argument, signature.named[name])
        return signature.gives

    def _argument(self, node: Node, kind: Kind) -> None:
        match kind:
            case Kind.MOMENT:
                self._moment(node)
            case Kind.GROUP:
                self._known(node, kind, self._scope.groups)
            case Kind.TARGET:
                self._target(node)
            case Kind.LOAD:
                self._known(node, kind, self._scope.loads)
            case Kind.WHAT:
                self._what(node)
            case Kind.CLIENT_WHAT:
                word = _word_of(node)
                if word is None or client_predicate(word) is None:
                    near = did_you_mean(word or "", CLIENT_WORDS)
                    self._refuse(node, f"{kind} is needed{near}", f"such as: {', '.join(CLIENT_WORDS)}")
            case Kind.LOG:
                self._flag(node, in_log=True)
            case _:
                self.check(node, kind)

    def _what(self, node: Node) -> None:
        word = _word_of(node)
        if word is None or word.startswith("log."):
            self._flag(node, in_log=True)
        elif log_predicate(word) is None:
            near = did_you_mean(word, LOG_WORDS)
            self._refuse(
                node, f"'{word}' is no {Kind.WHAT.removeprefix('a ')}{near}", f"such as: {', '.join(LOG_WORDS)}"
            )

    def _known(self, node: Node, kind: Kind, known: Collection[str]) -> None:
        if not isinstance(node, Name):
            self._refuse(node, f"{kind} is needed")
        if node.name not in known:
            what = f"there is no {kind.removeprefix('a ')} '{node.name}'{did_you_mean(node.name, known)}"
            self._refuse(node, what)

    def _target(self, node: Node) -> None:
        name = node.name if isinstance(node, Name) else None
        if name is None:
            self._refuse(node, "a target is needed, such as web/3 or i-03,")
        try:
            find_target(name, self._scope.groups)
        except Refused as refused:
            self._refuse(node, refused.what, *refused.hints)

    # -- moments -------------------------------------------------------------------------------------------------------

    def _moment(self, node: Node) -> Kind:
        match node:
            case Name():
                if node.name not in self._scope.moments:
                    near = did_you_mean(node.name, self._scope.moments)
                    self._refuse(node, f"there is no moment '{node.name}'{near}", _MOMENTS)
            case Call() if node.function in FUNCTIONS and FUNCTIONS[node.function].gives is Kind.MOMENT:
                self._call(node)
            case Binary(operator="+" | "-"):
                self._moment(node.left)
                self.check(node.right, Kind.DURATION)
            case Binary(operator="==", left=Call(function="health" | "state", named=())):
                self._comparison(node, in_log=False)
            case _:
                self._refuse(node, "a moment is needed", _MOMENTS)
        return Kind.MOMENT

    def _refuse(self, node: Node, what: str, *hints: str) -> NoReturn:
        raise self._refusal(node, what, *hints)

    def _refusal(self, node: Node, what: str, *hints: str) -> Refused:
        return refuse(self._text, node.at, what, *hints, code=MEANING)


_MOMENTS = (
    "moments are: start, end, unhealthy, a fault's id, ID.healed, a mark, health(web/3) == unhealthy, first(elb_502), "
    "each with or without + 1s"
)


def find_target(written: str, groups: Mapping[str, tuple[str, ...]]) -> tuple[str | None, str]:
    """The group and the name of `web/3` or `i-03` (which may be in several groups: None). Raises Refused."""
    group, slash, number = written.partition("/")
    if not slash:
        targets = [target for names in groups.values() for target in names]
        if written not in targets:
            raise Refused(f"there is no target '{written}'{did_you_mean(written, targets)}", code=MEANING)
        return None, written
    if group not in groups:
        raise Refused(f"there is no target group '{group}'{did_you_mean(group, groups)}", code=MEANING)
    if not number.isdecimal() or not 1 <= int(number) <= len(groups[group]):
        raise Refused(f"'{group}' has {len(groups[group])} targets: there is no '{written}'", code=MEANING)
    return group, groups[group][int(number) - 1]


def _word_of(node: Node) -> str | None:
    """A word for what to count; status codes are words too."""
    match node:
        case Name():
            return node.name
        case Number():
            return node.text
    return None


def are_comparable(one: Kind, other: Kind) -> bool:
    """Whether two values can be compared or added: of one kind, or a rate and a plain number."""
    return one is other or {one, other} == {Kind.RATE, Kind.NUMBER}
