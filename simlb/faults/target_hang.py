"""`target.hang`: it is there, and does not answer - all of it, or only what is asked for."""

from __future__ import annotations

from simlb.faults.fault import Fault, FaultType, Order, Scope
from simlb.faults.hanging import hanging
from simlb.faults.places import require_own
from simlb.faults.site import Site
from simlb.faults.target_fault import SELECTORS


class TargetPause:
    """SIGSTOP: the kernel still accepts connections, nobody reads them. Its health check hangs like everything else."""

    def __init__(self, order: Order) -> None:
        self._target = order.place

    async def install(self, site: Site) -> None:
        """Pause it."""
        require_own(FAULT_TYPE, self._target, site)
        site.pause(self, self._target)

    async def remove(self, site: Site) -> None:
        """Let it go on: it answers what it was asked meanwhile, to whoever still waits."""
        site.resume(self, self._target)
