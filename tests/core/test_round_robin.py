"""`round_robin`: an even cycle that joins and leaves do not upset (reference 5.2)."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.algorithms.round_robin import RoundRobin


@pytest.mark.parametrize(
    ("playbook", "chosen"),
    [
        pytest.param("abc:7", "abcabca", id="registration order, again and again"),
        pytest.param("a:3", "aaa", id="one target gets everything"),
        pytest.param("abc:1 bc:4", "abcbc", id="who was just served leaves: the next in line is next"),
        pytest.param("abc:1 ac:4", "acaca", id="who was due leaves: the one behind it is next"),
        pytest.param("abc:2 ab:3", "ababa", id="the last one leaves when it was due: back to the first"),
        pytest.param("abc:2 bc:2", "abcb", id="one that had its turn leaves: nobody is skipped"),
        pytest.param("ab:1 abc:4", "abcab", id="one that joins waits for its place"),
        pytest.param("bc:1 abc:3", "bcab", id="one that joins in front does not turn the cycle back"),
        pytest.param("abc:2 xyz:4", "abxyzx", id="all are replaced: from the beginning"),
        pytest.param("abc:3 abc:2", "abcab", id="an equal list goes on"),
    ],
)
def test_playbook(playbook: str, chosen: str) -> None:
    algorithm = RoundRobin()
    found = ""
    for step in playbook.split():
        names, _, count = step.partition(":")
        candidates = list(names)
        found += "".join(algorithm.choose(candidates, 0.0, Random(0)) for _ in range(int(count)))
    assert found == chosen


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.sets(st.sampled_from("bcdef"), max_size=5), st.integers(0, 4)), min_size=3, max_size=30))
def test_whoever_stays_is_never_overtaken_twice(steps: list[tuple[set[str], int]]) -> None:
    """`a` is always a candidate: between two of its turns nobody present throughout has two."""
    algorithm = RoundRobin()
    served: list[str] = []
    always = set("bcdef")
    for names, count in steps:
        candidates = sorted({"a", *names})
        for _ in range(count):
            always &= set(candidates)
            choice = algorithm.choose(candidates, 0.0, Random(0))
            if choice == "a":
                served, always = [], set(candidates)
            else:
                served.append(choice)
                assert all(served.count(name) <= 1 for name in always)
