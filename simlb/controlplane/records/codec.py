"""How values of the model become plain ones (dict, list, str, int, float, bool, None), and plain ones values again.

Every thing is a table of its members. What has its default is left out, so that records stay short, and a later simlb
with more members reads what an earlier one wrote.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
S = TypeVar("S", covariant=True)
E = TypeVar("E", bound=Enum)


class RecordError(ValueError):
    """A plain value that is no record of its kind. `path` leads to what is wrong within it."""

    def __init__(self, what: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.path = path

    def within(self, step: str | int) -> RecordError:
        """The same, seen from what holds the value."""
        return RecordError(self.what, (step, *self.path))

    def __str__(self) -> str:
        """`listeners.0.port: 'x' is not a whole number`."""
        way = ".".join(map(str, self.path))
        return f"{way}: {self.what}" if way else self.what


class Reads(Protocol[S]):
    """Something that reads plain values."""

    def decode(self, plain: Any) -> S:
        """The value. Raises RecordError."""


@dataclass(frozen=True, slots=True)
class Codec(Generic[T]):
    """Both ways of one kind of value. `decode` raises RecordError."""

    encode: Callable[[T], Any]
    decode: Callable[[Any], T]


def _instance(kind: type[T], words: str) -> Codec[T]:
    def decode(plain: Any) -> T:
        if type(plain) is not kind:
            raise RecordError(f"{plain!r} is not {words}")
        return plain

    return Codec(lambda value: value, decode)


def _text(plain: Any) -> str:
    if not isinstance(plain, str):
        raise RecordError(f"{plain!r} is not a text")
    try:
        plain.encode()
    except UnicodeEncodeError:
        raise RecordError(f"{plain!r} is half of a character") from None
    return plain


TEXT: Codec[str] = Codec(lambda value: value, _text)
INTEGER: Codec[int] = _instance(int, "a whole number")
FLAG: Codec[bool] = _instance(bool, "true or false")


def _number(plain: Any) -> float:
    if type(plain) not in {int, float}:
        raise RecordError(f"{plain!r} is not a number")
    return plain  # type: ignore[no-any-return]


NUMBER: Codec[float] = Codec(lambda value: value, _number)


def word(*choices: T) -> Codec[T]:
    """One of these."""

    def decode(plain: Any) -> T:
        for choice in choices:
            if plain == choice and type(plain) is type(choice):
                return choice
        raise RecordError(f"{plain!r} is none of {', '.join(map(str, choices))}")

    return Codec(lambda value: value, decode)


def member_of(kind: type[E]) -> Codec[E]:
    """A member of an enumeration, by its value."""
    by_value = {member.value: member for member in kind}

    def decode(plain: Any) -> E:
        if not isinstance(plain, str) or plain not in by_value:
            raise RecordError(f"{plain!r} is none of {', '.join(by_value)}")
        return by_value[plain]

    return Codec(lambda value: value.value, decode)


def written(parse: Callable[[str], T], write: Callable[[T], str] = str) -> Codec[T]:
    """What has a notation of its own. `parse` raises ValueError for anything else."""

    def decode(plain: Any) -> T:
        try:
            return parse(TEXT.decode(plain))
        except RecordError:
            raise
        except ValueError as error:
            raise RecordError(str(error)) from error

    return Codec(write, decode)


def optional(codec: Codec[T]) -> Codec[T | None]:
    """The same, or None."""
    return Codec(
        lambda value: None if value is None else codec.encode(value),
        lambda plain: None if plain is None else codec.decode(plain),
    )


def many(codec: Codec[T]) -> Codec[tuple[T, ...]]:
    """Any number of them, in their order."""

    def decode(plain: Any) -> tuple[T, ...]:
        if not isinstance(plain, list):
            raise RecordError(f"{plain!r} is not a list")
        return tuple(_at(codec, index, item) for index, item in enumerate(plain))

    return Codec(lambda value: [codec.encode(item) for item in value], decode)


def by_name(codec: Codec[T]) -> Codec[Mapping[str, T]]:
    """A value for each name."""

    def decode(plain: Any) -> Mapping[str, T]:
        return {name: _at(codec, name, item) for name, item in _object(plain).items()}

    return Codec(lambda value: {name: codec.encode(item) for name, item in value.items()}, decode)


def attributes(from_wire: Callable[[Mapping[str, str]], T], given: Callable[[T], Mapping[str, str]]) -> Codec[T]:
    """Attributes, by AWS's keys and wire strings as they were given. `from_wire` raises ValueError."""
    texts = by_name(TEXT)

    def decode(plain: Any) -> T:
        try:
            return from_wire(texts.decode(plain))
        except RecordError:
            raise
        except ValueError as error:
            raise RecordError(str(error)) from error

    return Codec(lambda value: dict(given(value)), decode)


def members(kind: type[T], **codecs: Codec[Any]) -> Codec[T]:
    """A dataclass, member by member. A member that is new in the model needs a codec here, or it would be lost."""
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    forgotten = fields.keys() ^ codecs.keys()
    assert not forgotten, f"{kind.__name__}: codecs and members differ in {', '.join(sorted(forgotten))}"
    absent = object()
    defaults: dict[str, Any] = {}
    for name, field in fields.items():
        if field.default is not dataclasses.MISSING:
            defaults[name] = codecs[name].encode(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            defaults[name] = codecs[name].encode(field.default_factory())

    def encode(value: T) -> dict[str, Any]:
        plain = {name: codec.encode(getattr(value, name)) for name, codec in codecs.items()}
        return {name: item for name, item in plain.items() if item != defaults.get(name, absent)}

    def decode(plain: Any) -> T:
        given = _object(plain)
        if unknown := given.keys() - codecs.keys():
            raise RecordError(f"there is no member '{min(unknown)}'")
        if missing := codecs.keys() - given.keys() - defaults.keys():
            raise RecordError(f"the member '{min(missing)}' is missing")
        return kind(**{name: _at(codecs[name], name, item) for name, item in given.items()})

    return Codec(encode, decode)


def one_of(tag: str, choices: Mapping[str, tuple[type, Codec[Any]]]) -> Codec[Any]:
    """One of several dataclasses, told apart by the member `tag`."""
    tags = {kind: name for name, (kind, _) in choices.items()}

    def encode(value: Any) -> dict[str, Any]:
        name = tags[type(value)]
        return {tag: name, **choices[name][1].encode(value)}

    def decode(plain: Any) -> Any:
        given = dict(_object(plain))
        name = given.pop(tag, None)
        if not isinstance(name, str) or name not in choices:
            raise RecordError(f"{name!r} is none of {', '.join(choices)}", (tag,))
        return choices[name][1].decode(given)

    return Codec(encode, decode)


def _object(plain: Any) -> Mapping[str, Any]:
    if not isinstance(plain, dict) or not all(isinstance(name, str) for name in plain):
        raise RecordError(f"{plain!r} is not an object")
    return plain


def _at(codec: Reads[S], step: str | int, plain: Any) -> S:
    try:
        return codec.decode(plain)
    except RecordError as error:
        raise error.within(step) from None
