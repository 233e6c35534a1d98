"""A steady state: conditions that hold for a while without a break. A row is what holds at each second."""

from __future__ import annotations

import pytest

from simlb.scenario.steadiness import Steadiness


@pytest.mark.parametrize(
    ("holds", "verdict"),
    [
        ("yyyy", "...S"),
        ("nyyyy", "....S"),
        ("yyynyyyy", ".......S"),  # a break begins it anew
        ("nnnnnnnnnnn", "..........F"),
        ("nnnnnnnnyyy", "..........F"),  # too late to last long enough
        ("nnnnnnnyyyy", "..........S"),  # just in time
    ],
)
def test_three_seconds_within_ten(holds: str, verdict: str) -> None:
    steadiness = Steadiness(3.0, 10.0, 100.0)
    answers = [steadiness.look(sign == "y", 100.0 + number) for number, sign in enumerate(holds)]
    assert "".join({None: ".", True: "S", False: "F"}[answer] for answer in answers) == verdict
