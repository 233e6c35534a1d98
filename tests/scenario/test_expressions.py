"""What expressions come to, given a story."""

from __future__ import annotations

import pytest

from simlb.scenario.expressions import Evaluator, Unseen
from simlb.scenario.functions import Kind
from simlb.scenario.history import History
from tests.scenario.stories import SCOPE, client, crashed, fault, mark, meta, request, sample, state

VALUES = (Kind.NUMBER, Kind.DURATION, Kind.RATE, Kind.FLAG, Kind.TEXT)


def value(text: str, history: History | None = None) -> float | str | bool:
    expression, _ = SCOPE.expression(text, *VALUES)
    return Evaluator(crashed() if history is None else history).value(expression)


def unseen(text: str, history: History | None = None) -> str:
    with pytest.raises(Unseen) as never:
        value(text, history)
    return never.value.words.en


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("(U-1)*I", 30),
        ("U*I + 2s", 62),
        ("R/N * I", 150),
        ("7 / 2 - 1", 2.5),
        ("-U", -2),
        ("25% * 8", 2),
        ("not (1 < 2)", False),
        ("1 < 2 and 2 <= 2 or 1 == 2", True),
        ("between(crash, health(web/3) == unhealthy)", 40),
        ("between(crash.healed, health(web/3) == healthy)", 130),
        ("between(start, crash)", 10),
        ("between(start + 5s, crash)", 5),
        ("between(crash, unhealthy)", 40),
        ("between(unhealthy, end)", 160),
        ("between(crash, first(elb_502, from=crash))", 0.5),
        ("between(crash, last(elb_502))", 36.5),
        ("count(requests)", 210),
        ("count(elb_502)", 10),
        ("count(502, from=crash, to=crash.healed)", 10),
        ("count(target_5xx)", 0),
        ("count(2xx, target=web/3)", 4),
        ("count(elb_5xx, from=unhealthy+1s, to=crash.healed)", 0),
        ("ratio(elb_502, from=crash, to=unhealthy)", 0.25),
        ("ratio(2xx, target=i-01)", 1),
        ("share(web/3, from=unhealthy, to=crash.healed)", 0),
        ("share(web/1, from=unhealthy, to=crash.healed)", 0.5),
        ("count(log.elb_status == 502 and log.target == 'i-03')", 10),
        ("count(log.elb_status / 2 > 250)", 10),
        ("all(log.elb_status == 502 => log.target_status == '-')", True),
        ("all(log.elb_status == 200)", False),
        ("all(log.elb_status == 200, from=unhealthy)", True),
        ("any(log.elb_status == 502, to=crash)", False),
        ("any(not log.reused)", True),
        ("healthy(web)", 4),
        ("healthy(web, at=unhealthy)", 3),
        ("unhealthy(web, at=unhealthy + 1s)", 1),
        ("health(web/3)", "healthy"),
        ("health(web/3, at=crash.healed) == unhealthy", True),
        ("reason(web/3, at=unhealthy) == Target.FailedHealthChecks", True),
        ("reason(web/3, at=unhealthy)", "Target.FailedHealthChecks"),
        ("flips(web/3)", 2),
        ("flips(web/3, from=crash.healed)", 1),
        ("flips(web/1)", 0),
        ("client(requests)", 210),
        ("client(502, load=users)", 10),
        ("client(errors)", 0),
        ("client(answers, load=others)", 0),
        ("p50(users, to=crash)", 0.024),
        ("p95(users)", 0.048),
        ("p99(users, from=crash, to=unhealthy)", 1.0),
        ("rate(requests, 10s)", 1.0),
        ("rate(elb_5xx, 5s)", 0),
    ],
)
def test_what_it_comes_to(text: str, wanted: float | str | bool) -> None:
    assert value(text) == (wanted if isinstance(wanted, str | bool) else pytest.approx(wanted))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("between(later, end)", "'later' never happened"),
        ("count(requests, from=later)", "'later' never happened"),
        ("count(requests, to=switch)", "'switch' never happened"),
        ("between(crash, health(web/1) == unhealthy)", "'health(web/1) == unhealthy' never happened"),
        ("between(start, first(504))", "there was no such request for first()"),
        ("ratio(502, from=end)", "there were no requests"),
        ("share(web/1, from=end)", "there were no requests"),
        ("p95(others)", "no answers to 'others'"),
        ("1 / count(504)", "there is nothing to divide by"),
        ("rate(requests, 0s)", "a window of no length"),
    ],
)
def test_what_has_no_value(text: str, why: str) -> None:
    assert unseen(text) == why


def test_what_has_no_value_does_not_hold() -> None:
    expression, _ = SCOPE.expression("between(start, later) < 5s", Kind.FLAG)
    assert not Evaluator(crashed()).holds(expression)


@pytest.mark.parametrize(
    ("what", "wanted"), [("502", 2), ("elb_502", 1), ("target_502", 1), ("elb_5xx", 2), ("5xx", 3), ("forwarded", 2)]
)
def test_a_codes_maker_is_told_apart(what: str, wanted: int) -> None:
    made = [request(1, 502, "i-01"), request(2, 502, "i-01", target_status=502), request(3, 503, None)]
    assert value(f"count({what})", History([meta(), *made])) == wanted


def test_a_window_holds_its_beginning_and_not_its_end() -> None:
    history = History([meta(), mark(0, "start"), *(request(at, 200) for at in (0, 1, 2)), mark(2, "switch")])
    assert value("count(requests, from=start, to=switch)", history) == 2


def test_log_lines_count_at_their_end_and_clients_results_at_their_beginning() -> None:
    history = History([meta(), fault(10), request(70, 504, took_s=60), client(5, 60, 504), client(12, 60, 504)])
    assert value("count(504, from=crash)", history) == 1
    assert value("client(504, from=crash)", history) == 1
    assert value("any(log.duration >= 60s)", history) is True


def test_in_flight_is_the_last_sample_or_the_most_of_a_window() -> None:
    history = History(
        [meta(), mark(0, "start"), sample(1, i_03=5), sample(2, i_03=300), sample(3, i_01=1), mark(4, "end")]
    )
    assert value("in_flight(web/3)", history) == 0
    assert value("in_flight(web/3, from=start)", history) == 300
    assert value("in_flight(web/1, from=start, to=end)", history) == 1


def test_an_event_comes_after_the_moment_that_it_is_counted_from() -> None:
    history = History([meta(), state(1, "i-03", "unhealthy", "healthy"), state(5, "i-03", "healthy", "unhealthy")])
    history.add(fault(6))
    assert (
        unseen("between(crash, health(web/3) == unhealthy)", history) == "'health(web/3) == unhealthy' never happened"
    )
    history.add(state(46, "i-03", "unhealthy", "healthy"))
    assert value("between(crash, health(web/3) == unhealthy)", history) == 40


def test_a_state_that_only_gets_another_reason_has_not_come_again() -> None:
    history = History([meta(), state(1, "i-03", "unhealthy", "healthy", "Target.Timeout"), fault(2)])
    history.add(state(3, "i-03", "unhealthy", "unhealthy", "Target.FailedHealthChecks"))
    assert unseen("between(crash, health(web/3) == unhealthy)", history)
    assert value("flips(web/3)", history) == 1


def test_the_latest_moment_of_a_state_is_since_when_it_is_so() -> None:
    history = History([meta()])
    expression, _ = SCOPE.expression("health(web/3) == unhealthy", Kind.MOMENT)
    latest = Evaluator(history).latest
    assert latest(expression) is None
    history.add(state(45, "i-03", "unhealthy", "healthy"))
    history.add(state(50, "i-03", "unhealthy", "unhealthy", "Target.Timeout"))
    assert latest(expression) == 45
    history.add(state(60, "i-03", "healthy", "unhealthy"))
    assert latest(expression) is None
    assert latest(SCOPE.expression("crash + 1s", Kind.MOMENT)[0]) is None
    history.add(fault(70))
    assert latest(SCOPE.expression("crash + 1s", Kind.MOMENT)[0]) == 71


def test_what_came_late_is_put_where_it_belongs() -> None:
    history = History([meta(), mark(0, "start"), client(5, 60, 504), client(20, 0.1, 200), mark(10, "switch")])
    history.add(request(9, 200))
    history.add(request(3, 200))
    assert value("client(requests, to=switch)", history) == 1
    assert value("count(requests, from=start, to=switch)", history) == 2


def test_the_lines_that_were_counted_are_known() -> None:
    history = History([meta(), request(1, 200), request(2, 502), request(3, 200), *(request(4, 502) for _ in range(9))])
    evaluator = Evaluator(history)
    evaluator.value(SCOPE.expression("count(elb_502)", Kind.NUMBER)[0])
    assert evaluator.lines == [3, 5, 6, 7, 8]
    evaluator = Evaluator(history)
    evaluator.value(SCOPE.expression("all(log.elb_status == 200)", Kind.FLAG)[0])
    assert evaluator.lines == [3, 5, 6, 7, 8]
