"""Load-balancer capacity units: what one hour may hold for the price of one LCU, and how much of it was used.

The highest of the four dimensions counts (AWS's price list for Application Load Balancers): 25 new connections a
second, 3,000 open connections, 1 GB an hour, 1,000 rule evaluations a second beyond the ten free ones of each request.
"""

from __future__ import annotations

from dataclasses import dataclass

NEW_CONNECTIONS_PER_S = 25
ACTIVE_CONNECTIONS = 3000
BYTES_PER_HOUR = 1_000_000_000
RULE_EVALUATIONS_PER_S = 1000
FREE_RULE_EVALUATIONS = 10
_HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What went through one load balancer in `duration_s`. `paid_rule_evaluations` are without the free ones."""

    duration_s: float
    new_connections: float = 0.0
    active_connections: float = 0.0
    processed_bytes: float = 0.0
    paid_rule_evaluations: float = 0.0

    def lcus(self) -> float:
        """How many LCUs it would take if it went on like this."""
        return max(
            self.new_connections / self.duration_s / NEW_CONNECTIONS_PER_S,
            self.active_connections / ACTIVE_CONNECTIONS,
            self.processed_bytes / self.duration_s * _HOUR_S / BYTES_PER_HOUR,
            self.paid_rule_evaluations / self.duration_s / RULE_EVALUATIONS_PER_S,
        )

    def lcu_hours(self) -> float:
        """How many LCU-hours it took."""
        return self.lcus() * self.duration_s / _HOUR_S
