"""CBOR, by the examples of RFC 8949 (appendix A) and by botocore's own writer; and what is not read."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from simlb.controlplane.query.cbor import DEPTH_MAX, ITEMS_MAX, CborError, Epoch, decode, encode

EXAMPLES: list[tuple[str, Any]] = [
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("1903e8", 1000),
    ("1a000f4240", 1_000_000),
    ("1bffffffffffffffff", 2**64 - 1),
    ("20", -1),
    ("3903e7", -1000),
    ("3bffffffffffffffff", -(2**64)),
    ("f93c00", 1.0),
    ("f97bff", 65504.0),
    ("fa47c35000", 100_000.0),
    ("fb3ff199999999999a", 1.1),
    ("f97c00", math.inf),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("f7", None),
    ("c11a514b67b0", Epoch(1363896240)),
    ("c1fb41d452d9ec200000", Epoch(1363896240.5)),
    ("60", ""),
    ("6449455446", "IETF"),
    ("63e6b0b4", "\u6c34"),
    ("80", []),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("a0", {}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("7f657374726561646d696e67ff", "streaming"),
    ("7fff", ""),
    ("9fff", []),
    ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
    ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ("bf6346756ef563416d7421ff", {"Fun": True, "Amt": -2}),
]


@pytest.mark.parametrize(("text", "value"), EXAMPLES)
def test_examples(text: str, value: object) -> None:
    found = decode(bytes.fromhex(text))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "18",
        "1c",  # a length that means nothing
        "1f",
        "5f",
        "6261",  # two bytes are announced
        "7f6161",  # no end
        "7f01ff",  # a number inside a text
        "7f7f6161ffff",  # a text of texts of texts
        "62c328",
        "82",
        "9bffffffffffffffff00",  # more than there can be
        "7bffffffffffffffff00",
        "bbffffffffffffffff6161",
        "a10102",  # a number for a key
        "a2616101616102",  # a key twice
        "a16161",
        "bf6161ff",
        "0000",  # more than one value
        "ff",
        "9fff00",
        "4101",  # bytes: no parameter is of that kind
        "c001",  # another tag
        "c249010000000000000000",  # a big number
        "c16161",  # a time that is a text
        "c1f5",
        "c1f97e00",  # and one that is none
        "d9d9f700",
        "d81c00",  # shared values
        "d81d00",
        "e0",
        "f8ff",
        "fc",
    ],
)
def test_what_is_not_read(text: str) -> None:
    with pytest.raises(CborError):
        decode(bytes.fromhex(text))


def test_what_is_too_much() -> None:
    assert decode(b"\x81" * (DEPTH_MAX - 1) + b"\x80")
    for body in (b"\x81" * (DEPTH_MAX + 1) + b"\x80", b"\x9f" * 100_000, b"\xc1" * 100_000, b"\xa1\x61a" * 100_000):
        with pytest.raises(CborError):
            decode(body)
    with pytest.raises(CborError):
        decode(b"\x9a" + (ITEMS_MAX).to_bytes(4, "big") + bytes(ITEMS_MAX))


def test_what_is_written_can_be_read() -> None:
    value = {
        "text": "가\x00" * 40,
        "numbers": [0, 23, 24, 255, 256, 65_535, 65_536, 2**32, 2**64 - 1, -1, -25, 0.5, 1e300],
        "none": None,
        "flags": [True, False],
        "list": list(range(300)),
    }
    assert decode(encode(value)) == value
    moment = datetime(2026, 11, 28, 13, 40, 0, 500_000, tzinfo=UTC)
    assert decode(encode(moment)) == Epoch(moment.timestamp())
    assert decode(encode("half \ud800")) == "half ?"


def test_no_bytes_do_anything_else() -> None:
    """Whatever comes, it is read or refused."""
    drawn = random.Random(8949)
    good = encode({"a": [1, 2.5, "three", {"b": None}], "c": datetime(2026, 1, 1, tzinfo=UTC)})
    for _ in range(3000):
        body = bytearray(good)
        for _ in range(drawn.randint(1, 4)):
            body[drawn.randrange(len(body))] = drawn.randrange(256)
        try:
            decode(bytes(body[: drawn.randint(0, len(body))] if drawn.random() < 0.3 else body))
        except CborError:
            continue
