"""The book of faults as the control port asks for it."""

from __future__ import annotations

from collections.abc import Sequence

from simlb.controlplane.fault_routes import FaultBody
from simlb.controlplane.fault_views import FaultTypeView, FaultView
from simlb.faults.book import FaultBook
from simlb.faults.installed import InstalledFault
from simlb.faults.parameters import read_duration
from simlb.faults.site import Site
from simlb.faults.type_views import type_view


class BookDesk:
    """Implements `simlb.controlplane.fault_routes.FaultDesk`."""

    def __init__(self, book: FaultBook, site: Site) -> None:
        self._book = book
        self._site = site

    def faults(self) -> Sequence[FaultView]:
        """All that are installed."""
        return [self._view(fault) for fault in self._book]

    def fault_types(self) -> Sequence[FaultTypeView]:
        """All that there are."""
        return [type_view(fault_type) for fault_type in self._book.types.values()]

    async def add_fault(self, wanted: FaultBody) -> FaultView:
        """Install one."""
        fault = await self._book.add(
            wanted.type,
            wanted.on,
            wanted.parameters,
            match_method=wanted.match.method,
            match_path=wanted.match.path,
            match_headers=wanted.match.headers,
            percent=wanted.percent,
            count=wanted.count,
            every=wanted.every,
            pattern=wanted.pattern,
            for_s=None if wanted.lasts is None else read_duration("for", wanted.lasts),
            name=wanted.name,
            seed=wanted.seed,
        )
        return self._view(fault)

    async def remove_fault(self, name: str) -> FaultView:
        """Remove one."""
        return self._view(await self._book.remove(name))

    async def clear_faults(self) -> Sequence[FaultView]:
        """Remove all of them."""
        return [self._view(fault) for fault in await self._book.clear()]

    def _view(self, fault: InstalledFault) -> FaultView:
        at_s, _ = self._site.times()
        return FaultView(
            name=fault.name,
            type=fault.type.name,
            on=fault.on,
            acts_on=fault.acts_on,
            parameters=fault.given,
            selection=fault.selected,
            words=fault.words,
            state=fault.state,
            since_s=fault.since_s,
            for_s=fault.for_s,
            left_s=None if fault.until_s is None else max(0.0, fault.until_s - at_s),
            matched=fault.selector.seen,
            struck=fault.selector.struck,
            undo=fault.undo,
            speed=self._site.clock.speed,
        )
