"""What an instance keeps over its end, and when: every change is on disk before it is in force.

Writing happens in a thread, so that traffic does not wait for a disk. Changes come one after the other: whoever calls
`keep` holds `App.reloading`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from simlb.controlplane.records.codec import RecordError
from simlb.controlplane.records.state import State
from simlb.controlplane.store import Store
from simlb.errors import SimlbError

T = TypeVar("T")


class Keeping:
    """The state of an instance, of every region, on disk (`store`) or, without one, only in memory.

    `home` is the region of the configuration: it decides what things of other regions are called.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._home = ""
        self._kept = State()
        self._is_closed = False

    async def open(self) -> None:
        """Raises SimlbError E810 to E813 when there is a state that cannot be used."""
        if self._store is not None:
            await _in_thread(self._store.open)

    async def load(self, home: str) -> State:
        """What is kept, at the start; what follows is compared with it.

        Raises SimlbError E810 when it cannot be read.
        """
        self._home = home
        store = self._store
        if store is not None:
            try:
                self._kept = State.of(await _in_thread(store.rows), home)
            except RecordError as error:
                raise store.damaged(f"of its records, {error}") from error
        return self._kept

    async def keep(self, home: str, state: State) -> None:
        """Have that state safe on disk. Raises SimlbError E813, and then everything on disk is as it was."""
        store = self._store
        if store is None:
            return
        kept = self._kept.moved(self._home, home)
        leaving, coming = state.since(kept)
        if not (leaving or coming):
            self._kept, self._home = state, home
            return
        if self._is_closed:
            raise SimlbError("E813", "The change was not made: this instance is stopping.")

        def write() -> None:
            store.write(remove=[kept.place(key, home) for key in leaving], put=[state.row(key, home) for key in coming])
            self._kept, self._home = state, home

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
