"""Every operation of ACM's and what carries it out."""

from __future__ import annotations

from simlb.controlplane.acm import describing, importing, requesting, tagging
from simlb.controlplane.acm.call import AcmCall, Handlers, Result
from simlb.controlplane.acm.table import TARGET, acm_model
from simlb.controlplane.acm.workshop import Workshop
from simlb.controlplane.query.credentials import Scope, check_region
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.json_service import JsonService
from simlb.controlplane.query.model import Operation
from simlb.controlplane.query.protocol import Answer, Values

EXPIRY_EVENTS_DAYS = 45
"""AWS's default: from when on EventBridge is told daily, which simlb does not have."""


async def get_account_configuration(_: AcmCall) -> Result:
    """AWS's default; nothing acts on it."""
    return {"ExpiryEvents": {"DaysBeforeExpiry": EXPIRY_EVENTS_DAYS}}


HANDLERS: Handlers = {
    **requesting.HANDLERS,
    **describing.HANDLERS,
    **importing.HANDLERS,
    **tagging.HANDLERS,
    "GetAccountConfiguration": get_account_configuration,
}


def acm_service(workshop: Workshop) -> JsonService:
    """The service, ready to be asked."""

    def run(operation: Operation, scope: Scope, parameters: Values) -> Answer:
        check_region(scope)
        handler = HANDLERS.get(operation.name)
        if handler is None:
            raise QueryError("UnsupportedOperation", f"{operation.name} is not supported by simlb yet.")
        return handler(AcmCall(operation=operation.name, parameters=parameters, region=scope.region, workshop=workshop))

    return JsonService(acm_model(), TARGET, run)
