"""What the API's operations ask of the application they belong to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from simlb.core.changes import Changes
from simlb.core.foreign import Foreign
from simlb.core.model import Bind, Certificate, Configuration, Listener, LoadBalancer, Target
from simlb.core.target_group import TargetGroupState

if TYPE_CHECKING:
    from simlb.controlplane.operations.draft import Draft

T = TypeVar("T")


class Estate(Protocol):
    """A running simlb as the API sees it. Every method is called on its own loop."""

    @property
    def region(self) -> str:
        """The region that it is seen from: load balancers and target groups of others are not there.

        `changes` and what is asked for by an ARN, a name or an id of simlb's own is of all regions.
        """

    @property
    def home(self) -> str:
        """The region of the configuration file, where its resources and instances are."""

    def at(self, region: str) -> Self:
        """The same, seen from another region."""

    @property
    def created_at(self) -> datetime:
        """Since when there are the resources of the configuration: the start of the instance."""

    def configuration(self) -> Configuration:
        """What is in force now in the region. The same object as long as nothing changes."""

    def everything(self) -> Configuration:
        """What is in force now in all regions."""

    @property
    def file(self) -> Configuration:
        """What the configuration file says of the region, whatever API and commands have made of it."""

    def live_group(self, name: str) -> TargetGroupState | None:
        """How a target group stands; None for one without listeners and targets."""

    @property
    def changes(self) -> Changes:
        """What API calls have made of the file's configuration."""

    async def look_up(
        self,
        *,
        subnets: Collection[str] = (),
        zones: Iterable[str] = (),
        security_groups: Collection[str] = (),
        vpcs: Collection[str] = (),
    ) -> Foreign:
        """What there is to know of ids that are not simlb's; what is nowhere is not in the answer.

        `zones` are those of a call's other subnets. Raises QueryError when nobody answers who should know.
        """

    def certificate(self, arn: str) -> Certificate | None:
        """The certificate of that ARN, issued, imported or the file's; None when there is none in the region.

        Raises QueryError UnsupportedCertificate for one that was requested and is not issued.
        """

    async def read_object(self, bucket: str, key: str, max_bytes: int) -> bytes:
        """The first `max_bytes` of an object in a bucket, which is a folder. Raises OSError when there is none."""

    def control_url(self, path: str) -> str:
        """Where a path of the control port is."""

    def binds(self, configuration: Configuration, load_balancer: LoadBalancer, port: int) -> tuple[Bind, ...]:
        """Where the socket of a new listener of `load_balancer` goes, in the order in which places are tried.

        `configuration` is everything that there is beside it, in all regions.
        """

    def target_policy(self) -> Callable[[Target], str | None]:
        """Tells why there cannot be a target where that one is, and what to do about it; None when there can."""

    async def change(self, edit: Callable[[Draft], T]) -> T:
        """Put what `edit` makes of a draft in force, and give back what it returned once that is safe on disk.

        One after the other: what `edit` reads of the draft holds until its change is in force. What it raises ends the
        change, with nothing changed. Raises QueryError too when what was asked for cannot be served, such as a port
        that is taken.
        """

    def is_running(self, instance_id: str) -> bool:
        """False for an instance that EC2's API has stopped, until it runs again."""

    def address(self, configuration: Configuration) -> str:
        """A loopback address for one more load balancer beside those of `configuration`: one that none of them has.
        Those of all regions count.

        Where the system has a single one, and where listeners are exposed or on any free port, all share that.
        """

    def begin_provisioning(self, arn: str) -> None:
        """That load balancer has just been created; it becomes active on the load balancers' clock."""

    def is_provisioning(self, arn: str) -> bool:
        """Whether it is not active yet. After a restart all are."""

    def url(self, load_balancer: LoadBalancer, listener: Listener) -> str:
        """What a client on this machine types to reach the listener."""
