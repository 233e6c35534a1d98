"""AWS's services on the control port: `POST /`, and `GET /?Action=...` as AWS allows. Services that speak Smithy RPC v2
name the operation in the path: `POST /service/SERVICE/operation/OPERATION`.

AWS's clients sign their requests; that stands for the token here, see `credentials`. Whatever is refused before a call
is read - a foreign page, a body that is too large - is refused in AWS's words too, so that the clients can read it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from simlb.controlplane.query.protocol import QueryReply, QueryRequest
from simlb.controlplane.query.services import Service
from simlb.controlplane.signed import signed
from simlb.errors import SimlbError

_CODES = {
    HTTPStatus.FORBIDDEN: "AccessDenied",
    HTTPStatus.REQUEST_TIMEOUT: "RequestTimeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "RequestEntityTooLarge",
}


def query_routes(
    service: Service, front: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
) -> list[web.RouteDef]:
    """The routes, for `ControlServer`. `front` answers a GET of `/` that is no call, if there is one."""

    def refuse(request: web.Request, status: int, error: SimlbError) -> web.Response:
        code = _CODES.get(HTTPStatus(status), "MalformedQueryString")
        message = f"{error.what} (SIMLB-{error.code})"
        return _response(service.refuse(code, message, request.headers.get("Content-Type", "")))

    async def answered(request: web.Request, body: bytes) -> web.Response:
        return _response(
            await service.answer(
                QueryRequest(
                    method=request.method,
                    path=request.rel_url.raw_path,
                    query=request.rel_url.raw_query_string,
                    body=body,
                    authorization=request.headers.get("Authorization"),
                    content_type=request.headers.get("Content-Type", ""),
                    target=request.headers.get("X-Amz-Target", ""),
                )
            )
        )

    @signed(refuse)
    async def post(request: web.Request) -> web.Response:
        return await answered(request, await request.read())

    async def get(request: web.Request) -> web.StreamResponse:
        if "Action" not in request.query:
            if front is None:
                raise web.HTTPNotFound
            return await front(request)
        return await answered(request, b"")

    return [web.post("/", post), web.get("/", get), web.post("/service/{service}/operation/{operation}", post)]


def _response(reply: QueryReply) -> web.Response:
    headers = {"Content-Type": reply.content_type, "x-amzn-RequestId": reply.request_id, **reply.headers}
    return web.Response(status=reply.status, body=reply.body, headers=headers)
