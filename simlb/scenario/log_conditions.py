"""Conditions on log lines as plain functions, made once and then called for each of perhaps 100,000 lines."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from simlb.scenario.expression_tree import Binary, Call, Name, Negative, Node, Not, Number, Text
from simlb.scenario.journal import RequestEnded
from simlb.scenario.whats import FIELDS, Log, log_predicate

_Get = Callable[[RequestEnded], Any]

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
"""All but the division, which may have no result."""


def condition(node: Node, variables: Mapping[str, float]) -> Log:
    """Which log lines `node` means: a word (`elb_502`, `504`) or a condition, that has been checked."""
    word = node.name if isinstance(node, Name) else node.text if isinstance(node, Number) else None
    if word is not None and not word.startswith("log."):
        predicate = log_predicate(word)
        assert predicate is not None
        return predicate
    return _get(node, variables)


def _get(node: Node, variables: Mapping[str, float]) -> _Get:
    match node:
        case Number() | Text():
            constant = node.value
            return lambda _: constant
        case Name():
            if node.name.startswith("log."):
                return FIELDS[node.name.removeprefix("log.")]
            value = variables[node.name]
            return lambda _: value
        case Negative():
            inner = _get(node.operand, variables)
            return lambda line: -inner(line)
        case Not():
            inner = _get(node.operand, variables)
            return lambda line: not inner(line)
        case Binary():
            return _binary(node.operator, _get(node.left, variables), _get(node.right, variables))
        case Call():
            raise AssertionError(f"{node.function}() in a condition on log lines passed the check")


def _binary(sign: str, left: _Get, right: _Get) -> _Get:
    match sign:
        case "and":
            return lambda line: left(line) and right(line)
        case "or":
            return lambda line: left(line) or right(line)
        case "=>":
            return lambda line: not left(line) or right(line)
        case "/":
            # Of a line there is nothing to divide by but constants; by zero nothing is true.
            return lambda line: left(line) / (right(line) or float("nan"))
    operate = OPERATORS[sign]
    return lambda line: operate(left(line), right(line))
