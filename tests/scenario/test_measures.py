"""From a journal to the numbers of its pictures."""

from __future__ import annotations

import pytest

from simlb.scenario import measures
from simlb.scenario.measures import Stretches
from tests.scenario.journals import a_run, client, request, state


@pytest.mark.parametrize(
    ("length_s", "step_s", "count"),
    [(10, 1, 10), (0, 1, 1), (120, 1, 120), (121, 2, 61), (500, 5, 100), (3600, 30, 120), (36_000, 300, 120)],
)
def test_time_is_cut_into_at_most_120_stretches(length_s: float, step_s: float, count: int) -> None:
    stretches = Stretches(0.0, length_s)
    assert (stretches.step_s, stretches.count) == (step_s, count)


@pytest.mark.parametrize(("at_s", "place"), [(0.0, 0), (0.99, 0), (9.5, 9), (10.0, None), (-0.1, None)])
def test_a_moment_lies_in_one_stretch_or_outside(at_s: float, place: int | None) -> None:
    assert Stretches(0.0, 10.0).place(at_s) == place


def test_answers_are_counted_by_status_and_by_who_made_them() -> None:
    entries = [request(0.5, 200, 200), request(0.6, 200, 200), request(1.5, 502, 0), request(1.6, 502, 502)]
    rates = measures.by_producer(entries, Stretches(0.0, 2.0), 0.0)
    # The load balancer's own errors first: they are at the foot of the picture.
    assert list(rates) == [(502, False), (502, True), (200, True)]
    assert rates[200, True] == [(0.5, 2.0), (1.5, 0.0)]
    assert rates[502, False] == [(0.5, 0.0), (1.5, 1.0)]


def test_moments_are_counted_from_the_origin() -> None:
    rates = measures.by_producer([request(6.5, 200, 200)], Stretches(5.0, 7.0), 5.0)
    assert rates[200, True] == [(0.5, 0.0), (1.5, 1.0)]


def test_percentiles_are_in_milliseconds_and_leave_out_what_got_no_answer() -> None:
    entries = [client(0.1, number / 1000) for number in range(1, 101)]
    entries += [client(0.2, 9.0, error="timeout")]
    lines = measures.latencies(entries, Stretches(0.0, 2.0), 0.0)
    assert lines[50.0] == [(0.5, 50.0), (1.5, None)]
    assert lines[95.0] == [(0.5, 95.0), (1.5, None)]


def test_without_clients_the_log_tells_how_long_it_took() -> None:
    lines = measures.latencies([request(0.5, 200, 200)], Stretches(0.0, 1.0), 0.0)
    (point,) = lines[50.0]
    assert point[1] == pytest.approx(20.0)


def test_client_errors_come_before_answers() -> None:
    entries = [client(0.1, 0.1), client(0.1, 0.1, 502), client(0.1, 0.1, error="tls_name")]
    assert list(measures.by_client(entries, Stretches(0.0, 1.0), 0.0)) == ["tls_name", "502", "200"]


def test_a_state_lasts_until_the_next_or_the_end() -> None:
    entries = [
        state(0.0, "i-01", "", "initial"),
        state(2.0, "i-01", "initial", "healthy"),
        state(8.0, "i-01", "healthy", "unhealthy"),
    ]
    (band,) = measures.states(entries, 2.0, 0.0, 10.0)
    assert band.name == "i-01"
    assert band.stretches == [(-2.0, 0.0, "initial"), (0.0, 6.0, "healthy"), (6.0, 8.0, "unhealthy")]


def test_requests_in_flight_are_drawn_by_target() -> None:
    lines = measures.in_flight(a_run(), Stretches(17.0, 19.0), 5.0)
    assert lines == {"i-01": [(12.5, 1.0), (13.5, None)], "i-02": [(12.5, 3.0), (13.5, None)]}
