"""Who gets the next request, from health and registrations (reference 2.3-2.5)."""

from __future__ import annotations

from random import Random

import pytest

from simlb.core.attributes import TargetGroupAttributes
from simlb.core.health import HealthState, ProbeOutcome, ProbeResult
from simlb.core.model import Target, TargetGroup
from simlb.core.target_group import RoutingMode, TargetGroupState, TargetState

PASS = ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=200)
FAIL = ProbeResult(outcome=ProbeOutcome.REFUSED)


def target(name: str, dial_port: int = 9000) -> Target:
    return Target(id=f"i-{name}", port=80, dial_host="127.0.0.1", dial_port=dial_port, name=name)


def group(names: str, *, delay_s: int = 300) -> TargetGroup:
    return TargetGroup(
        name="web",
        arn="arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0123456789abcdef",
        targets=tuple(target(name) for name in names),
        attributes=TargetGroupAttributes(deregistration_delay_s=delay_s),
    )


def live(described: TargetGroup, *, in_use: bool = True) -> TargetGroupState:
    return TargetGroupState(described, 0.0, cookie_key=bytes(32), in_use=in_use)


def named(state: TargetGroupState, name: str) -> TargetState:
    return state.targets[f"i-{name}", 80]


def probe(state: TargetGroupState, name: str, letters: str, now: float = 1.0) -> None:
    for letter in letters:
        state.on_probe(named(state, name), PASS if letter == "P" else FAIL, now)


def with_health(**health: str) -> TargetGroupState:
    """A group whose targets have had these probes: `P` passes, `F` fails."""
    state = live(group("".join(health)))
    for name, letters in health.items():
        probe(state, name, letters)
    return state


def serve(state: TargetGroupState, count: int) -> str:
    chosen = [state.choose(1.0, Random(0)) for _ in range(count)]
    return "".join("-" if one is None else one.target.name for one in chosen)


def states(state: TargetGroupState) -> dict[str, str]:
    return {one.target.name: str(one.health.state) for one in state.targets.values()}


@pytest.mark.parametrize(
    ("health", "served", "mode"),
    [
        pytest.param({}, "---", RoutingMode.NO_TARGETS, id="no target: 503"),
        pytest.param({"a": "", "b": ""}, "---", RoutingMode.ALL_INITIAL, id="all still initial: 503"),
        pytest.param({"a": "F", "b": ""}, "---", RoutingMode.ALL_INITIAL, id="one failure is not unhealthy yet: 503"),
        pytest.param({"a": "P", "b": "", "c": ""}, "aaa", RoutingMode.HEALTHY, id="initial targets get nothing"),
        pytest.param({"a": "P", "b": "P", "c": "P"}, "abc", RoutingMode.HEALTHY, id="all healthy: in turn"),
        pytest.param({"a": "P", "b": "FF", "c": "P"}, "aca", RoutingMode.HEALTHY, id="unhealthy ones get nothing"),
        pytest.param({"a": "FF", "b": "FF"}, "aba", RoutingMode.FAIL_OPEN, id="all unhealthy: all of them (fail open)"),
        pytest.param(
            {"a": "FF", "b": ""}, "aba", RoutingMode.FAIL_OPEN, id="unhealthy and initial: fail open over both"
        ),
    ],
)
def test_candidates(health: dict[str, str], served: str, mode: RoutingMode) -> None:
    state = with_health(**health)
    assert (serve(state, 3), state.mode) == (served, mode)


def test_a_group_nothing_uses_has_no_candidates() -> None:
    state = live(group("ab"), in_use=False)
    assert (serve(state, 1), state.mode) == ("-", RoutingMode.UNUSED)
    assert states(state) == {"a": "unused", "b": "unused"}


def test_a_group_that_comes_into_use_begins_checking_and_goes_unused_again() -> None:
    state = live(group("ab"), in_use=False)
    changes = state.reconcile(group("ab"), 5.0, in_use=True)
    assert [one.target.name for one in changes.added] == ["a", "b"], "these have to be probed from now on"
    assert states(state) == {"a": "initial", "b": "initial"}
    assert named(state, "a").since == 5.0
    probe(state, "a", "P")
    assert serve(state, 1) == "a"
    state.reconcile(group("ab"), 9.0, in_use=False)
    assert (serve(state, 1), state.mode) == ("-", RoutingMode.UNUSED)


def test_a_target_leaves_after_two_failures_and_returns_after_five_passes() -> None:
    state = with_health(a="P", b="P")
    assert serve(state, 4) == "abab"
    probe(state, "b", "F")
    assert serve(state, 2) == "ab"
    probe(state, "b", "F")
    assert serve(state, 2) == "aa"
    probe(state, "b", "PPPP")
    assert serve(state, 2) == "aa"
    probe(state, "b", "P")
    assert sorted(serve(state, 2)) == ["a", "b"]


def test_nobody_loses_a_turn_when_another_target_dies() -> None:
    state = with_health(a="P", b="P", c="P")
    assert serve(state, 1) == "a"
    probe(state, "a", "FF")
    assert serve(state, 4) == "bcbc"


def test_the_last_healthy_target_dies_then_one_comes_back() -> None:
    state = with_health(a="P", b="FF")
    probe(state, "a", "FF")
    assert state.mode is RoutingMode.FAIL_OPEN
    assert sorted(serve(state, 2)) == ["a", "b"]
    probe(state, "b", "PPPPP")
    assert (serve(state, 2), state.mode) == ("bb", RoutingMode.HEALTHY)


def test_since_says_when_the_state_was_entered() -> None:
    state = with_health(a="P")
    assert named(state, "a").since == 1.0
    probe(state, "a", "P", now=50.0)
    assert named(state, "a").since == 1.0, "a further pass enters nothing"
    probe(state, "a", "FF", now=60.0)
    assert named(state, "a").since == 60.0


def test_a_new_target_starts_initial_and_the_old_ones_keep_their_health() -> None:
    state = with_health(a="P")
    changes = state.reconcile(group("ab"), 10.0, in_use=True)
    assert [one.target.name for one in changes.added] == ["b"]
    assert changes.draining == ()
    assert states(state) == {"a": "healthy", "b": "initial"}
    assert serve(state, 2) == "aa"


def test_a_removed_target_drains_for_its_delay_and_is_then_forgotten() -> None:
    state = with_health(a="P", b="P")
    assert state.next_deadline() is None
    changes = state.reconcile(group("a", delay_s=30), 100.0, in_use=True)
    assert [one.target.name for one in changes.draining] == ["b"]
    assert states(state) == {"a": "healthy", "b": "draining"}
    assert serve(state, 3) == "aaa", "no new request for what drains"
    assert state.next_deadline() == 130.0
    assert state.on_deadline(129.9) == []
    assert [one.target.name for one in state.on_deadline(130.0)] == ["b"]
    assert states(state) == {"a": "healthy"}
    assert state.next_deadline() is None


def test_a_second_change_does_not_prolong_draining() -> None:
    state = with_health(a="P", b="P")
    state.reconcile(group("a"), 100.0, in_use=True)
    changes = state.reconcile(group("a"), 200.0, in_use=True)
    assert (changes.draining, state.next_deadline()) == ((), 400.0)


def test_several_targets_drain_each_for_its_own_time() -> None:
    state = with_health(a="P", b="P", c="P")
    state.reconcile(group("ab"), 100.0, in_use=True)
    state.reconcile(group("a"), 150.0, in_use=True)
    assert state.next_deadline() == 400.0
    assert [one.target.name for one in state.on_deadline(400.0)] == ["c"]
    assert state.next_deadline() == 450.0


def test_a_delay_of_zero_is_over_at_once() -> None:
    state = with_health(a="P", b="P")
    state.reconcile(group("a", delay_s=0), 100.0, in_use=True)
    assert state.next_deadline() == 100.0
    assert [one.target.name for one in state.on_deadline(100.0)] == ["b"]


def test_only_draining_targets_left_means_no_targets() -> None:
    state = with_health(a="P")
    state.reconcile(group(""), 100.0, in_use=True)
    assert (serve(state, 1), state.mode) == ("-", RoutingMode.NO_TARGETS)


def test_a_target_registered_again_while_it_drains_starts_anew() -> None:
    state = with_health(a="P", b="P")
    state.reconcile(group("a"), 100.0, in_use=True)
    draining = named(state, "b")
    draining.outstanding = 3
    changes = state.reconcile(group("ab"), 110.0, in_use=True)
    assert list(changes.added) == [draining], "its books go on, its health does not"
    assert (draining.health.state, draining.draining_until, draining.outstanding) == (HealthState.INITIAL, None, 3)
    assert state.next_deadline() is None
    assert state.on_deadline(9999.0) == []


def test_the_order_of_the_new_description_is_the_order_of_the_cycle() -> None:
    state = with_health(a="P", b="P", c="P")
    state.reconcile(group("cab"), 10.0, in_use=True)
    assert list(states(state)) == ["c", "a", "b"]
    assert serve(state, 3) == "cab"


def test_a_target_may_move_to_another_place_and_stays_healthy() -> None:
    state = with_health(a="P")
    moved = TargetGroup(name="web", arn="arn", targets=(target("a", dial_port=9999),))
    assert state.reconcile(moved, 10.0, in_use=True).added == ()
    chosen = state.choose(1.0, Random(0))
    assert chosen is not None
    assert (chosen.target.dial_port, chosen.health.state) == (9999, HealthState.HEALTHY)


def test_the_same_id_on_another_port_is_another_target() -> None:
    state = with_health(a="P")
    other = Target(id="i-a", port=81, dial_host="127.0.0.1", dial_port=9001, name="a2")
    both = TargetGroup(name="web", arn="arn", targets=(target("a"), other))
    assert [one.target.port for one in state.reconcile(both, 10.0, in_use=True).added] == [81]


def test_a_late_probe_of_a_forgotten_target_changes_nothing() -> None:
    state = with_health(a="P", b="P")
    gone = named(state, "b")
    state.reconcile(group("a", delay_s=0), 100.0, in_use=True)
    state.on_deadline(100.0)
    assert not state.on_probe(gone, PASS, 101.0)
    assert serve(state, 2) == "aa"


@pytest.mark.parametrize(
    ("tried", "chosen"),
    [("", "a"), ("a", "b"), ("ab", "c"), ("abc", None), ("b", "a")],
)
def test_another_target_than_those_tried(tried: str, chosen: str | None) -> None:
    state = with_health(a="P", b="P", c="P", d="")
    other = state.choose_other([named(state, name) for name in tried], 1.0, Random(0))
    assert (None if other is None else other.target.name) == chosen


def test_trying_another_target_does_not_upset_the_cycle() -> None:
    state = with_health(a="P", b="P", c="P")
    first = state.choose(1.0, Random(0))
    assert first is not None
    assert state.choose_other([first], 1.0, Random(0)) is named(state, "b")
    assert serve(state, 3) == "cab"


def test_a_group_may_serve_while_all_are_initial() -> None:
    eager = TargetGroup(name="web", arn="arn", targets=(target("a"), target("b")), fail_open_while_initial=True)
    state = live(eager)
    assert (serve(state, 3), state.mode) == ("aba", RoutingMode.ALL_INITIAL)
    probe(state, "b", "P")
    assert (serve(state, 2), state.mode) == ("bb", RoutingMode.HEALTHY)
