"""What one attribute row says - key, type, default, range - and how given values are held against a table of rows.

An attribute that simlb does not act on yet is marked `supported=False`: values that change nothing are accepted, and
any other is refused rather than stored and ignored (reference 1.1.1, 1.5.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["bool", "int", "enum", "str"]
ErrorCode = Literal["ValidationError", "InvalidConfigurationRequest"]

VALUE_CHARS_MAX = 1024
"""Of every attribute value (reference 1.1.1)."""


class AttributeValueError(ValueError):
    """A key, value or combination that AWS, or simlb by now, does not accept.

    The message says which and why; `code` is the error code that the API answers with (reference 9.3).
    """

    def __init__(self, message: str, *, code: ErrorCode = "ValidationError") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One row of a table. `default` is the wire string; `low`/`high` bound an int.

    `choices` lists the values of an enum, and of an int the words that are accepted besides the range (`off`). `rule`
    is whatever else a value has to keep: it raises AttributeValueError. Of a row that is not supported, the default is
    accepted and what is in `same_as_default`: values that mean the same here.
    """

    key: str
    kind: Kind
    default: str
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()
    rule: Callable[[str], None] | None = None
    supported: bool = True
    same_as_default: tuple[str, ...] = ()

    def check(self, value: str) -> None:
        """Raise AttributeValueError unless `value` (the wire string) is one simlb carries out."""
        if self.rule is not None:
            self.rule(value)
        if self.kind == "bool" and value not in {"true", "false"}:
            raise AttributeValueError(f"'{self.key}' value '{value}' must be one of 'true', 'false'")
        if self.kind == "enum" and value not in self.choices:
            listed = ", ".join(f"'{choice}'" for choice in self.choices)
            raise AttributeValueError(f"'{self.key}' value '{value}' must be one of {listed}")
        if self.kind == "int" and value not in self.choices and not self._is_in_range(value):
            words = "".join(f"'{choice}' or " for choice in self.choices)
            raise AttributeValueError(
                f"'{self.key}' value '{value}' must be {words}between '{self.low}-{self.high}' inclusive"
            )
        if len(value) > VALUE_CHARS_MAX:
            raise AttributeValueError(f"the value of '{self.key}' is too long; the limit is '{VALUE_CHARS_MAX}'")
        if not self.supported and value != self.default and value not in self.same_as_default:
            raise AttributeValueError(
                f"'{self.key}' = '{value}' is not supported by simlb yet (only '{self.default}')",
                code="InvalidConfigurationRequest",
            )

    def _is_in_range(self, value: str) -> bool:
        # The length comes first: int() refuses thousands of digits with an error of its own.
        return value.isascii() and value.isdigit() and len(value) <= 10 and self.low <= int(value) <= self.high


def table(*rows: Attribute) -> Mapping[str, Attribute]:
    """The rows by their keys."""
    return {row.key: row for row in rows}


def flag(key: str, default: str = "false", *, supported: bool = True) -> Attribute:
    """The row of a switch."""
    return Attribute(key=key, kind="bool", default=default, supported=supported)


def resolve(rows: Mapping[str, Attribute], given: Mapping[str, str]) -> dict[str, str]:
    """All values of a table: what was given, else the default. Raises AttributeValueError."""
    values = {key: attribute.default for key, attribute in rows.items()}
    for key, value in given.items():
        attribute = rows.get(key)
        if attribute is None:
            raise AttributeValueError(f"attribute key '{key}' is not recognized", code="InvalidConfigurationRequest")
        attribute.check(value)
        values[key] = value
    return values
