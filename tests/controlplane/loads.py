"""A desk for loads that remembers what it was asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from simlb.controlplane.load_views import LoadView
from simlb.errors import SimlbError
from simlb.load.plan import LoadPlan


def plan(**members: Any) -> dict[str, Any]:
    """A plan as a view shows it."""
    return LoadPlan.from_json({"id": "load-1", **members}).to_json()


def load_view(**changes: Any) -> LoadView:
    """A load at speed 10, a quarter of whose answers are 502."""
    view = LoadView(
        id="load-1",
        state="running",
        kind="constant",
        plan=plan(path="/items/{n}"),
        listener="demo HTTPS:443",
        host="demo.elb.localhost:8443",
        speed=10,
        rate_per_s=20,
        elapsed_s=61.5,
        sent=1203,
        finished=1200,
        in_flight=3,
        statuses={"200": 900, "502": 300},
        elb_statuses={"502": 299},
        errors={},
        targets={"i-01": 450, "i-02": 450},
        reused=1190,
        retried=0,
        p50_ms=12.04,
        p95_ms=30.2,
        p99_ms=90.0,
        max_ms=120.0,
        lag_ms=0.9,
        lag_max_ms=1.4,
        real_rate_max_per_s=500,
        in_flight_max=256,
        dropped_by_cap=0,
        held_by_cap=0,
    )
    return dataclasses.replace(view, **changes)


class FakeDesk:
    """Implements `simlb.controlplane.load_routes.LoadDesk`."""

    def __init__(self) -> None:
        self.loads: list[LoadView] = []
        self.calls: list[object] = []
        self.stays_in_flight = False

    def views(self) -> list[LoadView]:
        return self.loads

    async def start_load(self, wanted: Mapping[str, Any]) -> LoadView:
        members = {name: value for name, value in wanted.items() if name != "uncapped"}
        shown = LoadPlan.from_json({"id": "load-1", **members})
        self.calls.append(dict(wanted))
        if not members.keys() - {"rate_per_s", "headers", "kind"}:
            return load_view()
        return load_view(id=shown.id, kind=str(shown.kind), plan=shown.to_json())

    def stop_load(self, load: str) -> LoadView:
        if load == "load-9":
            raise SimlbError("E655", "There is no load 'load-9'.", "→ there are: load-1")
        self.calls.append(f"stop {load}")
        self.loads = [
            view if self.stays_in_flight else dataclasses.replace(view, state="ended", in_flight=0, rate_per_s=0)
            for view in self.loads
        ]
        return load_view(id=load, state="stopping")
