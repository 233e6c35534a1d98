"""DNS names as Route 53 writes them: lower case, a dot at the end, and octal codes for all but `a-z 0-9 - _`.

`*.Shop.test` is `\\052.shop.test.`; the same name always has the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

LABEL_BYTES_MAX = 63
NAME_BYTES_MAX = 255
ROOT = "."
WILDCARD = "\\052"
"""A leftmost label that stands for any names."""

_PART = re.compile(r"\\([0-3][0-7]{2})|([!-~])")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")


class DnsNameError(ValueError):
    """A text that is no DNS name. `problem` is how Route 53 calls it, such as `DomainLabelTooLong (...)`."""

    def __init__(self, problem: str, text: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.text = text

    @property
    def words(self) -> str:
        """As Route 53 says it."""
        return f"FATAL problem: {self.problem} encountered with '{self.text}'"


def canonical(text: str) -> str:
    """The name in the one form that is used everywhere. Raises DnsNameError."""
    if text == ROOT:
        return ROOT
    return from_labels(_labels(text))


def from_labels(labels: Iterable[bytes]) -> str:
    """The name of these labels, whose lengths are right."""
    return "".join(f"{_written(label.lower())}." for label in labels) or ROOT


def to_labels(name: str) -> tuple[bytes, ...]:
    """The labels of a canonical name, as they are on the wire."""
    return tuple(_labels(name)) if name != ROOT else ()


def is_within(name: str, zone: str) -> bool:
    """Whether a canonical name is `zone` or below it."""
    return name == zone or name.endswith(f".{zone}") or zone == ROOT


def ancestors(name: str) -> Iterator[str]:
    """The name, its parent, and so on; the root is not among them."""
    while name and name != ROOT:
        yield name
        name = name.partition(".")[2]


def parent(name: str) -> str:
    """The name without its leftmost label."""
    return name.partition(".")[2] or ROOT


def listing_key(name: str) -> tuple[str, ...]:
    """What Route 53 sorts names by: their labels from right to left."""
    return tuple(reversed(name.rstrip(".").split(".")))


def _labels(text: str) -> Iterator[bytes]:
    total = 1
    for written in text.removesuffix(".").split("."):
        label = _label(written, text)
        total += len(label) + 1
        if total > NAME_BYTES_MAX:
            raise DnsNameError("DomainNameTooLong (Domain name is too long)", text)
        yield label


def _label(written: str, text: str) -> bytes:
    if not written:
        raise DnsNameError("DomainLabelEmpty (Domain label is empty)", text)
    label = bytearray()
    place = 0
    while place < len(written):
        part = _PART.match(written, place)
        if part is None:
            raise DnsNameError("UnsupportedCharacter (Value contains unsupported characters)", text)
        label.append(int(part[1], 8) if part[1] else ord(part[2]))
        place = part.end()
    if len(label) > LABEL_BYTES_MAX:
        raise DnsNameError("DomainLabelTooLong (Domain label is too long)", text)
    return bytes(label)


def _written(label: bytes) -> str:
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in label)
