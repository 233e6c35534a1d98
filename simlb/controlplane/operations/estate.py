"""What the API's operations ask of the application they belong to."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from simlb.core.model import Configuration, Listener, LoadBalancer
from simlb.core.target_group import TargetGroupState


class Estate(Protocol):
    """A running simlb as the API sees it. Every method is called on its own loop."""

    @property
    def region(self) -> str:
        """Where its load balancers are; any other region is empty."""

    @property
    def created_at(self) -> datetime:
        """Since when there are the resources of the configuration: the start of the instance."""

    def configuration(self) -> Configuration:
        """What is in force now. The same object as long as nothing changes."""

    def live_group(self, name: str) -> TargetGroupState | None:
        """How a target group stands; None for one without listeners and targets."""

    def url(self, load_balancer: LoadBalancer, listener: Listener) -> str:
        """What a client on this machine types to reach the listener."""
