"""Which requests a fault strikes."""

from __future__ import annotations

from random import Random

import pytest

from simlb.core.wildcards import Wildcard
from simlb.dataplane.points import Asked
from simlb.faults.selection import Match, Selection, Selector


def asked(method: str = "GET", path: str = "/", *, is_probe: bool = False, **headers: str) -> Asked:
    lower = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Asked(method=method, path=path, header=lambda name: lower.get(name.lower()), is_probe=is_probe)


MATCHES = [
    # what is asked for, the request -> is it meant?
    (Match(), asked(), True),
    (Match(method="POST"), asked("POST"), True),
    (Match(method="POST"), asked("GET"), False),
    (Match(path=Wildcard("/api/*")), asked(path="/api/orders"), True),
    (Match(path=Wildcard("/api/*")), asked(path="/api"), False),
    (Match(path=Wildcard("/api/*")), asked(path="/API/orders"), False),
    (Match(path=Wildcard("/")), asked(path="/x"), False),
    (Match(path=Wildcard("/?")), asked(path="/x"), True),
    (Match(path=Wildcard("/ä")), asked(path="/Ã¤"), True),
    (Match(headers=(("x-tenant", "blue"),)), asked(X_Tenant="blue"), True),
    (Match(headers=(("X-Tenant", "blue"),)), asked(x_tenant="Blue"), False),
    (Match(headers=(("X-Tenant", "blue"),)), asked(), False),
    (Match(headers=(("A", "1"), ("B", "2"))), asked(a="1", b="2"), True),
    (Match(headers=(("A", "1"), ("B", "2"))), asked(a="1"), False),
    (Match(method="GET", path=Wildcard("/a")), asked("GET", "/b"), False),
    (Match(method="GET", path=Wildcard("/a")), asked("GET", "/a"), True),
]


@pytest.mark.parametrize(("match", "request_", "holds"), MATCHES)
def test_what_a_match_is_about(match: Match, request_: Asked, holds: bool) -> None:
    assert match.holds(request_) is holds
    assert Selector(Selection(match=match), Random(1)).strikes(request_) is holds


STRIKES = [
    # what is given -> of twelve requests, F is struck
    (Selection(), "FFFFFFFFFFFF"),
    (Selection(count=2), "FF.........."),
    (Selection(count=1), "F..........."),
    (Selection(every=3), "..F..F..F..F"),
    (Selection(every=3, count=2), "..F..F......"),
    (Selection(pattern="F"), "FFFFFFFFFFFF"),
    (Selection(pattern="FFS"), "FF.FF.FF.FF."),
    (Selection(pattern="SF"), ".F.F.F.F.F.F"),
    (Selection(pattern="FFS", count=3), "FF.F........"),
    (Selection(pattern="FFS", every=2), ".F.F...F.F.."),
    (Selection(percent=100), "FFFFFFFFFFFF"),
]


@pytest.mark.parametrize(("selection", "struck"), STRIKES)
def test_numbers_are_exact(selection: Selection, struck: str) -> None:
    selector = Selector(selection, Random(1))
    assert "".join("F" if selector.strikes(asked()) else "." for _ in struck) == struck
    assert selector.struck == struck.count("F")


def test_requests_that_do_not_match_have_no_number() -> None:
    selector = Selector(Selection(match=Match(method="POST"), every=2), Random(1))
    methods = ["POST", "GET", "GET", "POST", "GET", "POST", "POST"]
    assert [selector.strikes(asked(method)) for method in methods] == [False, False, False, True, False, False, True]
    assert (selector.seen, selector.struck) == (4, 2)


PROBES = [
    (Selection(), True),
    (Selection(match=Match(path=Wildcard("/api"))), False),
    (Selection(match=Match(path=Wildcard("/"))), True),
    (Selection(count=5), False),
    (Selection(every=1), True),
    (Selection(every=2), False),
    (Selection(pattern="F"), False),
]


@pytest.mark.parametrize(("selection", "is_struck"), PROBES)
def test_a_probe_is_matched_but_has_no_number(selection: Selection, is_struck: bool) -> None:
    selector = Selector(selection, Random(1))
    assert [selector.strikes(asked(is_probe=True)) for _ in range(4)] == [is_struck] * 4
    assert (selector.seen, selector.struck) == (0, 0)


def draws(seed: int, *, probes: int = 0, elsewhere: int = 0) -> list[bool]:
    """What happens to 200 requests of which 30 % are meant, with probes and other draws among them."""
    random = Random(seed)
    selector = Selector(Selection(percent=30), random)
    struck = []
    for _ in range(200):
        struck.append(selector.strikes(asked()))
        for _ in range(probes):
            selector.strikes(asked(is_probe=True))
        for _ in range(elsewhere):
            random.random()
    return struck


def test_a_percentage_is_drawn_by_the_seed_alone() -> None:
    once = draws(1)
    assert once == draws(1, probes=3) == draws(1, elsewhere=2)
    assert once != draws(2)
    assert 40 <= sum(once) <= 80


def test_used_up_is_when_the_count_is_reached() -> None:
    selector = Selector(Selection(count=1), Random(1))
    found = []
    for _ in range(3):
        found.append((selector.is_used_up, selector.seen))
        selector.strikes(asked())
    assert found == [(False, 0), (True, 1), (True, 1)]


@pytest.mark.parametrize(
    ("selection", "is_everything", "is_numbered"),
    [
        (Selection(), True, False),
        (Selection(percent=50), False, False),
        (Selection(match=Match(method="GET")), False, False),
        (Selection(count=1), False, True),
        (Selection(every=2), False, True),
        (Selection(every=1), True, False),
        (Selection(pattern="F"), False, True),
    ],
)
def test_what_limits(selection: Selection, is_everything: bool, is_numbered: bool) -> None:
    assert (selection.is_everything, selection.is_numbered) == (is_everything, is_numbered)
