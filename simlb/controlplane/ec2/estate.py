"""What EC2's operations ask of the application they belong to, beyond what those of load balancers do."""

from __future__ import annotations

from typing import Protocol

from simlb.controlplane.operations.estate import Estate
from simlb.core.instances import InstanceState
from simlb.core.model import Instance


class Ec2Estate(Estate, Protocol):
    """A running simlb as EC2's API sees it."""

    async def look_up_again(self) -> None:
        """Enforce the rules of security groups that moto has and load balancers name as they are now."""

    def instance_state(self, instance: Instance) -> InstanceState:
        """How one stands."""

    def is_own(self, instance: Instance) -> bool:
        """Whether simlb itself runs all its processes."""

    async def stop_instance(self, instance: Instance, *, kill: bool) -> None:
        """Take it out of traffic and begin to stop it. Raises QueryError."""

    def start_instance(self, instance: Instance) -> None:
        """Begin to start one that is stopped."""

    def reboot_instance(self, instance: Instance) -> None:
        """Begin to stop and start one that runs. Raises QueryError."""
