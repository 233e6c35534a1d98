"""The application as the elbv2 API sees it: see `Estate`."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.records.state import State
from simlb.core.changes import Changes
from simlb.core.model import Certificate, Configuration, Listener, LoadBalancer
from simlb.core.target_group import TargetGroupState
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App

T = TypeVar("T")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class AppEstate:
    """Implements `simlb.controlplane.operations.estate.Estate` for an application."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def region(self) -> str:
        """All load balancers of a configuration are in one."""
        return self._app.compiled.settings.region

    @property
    def created_at(self) -> datetime:
        """The start of the instance."""
        return self._app.started_at

    def configuration(self) -> Configuration:
        """File, commands and faults together."""
        return self._app.configuration

    def live_group(self, name: str) -> TargetGroupState | None:
        """How a target group stands."""
        return next((group for group in self._app.live_groups() if group.group.name == name), None)

    @property
    def changes(self) -> Changes:
        """The application's."""
        return self._app.changes

    def certificate(self, arn: str) -> Certificate | None:
        """One of ACM's, or one that a listener of the file has."""
        return self._app.acm.certificate(arn) or self.of_file(arn)

    def of_file(self, arn: str) -> Certificate | None:
        """One that a listener of the file has."""
        balancers = self._app.compiled.configuration.load_balancers
        listeners = (listener for balancer in balancers for listener in balancer.listeners)
        found = (certificate for listener in listeners for certificate in listener.certificates)
        return next((certificate for certificate in found if certificate.arn == arn), None)

    async def change(self, edit: Callable[[Draft], T]) -> T:
        """See `Estate.change`."""
        app = self._app
        async with app.reloading:
            draft = Draft(app.compiled.configuration, app.changes, app.registrations, time.time())
            result = edit(draft)
            try:
                await app.use_state(State(changes=draft.changes, registrations=draft.registrations))
            except SimlbError as error:
                code = "ServiceUnavailable" if error.code == "E813" else "InvalidConfigurationRequest"
                raise QueryError(code, f"{error.what} (SIMLB-{error.code})") from error
        await app.faults.refresh()
        return result

    def url(self, load_balancer: LoadBalancer, listener: Listener) -> str:
        """With the port where the listener really is."""
        scheme = listener.protocol.lower()
        port = self._app.nodes[load_balancer.name].listeners[listener.port].published_port
        name = load_balancer.names[0] if load_balancer.names else load_balancer.dns_name
        return f"{scheme}://{name}{'' if port == _DEFAULT_PORTS[scheme] else f':{port}'}/"
