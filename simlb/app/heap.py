"""Keeps what lives long out of the garbage collector's way, in a process that is simlb's alone.

A full collection looks at every object there is: 60,000 after the start, twice as many with 2,500 rules and 1,000
targets. That takes 20 to 60 ms, in which no request gets its turn, and finds nothing: modules and configurations end
with the process or are freed by their reference counts.
"""

from __future__ import annotations

import gc

from simlb.core.model import Configuration

_GROWTH = 1.25
_GROWTH_MIN = 250
"""Rules and targets. What was in the heap for a moment only is never looked at again either, so it is done rarely."""


class Heap:
    """The heap of this process. Used only where nothing else shares the process: not in tests."""

    def __init__(self) -> None:
        """From here on nothing is collected, until the first configuration is in force or `close`."""
        self._size: int | None = None
        gc.disable()

    def keep(self, configuration: Configuration) -> None:
        """It is in force. When there is much more than before, the collector does not look at what is there by now."""
        listeners = [listener for balancer in configuration.load_balancers for listener in balancer.listeners]
        size = sum(len(listener.rules) for listener in listeners)
        size += sum(len(group.targets) for group in configuration.target_groups.values())
        if self._size is None or size > self._size * _GROWTH + _GROWTH_MIN:
            self._size = size
            gc.freeze()
            gc.enable()

    def close(self) -> None:
        """Leave the collector as it was."""
        gc.unfreeze()
        gc.enable()
