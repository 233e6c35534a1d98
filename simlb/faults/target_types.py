"""The faults on the way to a target: a new one is a file beside this and a row here."""

from __future__ import annotations

from simlb.faults import http_abort, link_latency
from simlb.faults.fault import FaultType

TARGET_FAULT_TYPES: tuple[FaultType, ...] = (
    link_latency.FAULT_TYPE,
    http_abort.FAULT_TYPE,
)
