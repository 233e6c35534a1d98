"""What a load may be, and what is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from simlb.errors import SimlbError
from simlb.load.plan import Arrivals, LoadKind, LoadPlan

RAMP = {"kind": "ramp", "rate_per_s": 10, "to_rate_per_s": 100, "over_s": 60}
SPIKE = {"kind": "spike", "rate_per_s": 10, "peak_rate_per_s": 200, "peak_at_s": 30, "peak_for_s": 5}
CLOSED = {"kind": "closed", "users": 10, "think_s": 2}


@pytest.mark.parametrize(
    ("members", "peak"),
    [
        ({}, 20),
        ({"rate_per_s": 7.5}, 7.5),
        (RAMP, 100),
        (RAMP | {"to_rate_per_s": 1}, 10),
        (SPIKE, 200),
        (SPIKE | {"peak_rate_per_s": 0}, 10),
        (CLOSED, 5),
        (CLOSED | {"think_s": 0}, math.inf),
    ],
)
def test_the_highest_rate(members: dict[str, Any], peak: float) -> None:
    assert LoadPlan.from_json({"id": "users", **members}).peak_per_s == peak


FULL = SPIKE | {
    "arrivals": "poisson",
    "duration_s": 60,
    "requests": 100,
    "method": "POST",
    "path": "/items/{n}?page={n}",
    "headers": {"X-Canary": "1", "Cookie": "a=b; c=d"},
    "body_bytes": 2000,
    "timeout_s": 5,
    "connect_timeout_s": 1,
    "keep_alive": False,
    "load_balancer": "my-alb",
    "port": 443,
    "host": "shop.localhost",
    "insecure": True,
    "ca_pem": "-----BEGIN",
    "seed": 7,
    "real_rate_max_per_s": None,
    "in_flight_max": 1000,
}


@pytest.mark.parametrize("members", [{}, RAMP, SPIKE, CLOSED, FULL])
def test_json_and_back(members: dict[str, Any]) -> None:
    plan = LoadPlan.from_json({"id": "users", **members})
    assert LoadPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_json_has_the_words_of_the_plan() -> None:
    plan = LoadPlan.from_json({"id": "users", **FULL})
    assert plan.kind is LoadKind.SPIKE
    assert plan.arrivals is Arrivals.POISSON
    assert plan.headers == (("X-Canary", "1"), ("Cookie", "a=b; c=d"))
    assert LoadPlan(id="users", headers=(("A", "1"), ("A", "2"))).to_json()["headers"] == [["A", "1"], ["A", "2"]]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"id": ""}, "id: '' is not 1-64 letters"),
        ({"id": "a b"}, "id: 'a b' is not"),
        ({"rate": 20}, "A load has no 'rate'"),
        ({"rate_per_s": "20/s"}, "Expected `float`, got `str` - at `$.rate_per_s`"),
        ({"kind": "burst"}, "Invalid enum value 'burst'"),
        ({"rate_per_s": 0}, "rate_per_s: a load without requests"),
        ({"rate_per_s": -1}, "rate_per_s: -1 must be 0 or more"),
        ({"rate_per_s": math.inf}, "rate_per_s: inf must be 0 or more"),
        ({"duration_s": 0}, "duration_s: 0 must be above 0"),
        ({"timeout_s": 0}, "timeout_s: 0 must be above 0"),
        ({"requests": 0}, "requests: 0 is outside"),
        ({"port": 70_000}, "port: 70000 is outside 1-65535"),
        ({"body_bytes": -1}, "body_bytes: -1 is outside"),
        ({"kind": "ramp", "over_s": 5}, "to_rate_per_s: a load of kind ramp needs it"),
        ({"kind": "ramp", "to_rate_per_s": 5}, "over_s: a load of kind ramp needs it"),
        ({"kind": "closed"}, "users: a load of kind closed needs it"),
        ({"users": 5}, "users: only a load of kind closed has it, not constant"),
        ({"think_s": 5}, "think_s: only a load of kind closed has it, not constant"),
        (RAMP | {"peak_at_s": 5}, "peak_at_s: only a load of kind spike has it, not ramp"),
        (CLOSED | {"arrivals": "poisson"}, "arrivals: users of a closed load come when they have their answer"),
        (CLOSED | {"rate_per_s": 5}, "rate_per_s: the users of a closed load make its rate"),
        (CLOSED | {"users": 300}, "users: 300 are more than 256, the cap on requests in flight"),
        ({"method": "G T"}, "method: 'G T' is none"),
        ({"path": "items"}, "path: 'items' must begin with /"),
        ({"path": "/a b"}, "path: '/a b' must begin with / and hold nothing but printable ASCII"),
        ({"path": "/ü"}, "path: '/ü' must"),
        ({"path": "/{random}"}, "path: '/{random}': {n}, the request's number, is all that stands in braces"),
        ({"headers": {"X Y": "1"}}, "headers: 'X Y' is no field name"),
        ({"headers": {"Host": "x"}}, "headers: Host follows from host, keep_alive and body_bytes"),
        ({"headers": {"X": "a\r\nY: b"}}, "headers: the value of X holds control characters"),
        ({"host": "a b"}, "host: 'a b' is no host name"),
    ],
)
def test_what_cannot_be_sent_is_refused(members: dict[str, Any], message: str) -> None:
    with pytest.raises(SimlbError) as refused:
        LoadPlan.from_json({"id": "users", **members})
    assert refused.value.code == "E651"
    assert message in refused.value.what


@pytest.mark.parametrize(
    ("members", "in_flight_max"),
    [
        ({"rate_per_s": 2, "timeout_s": 10}, 256),
        ({"rate_per_s": 20, "timeout_s": 70}, 1401),
        ({"rate_per_s": 10_000}, 16_384),
        (CLOSED | {"users": 1000, "in_flight_max": 16_384}, 1000),
    ],
)
def test_without_caps_as_many_may_be_in_flight_as_rate_and_timeout_lead_to(
    members: dict[str, Any], in_flight_max: int
) -> None:
    plan = LoadPlan.from_json({"id": "users", **members}).uncapped()
    assert (plan.real_rate_max_per_s, plan.in_flight_max) == (None, in_flight_max)
