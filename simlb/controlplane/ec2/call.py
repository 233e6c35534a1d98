"""One call of an operation of EC2, as the operations see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from simlb.controlplane.ec2.estate import Ec2Estate
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.protocol import Answer, Values
from simlb.core.model import LoadBalancer
from simlb.core.security_groups import NamedSecurityGroup

T = TypeVar("T")
Result = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ec2Call:
    """An operation's name, its parameters, and where it is made: `estate` is seen from `region`."""

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

    def tags(self, resource_id: str) -> dict[str, str]:
        """What the API has tagged a resource with."""
        return dict(self.estate.changes.tags.get(resource_id, {}))

    def security_groups(self) -> dict[str, NamedSecurityGroup]:
        """All there are in the region, by id."""
        return self.estate.changes.all_security_groups(self.estate.file, self.region)

    def check_dry_run(self) -> None:
        """Raise QueryError DryRunOperation when only that was asked for. Call it when all is checked."""
        if self.flag("DryRun"):
            raise QueryError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")

    async def change(self, edit: Callable[[Draft], T]) -> T:
        """Carry out a change, or find that it could be. Raises QueryError."""

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
