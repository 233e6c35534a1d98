"""Conditions on log lines: `status>=500 and target=='-'`, made into one function that is then called for every line.

    condition  = alternative { "or" alternative }
    alternative = statement { "and" statement }
    statement  = "not" statement | "(" condition ")" | FIELD [ comparison ]
    comparison = ("==" | "!=" | "<" | "<=" | ">" | ">=") VALUE | ["not"] "in" "(" VALUE { "," VALUE } ")"
               | ["not"] ("contains" | "matches" | "~" | "like") VALUE

On the left stands a field, on the right what it is compared with: quoted, or a bare word. There is no arithmetic, and
nothing to look up but fields. That is why this is no dialect of the scenarios' expressions: names in those hold hyphens
and slashes, and all their readers take trees apart by nodes that a filter does not have. Nothing of it reaches Python.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from simlb.core.log_kinds import LogKind
from simlb.core.regexes import RegexSyntaxError, compile_pattern
from simlb.core.wildcards import Wildcard
from simlb.errors import SimlbError
from simlb.observe.log_fields import Entry, Field, Value, known_fields

CODE = "E740"
LENGTH_MAX = 4000
WORDS_MAX = 400
DEPTH_MAX = 40

Predicate = Callable[[Entry], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>'[^']*'|"[^"]*")
      | (?P<sign>==|!=|<=|>=|<|>|~|\(|\)|,)
      | (?P<word>[^\s'"=!<>~(),]+)
      | (?P<wrong>\S)
    )""",
    re.VERBOSE,
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERS = frozenset(_COMPARISONS) - {"==", "!="}
_TEXT_TESTS = frozenset({"contains", "matches", "~", "like"})
_KEYWORDS = frozenset({"and", "or", "not", "in", "contains", "matches", "like"})
_INSTEAD = {"=": "compare with ==", "&&": "write and", "&": "write and", "||": "write or", "|": "write or"}
_NUMBER = re.compile(r"(-?[0-9]{1,15}(?:\.[0-9]{1,9})?)(ms|s|m|h|k|M)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_BYTES = {"k": 1024, "M": 1024 * 1024}
_CLASS = re.compile(r"([1-5])xx", re.IGNORECASE)
_SLASHED = re.compile(r"/(.+)/(i?)", re.DOTALL)


class _Token(NamedTuple):
    """`sign` is what it is to the parser: a sign or keyword, `quoted`, `word`, `end`. `text` has lost its quotes."""

    sign: str
    text: str
    at: int


class _Class(NamedTuple):
    """`5xx`: a class of status codes."""

    first: int

    def has(self, value: Value) -> bool:
        return isinstance(value, int) and self.first <= value < self.first + 100


def compile_filter(text: str, kind: LogKind) -> Predicate:
    """What decides over a line of that log. Raises SimlbError E740 with the place of what is wrong."""
    if len(text) > LENGTH_MAX:
        raise SimlbError(CODE, f"A filter of more than {LENGTH_MAX} characters.")
    return _Parser(text, kind).whole()


class _Parser:
    def __init__(self, text: str, kind: LogKind) -> None:
        self._text = text
        self._kind = kind
        self._fields = known_fields(kind)
        self._tokens = self._read()
        self._next = 0

    # -- words ---------------------------------------------------------------------------------------------------------

    def _read(self) -> list[_Token]:
        tokens = []
        for match in _TOKEN.finditer(self._text.rstrip()):
            group = match.lastgroup
            assert group is not None
            text, at = match[group], match.start(group)
            if group == "wrong":
                raise self._wrong_sign(text, at)
            if group == "word" and text in _INSTEAD:
                raise self._refused(at, f"'{text}' is no operator", _INSTEAD[text])
            if group == "quoted":
                tokens.append(_Token("quoted", text[1:-1], at))
            elif group == "word":
                tokens.append(_Token(text.lower() if text.lower() in _KEYWORDS else "word", text, at))
            else:
                tokens.append(_Token(text, text, at))
            if len(tokens) > WORDS_MAX:
                raise SimlbError(CODE, f"A filter of more than {WORDS_MAX} words and signs.")
        tokens.append(_Token("end", "", len(self._text)))
        return tokens

    def _wrong_sign(self, text: str, at: int) -> SimlbError:
        if text in "'\"":
            return self._refused(at, "a quote that is never closed")
        if text == "!":
            return self._refused(at, "'!' is no operator", "write not, or !=")
        return self._refused(at, f"'{text}' is no operator", *([_INSTEAD[text]] if text in _INSTEAD else []))

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._token
        # The end stays where it is, so that there is always a token.
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _expect(self, sign: str, what: str) -> None:
        if self._token.sign != sign:
            raise self._refused(self._token.at, what)
        self._take()

    def _refused(self, at: int, what: str, *hints: str) -> SimlbError:
        """A problem with what stands at `at`, the place marked below the filter."""
        begin, end = max(0, at - 50), min(len(self._text), at + 30)
        shown = _printable(self._text[begin:end])
        front, back = "..." if begin else "", "..." if end < len(self._text) else ""
        where = f"at character {at + 1}" if at < len(self._text) else "at its end"
        marker = " " * (len(front) + at - begin) + "^"
        return SimlbError(
            CODE, f"The filter, {where}: {_printable(what)}.", *hints, notes=(f"{front}{shown}{back}", marker)
        )

    # -- sentences -----------------------------------------------------------------------------------------------------

    def whole(self) -> Predicate:
        """The whole text."""
        condition = self._condition(0)
        if self._token.sign != "end":
            what = "'and' or 'or' is missing" if self._token.sign != ")" else "a bracket that was never opened"
            raise self._refused(self._token.at, what)
        return condition

    def _condition(self, depth: int) -> Predicate:
        if depth > DEPTH_MAX:
            raise self._refused(self._token.at, f"nested more than {DEPTH_MAX} deep")
        alternatives = [self._alternative(depth)]
        while self._token.sign == "or":
            self._take()
            alternatives.append(self._alternative(depth))
        if len(alternatives) == 1:
            return alternatives[0]
        return lambda entry: any(holds(entry) for holds in alternatives)

    def _alternative(self, depth: int) -> Predicate:
        statements = [self._statement(depth)]
        while self._token.sign == "and":
            self._take()
            statements.append(self._statement(depth))
        if len(statements) == 1:
            return statements[0]
        return lambda entry: all(holds(entry) for holds in statements)

    def _statement(self, depth: int) -> Predicate:
        token = self._take()
        if token.sign == "not":
            return _negated(self._statement_within(depth + 1))
        if token.sign == "(":
            inner = self._condition(depth + 1)
            self._expect(")", "')' is missing")
            return inner
        if token.sign == "quoted":
            raise self._refused(token.at, "a field stands on the left, without quotes")
        if token.sign != "word":
            raise self._refused(token.at, "a field was expected")
        return self._comparison(self._field(token))

    def _statement_within(self, depth: int) -> Predicate:
        if depth > DEPTH_MAX:
            raise self._refused(self._token.at, f"nested more than {DEPTH_MAX} deep")
        return self._statement(depth)

    def _field(self, token: _Token) -> Field:
        field = self._fields.get(token.text)
        if field is None:
            raise self._refused(token.at, *unknown_field(token.text, self._kind))
        return field

    def _comparison(self, field: Field) -> Predicate:
        is_negated = False
        if self._token.sign == "not":
            self._take()
            is_negated = True
            if self._token.sign not in _TEXT_TESTS | {"in"}:
                raise self._refused(self._token.at, "'in', 'contains', 'matches' or 'like' was expected")
        sign = self._token.sign
        if sign in _COMPARISONS:
            self._take()
            holds = self._compared(field, sign)
        elif sign == "in":
            self._take()
            holds = self._in(field)
        elif sign in _TEXT_TESTS:
            self._take()
            holds = self._tested(field, sign)
        else:
            if sign in {"word", "quoted"}:
                raise self._refused(self._token.at, "an operator was expected", "such as ==, <, in, contains, matches")
            get = field.get
            return lambda entry: get(entry) is not None
        return _negated(holds) if is_negated else holds

    def _compared(self, field: Field, sign: str) -> Predicate:
        at = self._token.at
        value = self._value(field)
        get, compare = field.get, _COMPARISONS[sign]
        if sign in _ORDERS:
            if value is None:
                raise self._refused(at, "nothing ('-') is neither more nor less than anything", "compare with == or !=")
            if isinstance(value, _Class):
                raise self._refused(
                    at, f"a class of codes cannot be compared with {sign}", "status >= 500, status==5xx"
                )
            kinds = (str,) if field.kind is str else (int, float)
            return lambda entry: isinstance(found := get(entry), kinds) and compare(found, value)
        is_wanted = sign == "=="
        if isinstance(value, _Class):
            return lambda entry: value.has(get(entry)) is is_wanted
        return lambda entry: (get(entry) == value) is is_wanted

    def _in(self, field: Field) -> Predicate:
        self._expect("(", "'(' is missing: in (502, 504)")
        values = [self._value(field)]
        while self._token.sign == ",":
            self._take()
            values.append(self._value(field))
        self._expect(")", "',' or ')' is missing")
        classes = [value for value in values if isinstance(value, _Class)]
        single = frozenset(value for value in values if not isinstance(value, _Class))
        get = field.get
        if not classes:
            return lambda entry: get(entry) in single
        return lambda entry: (found := get(entry)) in single or any(one.has(found) for one in classes)

    def _tested(self, field: Field, sign: str) -> Predicate:
        if field.kind is not str:
            hint = f"{field.name} == 5xx, {field.name} in (502, 504)" if field.is_status else f"{field.name} >= 1"
            raise self._refused(self._tokens[self._next - 1].at, f"'{field.name}' is a number", hint)
        at = self._token.at
        text = self._constant().text
        get = field.get
        if sign == "contains":
            return lambda entry: isinstance(found := get(entry), str) and text in found
        if sign == "like":
            try:
                wildcard = Wildcard(text)
            except ValueError:
                raise self._refused(at, "control characters, which no line holds") from None
            return lambda entry: isinstance(found := get(entry), str) and wildcard.matches(found.encode())
        slashed = _SLASHED.fullmatch(text)
        try:
            pattern = compile_pattern(slashed[1] if slashed else text, ignore_case=bool(slashed and slashed[2]))
        except RegexSyntaxError as error:
            raise self._refused(
                at, f"a bad regular expression: {error}", "it has to be RE2's: '/^(GET|HEAD)$/i'"
            ) from None
        return lambda entry: isinstance(found := get(entry), str) and pattern.search(found.encode()) is not None

    # -- values --------------------------------------------------------------------------------------------------------

    def _constant(self) -> _Token:
        token = self._take()
        if token.sign in {"word", "quoted"} or token.sign in _KEYWORDS:
            return token
        raise self._refused(token.at, "a value was expected, in quotes or as one word")

    def _value(self, field: Field) -> Value | _Class:
        token = self._constant()
        text = token.text
        if text == "-":
            return None
        if field.kind is str:
            return text
        if field.is_status and (match := _CLASS.fullmatch(text)):
            return _Class(int(match[1]) * 100)
        match = _NUMBER.fullmatch(text)
        unit = None if match is None else match[2]
        units = _SECONDS if field.kind is float else _BYTES if field.name.endswith("_bytes") else {}
        if match is None or (unit is not None and unit not in units):
            example = {True: "5xx, 502", False: "300ms, 2s, 0.3" if field.kind is float else "34, 64k"}[field.is_status]
            raise self._refused(token.at, f"'{field.name}' is a number, and this is none", f"write it as {example}")
        return float(match[1]) * (units[unit] if unit else 1)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def _negated(holds: Predicate) -> Predicate:
    return lambda entry: not holds(entry)


def unknown_field(name: str, kind: LogKind) -> tuple[str, str]:
    """What to say of a field that the log does not have: a sentence without its end, and a hint."""
    known = known_fields(kind)
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    other = next((there for there in LogKind if there is not kind and name in known_fields(there)), None)
    if close and close[0] == name.lower():
        hint = f"write it as {close[0]}"
    elif other is not None:
        flag = {LogKind.CONNECTION: "--connections", LogKind.HEALTH_CHECK: "--health-checks"}.get(other)
        hint = f"the {other.replace('_', '-')} log has it" + (f": {flag}" if flag else "")
    else:
        hint = f"did you mean '{close[0]}'?" if close else "all of them: simlb logs --columns help"
    return f"the {kind.replace('_', '-')} log has no field '{name[:60]}'", hint
