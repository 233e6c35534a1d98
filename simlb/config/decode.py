"""Plain values into msgspec structs (`simlb.config.documents`, or another file's), every problem with its place.

msgspec's own decoder stops at its first error and has no lines, so the types it describes are walked here; the structs
stay the single description, from which the JSON Schema comes as well.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sized
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect as types

from simlb.config.documents import ELSEWHERE, NOT_YET, ConfigFile
from simlb.config.problems import NOT_YET as NOT_YET_CODE
from simlb.config.problems import RANGE, SCHEMA, Place, Problems, did_you_mean, quoted
from simlb.config.source import Source, Steps
from simlb.core.validation import NOT_SUPPORTED_ACTION_TYPES

KeyHints = Mapping[type[msgspec.Struct], Mapping[str, str]]
"""Hints for keys that a struct has not, by struct."""

_Root = TypeVar("_Root", bound=msgspec.Struct)


class _Bad:
    """Stands for a value whose problem has been noted."""


_BAD = _Bad()


class Places:
    """Where each entry of a decoded file was written."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._steps: dict[int, Steps] = {}
        self._kept: list[object] = []

    def remember(self, entry: object, steps: Steps) -> None:
        """Note where `entry` came from (and keep it, so that its identity stays its own)."""
        self._steps[id(entry)] = steps
        self._kept.append(entry)

    def at(self, entry: object, *keys: str | int) -> Place:
        """The place of a value inside `entry`, or of `entry` itself where nothing was written."""
        return self._source.place((*self._steps.get(id(entry), ()), *keys))

    def key_at(self, entry: object, *keys: str | int) -> Place:
        """The place of a key inside `entry`."""
        return self._source.key_place((*self._steps.get(id(entry), ()), *keys))

    def written(self, entry: object, *keys: str | int) -> str | None:
        """A scalar as it was spelled, if it was."""
        return self._source.written((*self._steps.get(id(entry), ()), *keys))


def decode(source: Source, problems: Problems) -> tuple[ConfigFile, Places]:
    """Read `source` into a ConfigFile. Raises InvalidConfigError when anything in it does not have the right shape."""
    return decode_as(ConfigFile, source, problems)


def decode_as(
    root: type[_Root],
    source: Source,
    problems: Problems,
    *,
    not_yet: KeyHints = NOT_YET,
    elsewhere: KeyHints = ELSEWHERE,
) -> tuple[_Root, Places]:
    """Read `source` into a `root`, whose fields are structs, lists, mappings with text keys, and scalars.

    `not_yet` are keys that are refused as not supported yet, `elsewhere` keys with what to write in their place. Raises
    InvalidConfigError when anything does not have the right shape.
    """
    walker = _Walker(source, problems, not_yet, elsewhere)
    file = walker.value(source.values, _shape(root), ())
    problems.raise_any()
    assert isinstance(file, root)
    return file, walker.places


@functools.cache
def _shape(root: type[msgspec.Struct]) -> types.Type:
    return types.type_info(root)


class _Walker:
    def __init__(self, source: Source, problems: Problems, not_yet: KeyHints, elsewhere: KeyHints) -> None:
        self.places = Places(source)
        self._source = source
        self._problems = problems
        self._not_yet = not_yet
        self._elsewhere = elsewhere

    def value(self, value: object, kind: types.Type, steps: Steps) -> object:
        """`value` as `kind`, or `_BAD` after noting why not."""
        members = [member for member in _members(kind) if _is_of(value, member)]
        if not members:
            return self._wrong(value, kind, steps, SCHEMA)
        if isinstance(value, dict):
            if isinstance(members[0], types.StructType):
                return self._struct(value, cast("list[types.StructType]", members), steps)
            return self._mapping(value, cast("types.DictType", members[0]), steps)
        if isinstance(value, list):
            return self._list(value, cast("types.ListType", members[0]), steps)
        if not any(_in_range(value, member) for member in members):
            return self._wrong(value, kind, steps, RANGE)
        return value

    def _struct(self, value: dict[str, object], members: list[types.StructType], steps: Steps) -> object:
        given = dict(value)
        tag_field = members[0].tag_field
        shape: types.StructType | None = members[0]
        if tag_field is not None:
            shape = self._tagged(given.pop(tag_field, None), members, tag_field, steps)
        if shape is None:
            return _BAD
        # Keys that are Python's own words (`for`) have another name as a field.
        known = {field.encode_name: field for field in shape.fields}
        fields = {}
        for key, item in given.items():
            if key not in known:
                self._unknown(key, shape.cls, [*known, *([tag_field] if tag_field else [])], steps)
            elif item is None:
                self._problems.add(self._source.key_place((*steps, key)), f"'{key}' has no value", code=SCHEMA)
            else:
                fields[known[key].name] = self.value(item, known[key].type, (*steps, key))
        missing = [field.encode_name for field in shape.fields if field.required and field.encode_name not in given]
        for name in missing:
            formats = _choices(known[name].type) if name == "simlb" else ()
            hints = tuple(f"the first line of the file says: simlb: {form}" for form in formats)
            self._problems.add(
                self._source.place(steps), f"'{name}' is missing in {_label(steps)}", *hints, code=SCHEMA
            )
        if missing or len(fields) < len(given) or any(item is _BAD for item in fields.values()):
            return _BAD
        entry = shape.cls(**fields)
        self.places.remember(entry, steps)
        return entry

    def _tagged(
        self, tag: object, members: list[types.StructType], tag_field: str, steps: Steps
    ) -> types.StructType | None:
        for member in members:
            if member.tag == tag:
                return member
        tags = [str(member.tag) for member in members]
        if tag is None:
            place = self._source.place(steps)
            self._problems.add(place, f"'{tag_field}' is missing in {_label(steps)}: {quoted(tags)}", code=SCHEMA)
        elif tag in NOT_SUPPORTED_ACTION_TYPES:
            place = self._source.place((*steps, tag_field))
            self._problems.add(place, f"action type '{tag}' is not supported yet", code=NOT_YET_CODE)
        else:
            place = self._source.place((*steps, tag_field))
            what = f"'{tag_field}' must be one of {quoted(tags)}, not {_shown(tag)}{did_you_mean(str(tag), tags)}"
            self._problems.add(place, what, code=RANGE)
        return None

    def _unknown(self, key: str, cls: type, known: Iterable[str], steps: Steps) -> None:
        place = self._source.key_place((*steps, key))
        hint = _of(cls, self._not_yet).get(key)
        instead = _of(cls, self._elsewhere).get(key)
        if instead is not None:
            what = f"unknown key '{key}' in {_label(steps)}"
            self._problems.add(place, what, f"write it as {instead}", code=SCHEMA)
        elif hint is not None:
            hints = (hint,) if hint else ()
            self._problems.add(place, f"'{key}' is not supported yet", *hints, code=NOT_YET_CODE)
        else:
            what = f"unknown key '{key}' in {_label(steps)}{did_you_mean(key, known)}"
            self._problems.add(place, what, code=SCHEMA)

    def _mapping(self, value: dict[str, object], kind: types.DictType, steps: Steps) -> object:
        if not self._has_right_length(value, kind, steps):
            return _BAD
        built = {key: self.value(item, kind.value_type, (*steps, key)) for key, item in value.items()}
        return _BAD if any(item is _BAD for item in built.values()) else built

    def _list(self, value: list[object], kind: types.ListType, steps: Steps) -> object:
        if not self._has_right_length(value, kind, steps):
            return _BAD
        built = [self.value(item, kind.item_type, (*steps, index)) for index, item in enumerate(value)]
        return _BAD if any(item is _BAD for item in built) else built

    def _has_right_length(self, value: Sized, kind: types.ListType | types.DictType, steps: Steps) -> bool:
        low, high = kind.min_length or 0, kind.max_length
        if low <= len(value) and (high is None or len(value) <= high):
            return True
        needs = "at least one entry" if low == 1 and not value else f"{low} entries" if low == high else None
        wanted = needs or (f"at least {low} entries" if len(value) < low else f"at most {high} entries")
        self._problems.add(self._source.place(steps), f"'{steps[-1]}' needs {wanted}", code=RANGE)
        return False

    def _wrong(self, value: object, kind: types.Type, steps: Steps, code: str) -> _Bad:
        wanted = " or ".join(dict.fromkeys(_described(member) for member in _members(kind)))
        what = f"{_label(steps, quote=True)} must be {wanted}, not {_shown(value)}"
        choices = [str(choice) for member in _members(kind) for choice in _choices(member)]
        hints: list[str] = _spelling(kind)
        if isinstance(value, str):
            what += did_you_mean(value, choices)
        elif (
            not hints
            and isinstance(value, int | float)
            and any(isinstance(member, types.StrType) for member in _members(kind))
        ):
            hints.append("put it in quotes")
        # A word that is not on the list is a value out of range rather than a file of the wrong shape.
        self._problems.add(self._source.place(steps), what, *hints, code=RANGE if choices and not hints else code)
        return _BAD


def _of(cls: type, table: KeyHints) -> Mapping[str, str]:
    return table.get(cls, {}) if issubclass(cls, msgspec.Struct) else {}


def _members(kind: types.Type) -> list[types.Type]:
    """The alternatives of a type, without annotations and without None ("not given" is not something to write)."""
    if isinstance(kind, types.Metadata):
        return _members(kind.type)
    if isinstance(kind, types.UnionType):
        return [inner for member in kind.types for inner in _members(member)]
    return [] if isinstance(kind, types.NoneType) else [kind]


def _spelling(kind: types.Type) -> list[str]:
    """How a value of this type is spelled, where its struct says so: `Meta(extra={"spelling": ...})`."""
    if isinstance(kind, types.Metadata):
        own = (kind.extra or {}).get("spelling")
        return [own] if own else _spelling(kind.type)
    return [word for member in kind.types for word in _spelling(member)] if isinstance(kind, types.UnionType) else []


def _choices(kind: types.Type) -> tuple[Any, ...]:
    return tuple(kind.values) if isinstance(kind, types.LiteralType) else ()


_PYTHON: dict[type[types.Type], type | tuple[type, ...]] = {
    types.StructType: dict,
    types.DictType: dict,
    types.ListType: list,
    types.StrType: str,
    types.LiteralType: str,
    types.IntType: int,
    types.FloatType: (int, float),
}


def _is_of(value: object, kind: types.Type) -> bool:
    """True when `value` has the kind of value that `kind` describes, whatever its range."""
    if isinstance(value, bool):
        return isinstance(kind, types.BoolType)
    return isinstance(value, _PYTHON.get(type(kind), ()))


def _in_range(value: Any, kind: types.Type) -> bool:
    if isinstance(kind, types.LiteralType):
        return value in kind.values
    if isinstance(kind, types.IntType | types.FloatType):
        return (
            (kind.ge is None or value >= kind.ge)
            and (kind.gt is None or value > kind.gt)
            and (kind.le is None or value <= kind.le)
        )
    if isinstance(kind, types.StrType):
        return (kind.min_length or 0) <= len(value) and (kind.max_length is None or len(value) <= kind.max_length)
    return True


def _described(kind: types.Type) -> str:
    """What may be written, in words."""
    if isinstance(kind, types.LiteralType):
        return f"one of {quoted(map(str, kind.values))}" if len(kind.values) > 1 else f"'{kind.values[0]}'"
    if isinstance(kind, types.IntType):
        return "a whole number" + (f" from {kind.ge} to {kind.le}" if kind.le is not None else "")
    if isinstance(kind, types.FloatType):
        return "a number" + (f" above {kind.gt:g} and at most {kind.le:g}" if kind.le is not None else "")
    if isinstance(kind, types.StrType):
        return "text" + (f" of {kind.min_length or 0} to {kind.max_length} characters" if kind.max_length else "")
    words = {types.BoolType: "true or false", types.ListType: "a list"}
    return next((word for cls, word in words.items() if isinstance(kind, cls)), "a mapping (key: value)")


def _shown(value: object) -> str:
    """A value as messages show it: short, and without Python's words."""
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= 60 else f"'{value[:57]}...'"
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else str(value)


def _label(steps: Steps, *, quote: bool = False) -> str:
    """What people call a place: `health_check`, `target_groups[0]`."""
    if not steps:
        return "the file"
    numbers = ""
    while isinstance(steps[-1], int) and len(steps) > 1:
        numbers, steps = f"[{steps[-1]}]{numbers}", steps[:-1]
    label = f"{steps[-1]}{numbers}"
    return f"'{label}'" if quote else label
