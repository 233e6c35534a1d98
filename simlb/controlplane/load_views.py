"""How the control port describes loads. As in `views`: plain dataclasses, readable back from their JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadView:
    """One load. Durations and latencies are load-balancer time, except for the lag; `speed` is how fast that runs.

    `state` is `starting`, `running`, `stopping` (it waits for what is in flight), `ended` or `failed`. `plan` is what
    was asked for, `listener` (`my-alb HTTPS:443`) and `host` where it goes. `rate_per_s` is what the plan wants now, in
    requests per load-balancer second: 0 for a closed load, whose users' answers make it.

    `statuses` counts answers by code, `elb_statuses` those among them that the load balancer made itself, `errors` what
    got no answer, by kind, `targets` answers by what their X-Target says. The percentiles are of answers; a timeout
    counts with what it waited. `lag_ms` is how late the generator itself was in the last real second, in real
    milliseconds, `lag_max_ms` at worst.

    Two caps protect the machine: `real_rate_max_per_s` requests in a real second, of all loads together (None: no
    bound), and `in_flight_max` unanswered ones. `dropped_by_cap` requests were not sent, since so many were in flight;
    `held_by_cap` times a user of a closed load had to wait for the rate. `retried` requests were sent once more, since
    their connection had just ended idle.
    """

    id: str
    state: str
    kind: str
    plan: Mapping[str, Any]
    listener: str
    host: str
    speed: float
    rate_per_s: float
    elapsed_s: float
    sent: int
    finished: int
    in_flight: int
    statuses: Mapping[str, int]
    elb_statuses: Mapping[str, int]
    errors: Mapping[str, int]
    targets: Mapping[str, int]
    reused: int
    retried: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    lag_ms: float
    lag_max_ms: float
    real_rate_max_per_s: float | None
    in_flight_max: int
    dropped_by_cap: int
    held_by_cap: int
    failure: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.state in {"ended", "failed"}

    def to_json(self) -> dict[str, Any]:
        """Only dicts, lists and scalars."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LoadView:
        """Read `to_json` back. Members that a newer simlb added are passed over; a missing one raises KeyError."""
        return cls(**{member.name: data[member.name] for member in dataclasses.fields(cls)})
