"""What Route 53's operations ask of the application they belong to, beside the `Estate` of all services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from simlb.core.dns.zones import HostedZone


class NameEstate(Protocol):
    """The instance's name server as the API sees it."""

    def zones(self) -> Mapping[str, HostedZone]:
        """All hosted zones by id, the oldest first."""

    def written(self, zone: HostedZone) -> Any:
        """The record that keeps a zone."""

    def now(self) -> float:
        """Load-balancer time, in seconds from an arbitrary start."""
