"""One call of the Query protocol from its bytes to the bytes of its answer: scope, action, parameters, result or error.

It knows neither HTTP servers nor what the operations do: those are in a table of handlers by operation name.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

from simlb.controlplane.query import cbor, xml
from simlb.controlplane.query.credentials import Scope, read_scope
from simlb.controlplane.query.errors import COMMON_STATUS, QueryError
from simlb.controlplane.query.model import Model, Operation
from simlb.controlplane.query.parameters import merged, read_form, read_parameters

Values = Mapping[str, Any]
"""Nested parameters or results, named as in the service model, as boto3 has them."""

Answer = Values | Awaitable[Values]

CLASSIC_VERSION = "2012-06-01"
"""The Classic Load Balancers' API answers at AWS's same address."""

FORM = "application/x-www-form-urlencoded; charset=utf-8"
"""The content type of a call."""
OK = 200
LARGE_BODY_BYTES = 8 * 1024
"""About 100 targets'. Larger ones are read in a thread: a thousand targets' take 15 ms, in which traffic would wait."""
_JSON = "application/x-amz-json-1.1"
CBOR = "application/cbor"
CBOR_HEADERS = {"smithy-protocol": "rpc-v2-cbor"}
"""Without it a client does not take an answer for one of that protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRequest:
    """What of an HTTP request a call is read from. `query` is still encoded; `target` is the `X-Amz-Target` header."""

    method: str = "POST"
    path: str = "/"
    query: str = ""
    body: bytes = b""
    authorization: str | None = None
    content_type: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryReply:
    """What to answer with."""

    status: int
    body: bytes
    request_id: str
    content_type: str = "text/xml"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further ones."""


class QueryService:
    """A service that speaks the Query protocol."""

    def __init__(
        self, model: Model, run: Callable[[Operation, Scope, Values], Answer], title: str = "AmazonElasticLoadBalancing"
    ) -> None:
        """`run` carries out an operation with checked parameters; it raises QueryError for calls that fail.

        `title` is how the service calls itself in messages.
        """
        self._model = model
        self._title = title
        self._run = run

    @property
    def version(self) -> str:
        """The date by which calls name it."""
        return self._model.version

    async def answer(self, request: QueryRequest) -> QueryReply:
        """The answer to any request at all."""
        request_id = str(uuid.uuid4())
        try:
            is_large = len(request.body) > LARGE_BODY_BYTES
            read = await asyncio.to_thread(self._read, request) if is_large else self._read(request)
            operation, scope, parameters = read
            answer = self._run(operation, scope, parameters)
            result = await answer if isawaitable(answer) else answer
        except QueryError as error:
            return self._failed(error, request_id, request.content_type)
        body = xml.response(self._model, operation, result, request_id)
        return QueryReply(status=OK, body=body, request_id=request_id)

    def refuse(self, code: str, message: str, content_type: str = "") -> QueryReply:
        """An answer without a call: to what is not let in or cannot be read."""
        return self._failed(QueryError(code, message), str(uuid.uuid4()), content_type)

    def _read(self, request: QueryRequest) -> tuple[Operation, Scope, Values]:
        query = read_form(request.query)
        scope = read_scope(request.authorization, query)
        if scope.service != self._model.service:
            raise QueryError(
                "UnsupportedOperation",
                f"simlb does not emulate the service '{scope.service}' here: this is {self._model.service} "
                f"(version {self._model.version}).",
            )
        try:
            text = request.body.decode()
        except UnicodeDecodeError:
            raise QueryError("MalformedQueryString", "The body is not UTF-8.") from None
        parameters = merged([*query.items(), *read_form(text).items()])
        operation = self._operation(parameters)
        return operation, scope, read_parameters(parameters, operation.input)

    def _operation(self, parameters: Mapping[str, str]) -> Operation:
        action, version = parameters.get("Action"), parameters.get("Version", "")
        if not action:
            raise QueryError("MissingAction", "Missing Action: the request names no operation.")
        if version == CLASSIC_VERSION and self._model.service == "elasticloadbalancing":
            raise QueryError(
                "InvalidAction",
                f"Could not find operation {action} for version {version}: simlb has no Classic Load Balancers; "
                f"the API of Application Load Balancers (elbv2) is version {self._model.version}.",
            )
        if version != self._model.version:
            raise QueryError(
                "NoSuchVersion",
                f"The requested version ( {version} ) of service {self._title} does not exist: "
                f"Version={self._model.version} is expected.",
            )
        operation = self._model.operations.get(action)
        if operation is None:
            raise QueryError("InvalidAction", f"Could not find operation {action} for version {version}")
        return operation

    def _failed(self, error: QueryError, request_id: str, content_type: str) -> QueryReply:
        status = self._model.errors.get(error.code) or COMMON_STATUS[error.code]
        # A client of another service that was pointed here: it should at least be able to read why not.
        told = {"__type": error.code, "message": error.message}
        if "json" in content_type.lower():
            return QueryReply(status=status, body=json.dumps(told).encode(), request_id=request_id, content_type=_JSON)
        if "cbor" in content_type.lower():
            return QueryReply(
                status=status, body=cbor.encode(told), request_id=request_id, content_type=CBOR, headers=CBOR_HEADERS
            )
        body = xml.error_response(self._model.namespace, status, error.code, error.message, request_id)
        return QueryReply(status=status, body=body, request_id=request_id)
