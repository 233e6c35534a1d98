"""What faults that change the configuration have in common: one change, laid over it and taken away again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simlb.core.model import Configuration, Listener, TargetGroup
from simlb.faults.fault import Order
from simlb.faults.site import ConfigurationChange, Site


class ConfigurationFault:
    """A `Fault` that is a change of the configuration."""

    def __init__(self, change: ConfigurationChange) -> None:
        self._change = change

    async def install(self, site: Site) -> None:
        """Lay it over."""
        await site.change(self._change)

    async def remove(self, site: Site) -> None:
        """Take it away."""
        await site.undo(self._change)


def on_group(change: Callable[[Order, TargetGroup], TargetGroup]) -> Callable[[Order], ConfigurationFault]:
    """The `build` of a fault type that changes a target group."""

    def build(order: Order) -> ConfigurationFault:
        def changed(configuration: Configuration) -> Configuration:
            groups = {
                name: change(order, group) if name == order.place else group
                for name, group in configuration.target_groups.items()
            }
            return replace(configuration, target_groups=groups)

        return ConfigurationFault(changed)

    return build


def with_listener(
    configuration: Configuration, load_balancer: str | None, port: int, change: Callable[[Listener], Listener]
) -> Configuration:
    """The configuration with one listener changed."""
    balancers = tuple(
        replace(
            balancer,
            listeners=tuple(change(listener) if listener.port == port else listener for listener in balancer.listeners),
        )
        if balancer.name == load_balancer
        else balancer
        for balancer in configuration.load_balancers
    )
    return replace(configuration, load_balancers=balancers)
