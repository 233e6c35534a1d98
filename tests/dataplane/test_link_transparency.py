"""Through a link that adds nothing but small pieces, targets and tunnels are what they are without one.

Tests of the plain way to a target, run once more with a link in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from simlb.dataplane.node import LoadBalancerNode
from simlb.dataplane.points import Behaviour
from tests.dataplane.behaviours import Meddler
from tests.dataplane.harness import Rig
from tests.dataplane.test_forwarding import test_a_target_that_moves_is_dialled_at_its_new_place
from tests.dataplane.test_target_breaks import (
    test_a_bad_gateway_is_answered_at_once,
    test_a_body_that_breaks_off_is_relayed_and_then_cut,
    test_a_body_that_ends_with_the_connection_is_not_made_whole_by_a_reset,
    test_a_body_that_stalls_is_cut_after_the_idle_timeout,
    test_a_connection_is_used_again_and_not_shared,
    test_a_connection_that_said_too_much_or_goodbye_is_not_used_again,
    test_a_reset_just_as_the_connection_is_used_is_502_without_retry,
    test_a_target_that_dribbles_its_head_is_not_idle,
    test_an_answer_too_many_reaches_nobody,
    test_an_idle_connection_that_its_target_has_closed_is_not_used,
    test_every_way_to_cut_a_response_in_two_reads,
    test_unusual_responses_are_relayed,
)
from tests.dataplane.test_tunnels import (
    test_bytes_go_both_ways_and_are_counted,
    test_what_comes_behind_the_handshakes_belongs_to_the_tunnel,
)

__all__ = [
    "test_a_bad_gateway_is_answered_at_once",
    "test_a_body_that_breaks_off_is_relayed_and_then_cut",
    "test_a_body_that_ends_with_the_connection_is_not_made_whole_by_a_reset",
    "test_a_body_that_stalls_is_cut_after_the_idle_timeout",
    "test_a_connection_is_used_again_and_not_shared",
    "test_a_connection_that_said_too_much_or_goodbye_is_not_used_again",
    "test_a_reset_just_as_the_connection_is_used_is_502_without_retry",
    "test_a_target_that_dribbles_its_head_is_not_idle",
    "test_a_target_that_moves_is_dialled_at_its_new_place",
    "test_an_answer_too_many_reaches_nobody",
    "test_an_idle_connection_that_its_target_has_closed_is_not_used",
    "test_bytes_go_both_ways_and_are_counted",
    "test_every_way_to_cut_a_response_in_two_reads",
    "test_unusual_responses_are_relayed",
    "test_what_comes_behind_the_handshakes_belongs_to_the_tunnel",
]

SMALL_PIECES = (Meddler(wire={"slice_bytes": 100}, request={"cut_after_bytes": 1 << 40}, only=lambda asked: True),)


class Everywhere(dict[str, tuple[Behaviour, ...]]):
    """The same behaviours, whatever a target is called."""

    def get(self, name: str, default: object = None) -> tuple[Behaviour, ...]:
        return SMALL_PIECES


class LinkedRig(Rig):
    """A rig with a link to every target."""

    def new_node(self) -> LoadBalancerNode:
        node = super().new_node()
        node._behaviours = Everywhere()
        node._health._behaviours = node._behaviours.get
        return node


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = LinkedRig()
    await rig.start()
    yield rig
    await rig.close()
