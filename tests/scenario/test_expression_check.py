"""Which names and which combinations of values a scenario's expressions may have."""

from __future__ import annotations

import pytest

from simlb.config.problems import Refused
from simlb.scenario.expression_check import Scope
from simlb.scenario.functions import Kind

SCOPE = Scope(
    groups={"web": ("i-01", "i-02", "i-03"), "img": ("i-04",)}, faults=("crash",), marks=("switch",), loads=("users",)
)
VALUES = (Kind.NUMBER, Kind.DURATION, Kind.RATE, Kind.FLAG, Kind.TEXT)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("healthy(web) == N", Kind.FLAG),
        ("unhealthy(web, at=switch)", Kind.NUMBER),
        ("health(web/3) == unhealthy", Kind.FLAG),
        ("health(web/3) == 'unhealthy'", Kind.FLAG),
        ("unhealthy != state(i-02)", Kind.FLAG),
        ("reason(img/1) == Target.ResponseCodeMismatch", Kind.FLAG),
        ("(U-1)*I", Kind.DURATION),
        ("U*I + 2s", Kind.DURATION),
        ("R/N * U * I", Kind.NUMBER),
        ("R/N * (U-1)*I * 0.9", Kind.NUMBER),
        ("R/3", Kind.RATE),
        ("count(requests, target=web/1) / between(start, end)", Kind.RATE),
        ("rate(elb_5xx, 5s) == 0", Kind.FLAG),
        ("rate(requests, 5s) > R * 0.9", Kind.FLAG),
        ("between(crash, first(504, from=crash))", Kind.DURATION),
        ("between(start, switch+1s) < 30s", Kind.FLAG),
        ("ratio(elb_502, from=crash, to=unhealthy) < 30%", Kind.FLAG),
        ("count(requests, port=443)", Kind.NUMBER),
        ("count(log.elb_status == 502 and log.reused)", Kind.NUMBER),
        ("all(log.elb_status == 502 => log.target_status == '-')", Kind.FLAG),
        ("any(log.duration > 60s, from=crash)", Kind.FLAG),
        ("client(connect_timeout) + client(5xx, load=users)", Kind.NUMBER),
        ("p95(users, from=crash) / 10", Kind.DURATION),
        ("share(web/3)", Kind.NUMBER),
        ("flips(i-03, from=start, to=end) == 0", Kind.FLAG),
        ("in_flight(web/3, from=crash)", Kind.NUMBER),
        ("not (healthy(web) == 0) and 1 < 2", Kind.FLAG),
    ],
)
def test_what_it_is(text: str, kind: Kind) -> None:
    assert SCOPE.expression(text, *VALUES)[1] is kind


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("helthy(web)", "there is no function 'helthy' (did you mean 'healthy'?)"),
        ("healthy(wbe)", "there is no target group 'wbe' (did you mean 'web'?)"),
        ("healthy(web/1)", "there is no target group 'web/1'"),
        ("healthy()", "healthy() takes a target group"),
        ("health(web/9) == healthy", "'web' has 3 targets: there is no 'web/9'"),
        ("health(web/0) == healthy", "there is no 'web/0'"),
        ("health(web) == healthy", "there is no target 'web'"),
        ("health(web/1) == sick", "health() is never that"),
        ("health(web/1) > healthy", "texts are equal or not"),
        ("reason(web/1) == Target.Timeot", "(did you mean 'Target.Timeout'?)"),
        ("X + 1", "'X' is unknown"),
        ("crash + 1", "'crash' is a moment"),
        ("between(crahs, end)", "there is no moment 'crahs' (did you mean 'crash'?)"),
        ("between(crash, 5s)", "a moment is needed"),
        ("between(crash + 5, end)", "a duration is needed, not a number"),
        ("between(start, end) < 30", "a duration cannot be compared with a number"),
        ("U*I + 2", "a duration and a number cannot be added"),
        ("I * I == 1", "give nothing that has a meaning"),
        ("1 and 2", "a condition is needed, not a number"),
        ("(1 < 2) + 1", "a number is needed, not a condition"),
        ("(1 < 2) == (2 < 3)", "a condition cannot be compared with a condition"),
        ("count(elb_5x)", "'elb_5x' is no kind of request (did you mean 'elb_5xx'?)"),
        ("count(600)", "'600' is no kind of request"),
        ("count(requests, form=crash)", "count() has no 'form=' (did you mean 'from'?)"),
        ("client(tls_nam)", "(did you mean 'tls_name'?)"),
        ("p95(user)", "there is no load 'user' (did you mean 'users'?)"),
        ("rate(requests, 5)", "a duration is needed, not a number"),
        ("log.elb_status == 502", "log lines can be looked at only inside"),
        ("all(log.elb_stats == 502)", "a log line has no 'elb_stats' (did you mean 'elb_status'?)"),
        ("all(log.elb_status == '502')", "a number cannot be compared with a text"),
        ("all(healthy(web) == 1)", "a condition on log lines cannot call functions"),
        ("all(1)", "a condition is needed"),
        ("(1 < 2) => (2 < 3)", "'=>' has a meaning only inside all() and any()"),
        ("'a' < 'b'", "texts are equal or not"),
        ("first(502) == 1", "a moment cannot be compared with a number"),
        ("start", "'start' is a moment"),
    ],
)
def test_what_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        SCOPE.expression(text, *VALUES)
    assert complaint in refused.value.what
    assert refused.value.code == "E662"


@pytest.mark.parametrize(
    "text",
    ["crash", "crash.healed", "switch", "start", "end", "unhealthy", "unhealthy+1s", "crash - 500ms - 1s",
     "health(web/3) == unhealthy", "first(elb_504, from=crash)",
     "last(504, target=web/1, port=80)"],
)  # fmt: skip
def test_what_is_a_moment(text: str) -> None:
    assert SCOPE.expression(text, Kind.MOMENT)[1] is Kind.MOMENT


@pytest.mark.parametrize(
    "text", ["1", "5s", "healthy(web) == 4", "health(web/3) != healthy", "crash * 2", "count(2xx)"]
)
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(Refused, match="a moment is needed"):
        SCOPE.expression(text, Kind.MOMENT)


def test_a_scenario_without_load_has_no_rate() -> None:
    with pytest.raises(Refused, match="nothing that R could stand for"):
        Scope(variables=("I",)).expression("R", Kind.RATE)
