"""Coded messages as they are printed."""

from __future__ import annotations

from simlb.errors import SimlbError


def test_hints_have_arrows_and_notes_have_none() -> None:
    error = SimlbError(
        "E302", "There is none.", "did you mean i-01?", "→ one: a        → two: b", notes=("E302  Nor here.",)
    )
    assert error.render().splitlines() == [
        "SIMLB-E302  There is none.",
        "            → did you mean i-01?",
        "            → one: a        → two: b",
        "            E302  Nor here.",
    ]
