"""An application with its console behind a control port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simlb.app.application import App
from simlb.console import Console
from simlb.controlplane.server import ControlServer
from tests.app.conftest import Bench


class Desk:
    """Asks the control port, as pages and commands do."""

    def __init__(self, app: App, session: aiohttp.ClientSession) -> None:
        self.app = app
        self._session = session

    async def ask(
        self, method: str, path: str, *, token: bool = False, headers: dict[str, str] | None = None, body: Any = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, header fields in lower case, body."""
        sent = {**({"Authorization": f"Bearer {self.app.token}"} if token else {}), **(headers or {})}
        async with self._session.request(
            method, f"http://{self.app.control}{path}", headers=sent, json=body, allow_redirects=False
        ) as response:
            return (
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
                await response.read(),
            )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    bench = Bench(tmp_path)
    app = await bench.start()
    console = Console(app)
    app.extension = console
    server = ControlServer(app, app.token, 0, routes=app.control_routes())
    await server.start()
    app.control = f"127.0.0.1:{server.port}"
    async with aiohttp.ClientSession() as session:
        yield Desk(app, session)
    await app.close()
    await server.close()
