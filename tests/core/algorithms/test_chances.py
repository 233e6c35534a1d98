"""Who would be chosen next: asking gives the answer that choosing then gives, and changes nothing."""

from __future__ import annotations

from random import Random

import pytest

from tests.core.groups import Group

ALGORITHMS = ["round_robin", "least_outstanding_requests", "weighted_random"]


def chances(group: Group) -> dict[str, float]:
    return {state.target.name: chance for state, chance in group.state.chances(group.now)}


def next_one(group: Group) -> str:
    return next(name for name, chance in chances(group).items() if chance == 1)


@pytest.mark.parametrize("algorithm", ["round_robin", "least_outstanding_requests"])
def test_the_one_who_is_said_to_be_next_is_next(algorithm: str) -> None:
    group = Group("abcd", algorithm=algorithm)
    group.probe(a="P", b="P", c="P", d="P")
    random = Random(7)
    for step in range(200):
        if step == 80:
            group.probe(b="FF")
        if step == 140:
            group.register("acde")
            group.probe(e="P")
        said = next_one(group)
        assert said == next_one(group), "asked twice"
        chosen = group.choose()
        assert chosen == said
        group.state.begin(group[chosen])
        busy = [state for state in group.state.targets.values() if state.outstanding]
        if busy and random.random() < 0.6:
            group.state.end(random.choice(busy), failed=False)


def test_a_slow_start_is_told_as_it_goes() -> None:
    group = Group("ab", slow_start_s=100)
    group.probe(a="P", b="P")
    group.register("abc")
    group.probe(c="P")
    assert group.ramping == "c"
    served = ""
    for _ in range(150):
        group.now += 0.7
        said = next_one(group)
        served += group.choose()
        assert served[-1] == said
    assert 5 < served.count("c") < 60


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_asking_changes_no_choice_and_draws_nothing(algorithm: str) -> None:
    asked, silent = Group("abc", algorithm=algorithm), Group("abc", algorithm=algorithm)
    for group in (asked, silent):
        group.probe(a="P", b="P", c="P")
    for _ in range(60):
        before = asked.random.getstate()
        chances(asked)
        assert asked.random.getstate() == before
        assert asked.choose() == silent.choose()


def test_weights_of_a_random_choice() -> None:
    group = Group("abc", algorithm="weighted_random", anomaly_mitigation=True)
    group.probe(a="P", b="P", c="P")
    assert chances(group) == pytest.approx({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3})
    group["b"].weight = 0.05
    assert chances(group) == pytest.approx({"a": 1 / 2.05, "b": 0.05 / 2.05, "c": 1 / 2.05})


def test_nobody_has_a_chance_where_nobody_is() -> None:
    assert Group("").state.chances(0) == []
    assert Group("ab").state.chances(0) == [], "nobody has passed yet"
