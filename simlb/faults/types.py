"""The table of all faults. A new one is a file beside this and a row here."""

from __future__ import annotations

from simlb.faults import gate_close, target_crash, target_restart, target_stop
from simlb.faults.fault import FaultType

FAULT_TYPES: tuple[FaultType, ...] = (
    gate_close.FAULT_TYPE,
    target_crash.FAULT_TYPE,
    target_stop.FAULT_TYPE,
    target_restart.FAULT_TYPE,
)

BY_NAME = {fault_type.name: fault_type for fault_type in FAULT_TYPES}
