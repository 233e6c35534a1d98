"""CloudWatch in its three protocols: Smithy RPC v2 in CBOR, JSON 1.0, and Query, which older clients speak.

The path, the `X-Amz-Target` header, or neither of them says which one a request is in; the answer is in the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from simlb.controlplane.cloudwatch.operations import OPERATIONS, Metrics, Values
from simlb.controlplane.cloudwatch.shapes import EXCEPTIONS, TARGET, cloudwatch
from simlb.controlplane.cloudwatch.values import read_cbor, read_json, write_json
from simlb.controlplane.query import cbor
from simlb.controlplane.query.credentials import Scope, read_scope
from simlb.controlplane.query.errors import COMMON_STATUS, QueryError
from simlb.controlplane.query.model import Operation
from simlb.controlplane.query.parameters import read_form
from simlb.controlplane.query.protocol import (
    CBOR,
    CBOR_HEADERS,
    OK,
    QueryReply,
    QueryRequest,
    QueryService,
)

JSON = "application/x-amz-json-1.0"
PATH = f"/service/{TARGET}/operation/"
_SENDER_FAULTS_BELOW = 500


class CloudWatchService:
    """Implements `Service` for CloudWatch."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._model = cloudwatch()
        self._query = QueryService(self._model, self._run, "AmazonCloudWatch")

    async def answer(self, request: QueryRequest) -> QueryReply:
        """The answer to any request at all."""
        if request.path != "/":
            return self._answer(request, request.path, PATH, CBOR)
        if request.target:
            return self._answer(request, request.target, f"{TARGET}.", JSON)
        return await self._query.answer(request)

    def refuse(self, code: str, message: str, content_type: str = "") -> QueryReply:
        """An answer without a call: to what is not let in or cannot be read."""
        return self._query.refuse(code, message, content_type)

    def _answer(self, request: QueryRequest, name: str, before: str, content_type: str) -> QueryReply:
        request_id = str(uuid.uuid4())
        read, write = _CODECS[content_type]
        try:
            scope = _scope(request)
            operation = self._operation(name, before)
            result = self._run(operation, scope, read(request.body, operation.input))
        except QueryError as error:
            return self._failed(error, request_id, content_type)
        headers = CBOR_HEADERS if content_type == CBOR else {}
        return QueryReply(
            status=OK, body=write(result), request_id=request_id, content_type=content_type, headers=headers
        )

    def _operation(self, name: str, before: str) -> Operation:
        operation = self._model.operations.get(name.removeprefix(before)) if name.startswith(before) else None
        if operation is None:
            raise QueryError("InvalidAction", f"CloudWatch has no such operation: {before}... is expected.")
        return operation

    def _failed(self, error: QueryError, request_id: str, content_type: str) -> QueryReply:
        status = self._model.errors.get(error.code) or COMMON_STATUS[error.code]
        kind = "Sender" if status < _SENDER_FAULTS_BELOW else "Receiver"
        body = {
            "__type": f"com.amazonaws.cloudwatch#{EXCEPTIONS.get(error.code, error.code)}",
            "message": error.message,
        }
        return QueryReply(
            status=status,
            body=_CODECS[content_type][1](body),
            request_id=request_id,
            content_type=content_type,
            # The code as it is in the Query protocol, by which clients know it.
            headers={"x-amzn-query-error": f"{error.code};{kind}", **(CBOR_HEADERS if content_type == CBOR else {})},
        )

    def _run(self, operation: Operation, scope: Scope, values: Values) -> Values:
        handler = OPERATIONS.get(operation.name)
        if handler is None:
            raise QueryError(
                "UnsupportedOperation",
                f"simlb does not emulate {operation.name}, and nothing was done: of CloudWatch it answers "
                f"{', '.join(OPERATIONS)}.",
            )
        return handler(self._metrics, scope.region, values)


def _scope(request: QueryRequest) -> Scope:
    scope = read_scope(request.authorization, read_form(request.query))
    if not scope.in_header:
        raise QueryError("AccessDenied", "Calls in this protocol have to be signed in the Authorization header.")
    return scope


_CODECS: Mapping[str, tuple[Callable[..., dict[str, Any]], Callable[[Values], bytes]]] = {
    CBOR: (read_cbor, cbor.encode),
    JSON: (read_json, write_json),
}
