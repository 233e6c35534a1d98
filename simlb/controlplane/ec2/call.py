"""One call of an operation of EC2, as the operations see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from simlb.controlplane.ec2.estate import Ec2Estate
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.protocol import Answer, Values
from simlb.core.model import Configuration, LoadBalancer
from simlb.core.security_groups import NamedSecurityGroup, security_groups

T = TypeVar("T")
Result = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ec2Call:
    """An operation's name, its parameters, and where it is made."""

    operation: str
    parameters: Values
    region: str
    estate: Ec2Estate
    theirs: tuple[Result, ...] = ()
    """What moto has of the list that is asked for, filtered by it."""

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings, each once; empty when it is not given."""
        return tuple(dict.fromkeys(self.parameters.get(name) or ()))

    def text(self, name: str) -> str:
        """A string; empty when it is not given."""
        return self.parameters.get(name) or ""

    def flag(self, name: str) -> bool:
        """A boolean; false when it is not given."""
        return bool(self.parameters.get(name))

    def required(self, name: str) -> str:
        """A string. Raises QueryError MissingParameter without it."""
        value = self.text(name)
        if not value:
            raise missing(name)
        return value

    def required_list(self, name: str, shown: str) -> tuple[str, ...]:
        """A list of strings, one at least. Raises QueryError MissingParameter without any."""
        values = self.texts(name)
        if not values:
            raise missing(shown)
        return values

    @property
    def is_here(self) -> bool:
        """Whether it is made in the region of the instance. Any other region has a network, and nothing in it."""
        return self.region == self.estate.region

    def tags(self, resource_id: str) -> dict[str, str]:
        """What the API has tagged a resource with."""
        return dict(self.estate.changes.tags.get(resource_id, {})) if self.is_here else {}

    def security_groups(self) -> dict[str, NamedSecurityGroup]:
        """All there are in the region, by id."""
        if self.is_here:
            return security_groups(self.estate.file, self.region, self.estate.changes.security_groups)
        return security_groups(_NOTHING, self.region, {})

    def check_dry_run(self) -> None:
        """Raise QueryError DryRunOperation when only that was asked for. Call it when all is checked."""
        if self.flag("DryRun"):
            raise QueryError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")

    async def change(self, edit: Callable[[Draft], T]) -> T:
        """Carry out a change, or find that it could be. Raises QueryError, also for a region that is not here."""
        if not self.is_here:
            raise QueryError(
                "UnsupportedOperation",
                f"This simlb is {self.estate.region}: {self.operation} was not carried out in {self.region}.",
            )

        def checked(draft: Draft) -> T:
            result = edit(draft)
            self.check_dry_run()
            return result

        return await self.estate.change(checked)


Handler = Callable[[Ec2Call], Answer]
Handlers = Mapping[str, Handler]


def missing(name: str) -> QueryError:
    """MissingParameter."""
    return QueryError("MissingParameter", f"The request must contain the parameter {name}")


def invalid_value(name: str, value: object, why: str) -> QueryError:
    """InvalidParameterValue."""
    return QueryError("InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid. {why}")


def users(draft: Draft, group_id: str) -> list[LoadBalancer]:
    """The load balancers that have a security group."""
    balancers = draft.configuration.load_balancers
    return [balancer for balancer in balancers if group_id in draft.changes.security_groups_of(balancer)]


_NOTHING = Configuration(load_balancers=(), target_groups={})
