"""Every operation of the API and what carries it out. Those without a row are refused."""

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
from simlb.controlplane.operations.refused import refuse
from simlb.controlplane.query.credentials import Scope
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.model import Operation, elbv2
from simlb.controlplane.query.protocol import Answer, QueryService, Values
from simlb.core.model import Configuration

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
        self._seen: Configuration | None = None
        self._catalog = Catalog()

    def run(self, operation: Operation, scope: Scope, parameters: Values) -> Answer:
        """Carry out a call. Raises QueryError."""
        if not operation.name.startswith(READING):
            self._check_may_change(operation, scope)
        call = Call(
            operation=operation.name,
            parameters=parameters,
            region=scope.region,
            estate=self._estate,
            catalog=self._catalog_of(scope.region),
        )
        return HANDLERS.get(operation.name, refuse)(call)

    def _check_may_change(self, operation: Operation, scope: Scope) -> None:
        if not scope.in_header:
            # Any web page can have a browser open a URL; only AWS's clients set the header.
            raise QueryError("AccessDenied", f"{operation.name} has to be signed in the Authorization header.")
        region = self._estate.region
        if scope.region != region:
            raise QueryError(
                "OperationNotPermitted",
                f"This simlb is in {region}: nothing can be changed in {scope.region}. "
                f"Give your client its region: AWS_REGION={region}",
            )

    def _catalog_of(self, region: str) -> Catalog:
        if region != self._estate.region:
            return Catalog()
        configuration = self._estate.configuration()
        if configuration is not self._seen:
            self._seen, self._catalog = configuration, Catalog.of(configuration)
        return self._catalog


def elbv2_service(estate: Estate) -> QueryService:
    """The API, ready to be asked."""
    return QueryService(elbv2(), Elbv2(estate).run)
