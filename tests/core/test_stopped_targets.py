"""Targets whose instance is stopped: registered, unused, and with no say in anything (reference 2.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simlb.core.health import HealthState
from simlb.core.target_group import Reconciled, RoutingMode
from tests.core.groups import Group


def stop(group: Group, names: str, *, of: str = "ab", in_use: bool = True) -> Reconciled:
    """These of the registered ones are stopped from now on, and no others."""
    described = group.described(of)
    targets = tuple(replace(target, is_stopped=target.name in names) for target in described.targets)
    return group.state.reconcile(replace(described, targets=targets), group.now, in_use=in_use)


@pytest.fixture
def pair() -> Group:
    """Two healthy targets."""
    group = Group("ab")
    group.probe(a="P", b="P")
    return group


def test_a_stopped_target_is_unused_and_gets_nothing(pair: Group) -> None:
    changes = stop(pair, "a")
    assert [state.target.name for state in changes.stopped] == ["a"]
    assert changes.added == ()
    health = pair["a"].health
    assert (health.state, health.reason) == (HealthState.UNUSED, "Target.InvalidState")
    assert health.description == "Target is in the stopped state"
    assert pair.serve(3) == "bbb"
    pair.probe(a="PPPPP")
    assert pair.candidates == "b"


def test_started_again_it_is_initial(pair: Group) -> None:
    stop(pair, "a")
    changes = stop(pair, "")
    assert [state.target.name for state in changes.added] == ["a"]
    assert pair["a"].health.state is HealthState.INITIAL
    assert pair.candidates == "b"
    pair.probe(a="P")
    assert pair.candidates == "ab"


def test_it_does_not_count_towards_fail_open(pair: Group) -> None:
    pair.probe(b="FF")
    assert pair.candidates == "a"
    stop(pair, "a")
    assert (pair.candidates, pair.state.mode) == ("b", RoutingMode.FAIL_OPEN)
    stop(pair, "ab")
    assert (pair.candidates, pair.state.mode) == ("", RoutingMode.NO_TARGETS)


def test_a_group_that_no_listener_uses_says_so(pair: Group) -> None:
    stop(pair, "a", in_use=False)
    assert pair["a"].health.reason == "Target.NotInUse"
    stop(pair, "a")
    assert pair["a"].health.reason == "Target.InvalidState"


def test_one_that_is_registered_while_stopped(pair: Group) -> None:
    changes = stop(pair, "c", of="abc")
    assert (len(changes.added), pair["c"].health.reason) == (0, "Target.InvalidState")


def test_a_stopped_target_can_be_deregistered(pair: Group) -> None:
    stop(pair, "a")
    stop(pair, "", of="b")
    assert pair["a"].health.state is HealthState.DRAINING
    stop(pair, "a")
    assert pair["a"].health.reason == "Target.InvalidState"
