"""`weighted_random`: as likely as the weights say (reference 5.2, 5.3)."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.algorithms.weighted_random import WeightedRandom


class Place:
    reads = 0

    def __init__(self, name: str, weight: float) -> None:
        self.name = name
        self._weight = weight

    @property
    def weight(self) -> float:
        Place.reads += 1
        return self._weight

    @weight.setter
    def weight(self, weight: float) -> None:
        self._weight = weight


def shares(weights: list[float], draws: int = 4000) -> list[float]:
    random = Random(11)
    candidates = [Place(str(number), weight) for number, weight in enumerate(weights)]
    algorithm: WeightedRandom[Place] = WeightedRandom()
    counts = Counter(algorithm.choose(candidates, 0.0, random).name for _ in range(draws))
    return [counts[candidate.name] / draws for candidate in candidates]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        pytest.param([1.0], [1.0], id="one target"),
        pytest.param([1.0, 1.0, 1.0, 1.0], [0.25, 0.25, 0.25, 0.25], id="without mitigation all alike"),
        pytest.param([1.0, 1.0, 0.05], [0.488, 0.488, 0.024], id="a mitigated one gets little"),
        pytest.param([1.0, 0.5, 0.5], [0.5, 0.25, 0.25], id="half recovered"),
        pytest.param([0.05, 0.05], [0.5, 0.5], id="equally low is equal"),
    ],
)
def test_shares(weights: list[float], expected: list[float]) -> None:
    assert shares(weights) == pytest.approx(expected, abs=0.025)


@settings(max_examples=25, derandomize=True, deadline=None)
@given(st.lists(st.floats(0.05, 1.0), min_size=1, max_size=8))
def test_shares_come_near_to_the_weights(weights: list[float]) -> None:
    expected = [weight / sum(weights) for weight in weights]
    assert shares(weights, 2000) == pytest.approx(expected, abs=0.06)


def test_the_same_seed_draws_the_same() -> None:
    candidates = [Place(name, 1.0) for name in "abcd"]
    one: WeightedRandom[Place] = WeightedRandom()
    other: WeightedRandom[Place] = WeightedRandom()
    first, second = Random(3), Random(3)
    for _ in range(50):
        assert one.choose(candidates, 0.0, first) is other.choose(candidates, 0.0, second)


def test_weights_are_read_once_for_each_list() -> None:
    candidates = [Place(str(number), 1.0 - number / 2000) for number in range(1000)]
    algorithm: WeightedRandom[Place] = WeightedRandom()
    Place.reads = 0
    for _ in range(100):
        algorithm.choose(candidates, 0.0, Random(1))
    assert Place.reads == 1000
    candidates[0].weight = 0.0
    assert algorithm.choose(list(candidates), 0.0, Random(1)) is not candidates[0]
    assert Place.reads == 2000


def test_a_draw_at_the_very_end_is_the_last_target() -> None:
    class End(Random):
        def random(self) -> float:
            return 1.0  # what a product that is rounded up amounts to

    candidates = [Place("a", 0.3), Place("b", 0.1)]
    algorithm: WeightedRandom[Place] = WeightedRandom()
    assert algorithm.choose(candidates, 0.0, End()).name == "b"
