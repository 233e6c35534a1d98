"""Stopping and starting instances, as EC2's API does: the processes that simlb runs for an instance's targets.

A stopped instance holds its processes down, as a fault does: a reload does not start them. Its targets stay registered
and are unused. Only what the owner's file runs is ever started.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simlb.core.instances import InstanceState, targets_of, with_stopped
from simlb.core.model import Configuration, Instance
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App


class _Stop:
    """One instance that has been stopped: it holds the processes, and is what is laid over the configuration."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.state = InstanceState.STOPPING
        self.ending: asyncio.Task[None] | None = None

    def laid_over(self, configuration: Configuration) -> Configuration:
        """See `with_stopped`."""
        return with_stopped(configuration, self.instance)


class Instances:
    """The instances of the configuration file. All methods belong to the loop of the application."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._stops: dict[str, _Stop] = {}

    def state(self, instance: Instance) -> InstanceState:
        """How it stands. One whose process has ended by itself goes on running, as a machine would."""
        stop = self._stops.get(instance.id)
        return InstanceState.RUNNING if stop is None else stop.state

    def is_stopped(self, instance_id: str) -> bool:
        """Whether the instance of that id does not run, or not yet."""
        return instance_id in self._stops

    def is_own(self, instance: Instance) -> bool:
        """Whether all its processes are simlb's, so that simlb can stop and start it."""
        return all(self._app.fault_site.is_own(target) for target in targets_of(instance))

    def check_started(self, target: str) -> None:
        """Raise SimlbError E830 when the instance of that target is stopped."""
        for stop in self._stops.values():
            if target in targets_of(stop.instance):
                raise SimlbError(
                    "E830",
                    f"{target} is on an instance that was stopped through the API: {stop.instance.id}.",
                    f"aws ec2 start-instances --instance-ids {stop.instance.id}",
                )

    async def stop(self, instance: Instance, *, kill: bool) -> None:
        """Take a running one out of traffic; its processes get SIGTERM (`kill`: SIGKILL) and end a bit later.

        Raises SimlbError, and nothing has changed, when the configuration cannot be served without it.
        """
        stop = self._stops[instance.id] = _Stop(instance)
        try:
            await self._app.fault_site.change(stop.laid_over)
        except BaseException:
            del self._stops[instance.id]
            raise
        stop.ending = self._app.keep(self._end(stop, kill=kill))

    async def _end(self, stop: _Stop, *, kill: bool) -> None:
        for target in targets_of(stop.instance):
            await self._app.fault_site.take_down(stop, target, kill=kill)
        if stop.state is InstanceState.STOPPING:
            stop.state = InstanceState.STOPPED

    def start(self, instance: Instance) -> None:
        """Start a stopped one. Its targets are registered anew once they listen."""
        stop = self._stops[instance.id]
        stop.state = InstanceState.PENDING
        self._app.keep(self._begin(stop))

    async def _begin(self, stop: _Stop) -> None:
        if stop.ending is not None:
            await asyncio.wait((stop.ending,))
        try:
            await self._app.fault_site.bring_up(stop, stop.instance.name)
        except SimlbError as error:
            self._app.narrator.failed(error, "Its instance runs all the same: what it is missing is the process.")
        del self._stops[stop.instance.id]
        try:
            await self._app.fault_site.undo(stop.laid_over)
        except SimlbError as error:
            self._app.narrator.failed(error, "The instance is used again from the next reload on.")

    def reboot(self, instance: Instance) -> None:
        """Stop and start the processes of a running one. Its targets change only by what probes see.

        Raises SimlbError E641 when a fault keeps one down.
        """
        for target in targets_of(instance):
            self._app.fault_site.check_free(target)
        self._app.keep(self._restart(instance))

    async def _restart(self, instance: Instance) -> None:
        try:
            for target in targets_of(instance):
                await self._app.fault_site.restart(target)
        except SimlbError as error:
            self._app.narrator.failed(error)

    async def start_all(self) -> None:
        """Start every stopped one; back when they run."""
        for stop in list(self._stops.values()):
            if stop.state is not InstanceState.PENDING:
                stop.state = InstanceState.PENDING
                await self._begin(stop)
