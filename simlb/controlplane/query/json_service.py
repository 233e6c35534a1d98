"""Services that speak AWS's JSON protocol: the operation is in the `X-Amz-Target` header, parameters and result are
JSON.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from inspect import isawaitable

from simlb.controlplane.query.credentials import Scope, read_scope
from simlb.controlplane.query.errors import COMMON_STATUS, QueryError
from simlb.controlplane.query.json_values import plain, read_json
from simlb.controlplane.query.model import Model, Operation
from simlb.controlplane.query.parameters import read_form
from simlb.controlplane.query.protocol import OK, Answer, QueryReply, QueryRequest, Values

JSON_STATUS: Mapping[str, int] = {
    "AccessDeniedException": 403,
    "InvalidConfigurationRequest": 400,
    "SerializationException": 400,
    "UnknownOperationException": 400,
    "ValidationException": 400,
}
"""Codes that every service with this protocol has."""


class JsonService:
    """A service that speaks JSON."""

    def __init__(
        self,
        model: Model,
        target: str,
        run: Callable[[Operation, Scope, Values], Answer],
        content_type: str = "application/x-amz-json-1.1",
    ) -> None:
        """`target` is what stands before the operation's name: `CertificateManager`. `run` as for `QueryService`."""
        self._model = model
        self._target = f"{target}."
        self._run = run
        self._content_type = content_type

    async def answer(self, request: QueryRequest) -> QueryReply:
        """The answer to any request at all."""
        request_id = str(uuid.uuid4())
        try:
            scope = _scope(request)
            operation = self._operation(request.target)
            answer = self._run(operation, scope, read_json(request.body, operation.input))
            result = await answer if isawaitable(answer) else answer
        except QueryError as error:
            return self._failed(error, request_id)
        body = json.dumps(plain(result, operation.output)).encode()
        return QueryReply(status=OK, body=body, request_id=request_id, content_type=self._content_type)

    def refuse(self, code: str, message: str, content_type: str = "") -> QueryReply:
        """An answer without a call: to what is not let in or cannot be read."""
        return self._failed(QueryError(code, message), str(uuid.uuid4()))

    def _operation(self, target: str) -> Operation:
        operation = self._model.operations.get(target.removeprefix(self._target))
        if operation is None or not target.startswith(self._target):
            raise QueryError(
                "UnknownOperationException",
                f"The X-Amz-Target header names no operation: {self._target}... is expected.",
            )
        return operation

    def _failed(self, error: QueryError, request_id: str) -> QueryReply:
        status = self._model.errors.get(error.code) or JSON_STATUS.get(error.code) or COMMON_STATUS[error.code]
        body = json.dumps({"__type": error.code, "message": error.message}).encode()
        return QueryReply(status=status, body=body, request_id=request_id, content_type=self._content_type)


def _scope(request: QueryRequest) -> Scope:
    scope = read_scope(request.authorization, read_form(request.query))
    if not scope.in_header:
        # Any web page can have a browser open a URL; only AWS's clients set the header.
        raise QueryError("AccessDeniedException", "Calls have to be signed in the Authorization header.")
    return scope
