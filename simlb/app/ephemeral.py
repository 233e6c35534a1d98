"""What an ephemeral instance makes of a configuration: the same load balancers, on whatever ports are free."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from simlb.core.attributes import LoadBalancerAttributes
from simlb.core.model import Bind, ForwardAction, Listener, LoadBalancer, RedirectAction

if TYPE_CHECKING:
    from simlb.config import Compiled


def on_free_ports(compiled: Compiled, notices: Sequence[str] = ()) -> Compiled:
    """With every listener on a free port of 127.0.0.1 (or ::1), whatever the file says; rules and logs keep its port.

    Load balancers need no addresses of their own where no port is taken twice.
    """

    def moved(listener: Listener) -> Listener:
        version = ipaddress.ip_address(listener.binds[0].host).version
        return dataclasses.replace(listener, binds=(Bind(host="127.0.0.1" if version == 4 else "::1", port=0),))

    changed = _with_listeners(compiled, lambda _, listener: moved(listener))
    return dataclasses.replace(changed, warnings=(*compiled.warnings, *notices))


def without_redirect(compiled: Compiled) -> Compiled:
    """With plain HTTP forwarded where a command line, which no redirect was asked for, would redirect to HTTPS.

    A test in a language whose HTTP client makes trust laborious should not have to begin with that.
    """

    def forwarding(balancer: LoadBalancer, listener: Listener) -> Listener:
        if not isinstance(listener.default_action, RedirectAction):
            return listener
        forward = next(
            other.default_action for other in balancer.listeners if isinstance(other.default_action, ForwardAction)
        )
        return dataclasses.replace(listener, default_action=forward)

    return _with_listeners(compiled, forwarding)


def without_log_files(compiled: Compiled) -> Compiled:
    """Without the access-log files that a command line enables by itself: they would go with the instance."""
    balancers = tuple(
        dataclasses.replace(balancer, attributes=_without_access_log(balancer.attributes))
        for balancer in compiled.configuration.load_balancers
    )
    configuration = dataclasses.replace(compiled.configuration, load_balancers=balancers)
    return dataclasses.replace(compiled, configuration=configuration)


def _without_access_log(attributes: LoadBalancerAttributes) -> LoadBalancerAttributes:
    given = {key: value for key, value in attributes.given.items() if key != "access_logs.s3.enabled"}
    return dataclasses.replace(attributes, access_logs=None, given=given)


def _with_listeners(compiled: Compiled, change: Callable[[LoadBalancer, Listener], Listener]) -> Compiled:
    balancers = tuple(
        dataclasses.replace(balancer, listeners=tuple(change(balancer, listener) for listener in balancer.listeners))
        for balancer in compiled.configuration.load_balancers
    )
    configuration = dataclasses.replace(compiled.configuration, load_balancers=balancers)
    return dataclasses.replace(compiled, configuration=configuration)
