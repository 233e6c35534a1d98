"""Where load balancers and listeners go that API calls create: what the file's own get, on free addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlb.config import binds
from simlb.core.model import Bind, Configuration, LoadBalancer
from simlb.errors import BindError

if TYPE_CHECKING:
    from simlb.app.application import App

_ADDRESSES_TRIED = 256
_LOOPBACK = "127.0.0.1"


def places(app: App, configuration: Configuration, balancer: LoadBalancer, port: int) -> tuple[Bind, ...]:
    """The places to try for a new listener of `balancer` on `port`, best first.

    An ephemeral instance takes whatever port is free, for others like it may run beside it. Raises BindError E806 when
    every place is a target's.
    """
    if app.options.is_ephemeral:
        return (Bind(host=_LOOPBACK, port=0),)
    taken = {listener.port for listener in balancer.listeners} | {app.compiled.settings.control_port}
    taken |= {listener.binds[0].port for other in configuration.load_balancers for listener in other.listeners}
    chosen = binds.candidates(balancer.address, port, taken)
    free = tuple(bind for bind in chosen if not _is_target(configuration, bind, is_dualstack=balancer.is_dualstack))
    if not free:
        raise BindError("E806", f"A target is at {chosen[0].host}:{port}: the listener would forward to itself.")
    return free


def free_address(app: App, configuration: Configuration) -> str:
    """The first address of the file's series that no load balancer has or listens on.

    Also those are taken that a reload would give back to the file's own. An ephemeral instance listens on any free port
    of 127.0.0.1, for others like it may run beside it.
    """
    if app.options.is_ephemeral:
        return _LOOPBACK
    balancers = (*configuration.load_balancers, *app.compiled.configuration.load_balancers)
    used = {balancer.address for balancer in balancers}
    used |= {bind.host for balancer in balancers for listener in balancer.listeners for bind in listener.binds}
    hosts = [binds.default_host(index, app.options.expose) for index in range(_ADDRESSES_TRIED)]
    return next((host for host in hosts if host not in used), hosts[-1])


def _is_target(configuration: Configuration, bind: Bind, *, is_dualstack: bool) -> bool:
    targets = (target for group in configuration.target_groups.values() for target in group.targets)
    return any(binds.meets(bind, target.dial_host, target.dial_port, is_dualstack=is_dualstack) for target in targets)
