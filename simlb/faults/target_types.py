"""The faults on the way to a target: a new one is a file beside this and a row here."""

from __future__ import annotations

from simlb.faults import (
    health_flap,
    health_shallow,
    health_slow,
    health_status,
    http_abort,
    http_header_too_big,
    http_malformed,
    http_truncate,
    link_bandwidth,
    link_blackhole,
    link_latency,
    link_reset,
    link_slice,
    target_capacity,
    target_keepalive,
    target_slow,
)
from simlb.faults.fault import FaultType

TARGET_FAULT_TYPES: tuple[FaultType, ...] = (
    link_latency.FAULT_TYPE,
    link_bandwidth.FAULT_TYPE,
    link_slice.FAULT_TYPE,
    link_reset.FAULT_TYPE,
    link_blackhole.FAULT_TYPE,
    http_abort.FAULT_TYPE,
    http_malformed.FAULT_TYPE,
    http_header_too_big.FAULT_TYPE,
    http_truncate.FAULT_TYPE,
    health_status.FAULT_TYPE,
    health_flap.FAULT_TYPE,
    health_slow.FAULT_TYPE,
    health_shallow.FAULT_TYPE,
    target_slow.FAULT_TYPE,
    target_capacity.FAULT_TYPE,
    target_keepalive.FAULT_TYPE,
)
