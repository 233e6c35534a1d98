"""The table of all faults. A new one is a file beside this and a row here."""

from __future__ import annotations

from simlb.faults.fault import FaultType

FAULT_TYPES: tuple[FaultType, ...] = ()

BY_NAME = {fault_type.name: fault_type for fault_type in FAULT_TYPES}
