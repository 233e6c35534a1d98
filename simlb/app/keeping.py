"""What an instance keeps over its end, and when: every change is on disk before it is in force.

Writing happens in a thread, so that traffic does not wait for a disk. Changes come one after the other: whoever calls
`keep` holds `App.reloading`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from simlb.controlplane.records.codec import RecordError
from simlb.controlplane.records.state import State
from simlb.controlplane.store import GLOBAL_SERVICES, Store
from simlb.errors import SimlbError

T = TypeVar("T")


class Keeping:
    """The state of an instance by region, on disk (`store`) or, without one, only in memory."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._region = ""
        self._kept = State()
        self._elsewhere: dict[str, State] = {}
        """Of regions that were left, where nothing is on disk."""
        self._is_closed = False

    async def open(self) -> None:
        """Raises SimlbError E810 to E813 when there is a state that cannot be used."""
        if self._store is not None:
            await _in_thread(self._store.open)

    async def load(self, region: str, present: State | None = None) -> State:
        """What is kept of a region. `present`: the state that is in force, whose region is being left.

        Raises SimlbError E810 when it cannot be read.
        """
        if present is not None and region == self._region:
            return present
        store = self._store
        if store is None:
            held = self._elsewhere.get(region, State())
            records = dict(held.changes.records)
            if present is not None:
                self._elsewhere[self._region] = present
                records |= {
                    kind: bodies
                    for kind, bodies in present.changes.records.items()
                    if kind.partition(".")[0] in GLOBAL_SERVICES
                }
            return State(changes=replace(held.changes, records=records), registrations=held.registrations)
        try:
            return State.of(await _in_thread(lambda: store.rows(region=region)))
        except RecordError as error:
            raise store.damaged(f"of its records, {error}") from error

    def uses(self, region: str, state: State) -> None:
        """`state` is what `load` gave for `region`, which is in use from now on: what follows is compared with it."""
        self._region, self._kept = region, state

    async def keep(self, region: str, state: State) -> None:
        """Have that state safe on disk. Raises SimlbError E813, and then everything on disk is as it was."""
        store = self._store
        if store is None:
            self._region = region
            return
        if region != self._region:
            self.uses(region, await self.load(region))
        leaving, coming = state.since(self._kept)
        if not (leaving or coming):
            return
        if self._is_closed:
            raise SimlbError("E813", "The change was not made: this instance is stopping.")

        def write() -> None:
            store.write(region, remove=leaving, put=[state.row(key) for key in coming])
            self._kept = state

        await _in_thread(write)

    async def close(self) -> None:
        """Keep nothing more."""
        self._is_closed = True
        if self._store is not None:
            await _in_thread(self._store.close)


async def _in_thread(work: Callable[[], T]) -> T:
    """The result of `work`, also when nobody waits for it any more: what was begun on disk is known to have ended."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
