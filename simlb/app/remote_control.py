"""What programs may do with an instance over its control port, beyond watching it: see `testing_routes`."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from simlb.clock import ManualClock
from simlb.controlplane.records.state import State
from simlb.controlplane.testing_routes import ClockView, TrafficPage, routes_for_tests
from simlb.controlplane.views import InstanceView
from simlb.errors import SimlbError
from simlb.observe.traffic import Traffic

if TYPE_CHECKING:
    from aiohttp import web

    from simlb.app.application import App


def remote_routes(app: App) -> list[web.RouteDef]:
    """The routes by which programs in any language test against this instance."""
    return routes_for_tests(RemoteControl(app))


class RemoteControl:
    """Implements `simlb.controlplane.testing_routes.Remote` for an application."""

    def __init__(self, app: App) -> None:
        self._app = app

    def view(self) -> InstanceView:
        """How everything stands now."""
        return self._app.view()

    def clock(self) -> ClockView:
        """What time it is."""
        narrator, clock = self._app.narrator, self._app.clock
        is_manual = isinstance(clock, ManualClock)
        return ClockView(
            kind="manual" if is_manual else "real" if clock.speed == 1 else "scaled",
            speed=None if is_manual else clock.speed,
            now_s=narrator.at_s(),
            real_s=narrator.real_s(),
        )

    async def advance(self, duration_s: float) -> None:
        """Move time, meeting every deadline on the way; back when the probes that it caused have their outcome."""
        clock = self._app.clock
        if not isinstance(clock, ManualClock):
            raise SimlbError(
                "E615",
                f"This instance's clock runs by itself, at speed {clock.speed:g}.",
                "to move time by hand, start it with: simlb serve --ephemeral --manual-clock …",
            )
        await clock.advance(duration_s)

    def traffic(self, after: int, limit: int) -> TrafficPage:
        """Finished exchanges; see `Remote.traffic`."""
        kept = self._kept()
        start = max(0, kept.total + after) if after < 0 else min(after, kept.total)
        records = tuple(record.to_json() for record in itertools.islice(kept.records(start), limit))
        # Where nothing is kept from `start` on, what follows begins at the next exchange.
        following = records[-1]["number"] + 1 if records else kept.total
        return TrafficPage(total=kept.total, next=following, records=records)

    def clear_traffic(self) -> None:
        """Forget what is kept."""
        self._kept().clear()

    async def reset(self) -> None:
        """Without what API calls, commands and faults have changed; with every process running, and no traffic yet."""
        await self._app.reset()

    def _kept(self) -> Traffic:
        if self._app.traffic is None:
            raise SimlbError(
                "E617",
                "This instance keeps no record of its traffic.",
                "one that does: simlb serve --ephemeral …        → its access log: GET /api/v1/logs",
            )
        return self._app.traffic


async def restore(app: App) -> None:
    """See `App.reset`."""
    app.load.generator.stop_all()
    await app.faults.clear()
    await app.instances.start_all()
    await app.forget_moto()
    async with app.reloading:
        await app.use_state(State(), "Reset")
        await app.acm.tidy()
        for process in app.supervisor:
            if not process.is_running:
                await process.restart()
    if app.traffic is not None:
        app.traffic.clear()
