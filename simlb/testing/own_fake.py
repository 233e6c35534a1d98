"""A fake backend as faults of processes take hold of it."""

from __future__ import annotations

from simlb.testing.backend import FakeBackend


class OwnFake:
    """A fake backend as faults of the kind `target.crash` take hold of it: `simlb.faults.site.OwnTarget`."""

    def __init__(self, backend: FakeBackend) -> None:
        self.backend = backend

    def kill(self) -> bool:
        """Crash."""
        was_listening = self.backend.is_listening
        self.backend.crash()
        return was_listening

    def pause(self) -> bool:
        """Hang, on health checks as well."""
        self.backend.hang(health=True)
        return self.backend.is_listening

    def resume(self) -> bool:
        """Answer again."""
        self.backend.resume()
        return self.backend.is_listening

    async def start(self) -> None:
        """Listen again."""
        await self.backend.restart()

    async def stop(self) -> None:
        """There is nothing in a fake to finish: a crash."""
        self.backend.crash()

    async def restart(self) -> None:
        """Down and up."""
        self.backend.crash()
        await self.backend.restart()
