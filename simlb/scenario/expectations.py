"""Whether what was expected came about, in words for people of both languages."""

from __future__ import annotations

from dataclasses import dataclass

from simlb.scenario.expression_tree import Expression
from simlb.scenario.expressions import SHOWN_MAX, Evaluator, Unseen, Value
from simlb.scenario.history import History
from simlb.scenario.model import Above, Approximately, Below, Equals, Expectation, Holds, Within, Words

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one expectation. `value` is None where it hangs on something that never happened: `seen` tells."""

    expectation: Expectation
    has_passed: bool
    value: Value | None
    seen: Words
    expected: Words
    lines: tuple[int, ...] = ()
    """The first few lines of the journal, from 1, that speak against it; none when it passed."""


def judge(expectation: Expectation, history: History) -> Verdict:
    """Hold one expectation against what happened."""
    evaluator = Evaluator(history)
    expected = Words(en="?", ko="?")
    try:
        expected = expected_words(expectation, history)
        value = evaluator.value(expectation.that)
        # With an evaluator of its own: its lines are not those of the value.
        has_passed, expected = _bound(expectation, Evaluator(history), value)
    except Unseen as unseen:
        return Verdict(expectation=expectation, has_passed=False, value=None, seen=unseen.words, expected=expected)
    return Verdict(
        expectation=expectation,
        has_passed=has_passed,
        value=value,
        seen=_same(shown(value, is_duration=expectation.is_duration)),
        expected=expected,
        lines=() if has_passed else tuple(dict.fromkeys(evaluator.lines))[:SHOWN_MAX],
    )


def expected_words(expectation: Expectation, history: History) -> Words:
    """What is expected, in words, as far as it can be known: without a run the scenario's variables are enough.

    Raises Unseen where the bounds hang on something that has not happened.
    """
    return _bound(expectation, Evaluator(history), None)[1]


def bounds(expectation: Expectation, history: History) -> tuple[float, float] | None:
    """The lowest and the highest value that pass; None where they are no numbers. Raises Unseen."""
    evaluator = Evaluator(history)
    match expectation.bound:
        case Within():
            return _number(evaluator, expectation.bound.low), _number(evaluator, expectation.bound.high)
        case Approximately():
            middle = _number(evaluator, expectation.bound.value)
            tolerance = _number(evaluator, expectation.bound.tolerance)
            return middle - tolerance, middle + tolerance
    return None


def shown(value: Value, *, is_duration: bool = False) -> str:
    """A value as people read it: `38.5 s`, `0.251`, `yes`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value or "-"
    if is_duration:
        return f"{value:.3f} s" if abs(value) < 1 else f"{value:.1f} s"
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.3g}"


def _bound(expectation: Expectation, evaluator: Evaluator, value: Value | None) -> tuple[bool, Words]:
    """Whether `value` (None: there is none yet) is as expected, and what is expected."""

    def say(expression: Expression) -> str:
        return shown(evaluator.value(expression), is_duration=expectation.is_duration)

    number = float(value) if isinstance(value, float | int) else None
    bound = expectation.bound
    match bound:
        case Holds():
            return value is True, Words(en="yes", ko="예")
        case Equals():
            wanted = evaluator.value(bound.value)
            is_equal = value == wanted or (number is not None and _is_near(number, wanted))
            return is_equal, _same(say(bound.value))
        case Within():
            low, high = _number(evaluator, bound.low), _number(evaluator, bound.high)
            words = Words(
                en=f"from {say(bound.low)} to {say(bound.high)}", ko=f"{say(bound.low)}부터 {say(bound.high)}까지"
            )
            return number is not None and low - _ROUNDING <= number <= high + _ROUNDING, words
        case Approximately():
            middle, tolerance = _number(evaluator, bound.value), _number(evaluator, bound.tolerance)
            is_close = number is not None and abs(number - middle) <= tolerance + _ROUNDING
            return is_close, _same(f"{say(bound.value)} ± {say(bound.tolerance)}")
        case Below():
            limit = _number(evaluator, bound.limit)
            words = Words(en=f"below {say(bound.limit)}", ko=f"{say(bound.limit)} 미만")
            return number is not None and number < limit, words
        case Above():
            limit = _number(evaluator, bound.limit)
            words = Words(en=f"above {say(bound.limit)}", ko=f"{say(bound.limit)} 초과")
            return number is not None and number > limit, words


def _number(evaluator: Evaluator, expression: Expression) -> float:
    value = evaluator.value(expression)
    assert not isinstance(value, str)
    return float(value)


def _is_near(number: float, wanted: Value) -> bool:
    return isinstance(wanted, float | int) and abs(number - wanted) <= _ROUNDING


def _same(text: str) -> Words:
    return Words(en=text, ko={"yes": "예", "no": "아니요"}.get(text, text))
