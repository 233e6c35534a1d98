"""What the console itself sends: a request of the past once more, and one to a target past the load balancer.

POST /api/v1/exchanges/{ref}/replay     what became of the same request, sent again to its listener
POST /api/v1/targets/{name}/visit       whether a target's own address answers

Both are answers to a person's press: each opens one connection to this machine, and none to where no listener or target
of the configuration is.
"""

from __future__ import annotations

import asyncio
import http.client
import ssl
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from simlb.app.registering import unknown_target
from simlb.app.replaying import Replaying
from simlb.controlplane.bodies import refuse_body
from simlb.controlplane.replay_request import request_of
from simlb.controlplane.replay_sending import Answer, send

if TYPE_CHECKING:
    from simlb.app.application import App

REPLAY_S = 15.0
"""How long, in real seconds, a request that is sent again may be without an answer."""
VISIT_S = 3.0
LOOKED_AT = 200
"""The new exchange is among so many of the last ones."""


class Visit(NamedTuple):
    """What a target answered by itself. `status` is None when it did not, and `error` says why."""

    status: int | None
    error: str | None
    duration_s: float


class Direct:
    """The two operations of one instance."""

    def __init__(self, app: App) -> None:
        self._app = app

    def routes(self) -> Sequence[web.RouteDef]:
        """What it answers to."""
        return [
            web.post("/api/v1/exchanges/{ref}/replay", self._replay),
            web.post("/api/v1/targets/{name}/visit", self._visit),
        ]

    async def _replay(self, request: web.Request) -> web.Response:
        refuse_body(await request.read())
        view = Replaying(self._app).request(request.match_info["ref"])
        data = request_of(view).to_bytes()
        answer = await asyncio.to_thread(send, view, data, timeout_s=REPLAY_S, verifies=False)
        return web.json_response(
            {
                "status": answer.status,
                "error": answer.error,
                "duration_s": round(answer.seconds, 6),
                "number": self._number_of(answer),
            }
        )

    def _number_of(self, answer: Answer) -> int | None:
        """The exchange that has just been, by its client's port; None while it is not finished."""
        observing = self._app.observing
        observing.recorder.flush()
        for place, exchange in enumerate(observing.ring.newest_first()):
            if place == LOOKED_AT:
                break
            if exchange.line.split(" ", 4)[3] == answer.client:
                return exchange.number
        return None

    async def _visit(self, request: web.Request) -> web.Response:
        refuse_body(await request.read())
        name = request.match_info["name"]
        for group in self._app.view().target_groups:
            for target in group.targets:
                if name in {target.name, target.address}:
                    is_tls = group.protocol == "HTTPS"
                    url = f"{'https' if is_tls else 'http'}://{target.dial}/"
                    found = await asyncio.to_thread(visit, target.dial, is_tls=is_tls)
                    return web.json_response({"url": url, **found._asdict()})
        raise unknown_target(name, (target.name for target in self._app.view().targets()))


def visit(place: str, *, is_tls: bool) -> Visit:
    """Ask `host:port` for its front page, as a browser past the load balancer would; VISIT_S at most for each step."""
    host, _, port = place.rpartition(":")
    began = time.monotonic()
    connection: http.client.HTTPConnection
    if is_tls:
        # Load balancers do not verify their targets' certificates, and here nothing secret is sent.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host.strip("[]"), int(port), timeout=VISIT_S, context=context)
    else:
        connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=VISIT_S)
    try:
        connection.request("GET", "/", headers={"Connection": "close"})
        status, error = connection.getresponse().status, None
    except TimeoutError:
        status, error = None, "timed out"
    except OSError as problem:
        status, error = None, (problem.strerror or str(problem)).lower()
    except http.client.HTTPException:
        status, error = None, "no HTTP answer"
    finally:
        connection.close()
    return Visit(status, error, round(time.monotonic() - began, 6))
