"""Asking the control port about loads, with nothing but the standard library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simlb.controlplane.client import ControlClient, segment
from simlb.controlplane.load_views import LoadView
from simlb.errors import SimlbError

PATH = "/api/v1/load"


def loads(client: ControlClient) -> list[LoadView]:
    """The loads that run and the last that have ended, oldest first."""
    return [_read(item) for item in client.ask("GET", PATH).get("loads", ())]


def start_load(client: ControlClient, wanted: Mapping[str, Any]) -> LoadView:
    """Start a load, as `load_routes` describes it."""
    return _read(client.ask("POST", PATH, wanted))


def stop_load(client: ControlClient, load: str) -> LoadView:
    """Stop a load; asked again, also what it still waits for."""
    return _read(client.ask("DELETE", f"{PATH}/{segment(load)}"))


def _read(data: Mapping[str, Any]) -> LoadView:
    try:
        return LoadView.from_json(data)
    except (KeyError, TypeError) as error:
        raise SimlbError(
            "E604",
            f"What it says about a load was not understood: it lacks {error}.",
            "→ use the same version of simlb on both sides, or start it anew: simlb down, simlb up",
        ) from error
