"""Keeps what lives long out of the garbage collector's way, in a process that is simlb's alone.

A full collection looks at every object there is: 60,000 after the start, twice as many with 2,500 rules and 1,000
targets. That takes 20 to 60 ms, in which no request gets its turn, and finds nothing: modules and configurations end
with the process or are freed by their reference counts.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from simlb.core.model import Configuration, LoadBalancer, TargetGroup

T = TypeVar("T")

_GROWTH = 0.25
_GROWTH_MIN = 250
"""Rules and targets. What was in the heap for a moment only is never looked at again either, so it is done rarely."""


class Heap:
    """The heap of this process. Used only where nothing else shares the process: not in tests."""

    def __init__(self) -> None:
        """From here on nothing is collected, until the first configuration is in force or `close`."""
        self._before: Configuration | None = None
        self._size = 0
        self._come = 0
        gc.disable()

    def keep(self, configuration: Configuration) -> None:
        """It is in force. When much of it is new, the collector does not look any more at what is there by now.

        It counts also what takes the place of others: where a thousand targets go and come, a full collection looks at
        all that is known of them, for 20 ms.
        """
        before, self._before = self._before, configuration
        self._come += come(before, configuration)
        if before is None or self._come > self._size * _GROWTH + _GROWTH_MIN:
            self._size, self._come = come(None, configuration), 0
            gc.collect(1)  # what is garbage by now would stay for good
            gc.freeze()
            gc.enable()

    def close(self) -> None:
        """Leave the collector as it was."""
        gc.unfreeze()
        gc.enable()


def come(before: Configuration | None, configuration: Configuration) -> int:
    """How many rules and targets of a configuration are not the same objects as before."""
    balancers = {} if before is None else {one.arn: one for one in before.load_balancers}
    groups = {} if before is None else before.target_groups
    return sum(
        [
            *(_new(_rules, balancers.get(one.arn), one) for one in configuration.load_balancers),
            *(_new(_targets, groups.get(name), group) for name, group in configuration.target_groups.items()),
        ]
    )


def _new(parts: Callable[[T], Iterable[object]], before: T | None, now: T) -> int:
    if before is now:
        return 0
    known = set() if before is None else set(map(id, parts(before)))
    return sum(id(part) not in known for part in parts(now))


def _rules(balancer: LoadBalancer) -> Iterator[object]:
    return (rule for listener in balancer.listeners for rule in listener.rules)


def _targets(group: TargetGroup) -> Iterable[object]:
    return group.targets
