"""What the page gets and sends: the JSON below `/api/v1/learn`. Times are ISO 8601; dollars are AWS's prices.

    GET  /console/course.json        the course, see `course.Course`
    GET  /api/v1/learn               LearnView
    POST /api/v1/learn/begin         {"step": 6} or {}: the learner is here; begins the course if need be
    POST /api/v1/learn/reset         {}: nothing done yet; answers LearnView
    POST /api/v1/learn/request       RequestOrder -> RequestAnswer: the course's own client asks, as a browser would

An event `course_ticked` tells of each tick as it comes.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

COUNT_MAX = 20


class StepView(Struct, frozen=True, kw_only=True):
    """What is done of a step: observations and mistakes by their ids, each with when it was first seen."""

    number: int
    begun_at: str | None
    done_at: str | None
    """When the last observation was ticked; None while one is missing."""
    ticks: dict[str, str]
    mistakes: dict[str, str]


class SavedMoney(Struct, frozen=True, kw_only=True):
    """What the load balancers of the course would have cost. `assumption` says at which prices."""

    load_balancer_hours: float
    """In load-balancer time, from their creation on, all of them together."""
    usd: float
    usd_per_hour: float
    usd_per_month: float
    """If one of them were forgotten."""
    assumption: dict[str, str]
    """By language."""


class LearnView(Struct, frozen=True, kw_only=True):
    """How far a learner is. `begun_at` is None where nobody has begun: then nothing is ticked either."""

    begun_at: str | None
    speed: float
    region: str
    step: int
    """The one that the learner was at last."""
    file: str | None
    """The program that the learner is to edit in step 9; None where the instance was not made by `simlb learn`."""
    http_port: int | None
    https_port: int | None
    """Where listeners 80 and 443 really listen; None while there are none."""
    steps: list[StepView]
    observations: int
    observations_done: int
    mistakes: int
    mistakes_tried: int
    learning_s: float
    """Real seconds from the beginning to the last tick."""
    saved: SavedMoney


class RequestOrder(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """`GET url`, `count` times one after the other. The name is looked up at simlb's own DNS server."""

    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    count: Annotated[int, Meta(ge=1, le=COUNT_MAX)] = 1


class OneAnswer(Struct, frozen=True, kw_only=True):
    """What came of one request. `detail` is a sentence of the system's, for people; `body` its first 4 kB."""

    outcome: Literal["answered", "refused", "timed_out", "tls_failed", "cut", "not_found"]
    address: str | None
    status_code: int | None
    headers: dict[str, str]
    body: str
    detail: str
    real_s: float


class RequestAnswer(Struct, frozen=True, kw_only=True):
    """All of them."""

    url: str
    answers: list[OneAnswer]
