"""The reverse proxy one would write in an afternoon: aiohttp's server and client on uvloop, and its access log.

`python -m bench.naive_aiohttp LOG PORT TLS_PORT CERTIFICATE KEY TARGET_PORT...`, where `-` is no log.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import ssl
import sys

import uvloop
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "content-length", "host"})
BODY_MAX_BYTES = 16 * 1024 * 1024


async def serve(
    log: logging.Logger | None, port: int, tls_port: int, certificate: str, key: str, target_ports: list[int]
) -> None:
    """Listen on both ports until ended."""
    targets = itertools.cycle([f"http://127.0.0.1:{target}" for target in target_ports])
    session = ClientSession(
        connector=TCPConnector(limit=0),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        timeout=ClientTimeout(total=60),
    )

    async def handle(request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        headers["X-Forwarded-For"] = request.remote or "-"
        headers["X-Forwarded-Proto"] = request.scheme
        body = await request.read() if request.can_read_body else None
        url = next(targets) + request.raw_path
        async with session.request(request.method, url, headers=headers, data=body, allow_redirects=False) as answer:
            kept = CIMultiDict(
                (name, value) for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP
            )
            return web.Response(status=answer.status, headers=kept, body=await answer.read())

    application = web.Application(client_max_size=BODY_MAX_BYTES)
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application, access_log=log)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await web.TCPSite(runner, "127.0.0.1", tls_port, ssl_context=context, backlog=4096).start()
    await asyncio.Event().wait()


def main(arguments: list[str]) -> None:
    """Serve what the command line says."""
    path, port, tls_port, certificate, key, *targets = arguments
    log = None
    if path != "-":
        log = logging.getLogger("aiohttp.access")
        log.setLevel(logging.INFO)
        log.addHandler(logging.FileHandler(path))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(log, int(port), int(tls_port), certificate, key, [int(target) for target in targets]))


if __name__ == "__main__":
    main(sys.argv[1:])
