"""Numbers and states that can be compared now and waited for later: `web.healthy == 2`.

A `Number` is the integer that it was when it was asked for, a `State` the text. Comparing one gives a `Condition`: true
or false by that value, and `lb.wait` asks again.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any


class Condition:
    """What a comparison gave. `bool()` is what held then; calling it asks anew."""

    __slots__ = ("_ask", "_held", "words")

    def __init__(self, ask: Callable[[], bool], words: str, *, held: bool) -> None:
        self._ask = ask
        self._held = held
        self.words = words

    def __call__(self) -> bool:
        return self._ask()

    def __bool__(self) -> bool:
        return self._held

    def __repr__(self) -> str:
        return f"<{self.words}: {self._held}>"


def _condition(
    ask: Callable[[], Any], name: str, sign: str, compare: Callable[[Any, Any], Any], now: Any, other: object
) -> Condition:
    return Condition(lambda: bool(compare(ask(), other)), f"{name} {sign} {other!r}", held=bool(compare(now, other)))


class Number(int):
    """A count, as it was when it was asked for."""

    _ask: Callable[[], int]
    _name: str

    def __new__(cls, ask: Callable[[], int], name: str) -> Number:
        """`ask` counts anew; `name` is how messages call it."""
        made = super().__new__(cls, ask())
        made._ask, made._name = ask, name
        return made

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return _condition(self._ask, self._name, "==", operator.eq, int(self), other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return _condition(self._ask, self._name, "!=", operator.ne, int(self), other)

    def __lt__(self, other: int) -> Condition:  # type: ignore[override, misc]
        return _condition(self._ask, self._name, "<", operator.lt, int(self), other)

    def __le__(self, other: int) -> Condition:  # type: ignore[override, misc]
        return _condition(self._ask, self._name, "<=", operator.le, int(self), other)

    def __gt__(self, other: int) -> Condition:  # type: ignore[override, misc]
        return _condition(self._ask, self._name, ">", operator.gt, int(self), other)

    def __ge__(self, other: int) -> Condition:  # type: ignore[override, misc]
        return _condition(self._ask, self._name, ">=", operator.ge, int(self), other)

    __hash__ = int.__hash__


class State(str):
    """A health state, as it was when it was asked for."""

    __slots__ = ("_ask", "_name")
    _ask: Callable[[], str]
    _name: str

    def __new__(cls, ask: Callable[[], str], name: str) -> State:
        """`ask` looks anew; `name` is how messages call it."""
        made = super().__new__(cls, ask())
        made._ask, made._name = ask, name
        return made

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return _condition(self._ask, self._name, "==", operator.eq, str(self), other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return _condition(self._ask, self._name, "!=", operator.ne, str(self), other)

    __hash__ = str.__hash__
