"""The hosted zones among the records that are kept, read once for each change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simlb.core.dns.bodies import KIND, from_body, to_body
from simlb.core.dns.zones import HostedZone


class ZoneBook:
    """Reads zones from records, and writes them. Records are never changed in place: one object is one zone."""

    def __init__(self) -> None:
        self._bodies: Mapping[str, Any] | None = None
        self._zones: dict[str, HostedZone] = {}
        self._read: dict[str, tuple[Any, HostedZone]] = {}

    def zones(self, records: Mapping[str, Mapping[str, Any]]) -> Mapping[str, HostedZone]:
        """All zones by id, the oldest first. The same object as long as nothing changes.

        Raises KeyError, TypeError or ValueError for records that no book has written.
        """
        bodies = records.get(KIND, {})
        if bodies is not self._bodies:
            zones = {zone_id: self._zone(zone_id, body) for zone_id, body in bodies.items()}
            self._read = {zone_id: (bodies[zone_id], zone) for zone_id, zone in zones.items()}
            self._bodies, self._zones = bodies, zones
        return self._zones

    def written(self, zone: HostedZone) -> dict[str, Any]:
        """The record of a zone as it is to be."""
        body = to_body(zone)
        self._read[zone.id] = (body, zone)
        return body

    def _zone(self, zone_id: str, body: Any) -> HostedZone:
        held, zone = self._read.get(zone_id, (None, None))
        return zone if zone is not None and held is body else from_body(zone_id, body)
