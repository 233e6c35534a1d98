"""A target that takes its time, as one with a slow database does.

`GET /health` answers at once. Everything else takes SIMLB_LATENCY_MS (default 300), more or less up to SIMLB_JITTER_MS
(default a fifth of the latency); `?ms=2000` asks for 2000 ms, without jitter. This latency is modelled, so it is
load-balancer time: under `--speed 10` (SIMLB_SPEED=10) a tenth of it really passes. Many requests wait side by side.

Run it alone:  SIMLB_LATENCY_MS=800 uvicorn backends.slow:app --port 9002
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

NAME = os.environ.get("SIMLB_TARGET_NAME", f"slow-{os.getpid()}")
MS_MAX = 3_600_000.0
chance = random.Random(NAME)  # noqa: S311 - the same name has the same ups and downs


def setting(name: str, default: float) -> float:
    """A number of at least 0 from the environment. A wrong one ends the program: its log then says why."""
    text = os.environ.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= MS_MAX:
        raise SystemExit(f"{name}={text}: must be a number from 0 to {MS_MAX:.0f}")
    return value


LATENCY_MS = setting("SIMLB_LATENCY_MS", 300)
JITTER_MS = setting("SIMLB_JITTER_MS", LATENCY_MS / 5)
SPEED = setting("SIMLB_SPEED", 1) or 1.0


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/health":
        await answer(send, 200, {"status": "ok", "target": NAME})
        return
    latency_ms = latency(scope["query_string"])
    if latency_ms is None:
        await answer(send, 400, {"error": f"ms must be a number from 0 to {MS_MAX:.0f}"})
        return
    await asyncio.sleep(latency_ms / 1000 / SPEED)
    shown = {"target": NAME, "latency_ms": round(latency_ms, 1), "real_ms": round(latency_ms / SPEED, 1)}
    await answer(send, 200, shown)


def latency(query: bytes) -> float | None:
    """How long this request takes, in load-balancer milliseconds; None when `ms` is no such number."""
    given = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("ms")
    if given is None:
        return max(0.0, LATENCY_MS + chance.uniform(-JITTER_MS, JITTER_MS))
    try:
        value = float(given[-1])
    except ValueError:
        return None
    return value if 0 <= value <= MS_MAX else None


async def answer(send: Send, status: int, value: dict[str, Any]) -> None:
    """Send JSON."""
    body = (json.dumps(value, ensure_ascii=False) + "\n").encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
