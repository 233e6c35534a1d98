"""The expectations of a scenario file."""

from __future__ import annotations

from collections.abc import Sequence

from simlb.config.decode import Places
from simlb.config.problems import SCHEMA, Problems, Refused, quoted
from simlb.scenario.expression_check import MEANING, Scope, are_comparable
from simlb.scenario.expression_tree import Expression
from simlb.scenario.functions import Kind
from simlb.scenario.model import (
    Above,
    Approximately,
    Below,
    Bound,
    Equals,
    Expectation,
    Holds,
    Within,
    Words,
)
from simlb.scenario.narration import words
from simlb.scenario.schema import ExpectEntry
from simlb.scenario.steps import NOTHING, check_reachable

_BOUNDS = ("in", "eq", "approx", "below", "above")
_VALUES = (Kind.NUMBER, Kind.DURATION, Kind.RATE, Kind.FLAG, Kind.TEXT)


class ExpectationCompiler:
    """Compiles the expectations of one file. `moments` are those that come in the course of the story."""

    def __init__(self, places: Places, problems: Problems, scope: Scope, moments: set[str]) -> None:
        self._places = places
        self._problems = problems
        self._scope = scope
        self._moments = {*moments, "end"}

    def compile(self, entries: Sequence[ExpectEntry]) -> tuple[Expectation, ...]:
        """All expectations; their problems have been noted."""
        found: dict[str, Expectation] = {}
        for entry in entries:
            with self._problems.at(self._places.at(entry, "id")):
                if entry.id in found:
                    raise Refused(f"there are two expectations '{entry.id}'")
            with self._problems.at(self._places.at(entry, "that")):
                that, kind = self._expression(entry.that)
                with self._problems.at(self._places.at(entry)):
                    found[entry.id] = self._expectation(entry, that, kind)
        return tuple(found.values())

    def _expectation(self, entry: ExpectEntry, that: Expression, kind: Kind) -> Expectation:
        title = Words(en=entry.id, ko=entry.id)
        with self._problems.at(self._places.at(entry, "title")):
            title = title if entry.title is None else words(entry.title)
        return Expectation(
            id=entry.id,
            title=title,
            that=that,
            bound=self._bound(entry, kind),
            is_duration=kind is Kind.DURATION,
            line=self._places.at(entry).line,
        )

    def _bound(self, entry: ExpectEntry, kind: Kind) -> Bound:
        given = [key for key in _BOUNDS if getattr(entry, "in_" if key == "in" else key) is not None]
        if len(given) > 1 or (not given and kind is not Kind.FLAG):
            seen = f"this one has {quoted(given)}" if given else f"'{entry.that}' is {kind}"
            raise Refused(f"an expectation has one of {quoted(_BOUNDS)}, or is a condition; {seen}", code=SCHEMA)
        if (entry.tol is not None) != (entry.approx is not None):
            raise Refused("'approx' and 'tol' go together: approx: 0.25, tol: 0.05", code=SCHEMA)
        if kind is Kind.FLAG and given:
            raise Refused(f"'{entry.that}' is a condition: it holds or not, without '{given[0]}'", code=SCHEMA)
        if kind is Kind.TEXT and given != ["eq"]:
            raise Refused("a text is equal to another ('eq') or not", code=SCHEMA)
        match given:
            case ["in"]:
                return Within(low=self._limit(entry, kind, "in", 0), high=self._limit(entry, kind, "in", 1))
            case ["eq"]:
                return Equals(value=self._limit(entry, kind, "eq"))
            case ["approx"]:
                value, tolerance = self._limit(entry, kind, "approx"), self._limit(entry, kind, "tol")
                return Approximately(value=value, tolerance=tolerance)
            case ["below"]:
                return Below(limit=self._limit(entry, kind, "below"))
            case ["above"]:
                return Above(limit=self._limit(entry, kind, "above"))
        return Holds()

    def _limit(self, entry: ExpectEntry, kind: Kind, key: str, *position: int) -> Expression:
        """A value that `that`, which is of `kind`, is held against."""
        written = self._places.written(entry, key, *position)
        assert written is not None
        with self._problems.at(self._places.at(entry, key, *position)):
            if kind is Kind.TEXT and written[:1] not in {"'", '"'}:
                written = f"'{written}'"
            expression, found = self._expression(written)
            if not are_comparable(kind, found):
                hints = ("write durations with their unit: 30s",) if Kind.DURATION in {kind, found} else ()
                raise Refused(f"'{written}' is {found}, and '{entry.that}' is {kind}", *hints, code=MEANING)
            return expression
        return NOTHING

    def _expression(self, written: str) -> tuple[Expression, Kind]:
        expression, kind = self._scope.expression(written, *_VALUES)
        check_reachable(expression, self._scope, self._moments, "no step brings it about")
        return expression, kind
