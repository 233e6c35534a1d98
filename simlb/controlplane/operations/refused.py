"""Operations that would change something. simlb refuses them for now, rather than accept and forget."""

from __future__ import annotations

from typing import Never

from simlb.controlplane.operations.call import Call
from simlb.controlplane.query.errors import QueryError

_FILE = "edit simlb.yaml and run: simlb reload"
_INSTEAD = {
    "RegisterTargets": f"simlb target add GROUP URL, or {_FILE}",
    "DeregisterTargets": f"simlb target rm NAME, or {_FILE}",
}


def refuse(call: Call) -> Never:
    """Raise QueryError OperationNotPermitted; the message says what to do instead."""
    raise QueryError(
        "OperationNotPermitted",
        f"simlb does not change load balancers through the API yet: {call.operation} was not carried out. "
        f"Instead: {_INSTEAD.get(call.operation, _FILE)}",
    )
