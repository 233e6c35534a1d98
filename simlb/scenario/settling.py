"""Whether what an expectation is about is over, so that it can be judged while the story goes on.

It is over when its value hangs on nothing that may still happen: every moment it names has come, and every window it
counts over is closed and lies far enough back that all of its records are there. What counts until the end, clients'
results (they belong to the moment at which a request was meant to begin, and come when it ends), and what is "now" are
never over before the story is. The verdict is told early, not otherwise: at the end all expectations are judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from simlb.scenario.expression_tree import Binary, Call, Expression, Name, Negative, Node, Not
from simlb.scenario.expressions import Evaluator, Unseen
from simlb.scenario.history import History
from simlb.scenario.model import Expectation

LATE_REAL_S = 1.0
"""How long, in real seconds, a record may be on its way: log lines come several at once."""

_OVER_A_WINDOW = frozenset({"flips", "count", "ratio", "share", "in_flight", "all", "any"})
_AT_A_MOMENT = frozenset({"healthy", "unhealthy", "health", "state", "reason"})
_END = "end"
_BEFORE_ALL = float("-inf")


def is_settled(expectation: Expectation, history: History, complete_s: float) -> bool:
    """Whether its verdict is final, where everything that happened before `complete_s` is in `history`."""
    settling = _Settling(history, complete_s)
    return all(settling.value(expression.tree) for expression in (expectation.that, *_bounds(expectation)))


def _bounds(expectation: Expectation) -> Iterator[Expression]:
    for field in fields(expectation.bound):
        expression = getattr(expectation.bound, field.name)
        assert isinstance(expression, Expression)
        yield expression


class _Settling:
    def __init__(self, history: History, complete_s: float) -> None:
        self._evaluator = Evaluator(history)
        self._history = history
        self._complete_s = complete_s

    def value(self, node: Node) -> bool:
        """Whether a value is final."""
        match node:
            case Negative() | Not():
                return self.value(node.operand)
            case Binary():
                return self.value(node.left) and self.value(node.right)
            case Call():
                return self._call(node)
        return True  # a number, a text, a variable

    def _call(self, node: Call) -> bool:
        named = dict(node.named)
        if node.function in _OVER_A_WINDOW:
            begins_s = self._moment(named["from"], _BEFORE_ALL) if "from" in named else _BEFORE_ALL
            return begins_s is not None and "to" in named and self._moment(named["to"], begins_s) is not None
        if node.function in _AT_A_MOMENT:
            return "at" in named and self._moment(named["at"], _BEFORE_ALL) is not None
        if node.function == "between":
            begins_s = self._moment(node.arguments[0], _BEFORE_ALL)
            return begins_s is not None and self._moment(node.arguments[1], begins_s) is not None
        return False

    def _moment(self, node: Node, after_s: float) -> float | None:
        """When a moment was, if it was and stays where it is; None otherwise."""
        if not self._stays(node):
            return None
        try:
            at_s = self._evaluator.moment(Expression(text="", tree=node), after_s)
        except Unseen:
            return None
        return at_s if at_s <= self._complete_s else None

    def _stays(self, node: Node) -> bool:
        """Whether a moment that has been seen is not moved by what is seen later: the first of its kind is not."""
        match node:
            case Name():
                # It is the present until it has come.
                return node.name != _END or self._history.moment(_END, _BEFORE_ALL) is not None
            case Call():
                named = dict(node.named)
                return node.function == "first" and all(
                    self._stays(named[key]) for key in named if key in {"from", "to"}
                )
            case Binary(operator="+" | "-"):
                return self._stays(node.left) and self.value(node.right)
        return True
