"""The control port: a small JSON interface over `Instance`, on loopback only.

    GET  /health                            is it up
    GET  /api/v1/status                     InstanceView
    GET  /api/v1/logs?kind=&after=&limit=   LogPage; kind is access, connection or health_check
    POST /api/v1/targets/{name}/kill        POST /api/v1/targets/{name}/restart
    POST /api/v1/target-groups/{group}/targets
                                            {"url": "http://127.0.0.1:9003", "name": "i-03"}, or without the name
    DELETE /api/v1/target-groups/{group}/targets/{name}
    POST /api/v1/targets/{name}/deregister  the same, in whichever group it is
    POST /api/v1/reload                     POST /api/v1/stop

Registering and deregistering answer a TargetChange, other POSTs `{"message": "..."}`. Where a target is deregistered,
its `{name}` may be its `address:port`.

docs/json-api.md shows all of them with their answers, and those of `event_routes`, `explain_routes`, `fault_routes`,
`load_routes`, `metric_routes` and `testing_routes`. `query` answers AWS's clients at `/`.

Errors are `{"code": "E302", "message": "...", "hints": [...], "notes": [...], "exit_status": 2}` with a fitting status.
Who may ask: `guard`.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Sequence

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from simlb.controlplane.bodies import RegisterTarget, decode_body, error_body, refuse_body
from simlb.controlplane.guard import Guard
from simlb.controlplane.instance import Instance
from simlb.controlplane.signed import BODY_BYTES_MAX as SIGNED_BODY_BYTES_MAX
from simlb.controlplane.signed import refuse_of
from simlb.core.log_kinds import LogKind
from simlb.errors import BindError, SimlbError

HOST = "127.0.0.1"
DEFAULT_PORT = 8089
PORTS_TRIED = 21
BODY_BYTES_MAX = 64 * 1024
"""Of an operation of simlb's own. Calls of AWS's clients may be larger."""
BODY_TIMEOUT_S = 10.0
LOG_LINES_MAX = 1000
CLOSE_TIMEOUT_S = 2.0
MAX_PORT = 65535
_BODY_MARK = "simlb_body_bytes_max"

FIXED_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ENDLESS: web.AppKey[set[Callable[[], None]]] = web.AppKey("ENDLESS")
"""How answers are ended that have no end of their own. A handler adds the way to end its own, and takes it away."""
_CODES_OF_STATUS = {
    400: ("E608", "E762", "E765", "E771"),
    401: ("E607",),
    403: ("E605", "E606", "E780"),
    404: ("E302", "E304", "E630", "E634", "E638", "E655", "E660", "E685", "E750", "E763", "E764", "E766"),
    408: ("E614",),
    422: (
        *("E401", "E620", "E621", "E631", "E632", "E633", "E635", "E636", "E637", "E651", "E664"),
        *("E751", "E755", "E757", "E814", "E815", "E843"),
    ),
    503: ("E770",),
    507: ("E813",),
}
_STATUS_OF_CODE = {code: status for status, codes in _CODES_OF_STATUS.items() for code in codes}
_STATUS_OF_KIND = {"E5": 422}
_CODE_OF_STATUS = {413: "E612"}


def _is_of_simlb(record: logging.LogRecord) -> bool:
    """Bytes that are no HTTP are answered with 400; they are no failure of ours that a terminal should show."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_LOG = logging.getLogger("simlb.control")
_LOG.addFilter(_is_of_simlb)


class ControlServer:
    """The control port of one instance. `port` 0 takes any free one; else the next free one of the following 20."""

    def __init__(
        self, instance: Instance, token: str, port: int = DEFAULT_PORT, *, routes: Sequence[web.RouteDef] = ()
    ) -> None:
        """`routes` are further ones, of modules of their own; the same guard stands before them."""
        self._instance = instance
        self._routes = routes
        self._token = token
        self._wanted = port
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen. Raises BindError E611 when no port of the range is free."""
        sock = _bind(self._wanted)
        self.port = sock.getsockname()[1]
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[_gate(Guard(self.port, self._token))])
        endless: set[Callable[[], None]] = set()
        app[ENDLESS] = endless
        app.add_routes(self.routes())
        self._runner = web.AppRunner(
            app,
            handle_signals=False,
            access_log=None,
            logger=_LOG,
            shutdown_timeout=CLOSE_TIMEOUT_S,
            lingering_time=0,
        )
        await self._runner.setup()
        await web.SockSite(self._runner, sock).start()

    def routes(self) -> list[web.RouteDef]:
        """All that it answers to; docs/json-api.md has them with examples."""
        return [
            web.get("/health", self._health),
            web.get("/api/v1/status", self._status),
            web.get("/api/v1/logs", self._logs),
            web.post("/api/v1/targets/{name}/kill", self._kill),
            web.post("/api/v1/targets/{name}/restart", self._restart),
            web.post("/api/v1/targets/{name}/deregister", self._deregister),
            web.post("/api/v1/target-groups/{group}/targets", self._register),
            web.delete("/api/v1/target-groups/{group}/targets/{name}", self._deregister),
            web.post("/api/v1/reload", self._reload),
            web.post("/api/v1/stop", self._stop),
            *self._routes,
        ]

    async def close(self) -> None:
        """Stop listening, finish answers under way (at most 2 s), close every connection. Harmless when repeated."""
        runner, self._runner = self._runner, None
        if runner is not None:
            endless = runner.app[ENDLESS]
            for end in tuple(endless):
                end()
            await runner.cleanup()

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _status(self, _: web.Request) -> web.Response:
        return web.json_response(self._instance.view().to_json())

    async def _logs(self, request: web.Request) -> web.Response:
        after = integer(request, "after", 0)
        limit = integer(request, "limit", LOG_LINES_MAX)
        if not 1 <= limit <= LOG_LINES_MAX:
            raise SimlbError("E608", f"limit={limit} is outside 1-{LOG_LINES_MAX}.")
        kind = request.query.get("kind", LogKind.ACCESS)
        if kind not in set(LogKind):
            raise SimlbError("E608", f"kind={kind} is none of {', '.join(LogKind)}.")
        return web.json_response(self._instance.log_lines(after, limit, LogKind(kind)).to_json())

    async def _kill(self, request: web.Request) -> web.Response:
        return _sentence(await self._instance.kill_target(request.match_info["name"]))

    async def _restart(self, request: web.Request) -> web.Response:
        return _sentence(await self._instance.restart_target(request.match_info["name"]))

    async def _register(self, request: web.Request) -> web.Response:
        wanted = decode_body(RegisterTarget, await request.read())
        change = await self._instance.register_target(request.match_info["group"], wanted.url, wanted.name)
        return web.json_response(change.to_json())

    async def _deregister(self, request: web.Request) -> web.Response:
        refuse_body(await request.read())
        target_group = request.match_info.get("group")
        change = await self._instance.deregister_target(request.match_info["name"], target_group)
        return web.json_response(change.to_json())

    async def _reload(self, _: web.Request) -> web.Response:
        return _sentence(await self._instance.reload())

    async def _stop(self, _: web.Request) -> web.Response:
        # The graceful stop closes this server as well; `close` lets this answer out first.
        self._instance.request_stop()
        return _sentence("Stopping.")


def takes_up_to(body_bytes_max: int, handler: Handler) -> Handler:
    """Let a handler have larger bodies than others do."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    setattr(handle, _BODY_MARK, body_bytes_max)
    return handle


def _sentence(message: str) -> web.Response:
    return web.json_response({"message": message})


def integer(request: web.Request, name: str, default: int) -> int:
    """A whole number of the query, such as `after` in `?after=5`. Raises SimlbError E608 for anything else."""
    text = request.query.get(name)
    if text is None:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
        raise SimlbError("E608", f"{name}={text} is no whole number.")
    return int(text)


async def _drain(request: web.Request) -> None:
    """Read the body within the limits of size and time; it is kept for those operations that have one."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


def _gate(guard: Guard) -> Middleware:
    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        response: web.StreamResponse
        refuse = refuse_of(request.match_info.handler) or _refuse
        try:
            is_front = request.method == "GET" and request.path_qs == "/"
            guard.check_page(request.headers.getall("Host", []), request.headers, is_front=is_front)
            if request.method not in {"GET", "HEAD"}:
                if refuse is _refuse:
                    guard.check_token(request.headers)
                    body_bytes_max = getattr(request.match_info.handler, _BODY_MARK, BODY_BYTES_MAX)
                else:
                    body_bytes_max = SIGNED_BODY_BYTES_MAX
                if body_bytes_max != BODY_BYTES_MAX:
                    request = request.clone(client_max_size=body_bytes_max)
                await _drain(request)
            response = await handler(request)
        except SimlbError as error:
            status = _STATUS_OF_CODE.get(error.code) or _STATUS_OF_KIND.get(error.code[:2], 409)
            response = _closing(refuse(request, status, error))
        except web.HTTPException as error:
            refused = SimlbError(_CODE_OF_STATUS.get(error.status, "E608"), error.reason)
            response = _closing(refuse(request, error.status, refused))
            if allowed := error.headers.get("Allow"):
                response.headers["Allow"] = allowed
        response.headers.update(FIXED_HEADERS)
        return response

    return gate


def _refuse(_: web.Request, status: int, error: SimlbError) -> web.Response:
    response = web.json_response(error_body(error), status=status)
    if status == web.HTTPUnauthorized.status_code:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _closing(response: web.Response) -> web.Response:
    """A body that was not read must not be taken for the next request."""
    if response.status != web.HTTPConflict.status_code:
        response.force_close()
    return response


def _bind(wanted: int) -> socket.socket:
    last = wanted if wanted == 0 else min(wanted + PORTS_TRIED - 1, MAX_PORT)
    for port in range(wanted, last + 1):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((HOST, port))
            # Listen here: with SO_REUSEADDR two sockets may share a port until one of them listens.
            sock.listen(128)
            sock.setblocking(False)
        except OSError as error:
            sock.close()
            if error.errno not in {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL}:
                raise
        else:
            return sock
    raise BindError(
        "E611",
        f"No free port for the control port between {wanted} and {last}.",
        "→ another one: --control-port 9089        → any free one: --control-port 0",
    )
