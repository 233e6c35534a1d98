"""YAML text to plain values with the line of each: small, strict and bounded.

Composed from PyYAML's events, not its constructors, since a configuration needs less and more than YAML 1.1 gives:
`on`, `yes` and `22:22` stay text, duplicate keys are refused, every value keeps its line, and aliases cannot explode.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlb.config.problems import SCHEMA, UNREADABLE, Place
from simlb.config.source import Steps
from simlb.errors import ConfigError

if TYPE_CHECKING:
    from yaml.events import Event

FILE_BYTES_MAX = 1_000_000
DEPTH_MAX = 24
VALUES_MAX = 50_000
BEGIN_HINT = "simlb init writes one to begin with"

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,15})")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,15})\.[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class _Scalar:
    text: str
    plain: bool
    line: int

    def value(self) -> str | int | float | bool | None:
        if not self.plain:
            return self.text
        if self.text in _WORDS:
            return _WORDS[self.text]
        if _INT.fullmatch(self.text):
            return int(self.text)
        return float(self.text) if _FLOAT.fullmatch(self.text) else self.text


@dataclass(frozen=True, slots=True)
class _List:
    items: list[_Node]
    line: int


@dataclass(frozen=True, slots=True)
class _Mapping:
    pairs: list[tuple[_Scalar, _Node]]
    line: int


_Node = _Scalar | _List | _Mapping


@dataclass(frozen=True, slots=True)
class _Mark:
    line: int
    key_line: int
    written: str | None


class YamlSource:
    """The values of one YAML document and their lines. `name` is what messages call the file.

    `begin_hint` says what helps where there is nothing yet.
    """

    def __init__(self, text: str, name: str, path: Path | None = None, *, begin_hint: str = BEGIN_HINT) -> None:
        self.name = name
        self.path = path
        self._marks: dict[Steps, _Mark] = {}
        root = _Composer(text, name, begin_hint).document()
        self.values: object = self._expand(root, (), root.line)

    def place(self, steps: Steps) -> Place:
        """`file:line` of a value; of what holds it when it was not written."""
        while steps not in self._marks:
            steps = steps[:-1]
        return self._at(self._marks[steps].line)

    def key_place(self, steps: Steps) -> Place:
        """`file:line` of the key in front of a value."""
        return self._at(self._marks[steps].key_line)

    def written(self, steps: Steps) -> str | None:
        """A scalar as the file spells it."""
        mark = self._marks.get(steps)
        return mark.written if mark else None

    def _at(self, line: int) -> Place:
        return Place(f"{self.name}:{line}", line)

    def _expand(self, node: _Node, steps: Steps, key_line: int) -> object:
        # Aliases make a graph of the nodes; walking it as a tree is where a "billion laughs" would grow.
        if len(self._marks) >= VALUES_MAX or len(steps) > DEPTH_MAX:
            raise ConfigError(f"{self.name}:{node.line}", "too many or too deeply nested values", code=UNREADABLE)
        self._marks[steps] = _Mark(node.line, key_line, node.text if isinstance(node, _Scalar) else None)
        if isinstance(node, _Scalar):
            return node.value()
        if isinstance(node, _List):
            return [self._expand(item, (*steps, index), item.line) for index, item in enumerate(node.items)]
        return {key.text: self._expand(item, (*steps, key.text), key.line) for key, item in node.pairs}


class _Composer:
    """Builds nodes from the parser's events."""

    def __init__(self, text: str, name: str, begin_hint: str) -> None:
        self._name = name
        self._begin_hint = begin_hint
        self._events = _events(text, name)
        self._anchors: dict[str, _Node] = {}

    def document(self) -> _Node:
        import yaml

        next(self._events)  # the start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise ConfigError(self._name, "the file is empty", self._begin_hint, code=UNREADABLE)
        root = self._node(next(self._events), 0)
        next(self._events)  # the end of the document
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._error(event, "a second YAML document begins here; one file holds one document")
        return root

    def _node(self, event: Event, depth: int) -> _Node:
        import yaml

        if depth > DEPTH_MAX:
            raise self._error(event, f"nested more than {DEPTH_MAX} deep")
        anchor: str | None = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            if anchor not in self._anchors:
                raise self._error(event, f"alias '*{anchor}' has no anchor '&{anchor}' before it")
            return self._anchors[str(anchor)]
        line = _line(event)
        tag: str | None = getattr(event, "tag", None)
        if tag is not None:
            raise self._error(event, f"YAML tags such as '{tag}' are not supported")
        node: _Node
        if isinstance(event, yaml.ScalarEvent):
            if any("\ud800" <= char <= "\udfff" for char in event.value):
                raise self._error(event, "half of a surrogate pair is not a character")
            # A plain scalar is the only one whose value may be something else than text.
            node = _Scalar(event.value, bool(event.implicit[0]), line)
        elif isinstance(event, yaml.SequenceStartEvent):
            items = [self._node(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)]
            node = _List(items, line)
        else:
            node = _Mapping(self._pairs(depth), line)
        if anchor:
            self._anchors[anchor] = node
        return node

    def _pairs(self, depth: int) -> list[tuple[_Scalar, _Node]]:
        import yaml

        pairs: dict[str, tuple[_Scalar, _Node]] = {}
        for event in self._until(yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, _Scalar):
                raise self._error(event, "a key must be text")
            if key.text in pairs:
                first = pairs[key.text][0].line
                raise self._error(event, f"key '{key.text}' is given twice (first in line {first})", code=SCHEMA)
            pairs[key.text] = (key, self._node(next(self._events), depth + 1))
        return list(pairs.values())

    def _until(self, end: type[Event]) -> Iterator[Event]:
        while not isinstance(event := next(self._events), end):
            yield event

    def _error(self, event: Event, what: str, *, code: str = UNREADABLE) -> ConfigError:
        return ConfigError(f"{self._name}:{_line(event)}", what, code=code)


_HINTS = {
    "cannot start any token": "indent with spaces, not tabs",
    "node content": 'inside { } and [ ], put values such as ":8080" and "#{host}" in quotes',
    "',' or '}'": 'inside { } and [ ], put values such as "/#{path}" and "200,202" in quotes',
}


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _events(text: str, name: str) -> Iterator[Event]:
    """PyYAML's events, with its errors turned into ours."""
    import yaml
    from yaml.reader import ReaderError

    # libyaml is a hundred times faster where PyYAML was built with it; both speak of the same events.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except ReaderError as error:
        raise ConfigError(name, f"not YAML: {error.reason}", code=UNREADABLE) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        hints = tuple(hint for words, hint in _HINTS.items() if words in str(error.problem))
        raise ConfigError(f"{name}:{line}", f"not YAML: {error.problem}", *hints, code=UNREADABLE) from None


def read(path: Path, *, begin_hint: str = BEGIN_HINT) -> YamlSource:
    """Read a YAML file. Raises ConfigError (E504) when it is missing, not a file, too large or not YAML."""
    return YamlSource(read_text(path, begin_hint=begin_hint), str(path), path, begin_hint=begin_hint)


def read_text(path: Path, *, begin_hint: str = BEGIN_HINT) -> str:
    """Read a file's text. Raises ConfigError (E504) when it is missing, not a file, too large or not UTF-8."""
    name = str(path)
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            # A pipe nobody writes to would hold up a reload for ever.
            kind = "directory" if stat.S_ISDIR(mode) else "pipe or a device"
            raise ConfigError(name, f"is a {kind}, not a file", code=UNREADABLE)
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise ConfigError(name, "no such file", begin_hint, code=UNREADABLE) from None
    except (OSError, ValueError) as error:
        # ValueError: a path with a NUL in it.
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(name, f"cannot be read: {reason}", code=UNREADABLE) from None
    if len(data) > FILE_BYTES_MAX:
        raise ConfigError(name, f"is larger than {FILE_BYTES_MAX:,} bytes", code=UNREADABLE)
    return decode_text(data, name)


def decode_text(data: bytes, name: str) -> str:
    """UTF-8, with or without a byte order mark. Raises ConfigError (E504)."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}:{line}", "is not UTF-8 text", "save the file as UTF-8", code=UNREADABLE) from None
