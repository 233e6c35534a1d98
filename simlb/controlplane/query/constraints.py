"""What AWS checks of every parameter before it looks any further, in the words all of its services share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from simlb.controlplane.query.errors import QueryError, invalid
from simlb.controlplane.query.model import Shape

NOT_NULL = "Member must not be null"
VIOLATIONS_TOLD_MAX = 100
"""In one answer; a body may hold thousands."""


def violation(value: str | None, path: str, constraint: str) -> str:
    """`Value 'x' at 'names.1.member' failed to satisfy constraint: Member must ...`; None is a missing value."""
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def refusal(violations: list[str]) -> QueryError:
    """All of them in one answer, as AWS tells them; of very many the first ones."""
    noun = "validation error" if len(violations) == 1 else "validation errors"
    return invalid(f"{len(violations)} {noun} detected: {'; '.join(violations[:VIOLATIONS_TOLD_MAX])}")


def broken(value: Any, shape: Shape) -> Iterator[str]:
    """The constraints of `shape` itself, not of what it holds, that a value of its kind does not keep."""
    if shape.low is not None or shape.high is not None:
        yield from _out_of_bounds(value, shape)
    if shape.enum and value not in shape.enum:
        yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
    if shape.pattern is not None and not _matches(shape.pattern, value):
        yield f"Member must satisfy regular expression pattern: {shape.pattern}"


def shown(value: Any) -> str:
    """A value as AWS's Java prints it."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={shown(held)}' for key, held in value.items())}}}"
    return str(value)


def below(path: str, name: str) -> str:
    """AWS names members in its messages as its Java members are called: `loadBalancerArns`."""
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _out_of_bounds(value: Any, shape: Shape) -> Iterator[str]:
    is_number = shape.kind in {"integer", "long", "double"}
    size, what = (value, "value") if is_number else (len(value), "length")
    if shape.low is not None and size < shape.low:
        yield f"Member must have {what} greater than or equal to {shape.low}"
    if shape.high is not None and size > shape.high:
        yield f"Member must have {what} less than or equal to {shape.high}"


def _matches(pattern: str, value: str) -> bool:
    # Lone surrogates cannot come in: parameters are UTF-8.
    return _compiled(pattern).fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> Any:
    """The model's patterns, of which there are ten, in RE2: linear in time, and it knows classes such as \\p{L}."""
    import re2

    return re2.compile(pattern)
