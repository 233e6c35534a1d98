"""What can be judged before the story is over: only what nothing that follows can change."""

from __future__ import annotations

import pytest

from simlb.scenario.functions import Kind
from simlb.scenario.history import History
from simlb.scenario.journal import Marked
from simlb.scenario.model import Above, Bound, Expectation, Holds, Words
from simlb.scenario.settling import is_settled
from tests.scenario.stories import SCOPE, crash, crashed

VALUES = (Kind.NUMBER, Kind.DURATION, Kind.RATE, Kind.FLAG, Kind.TEXT)
CRASH_S, OUT_S, HEALED_S = 10.0, 50.0, 70.0


def expectation(that: str, bound: str = "") -> Expectation:
    expression, _ = SCOPE.expression(that, *VALUES)
    limit: Bound = Holds() if not bound else Above(limit=SCOPE.expression(bound, *VALUES)[0])
    return Expectation(id="it", title=Words(en="it", ko="그것"), that=expression, bound=limit)


@pytest.mark.parametrize(
    ("that", "complete_s", "is_over"),
    [
        # Both moments have come, and what was before them is all there.
        ("between(crash, health(web/3) == unhealthy)", OUT_S, True),
        ("between(crash, health(web/3) == unhealthy)", OUT_S - 0.1, False),
        ("between(crash, later)", 1000.0, False),
        ("between(crash, end)", 209.9, False),
        ("between(crash, end)", 210.0, True),
        ("between(crash, first(elb_502))", 1000.0, True),
        ("between(crash, last(elb_502))", 1000.0, False),
        # A window has to have an end, which lies back.
        ("count(elb_502, from=crash, to=unhealthy)", OUT_S, True),
        ("count(elb_502, from=crash, to=unhealthy)", OUT_S - 0.1, False),
        ("count(elb_502, to=crash+5s)", CRASH_S + 5, True),
        ("count(elb_502, to=crash+5s)", CRASH_S + 4.9, False),
        ("count(elb_502, from=crash)", 1000.0, False),
        ("count(elb_502, from=later, to=crash)", 1000.0, False),
        ("ratio(elb_502, from=crash, to=crash.healed)", HEALED_S, True),
        ("share(web/1, from=crash, to=end)", 209.9, False),
        ("all(log.elb_status == 502 => log.target_status == '-')", 1000.0, False),
        ("all(log.elb_status == 502, from=crash, to=unhealthy)", OUT_S, True),
        # A state at a moment; without one it is that of the end.
        ("healthy(web, at=crash) == 4", CRASH_S, True),
        ("healthy(web) == 4", 1000.0, False),
        ("reason(web/3, at=unhealthy) == 'Target.Timeout'", OUT_S, True),
        ("flips(web/3, from=crash, to=unhealthy)", OUT_S, True),
        # Clients' results belong to the moment at which a request was meant to begin, and come late.
        ("client(errors, from=crash, to=unhealthy)", 1000.0, False),
        ("p95(users, to=crash)", 1000.0, False),
        # All parts of it have to be.
        ("count(504, to=crash) / between(crash, unhealthy)", OUT_S, True),
        ("count(504) / between(crash, unhealthy)", 1000.0, False),
        ("not (healthy(web, at=crash) == 4 and healthy(web) == 4)", 1000.0, False),
    ],
)
def test_an_expectation_is_over_when_nothing_can_change_it(that: str, complete_s: float, is_over: bool) -> None:
    assert is_settled(expectation(that), crashed(), complete_s) is is_over


def test_its_bounds_have_to_be_over_as_well() -> None:
    that = "between(crash, unhealthy)"
    assert is_settled(expectation(that, "(U-1)*I"), crashed(), OUT_S)
    assert is_settled(expectation(that, "between(crash, crash.healed)"), crashed(), HEALED_S)
    assert not is_settled(expectation(that, "between(crash, crash.healed)"), crashed(), OUT_S)


def test_until_the_story_has_ended_its_end_is_the_present() -> None:
    history = History(entry for entry in crash() if not (isinstance(entry, Marked) and entry.name == "end"))
    assert not is_settled(expectation("between(crash, end)"), history, 1000.0)
