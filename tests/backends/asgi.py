"""Call an ASGI application directly: no socket, no server."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

App = Callable[..., Awaitable[None]]


class Answer:
    """What an application sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    async def send(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.messages[0]["headers"]}

    @property
    def blocks(self) -> list[bytes]:
        return [message["body"] for message in self.messages[1:]]

    @property
    def body(self) -> bytes:
        return b"".join(self.blocks)

    def json(self) -> Any:
        return json.loads(self.body)


async def request(
    app: App,
    target: str = "/",
    *,
    method: str = "GET",
    headers: Iterable[tuple[bytes, bytes]] = (),
    body: Iterable[bytes] = (b"",),
    then_disconnect: bool = True,
) -> Answer:
    """One request. The body comes block by block; afterwards the client leaves, or waits for ever."""
    path, _, query = target.partition("?")
    blocks = list(body)
    messages = [
        {"type": "http.request", "body": block, "more_body": number < len(blocks)}
        for number, block in enumerate(blocks, start=1)
    ]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop(0)
        if not then_disconnect:
            import asyncio

            await asyncio.get_running_loop().create_future()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "http_version": "1.1",
        "headers": list(headers),
    }
    answer = Answer()
    await app(scope, receive, answer.send)
    return answer
