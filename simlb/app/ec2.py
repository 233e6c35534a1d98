"""The application as EC2's API sees it: see `Ec2Estate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlb.app.elbv2 import AppEstate
from simlb.app.foreign import look_up_again
from simlb.controlplane.query.errors import QueryError
from simlb.core.instances import InstanceState
from simlb.core.model import Instance
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App


class AppEc2Estate(AppEstate):
    """Implements `simlb.controlplane.ec2.estate.Ec2Estate` for an application."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._instances = app.instances

    async def look_up_again(self) -> None:
        """See `Ec2Estate.look_up_again`."""
        await look_up_again(self._app, self)

    def instance_state(self, instance: Instance) -> InstanceState:
        """Running unless it was stopped."""
        return self._instances.state(instance)

    def is_own(self, instance: Instance) -> bool:
        """Whether simlb itself runs all its processes."""
        return self._instances.is_own(instance)

    async def stop_instance(self, instance: Instance, *, kill: bool) -> None:
        """See `Ec2Estate.stop_instance`."""
        try:
            await self._instances.stop(instance, kill=kill)
        except SimlbError as error:
            raise _incorrect(error) from error

    def start_instance(self, instance: Instance) -> None:
        """See `Ec2Estate.start_instance`."""
        self._instances.start(instance)

    def reboot_instance(self, instance: Instance) -> None:
        """See `Ec2Estate.reboot_instance`."""
        try:
            self._instances.reboot(instance)
        except SimlbError as error:
            raise _incorrect(error) from error


def _incorrect(error: SimlbError) -> QueryError:
    return QueryError("IncorrectInstanceState", f"{error.what} (SIMLB-{error.code})")
