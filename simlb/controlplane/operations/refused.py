"""Operations that would change something. simlb refuses them for now, rather than accept and forget."""

from __future__ import annotations

from typing import Never

from simlb.controlplane.operations.call import Call
from simlb.controlplane.query.errors import QueryError

_FILE = "edit simlb.yaml and run: simlb reload"


def refuse(call: Call) -> Never:
    """Raise QueryError OperationNotPermitted; the message says what to do instead."""
    raise QueryError(
        "OperationNotPermitted",
        f"simlb does not change load balancers through the API yet: {call.operation} was not carried out. "
        f"Instead: {_FILE}",
    )
