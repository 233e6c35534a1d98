"""What an expression is made of, once parsed. All nodes carry the position of their first character."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Comparison = Literal["==", "!=", "<", "<=", ">", ">="]
Arithmetic = Literal["+", "-", "*", "/"]
Connective = Literal["and", "or", "=>"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number; a duration (`30s`) in seconds, a percentage (`25%`) as a fraction. `text` is as it was written."""

    at: int
    value: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """`'Target.Timeout'`."""

    at: int
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """`crash`, `crash.healed`, `web/3`, `elb_5xx`, `log.elb_status`: what it means depends on where it stands."""

    at: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`count(elb_502, from=crash)`."""

    at: int
    function: str
    arguments: tuple[Node, ...]
    named: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Negative:
    """`-x`."""

    at: int
    operand: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """`not x`."""

    at: int
    operand: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """Two operands and what is between them."""

    at: int
    operator: Comparison | Arithmetic | Connective
    left: Node
    right: Node


Node = Number | Text | Name | Call | Negative | Not | Binary


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """An expression that has been parsed and checked. `text` is as it was written."""

    text: str
    tree: Node
