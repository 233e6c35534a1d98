"""Every operation of the API and what carries it out."""

from __future__ import annotations

from collections.abc import Mapping

from simlb.controlplane.operations import (
    account,
    listener_certificates,
    listener_changes,
    listeners,
    load_balancer_changes,
    load_balancers,
    rule_changes,
    rules,
    tags,
    target_group_changes,
    target_groups,
    target_health,
    target_registration,
    trust_stores,
)
from simlb.controlplane.operations.call import Call, Handler
from simlb.controlplane.operations.catalog import Catalog
from simlb.controlplane.operations.estate import Estate
from simlb.controlplane.query.credentials import Scope, check_region
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.model import Operation, elbv2
from simlb.controlplane.query.protocol import Answer, QueryService, Values

HANDLERS: Mapping[str, Handler] = {
    **load_balancers.HANDLERS,
    **load_balancer_changes.HANDLERS,
    **listeners.HANDLERS,
    **listener_changes.HANDLERS,
    **listener_certificates.HANDLERS,
    **rules.HANDLERS,
    **rule_changes.HANDLERS,
    **target_groups.HANDLERS,
    **target_group_changes.HANDLERS,
    **target_health.HANDLERS,
    **target_registration.HANDLERS,
    **tags.HANDLERS,
    **account.HANDLERS,
    **trust_stores.HANDLERS,
}

READING = ("Describe", "Get")
"""How the names of operations begin that change nothing."""


class Elbv2:
    """The elbv2 API of one instance."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def run(self, operation: Operation, scope: Scope, parameters: Values) -> Answer:
        """Carry out a call. Raises QueryError."""
        if not (operation.name.startswith(READING) or scope.in_header):
            # Any web page can have a browser open a URL; only AWS's clients set the header.
            raise QueryError("AccessDenied", f"{operation.name} has to be signed in the Authorization header.")
        check_region(scope)
        estate = self._estate.at(scope.region)
        call = Call(
            operation=operation.name,
            parameters=parameters,
            region=scope.region,
            estate=estate,
            catalog=Catalog.of(estate.configuration()),
        )
        return HANDLERS[operation.name](call)


def elbv2_service(estate: Estate) -> QueryService:
    """The API, ready to be asked."""
    return QueryService(elbv2(), Elbv2(estate).run)
