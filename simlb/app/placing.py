"""Where the sockets of listeners go that API calls create: what the file's own listeners get, on free addresses."""

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
    chosen = binds.candidates(_host_of(app, configuration, balancer), port, taken)
    free = tuple(bind for bind in chosen if not _is_target(configuration, bind))
    if not free:
        raise BindError("E806", f"A target is at {chosen[0].host}:{port}: the listener would forward to itself.")
    return free


def _host_of(app: App, configuration: Configuration, balancer: LoadBalancer) -> str:
    """Load balancers of the file have the address of their place there, the others the first one that nobody has."""
    expose = app.options.expose
    own = [other.arn for other in app.compiled.configuration.load_balancers]
    if balancer.arn in own:
        return binds.default_host(own.index(balancer.arn), expose)
    if balancer.listeners:
        return balancer.listeners[0].binds[0].host
    used = {binds.default_host(index, expose) for index in range(len(own))}
    others = (other for other in configuration.load_balancers if other.arn != balancer.arn)
    used |= {listener.binds[0].host for other in others for listener in other.listeners}
    hosts = (binds.default_host(index, expose) for index in range(_ADDRESSES_TRIED))
    return next((host for host in hosts if host not in used), binds.default_host(_ADDRESSES_TRIED, expose))


def _is_target(configuration: Configuration, bind: Bind) -> bool:
    targets = (target for group in configuration.target_groups.values() for target in group.targets)
    return any(binds.meets(bind, target.dial_host, target.dial_port) for target in targets)
