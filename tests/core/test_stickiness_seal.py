"""Sealed values: nobody else can make, read or alter one (reference 5.5)."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.stickiness_seal import CookieSealer

KEY = bytes(range(32))
SEALER = CookieSealer(KEY)
OTHER = CookieSealer(bytes(32))


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.binary(min_size=65, max_size=65), st.integers(0, 2**32))
def test_what_was_sealed_is_read_again(text: bytes, seed: int) -> None:
    value = SEALER.seal(b"AWSALB", text, Random(seed))
    assert len(value) == 124
    assert b"=" not in value
    assert SEALER.open(b"AWSALB", value, 65) == text


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.binary(min_size=65, max_size=65), st.integers(0, 124 * 8 - 1))
def test_one_bit_that_differs_is_enough(text: bytes, bit: int) -> None:
    value = bytearray(SEALER.seal(b"AWSALB", text, Random(1)))
    value[bit // 8] ^= 1 << bit % 8
    assert SEALER.open(b"AWSALB", bytes(value), 65) is None


@pytest.mark.parametrize(
    ("sealer", "purpose", "size"),
    [
        pytest.param(OTHER, b"AWSALB", 65, id="another key"),
        pytest.param(SEALER, b"AWSALBAPP", 65, id="another purpose"),
        pytest.param(SEALER, b"AWSALB", 101, id="another size"),
    ],
)
def test_foreign(sealer: CookieSealer, purpose: bytes, size: int) -> None:
    value = SEALER.seal(b"AWSALB", bytes(65), Random(1))
    assert sealer.open(purpose, value, size) is None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"_remove_", id="too short"),
        pytest.param(b"A" * 124, id="base64 of zeros"),
        pytest.param(b"A" * 123 + b"=", id="padding"),
        pytest.param(b"A" * 122 + b"==", id="more padding"),
        pytest.param(b"%2B" + b"A" * 121, id="URL-encoded"),
        pytest.param(b"-_" * 62, id="the other alphabet"),
        pytest.param(b"A" * 100 + b"\n" + b"A" * 23, id="a line break"),
        pytest.param(b"\xff" * 124, id="no text at all"),
        pytest.param(b"A" * 20000, id="far too long"),
    ],
)
def test_nonsense(value: bytes) -> None:
    assert SEALER.open(b"AWSALB", value, 65) is None


def test_the_longer_form_has_172_characters() -> None:
    value = SEALER.seal(b"AWSALBTG", bytes(101), Random(1))
    assert len(value) == 172
    assert SEALER.open(b"AWSALBTG", value, 101) == bytes(101)


def test_two_seals_of_one_text_differ() -> None:
    random = Random(1)
    assert SEALER.seal(b"AWSALB", bytes(65), random) != SEALER.seal(b"AWSALB", bytes(65), random)
