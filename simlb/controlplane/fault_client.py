"""The faults of a running instance, for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simlb.controlplane.client import ControlClient, segment
from simlb.controlplane.fault_views import FaultView
from simlb.errors import SimlbError


def faults(client: ControlClient) -> tuple[FaultView, ...]:
    """All that are installed."""
    return _listed(client, client.ask("GET", "/api/v1/faults"))


def add_fault(client: ControlClient, wanted: Mapping[str, Any]) -> FaultView:
    """Install one: the members of the control port's body."""
    return _read(client, client.ask("POST", "/api/v1/faults", wanted))


def remove_fault(client: ControlClient, name: str) -> FaultView:
    """Remove one; what it was."""
    return _read(client, client.ask("DELETE", f"/api/v1/faults/{segment(name)}"))


def clear_faults(client: ControlClient) -> tuple[FaultView, ...]:
    """Remove all of them, the last one first; what they were."""
    return _listed(client, client.ask("DELETE", "/api/v1/faults"))


def _listed(client: ControlClient, answer: Mapping[str, Any]) -> tuple[FaultView, ...]:
    listed = answer.get("faults")
    if not isinstance(listed, list):
        raise _not_understood(client, "it has no list of faults")
    return tuple(_read(client, item) for item in listed)


def _read(client: ControlClient, data: Mapping[str, Any]) -> FaultView:
    try:
        return FaultView.from_json(data)
    except (KeyError, TypeError) as error:
        raise _not_understood(client, f"it lacks {error}") from error


def _not_understood(client: ControlClient, why: str) -> SimlbError:
    record = client.record
    return SimlbError(
        "E604",
        f"What simlb (pid {record.pid}) answers about faults is not understood: {why}.",
        "the same version on both sides: simlb down, then start anew",
    )
