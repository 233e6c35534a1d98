"""`least_outstanding_requests`: fewest requests in flight, in turn among equals (reference 5.2)."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.algorithms.least_outstanding_requests import LeastOutstandingRequests


class Place:
    def __init__(self, name: str, outstanding: int = 0) -> None:
        self.name = name
        self.outstanding = outstanding


class Service:
    """Requests begin with a choice and end by the target's name."""

    def __init__(self, **outstanding: int) -> None:
        self.places = {name: Place(name, count) for name, count in outstanding.items()}
        self.candidates = list(self.places.values())
        self.algorithm: LeastOutstandingRequests[Place] = LeastOutstandingRequests()

    def begin(self) -> str:
        place = self.algorithm.choose(self.candidates, 0.0, Random(0))
        place.outstanding += 1
        self.algorithm.on_changed(place)
        return place.name

    def end(self, name: str) -> None:
        self.places[name].outstanding -= 1
        self.algorithm.on_changed(self.places[name])

    def play(self, playbook: str) -> str:
        """`+` begins a request, a letter ends one of that target; `=abc` makes these the candidates."""
        chosen = ""
        for step in playbook.split():
            if step.startswith("="):
                self.candidates = [self.places[name] for name in step[1:]]
            elif step == "+":
                chosen += self.begin()
            else:
                self.end(step)
        return chosen


@pytest.mark.parametrize(
    ("outstanding", "playbook", "chosen"),
    [
        pytest.param({"a": 0, "b": 0, "c": 0}, "+ + + +", "abca", id="all idle: in turn"),
        pytest.param({"a": 0, "b": 0, "c": 0}, "+ a + b + c +", "abca", id="answered at once: still in turn"),
        pytest.param({"a": 2, "b": 0}, "+ + + +", "bbab", id="filled up to the level of the others"),
        pytest.param({"a": 0, "b": 5, "c": 1}, "+ + + +", "acac", id="the busiest is left alone"),
        pytest.param({"a": 0, "b": 0, "c": 0}, "+ + + b + +", "abcba", id="whoever finishes is next"),
        pytest.param({"a": 0, "b": 0}, "+ + b a + +", "abab", id="equals: the one chosen longest ago"),
        pytest.param({"a": 0, "b": 0, "c": 0}, "+ =bc + + +", "abcb", id="one leaves"),
        pytest.param({"a": 0, "b": 0, "c": 0}, "=ab + + + + =abc + + +", "ababcca", id="one that joins catches up"),
        pytest.param({"a": 0, "b": 0, "c": 0}, "+ + =a + =abc +", "abac", id="left out for once, turns are kept"),
        pytest.param({"a": 0, "b": 0}, "+ + =a b =ab +", "abb", id="a count that changed meanwhile is seen"),
    ],
)
def test_playbook(outstanding: dict[str, int], playbook: str, chosen: str) -> None:
    assert Service(**outstanding).play(playbook) == chosen


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.just("+"),
            st.sampled_from("abcdef"),
            st.sets(st.sampled_from("abcdef"), min_size=1).map(lambda names: "=" + "".join(sorted(names))),
        ),
        max_size=80,
    )
)
def test_no_candidate_has_fewer_than_the_chosen_one(steps: list[str]) -> None:
    service = Service(a=0, b=0, c=0, d=1, e=2, f=3)
    for step in steps:
        if step == "+":
            fewest = min(place.outstanding for place in service.candidates)
            name = service.begin()
            assert service.places[name] in service.candidates
            assert service.places[name].outstanding - 1 == fewest
        elif step.startswith("=") or service.places[step].outstanding:
            service.play(step)


class Counted(int):
    """A number that counts how often it is compared."""

    comparisons = 0

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return int.__eq__(self, other) is True

    def __lt__(self, other: int) -> bool:
        Counted.comparisons += 1
        return int.__lt__(self, other)

    __hash__ = int.__hash__


def test_a_request_costs_a_few_dozen_comparisons_among_a_thousand_targets() -> None:
    random = Random(7)
    candidates = [Place(str(number), Counted(0)) for number in range(1000)]
    algorithm: LeastOutstandingRequests[Place] = LeastOutstandingRequests()
    algorithm.choose(candidates, 0.0, random)  # the heap is built
    under_way: list[Place] = []
    Counted.comparisons = 0
    requests = 4000
    for _ in range(requests):
        place = algorithm.choose(candidates, 0.0, random)
        place.outstanding = Counted(place.outstanding + 1)
        algorithm.on_changed(place)
        under_way.append(place)
        if len(under_way) > 1500:
            done = under_way.pop(random.randrange(len(under_way)))
            done.outstanding = Counted(done.outstanding - 1)
            algorithm.on_changed(done)
    assert Counted.comparisons / requests < 60, "log2(1000) is 10; a scan would take 1000"


def test_the_heap_stays_bounded_when_nobody_chooses() -> None:
    service = Service(a=0, b=0)
    service.begin()
    for _ in range(500):
        service.places["b"].outstanding += 1
        service.algorithm.on_changed(service.places["b"])
    assert service.algorithm.entries <= 2 * 2 + 64


def test_turns_of_targets_that_are_gone_are_forgotten() -> None:
    algorithm: LeastOutstandingRequests[Place] = LeastOutstandingRequests()
    for number in range(500):
        algorithm.choose([Place(str(number))], 0.0, Random(0))
    assert len(algorithm._turns) <= 2 + 64
