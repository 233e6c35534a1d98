"""`simlb target add | rm | drain`."""

from __future__ import annotations

import math
import sys
import time
from argparse import Namespace

from simlb.controlplane.client import ControlClient
from simlb.controlplane.durations import both_times
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.views import InstanceView, TargetChange, TargetView
from simlb.errors import EXIT_EXPECTATION_FAILED, EXIT_FINE, SimlbError

POLL_S = 0.1


def add(arguments: Namespace) -> int:
    """Register a target."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        print(client.register_target(arguments.group, arguments.url, arguments.name).message)
    return EXIT_FINE


def rm(arguments: Namespace) -> int:
    """Deregister a target, and say what will become of it."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        print(client.deregister_target(arguments.name, arguments.group).message)
    return EXIT_FINE


def drain(arguments: Namespace) -> int:
    """Deregister a target and wait until it is gone."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        change = client.deregister_target(arguments.name, arguments.group)
        print(change.message, flush=True)
        progress = _Progress(change)
        try:
            while (target := _find(view := client.status(), change)) is not None:
                if target.draining_left_s is None:
                    progress.end()
                    raise SimlbError(
                        "E307",
                        f"{change.name} was registered in {change.target_group} again while it drained.",
                        f"→ deregister it once more: simlb target drain {change.name} --group {change.target_group}",
                        exit_status=EXIT_EXPECTATION_FAILED,
                    )
                progress.show(target, view.speed)
                time.sleep(min(POLL_S, target.draining_left_s / view.speed + 0.01))
        except KeyboardInterrupt:
            progress.end()
            print(f"{change.name} goes on draining.")
            raise
        progress.end()
    print(f"{change.name} is gone from {change.target_group}.")
    return EXIT_FINE


def _find(view: InstanceView, change: TargetChange) -> TargetView | None:
    """The target as it stands; None when it is gone."""
    targets = (target for group in view.target_groups if group.name == change.target_group for target in group.targets)
    return next((target for target in targets if target.address == change.address), None)


class _Progress:
    """One line that is written over on a terminal; elsewhere a line whenever the number of requests has changed."""

    def __init__(self, change: TargetChange) -> None:
        self._name = change.name
        self._rewrites = sys.stdout.isatty()
        self._width = 0
        self._in_flight = -1

    def show(self, target: TargetView, speed: float) -> None:
        """How far it is."""
        assert target.draining_left_s is not None
        left = both_times(math.ceil(target.draining_left_s), speed)
        line = f"  {self._name}  draining, {target.in_flight} in flight, gone in {left}"
        if self._rewrites:
            sys.stdout.write(f"\r{line.ljust(self._width)}")
            self._width = len(line)
            sys.stdout.flush()
        elif target.in_flight != self._in_flight:
            print(line, flush=True)
        self._in_flight = target.in_flight

    def end(self) -> None:
        """Leave the line as it stands."""
        if self._width:
            print(flush=True)
