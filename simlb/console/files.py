"""The files that a browser gets: read once, from a fixed table, so that no request can name any other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).parent / "static"
CONTENT_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json; charset=utf-8",
}
"""What is served, by the end of its name; anything else in the folder is not."""

PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
"""The page loads nothing from any other host, runs no script but its own files, and stands in nobody's frame."""


class Files:
    """All files below a folder, in memory."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._bodies = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.suffix in CONTENT_TYPES
        }

    def add(self, name: str, body: bytes) -> None:
        """One more, made of something else. Its name must end as one of CONTENT_TYPES."""
        self._bodies[name] = body

    def answer(self, name: str, request: web.Request) -> web.Response:
        """The file, or 304 where the browser has it. Raises HTTPNotFound for a name that is not in the table."""
        body = self._bodies.get(name)
        if body is None:
            raise web.HTTPNotFound
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {**PAGE_HEADERS, "ETag": etag}
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = CONTENT_TYPES[Path(name).suffix]
        return web.Response(body=body, headers=headers)
