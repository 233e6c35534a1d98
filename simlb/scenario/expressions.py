"""What an expression comes to, given what has happened.

Everything is read from a `History`, so that a running story, its report and a replay agree. A value that hangs on
something that never happened has no value: `Unseen` says what is missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from simlb.scenario.expression_check import find_target
from simlb.scenario.expression_tree import Binary, Call, Expression, Name, Negative, Node, Not, Number, Text
from simlb.scenario.functions import FUNCTIONS, Kind
from simlb.scenario.history import HEALTHY, UNHEALTHY, History, Line, Window
from simlb.scenario.log_conditions import OPERATORS, condition
from simlb.scenario.model import Words
from simlb.scenario.whats import client_predicate

Value = float | str | bool

SHOWN_MAX = 5
"""How many lines of the journal are pointed at."""

_BEFORE_ALL = -math.inf
_PERCENTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


class Unseen(Exception):  # noqa: N818 - no error of the program: the story went another way
    """Something an expression hangs on never happened."""

    def __init__(self, en: str, ko: str) -> None:
        super().__init__(en)
        self.words = Words(en=en, ko=ko)


class Evaluator:
    """Evaluates checked expressions against a history. `lines` collects the lines of the journal that were counted."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.lines: list[int] = []

    def value(self, expression: Expression) -> Value:
        """The value of an expression. Raises Unseen."""
        return self._value(expression.tree)

    def holds(self, expression: Expression) -> bool:
        """Whether a condition holds now; what has no value does not hold."""
        try:
            return bool(self._value(expression.tree))
        except Unseen:
            return False

    def moment(self, expression: Expression, after_s: float = _BEFORE_ALL) -> float:
        """When an event came first at or after `after_s`. Raises Unseen."""
        return self._moment(expression.tree, after_s)

    def latest(self, expression: Expression) -> float | None:
        """When an event came that is so now; for states: since when a target has it. None: not, or not any more."""
        try:
            return self._latest(expression.tree)
        except Unseen:
            return None

    # -- values --------------------------------------------------------------------------------------------------------

    def _value(self, node: Node) -> Value:
        match node:
            case Number() | Text():
                return node.value
            case Name():
                return self._history.variables[node.name]
            case Negative():
                return -self._number(node.operand)
            case Not():
                return not self._value(node.operand)
            case Call():
                return self._call(node)
            case Binary():
                return self._binary(node)

    def _number(self, node: Node) -> float:
        value = self._value(node)
        assert not isinstance(value, str)
        return value

    def _binary(self, node: Binary) -> Value:
        if node.operator == "and":
            return bool(self._value(node.left)) and bool(self._value(node.right))
        if node.operator == "or":
            return bool(self._value(node.left)) or bool(self._value(node.right))
        left, right = self._side(node.left, node.right), self._side(node.right, node.left)
        if node.operator == "/":
            assert not isinstance(left, str)
            assert not isinstance(right, str)
            if not right:
                raise Unseen("there is nothing to divide by", "0으로 나눌 수 없습니다")
            return left / right
        result: Value = OPERATORS[node.operator](left, right)
        return result

    def _side(self, node: Node, other: Node) -> Value:
        # Beside health() and reason() a word stands for itself, quoted or not.
        is_word = isinstance(node, Name) and isinstance(other, Call) and FUNCTIONS[other.function].gives is Kind.TEXT
        return node.name if isinstance(node, Name) and is_word else self._value(node)

    def _call(self, node: Call) -> Value:
        match node.function:
            case "healthy" | "unhealthy":
                return float(self._number_in_state(node, HEALTHY if node.function == "healthy" else UNHEALTHY))
            case "health" | "state":
                return self._state(node)[0]
            case "reason":
                return self._state(node)[1] or ""
            case "flips":
                return float(self._history.flips(*self._target(node.arguments[0]), self._window(node)))
            case "rate":
                return self._rate(node)
            case "count":
                return float(self._count(node))
            case "ratio":
                return self._ratio(node)
            case "share":
                return self._share(node)
            case "in_flight":
                return float(self._in_flight(node))
            case "between":
                begin_s = self._moment(node.arguments[0], _BEFORE_ALL)
                return self._moment(node.arguments[1], begin_s) - begin_s
            case "client":
                return float(self._clients(node))
            case "all":
                # All of them are looked at, so that the first few can be pointed at.
                return not sum(self._matching(node, negated=True))
            case "any":
                return any(self._matching(node))
        return self._percentile(node)

    # -- states --------------------------------------------------------------------------------------------------------

    def _number_in_state(self, node: Call, state: str) -> int:
        group, at_s = _name(node.arguments[0]), self._at(node)
        targets = self._history.groups.get(group, ())
        return sum(self._history.state(group, target, at_s)[0] == state for target in targets)

    def _state(self, node: Call) -> tuple[str, str | None]:
        return self._history.state(*self._target(node.arguments[0]), self._at(node))

    def _at(self, node: Call) -> float | None:
        named = dict(node.named)
        return self._moment(named["at"], _BEFORE_ALL) if "at" in named else None

    def _target(self, node: Node) -> tuple[str | None, str]:
        return find_target(_name(node), self._history.groups)

    # -- traffic -------------------------------------------------------------------------------------------------------

    def _window(self, node: Call) -> Window:
        named = dict(node.named)
        from_s = self._moment(named["from"], _BEFORE_ALL) if "from" in named else _BEFORE_ALL
        # What is happening now belongs to a window that is still open.
        return Window(from_s, self._moment(named["to"], from_s) if "to" in named else math.inf)

    def _lines(self, node: Call, window: Window, *, newest_first: bool = False) -> Iterator[Line]:
        """The log lines of a window that `target=` and `port=` leave."""
        named = dict(node.named)
        group, target = self._target(named["target"]) if "target" in named else (None, None)
        port = self._number(named["port"]) if "port" in named else None
        for line in self._history.requests(window, newest_first=newest_first):
            request = line.request
            if target is not None and (request.target != target or group not in {None, request.group}):
                continue
            if port is None or request.port == port:
                yield line

    def _matching(self, node: Call, *, negated: bool = False) -> Iterator[bool]:
        """True for each line that the first argument means (or, negated, does not); the first ones are noted."""
        means = condition(node.arguments[0], self._history.variables)
        noted = 0
        for line in self._lines(node, self._window(node)):
            if bool(means(line.request)) is not negated:
                if noted < SHOWN_MAX:
                    self.lines.append(line.line)
                    noted += 1
                yield True

    def _count(self, node: Call) -> int:
        return sum(self._matching(node))

    def _ratio(self, node: Call) -> float:
        total = sum(1 for _ in self._lines(node, self._window(node)))
        if not total:
            raise _no_requests()
        return self._count(node) / total

    def _share(self, node: Call) -> float:
        group, target = self._target(node.arguments[0])
        total = own = 0
        for line in self._lines(node, self._window(node)):
            if line.request.target is not None and group in {None, line.request.group}:
                total += 1
                own += line.request.target == target
        if not total:
            raise _no_requests()
        return own / total

    def _rate(self, node: Call) -> float:
        window_s = self._number(node.arguments[1])
        if window_s <= 0:
            raise Unseen("a window of no length", "길이가 없는 구간입니다")
        means = condition(node.arguments[0], self._history.variables)
        window = Window(self._history.now_s - window_s, math.inf)
        return sum(bool(means(line.request)) for line in self._lines(node, window)) / window_s

    def _in_flight(self, node: Call) -> int:
        _, target = self._target(node.arguments[0])
        return (
            self._history.in_flight_max(target, self._window(node)) if node.named else self._history.in_flight(target)
        )

    def _clients(self, node: Call) -> int:
        means = client_predicate(_word(node.arguments[0]))
        assert means is not None
        load = dict(node.named).get("load")
        wanted = None if load is None else _name(load)
        results = self._history.results(self._window(node))
        return sum(means(result) for result in results if wanted in {None, result.load})

    def _percentile(self, node: Call) -> float:
        load = _name(node.arguments[0])
        results = self._history.results(self._window(node))
        latencies = sorted(result.latency_s for result in results if result.load == load and result.error is None)
        if not latencies:
            raise Unseen(f"no answers to '{load}'", f"'{load}'에 대한 응답이 없습니다")
        # The smallest latency within which so many came (nearest rank).
        return latencies[max(0, math.ceil(_PERCENTILES[node.function] * len(latencies)) - 1)]

    # -- moments -------------------------------------------------------------------------------------------------------

    def _moment(self, node: Node, after_s: float) -> float:
        match node:
            case Name():
                found = self._named(node.name, after_s)
            case Call():
                return self._first_or_last(node, after_s)
            case Binary(operator="+" | "-"):
                shift_s = self._number(node.right) * (1 if node.operator == "+" else -1)
                return self._moment(node.left, after_s) + shift_s
            case Binary(left=Call() as call, right=word):
                state = str(self._side(word, call))
                found = self._history.became(*self._target(call.arguments[0]), state, after_s)
            case _:
                raise AssertionError("an event that is none passed the check")
        if found is None:
            what = _shown(node)
            raise Unseen(f"'{what}' never happened", f"'{what}'이(가) 일어나지 않았습니다")
        return found

    def _named(self, name: str, after_s: float) -> float | None:
        found = self._history.moment(name, after_s)
        if found is None and name == "unhealthy":
            return self._history.first_unhealthy(after_s)
        if found is None and name == "end":
            return max(after_s, self._history.now_s)
        return found

    def _first_or_last(self, node: Call, after_s: float) -> float:
        means = condition(node.arguments[0], self._history.variables)
        window = self._window(node)
        window = Window(max(window.from_s, after_s), window.to_s)
        for line in self._lines(node, window, newest_first=node.function == "last"):
            if means(line.request):
                self.lines.append(line.line)
                return line.at_s
        raise Unseen(
            f"there was no such request for {node.function}()", f"{node.function}()에 해당하는 요청이 없습니다"
        )

    def _latest(self, node: Node) -> float | None:
        match node:
            case Binary(operator="+" | "-"):
                found = self._latest(node.left)
                shift_s = self._number(node.right) * (1 if node.operator == "+" else -1)
                return None if found is None else found + shift_s
            case Binary(left=Call() as call, right=word):
                state = str(self._side(word, call))
                return self._history.has_been_since(*self._target(call.arguments[0]), state)
        return self._moment(node, _BEFORE_ALL)


def _no_requests() -> Unseen:
    return Unseen("there were no requests", "요청이 없었습니다")


def _name(node: Node) -> str:
    assert isinstance(node, Name)
    return node.name


def _word(node: Node) -> str:
    return node.text if isinstance(node, Number) else _name(node)


def _shown(node: Node) -> str:
    """A moment as it was written, more or less."""
    match node:
        case Name():
            return node.name
        case Binary(left=Call() as call):
            return f"{call.function}({_name(call.arguments[0])}) {node.operator} {_shown(node.right)}"
        case Text():
            return node.value
    return "?"
