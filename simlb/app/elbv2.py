"""The application as the elbv2 API sees it: see `Estate`."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Collection, Iterable
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeVar

from simlb.app.foreign import look_up
from simlb.app.placing import free_address, places
from simlb.app.registering import refusals
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.records.state import State
from simlb.controlplane.urls import listener_url
from simlb.core.changes import Changes
from simlb.core.foreign import Foreign, without_unused
from simlb.core.ids import region_of
from simlb.core.model import Bind, Certificate, Configuration, Listener, LoadBalancer, Target
from simlb.core.regional import NOTHING, in_region
from simlb.core.target_group import TargetGroupState
from simlb.errors import BindError, SimlbError
from simlb.observe.buckets import read_object

if TYPE_CHECKING:
    from simlb.app.application import App

T = TypeVar("T")
PROVISIONING_S = 3.0
"""How long a new load balancer is `provisioning`, in load-balancer seconds; in AWS it takes minutes."""


class AppEstate:
    """Implements `simlb.controlplane.operations.estate.Estate` for an application."""

    def __init__(self, app: App) -> None:
        """Seen from the region of the configuration, whichever that is by now; see `at`."""
        self._app = app
        self._region: str | None = None
        self._active_at: dict[str, float] = {}
        self._random = random.Random(app.options.seed)

    @property
    def region(self) -> str:
        """Where the call is made."""
        return self._region or self.home

    @property
    def home(self) -> str:
        """All load balancers of a configuration are in one region."""
        return self._app.region

    def at(self, region: str) -> Self:
        """See `Estate.at`. Both know the same."""
        other = copy(self)
        other._region = region
        return other

    @property
    def created_at(self) -> datetime:
        """The start of the instance."""
        return self._app.started_at

    def configuration(self) -> Configuration:
        """File, commands and faults together."""
        return in_region(self._app.configuration, self.region)

    def everything(self) -> Configuration:
        """The same of all regions."""
        return self._app.configuration

    def live_group(self, name: str) -> TargetGroupState | None:
        """How a target group stands."""
        return self._app.find_live_group(name)

    @property
    def changes(self) -> Changes:
        """The application's."""
        return self._app.changes

    @property
    def file(self) -> Configuration:
        """The configuration file's."""
        return self._app.compiled.configuration if self.region == self.home else NOTHING

    async def look_up(
        self,
        *,
        subnets: Collection[str] = (),
        zones: Iterable[str] = (),
        security_groups: Collection[str] = (),
        vpcs: Collection[str] = (),
    ) -> Foreign:
        """See `Estate.look_up`."""
        return await look_up(
            self._app, self.region, subnets=subnets, zones=zones, security_groups=security_groups, vpcs=vpcs
        )

    def certificate(self, arn: str) -> Certificate | None:
        """One of ACM's, one that the file names, or one that a listener has all the same."""
        if region_of(arn) != self.region:
            return None
        return self._app.acm.certificate(arn) or self.of_file(arn) or _presented(self._app.base, arn)

    def of_file(self, arn: str) -> Certificate | None:
        """One that the file names."""
        return _presented(self._app.compiled.configuration, arn)

    async def read_object(self, bucket: str, key: str, max_bytes: int) -> bytes:
        """Below `s3/` of the state folder, and nowhere else."""
        return await asyncio.to_thread(read_object, self._app.observing.files.buckets, bucket, key, max_bytes)

    def control_url(self, path: str) -> str:
        """At the address where it really listens."""
        return f"http://{self._app.control}{path}"

    def binds(self, configuration: Configuration, load_balancer: LoadBalancer, port: int) -> tuple[Bind, ...]:
        """On the load balancer's own loopback address: the port, then those in its stead."""
        return places(self._app, configuration, load_balancer, port)

    def target_policy(self) -> Callable[[Target], str | None]:
        """By the file's `allow_targets`, and where simlb itself listens."""
        return refusals(self._app)

    async def change(self, edit: Callable[[Draft], T]) -> T:
        """See `Estate.change`."""
        app = self._app
        async with app.reloading:
            draft = Draft(
                app.compiled.configuration,
                app.changes,
                app.registrations,
                time.time(),
                self._random,
                region=self.region,
                home=self.home,
            )
            try:
                result = edit(draft)
                changes = without_unused(draft.changes)
                await app.use_state(State(changes=changes, registrations=draft.registrations))
            except SimlbError as error:
                raise QueryError(_code(error), f"{error.what} (SIMLB-{error.code})") from error
        await app.faults.refresh()
        return result

    def is_running(self, instance_id: str) -> bool:
        """As DescribeInstances says."""
        return not self._app.instances.is_stopped(instance_id)

    def address(self, configuration: Configuration) -> str:
        """The first one of the file's series that is free."""
        return free_address(self._app, configuration)

    def begin_provisioning(self, arn: str) -> None:
        """For a moment: see `PROVISIONING_S`."""
        now = self._app.clock.now()
        for other in [other for other, at in self._active_at.items() if at <= now]:
            del self._active_at[other]
        self._active_at[arn] = now + PROVISIONING_S

    def is_provisioning(self, arn: str) -> bool:
        """By the clock of the load balancers."""
        return self._app.clock.now() < self._active_at.get(arn, 0.0)

    def url(self, load_balancer: LoadBalancer, listener: Listener) -> str:
        """Where the listener really is."""
        opened = self._app.nodes[load_balancer.name].listeners[listener.port]
        names = (*load_balancer.names, load_balancer.dns_name)
        return listener_url(listener.protocol, opened.host, opened.published_port, names)


def _code(error: SimlbError) -> str:
    if error.code == "E813":
        return "ServiceUnavailable"
    return "ResourceInUse" if isinstance(error, BindError) else "InvalidConfigurationRequest"


def _presented(configuration: Configuration, arn: str) -> Certificate | None:
    """A listener's certificate of that ARN."""
    listeners = (listener for balancer in configuration.load_balancers for listener in balancer.listeners)
    found = (certificate for listener in listeners for certificate in listener.certificates)
    return next((certificate for certificate in found if certificate.arn == arn), None)
