"""Loopback addresses for load balancers that API calls create."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlb.core.model import Configuration

if TYPE_CHECKING:
    from simlb.app.application import App

_LOOPBACK = "127.0.0.1"
_TRIED = 256


def free_address(app: App, configuration: Configuration) -> str:
    """The first address of the file's series that no load balancer has or listens on.

    Also those are taken that a reload would give back to the file's own. An ephemeral instance listens on any free port
    of 127.0.0.1, for others like it may run beside it.
    """
    from simlb.config.binds import default_host

    if app.options.is_ephemeral:
        return _LOOPBACK
    balancers = (*configuration.load_balancers, *app.compiled.configuration.load_balancers)
    used = {balancer.address for balancer in balancers}
    used |= {bind.host for balancer in balancers for listener in balancer.listeners for bind in listener.binds}
    hosts = [default_host(index, app.options.expose) for index in range(_TRIED)]
    return next((host for host in hosts if host not in used), hosts[-1])
