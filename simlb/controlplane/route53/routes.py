"""Route 53 on the control port: everything below `/2013-04-01/`. Signed as all services of AWS, see `signed`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import unquote

from aiohttp import web

from simlb.controlplane.elsewhere import Elsewhere
from simlb.controlplane.query.credentials import Scope, read_scope
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.parameters import read_form
from simlb.controlplane.query.protocol import QueryReply, QueryRequest
from simlb.controlplane.query.told import AnsweredCall, OnAnswered, bounded, flat, is_told
from simlb.controlplane.route53 import errors, xml
from simlb.controlplane.route53.errors import Route53Error
from simlb.controlplane.route53.operations import Route53
from simlb.controlplane.route53.shapes import OPERATIONS, VERSION, Operation
from simlb.controlplane.signed import signed
from simlb.errors import SimlbError

SERVICE = "route53"
_CODES = {
    HTTPStatus.FORBIDDEN: "AccessDenied",
    HTTPStatus.REQUEST_TIMEOUT: "RequestTimeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "RequestEntityTooLarge",
}
_PATHS = [
    (operation, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", VERSION + operation.path)))
    for operation in OPERATIONS
]


def route53_routes(route53: Route53, elsewhere: Elsewhere, on_answered: OnAnswered | None = None) -> list[web.RouteDef]:
    """The routes, for `ControlServer`. `on_answered` is told of every call of simlb's own operations."""

    def tell(
        request: web.Request, operation: str, scope: Scope, error: str | None, given: Mapping[str, object]
    ) -> None:
        if on_answered is not None and is_told(operation, request.headers.get("Authorization")):
            call = AnsweredCall(
                service=SERVICE, operation=operation, region=scope.region, error=error, parameters=bounded(flat(given))
            )
            on_answered(call)

    def refuse(_: web.Request, status: int, error: SimlbError) -> web.Response:
        code = _CODES.get(HTTPStatus(status), "InvalidInput")
        return _failed(code, f"{error.what} (SIMLB-{error.code})", _new_id())

    @signed(refuse)
    async def answer(request: web.Request) -> web.Response:
        request_id = _new_id()
        try:
            scope = _scope(request)
            path = request.rel_url.raw_path.rstrip("/")
            found = _operation(request.method, path)
            if found is None:
                return _reply(await _ask_moto(request, path, scope, route53, elsewhere))
            operation, given = await _read(request, scope, *found)
        except (Route53Error, QueryError) as error:
            return _failed(error.code, error.message, request_id)
        try:
            result = await route53.run(operation.name, given)
        except (Route53Error, QueryError) as error:
            tell(request, operation.name, scope, error.code, given)
            return _failed(error.code, error.message, request_id)
        except SimlbError as error:
            return _failed("ServiceUnavailable", f"{error.what} (SIMLB-{error.code})", request_id)
        tell(request, operation.name, scope, None, given)
        body = xml.write(f"{operation.name}Response", operation.answers, result)
        response = _response(operation.status, body, request_id)
        if "Location" in result:
            response.headers["Location"] = result["Location"]
        return response

    return [web.route(method, VERSION + "/{path:.*}", answer) for method in ("GET", "POST", "DELETE")]


def _scope(request: web.Request) -> Scope:
    scope = read_scope(request.headers.get("Authorization"), read_form(request.rel_url.raw_query_string))
    if scope.service != SERVICE:
        raise Route53Error("UnsupportedOperation", f"This is Route 53; the request is signed for '{scope.service}'.")
    return scope


async def _ask_moto(
    request: web.Request, path: str, scope: Scope, route53: Route53, elsewhere: Elsewhere
) -> QueryReply:
    """The answer to what simlb has no operation for. What is about one of its hosted zones is refused."""
    what = f"{request.method} {path[:80]} of Route 53"
    if request.method != "GET" and not scope.in_header:
        raise QueryError("AccessDenied", f"{what} has to be signed in the Authorization header.")
    elsewhere.check(what)
    body = await request.read()
    for zone in route53.zone_ids():
        if zone in path or zone.encode() in body:
            raise Route53Error(
                "UnsupportedOperation",
                f"{what} was not carried out: the hosted zone {zone} is simlb's own, and this operation is answered "
                "by moto, which does not have it.",
            )
    asked = QueryRequest(
        method=request.method,
        path=request.rel_url.raw_path,
        query=request.rel_url.raw_query_string,
        body=body,
        authorization=request.headers.get("Authorization"),
        content_type=request.headers.get("Content-Type", ""),
    )
    return await elsewhere.ask(asked, what)


def _reply(reply: QueryReply) -> web.Response:
    headers = {"Content-Type": reply.content_type, "x-amzn-RequestId": reply.request_id, **reply.headers}
    return web.Response(status=reply.status, body=reply.body, headers=headers)


async def _read(
    request: web.Request, scope: Scope, operation: Operation, found: Mapping[str, str]
) -> tuple[Operation, Mapping[str, object]]:
    query = read_form(request.rel_url.raw_query_string)
    if operation.method != "GET" and not scope.in_header:
        # Any web page can have a browser open a URL; only AWS's clients set the header.
        raise QueryError("AccessDenied", f"{operation.name} has to be signed in the Authorization header.")
    given: dict[str, object] = {member: query[name] for name, member in operation.query.items() if name in query}
    body = await request.read() if operation.method == "POST" else b""
    if operation.reads is not None and (body.strip() or operation.name != "UpdateHostedZoneComment"):
        try:
            given |= xml.read(body, f"{operation.name}Request", operation.reads)
        except xml.XmlError as error:
            raise errors.invalid_input(f"Invalid XML ; {error}") from None
    return operation, {**given, **{name: unquote(value) for name, value in found.items()}}


def _operation(method: str, path: str) -> tuple[Operation, Mapping[str, str]] | None:
    for operation, pattern in _PATHS:
        found = pattern.fullmatch(path)
        if found is not None and operation.method == method:
            return operation, found.groupdict()
    return None


def _new_id() -> str:
    return str(uuid.uuid4())


def _failed(code: str, message: str, request_id: str) -> web.Response:
    return _response(errors.status_of(code), errors.document(code, message, request_id), request_id)


def _response(status: int, body: bytes, request_id: str) -> web.Response:
    headers = {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}
    return web.Response(status=status, body=body, headers=headers)
