"""The table of all faults. A new one is a file beside this and a row here, or in `target_types`."""

from __future__ import annotations

from simlb.faults import (
    cert_expired,
    cert_untrusted,
    cert_wrong_name,
    client_abort,
    client_slow,
    config_app_redirect,
    config_empty_group,
    config_matcher,
    config_no_redirect,
    config_path,
    config_port,
    gate_close,
    target_crash,
    target_hang,
    target_restart,
    target_stop,
)
from simlb.faults.fault import FaultType
from simlb.faults.target_types import TARGET_FAULT_TYPES

FAULT_TYPES: tuple[FaultType, ...] = (
    gate_close.FAULT_TYPE,
    client_slow.FAULT_TYPE,
    client_abort.FAULT_TYPE,
    cert_wrong_name.FAULT_TYPE,
    cert_expired.FAULT_TYPE,
    cert_untrusted.FAULT_TYPE,
    target_crash.FAULT_TYPE,
    target_hang.FAULT_TYPE,
    target_stop.FAULT_TYPE,
    target_restart.FAULT_TYPE,
    *TARGET_FAULT_TYPES,
    config_path.FAULT_TYPE,
    config_port.FAULT_TYPE,
    config_matcher.FAULT_TYPE,
    config_empty_group.FAULT_TYPE,
    config_no_redirect.FAULT_TYPE,
    config_app_redirect.FAULT_TYPE,
)
"""From the client to the target, and then the mistakes in the configuration."""

BY_NAME = {fault_type.name: fault_type for fault_type in FAULT_TYPES}
