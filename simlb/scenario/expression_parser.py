"""Text to trees: a tokenizer and a Pratt parser for the small language of conditions and expectations.

There are names, numbers with units, quoted text, calls, arithmetic, comparison and `and`, `or`, `not`, `=>`; nothing
else, and nothing of it reaches Python. What is too long, too deep or too large is refused before it costs anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from simlb.config.problems import Refused
from simlb.scenario.expression_tree import (
    Arithmetic,
    Binary,
    Call,
    Comparison,
    Connective,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Text,
)

LENGTH_MAX = 500
WORDS_MAX = 160
DEPTH_MAX = 24
DIGITS_MAX = 12

SYNTAX = "E661"

_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SPACE = re.compile(r"\s*")
_CODES = re.compile(r"[1-5]xx(?![\w.])")
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)(%|[A-Za-z_]+)?")
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_LONG_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_MEMBER = re.compile(r"/[0-9]{1,4}(?![\w.])")
_SUFFIX = re.compile(r"\.[a-z]+(?![\w])")
_TEXT = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")
_SIGN = re.compile(r"=>|==|!=|<=|>=|[-+*/<>(),=]")

_WORDS = frozenset({"and", "or", "not"})
_POWERS: Mapping[str, int] = {
    "=>": 1,
    "or": 2,
    "and": 3,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 5),
    "+": 6,
    "-": 6,
    "*": 7,
    "/": 7,
}
_NOT_POWER, _COMPARISON_POWER, _MINUS_POWER = 4, 5, 8


@dataclass(frozen=True, slots=True)
class _Token:
    """`sign` is what it is to the parser: an operator or a bracket, `name`, `value` or `end`."""

    sign: str
    at: int
    text: str
    node: Node | None = None


def parse(text: str, long_names: frozenset[str] = frozenset(), groups: frozenset[str] = frozenset()) -> Node:
    """The tree of `text`. `long_names` are names with a hyphen in them, which would be subtractions otherwise.

    `groups` are names before which `/3` means the third target and not a division. Raises Refused (E661).
    """
    if len(text) > LENGTH_MAX:
        raise Refused(f"an expression of more than {LENGTH_MAX} characters", code=SYNTAX)
    parser = _Parser(text, _tokens(text, long_names, groups))
    tree = parser.operand(0, 0)
    parser.expect("end")
    return tree


def refuse(text: str, at: int, what: str, *hints: str, code: str = SYNTAX) -> Refused:
    """A problem with what stands at `at`."""
    end = min(len(text), at + 24)
    near = text[at:end] + ("..." if end < len(text) else "")
    where = f"at character {at + 1} ('{near}')" if near else "at its end"
    return Refused(f"'{_short(text)}': {what} {where}", *hints, code=code)


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:97]}..."


def _tokens(text: str, long_names: frozenset[str], groups: frozenset[str]) -> list[_Token]:
    tokens = []
    at = _end(_SPACE, text, 0)
    while at < len(text):
        token, at = _token(text, at, long_names, groups)
        tokens.append(token)
        at = _end(_SPACE, text, at)
        if len(tokens) > WORDS_MAX:
            # A chain such as 1+1+1 is as deep a tree as it is long.
            raise Refused(f"'{_short(text)}': an expression of more than {WORDS_MAX} words and signs", code=SYNTAX)
    tokens.append(_Token("end", len(text), ""))
    return tokens


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return at if match is None else match.end()


def _token(text: str, at: int, long_names: frozenset[str], groups: frozenset[str]) -> tuple[_Token, int]:
    if match := _CODES.match(text, at):
        return _Token("name", at, match[0], Name(at=at, name=match[0])), match.end()
    if match := _NUMBER.match(text, at):
        return _Token("value", at, match[0], _number(text, at, match)), match.end()
    if match := _TEXT.match(text, at):
        value = match[1] if match[1] is not None else match[2]
        return _Token("value", at, match[0], Text(at=at, value=value)), match.end()
    end = _name_end(text, at, long_names, groups)
    if end > at:
        name = text[at:end]
        if name in _WORDS:
            return _Token(name, at, name), end
        return _Token("name", at, name, Name(at=at, name=name)), end
    if match := _SIGN.match(text, at):
        return _Token(match[0], at, match[0]), match.end()
    hints = ("compare with ==",) if text[at] in "!&|" else ()
    raise refuse(text, at, "cannot be understood", *hints)


def _name_end(text: str, at: int, long_names: frozenset[str], groups: frozenset[str]) -> int:
    """Where the name at `at` ends: the longest that is known, else the longest without hyphens."""
    end = 0
    if match := _LONG_NAME.match(text, at):
        word = match[0]
        # From the longest on: `crash-1` may be a name of its own, or `crash` minus 1.
        while "-" in word and word not in long_names:
            word = word[: word.rindex("-")]
        if "-" in word:
            end = _end(_SUFFIX, text, at + len(word))
    if not end:
        end = _end(_NAME, text, at)
    if text[at:end] in groups:
        end = _end(_MEMBER, text, end)
    return end


def _number(text: str, at: int, match: re.Match[str]) -> Number:
    digits, unit = match[1], match[2]
    if len(digits) > DIGITS_MAX:
        raise refuse(text, at, f"a number of more than {DIGITS_MAX} digits")
    value = float(digits)
    if unit == "%":
        value /= 100
    elif unit is not None:
        if unit not in _UNIT_S:
            raise refuse(text, at, f"'{unit}' is no unit", "there are ms, s, m, h and %")
        value *= _UNIT_S[unit]
    return Number(at=at, value=value, text=match[0])


class _Parser:
    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._next = 0

    def operand(self, power: int, depth: int) -> Node:
        """What stands here, with all operators behind it that bind more tightly than `power`."""
        if depth > DEPTH_MAX:
            raise refuse(self._text, self._token.at, f"nested more than {DEPTH_MAX} deep")
        left = self._prefix(depth)
        while (own := _POWERS.get(self._token.sign, 0)) > power:
            operator = self._take()
            # What is to the right of => may hold another one; everything else groups to the left.
            right = self.operand(own if own != 1 else 0, depth + 1)
            left = Binary(
                at=operator.at,
                operator=cast("Comparison | Arithmetic | Connective", operator.sign),
                left=left,
                right=right,
            )
            if own == _COMPARISON_POWER and _POWERS.get(self._token.sign) == _COMPARISON_POWER:
                raise refuse(self._text, self._token.at, "two comparisons in a row", "join them by 'and'")
        return left

    def expect(self, sign: str) -> None:
        """Take this token, or refuse what is there instead."""
        if self._token.sign == sign:
            self._take()
            return
        wanted = "the end was expected" if sign == "end" else f"'{sign}' is missing"
        hints = ("compare with ==",) if self._token.sign == "=" else ()
        raise refuse(self._text, self._token.at, wanted, *hints)

    def _prefix(self, depth: int) -> Node:
        token = self._take()
        if token.sign == "(":
            inner = self.operand(0, depth + 1)
            self.expect(")")
            return inner
        if token.sign == "-":
            return Negative(at=token.at, operand=self.operand(_MINUS_POWER, depth + 1))
        if token.sign == "not":
            return Not(at=token.at, operand=self.operand(_NOT_POWER, depth + 1))
        if token.node is None:
            raise refuse(self._text, token.at, "a name, a number or '(' was expected")
        if token.sign == "name" and self._token.sign == "(":
            return self._call(token, depth)
        return token.node

    def _call(self, function: _Token, depth: int) -> Node:
        self.expect("(")
        arguments: list[Node] = []
        named: dict[str, Node] = {}
        while self._token.sign != ")":
            if self._token.sign == "name" and self._tokens[self._next + 1].sign == "=":
                name = self._take()
                self.expect("=")
                if name.text in named:
                    raise refuse(self._text, name.at, f"'{name.text}' is given twice")
                named[name.text] = self.operand(0, depth + 1)
            elif named:
                raise refuse(self._text, self._token.at, "what has no name comes first")
            else:
                arguments.append(self.operand(0, depth + 1))
            if self._token.sign != ",":
                break
            self._take()
        self.expect(")")
        return Call(at=function.at, function=function.text, arguments=tuple(arguments), named=tuple(named.items()))

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._token
        # The end stays where it is, so that there is always a token.
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token
