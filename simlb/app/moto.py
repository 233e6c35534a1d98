"""moto behind the control port: it answers what simlb itself does not of EC2, IAM, STS and Route 53.

It is another project's emulator of AWS (the extra `simlb[aws]`). It runs as a process of its own, from the first call
that needs it; what it has made is in its memory and goes with it. See `simlb.processes.moto_program`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from simlb.app.moto_process import ANSWER_S, TOKEN_HEADER, MotoProcess, program
from simlb.controlplane.ec2 import xml
from simlb.controlplane.query.credentials import Scope, header_of, read_scope
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.parameters import read_form
from simlb.controlplane.query.protocol import FORM, OK, QueryReply, QueryRequest
from simlb.controlplane.query.xml_tree import XmlError
from simlb.core.events import Notice
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App

INSTALL = "pip install 'simlb[aws]'"
ANSWER_BYTES_MAX = 32 * 1024 * 1024
"""The list of all instance types is half of that."""
_MODULES = ("moto", "flask", "flask_cors")
_EC2_VERSION = "2016-11-15"
_ID = re.compile(r"[a-z]{3,8}-[0-9a-f]{8,17}")
_DEFAULT_NETWORK = (
    ("DescribeSubnets", "subnetSet", "DeleteSubnet", "subnetId", "SubnetId"),
    ("DescribeVpcs", "vpcSet", "DeleteVpc", "vpcId", "VpcId"),
)
"""What moto makes in each region by itself, and how it goes: simlb has a default VPC of its own.

The network ACL of its VPC stays: moto does not let it go.
"""


def is_installed() -> bool:
    """Whether the extra is there. A glance at the folders; nothing is imported."""
    return all(importlib.util.find_spec(name) is not None for name in _MODULES)


class Moto:
    """Implements `simlb.controlplane.elsewhere.Elsewhere` for an application."""

    def __init__(self, app: App, run: Callable[[], str] = program) -> None:
        """`run` gives the command."""
        self._app = app
        self._run = run
        self._changing = asyncio.Lock()
        self._process: MotoProcess | None = None
        self._is_closed = False
        self._emptied: set[str] = set()
        """Regions whose default network is gone."""

    @property
    def has_begun(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.is_running

    def check(self, what: str) -> None:
        """See `Elsewhere.check`."""
        if not is_installed():
            raise QueryError(
                "UnsupportedOperation",
                f"{what} is not emulated by simlb. With its extra, moto answers it: {INSTALL} (SIMLB-E845)",
            )

    async def ask(self, request: QueryRequest, what: str) -> QueryReply:
        """See `Elsewhere.ask`."""
        self.check(what)
        scope = read_scope(request.authorization, read_form(request.query))
        if not f"{request.path}{request.query}{request.authorization}{request.content_type}".isascii():
            raise QueryError("MalformedQueryString", f"{what}: URL and headers of a call are ASCII.")
        async with self._changing:
            try:
                process = await self._begun()
            except SimlbError as error:
                raise QueryError("ServiceUnavailable", f"{what}: {error.what} (SIMLB-{error.code})") from error
            if scope.service == "ec2" and scope.region not in self._emptied:
                await self._remove_default_network(process, scope)
        return await self._answer(process, request, scope, what)

    async def reset(self) -> None:
        """Have it forget everything: the next call starts it again."""
        async with self._changing:
            await self._end()

    async def close(self) -> None:
        """End it. Harmless when repeated."""
        self._is_closed = True
        if self._process is not None:
            await self._process.end()  # whoever waits for it, holding the lock, waits no more
        async with self._changing:
            await self._end()

    async def _begun(self) -> MotoProcess:
        """It, running. Raises SimlbError E846."""
        if self._process is not None and self._process.is_running:
            return self._process
        await self._end()
        if self._is_closed:
            raise SimlbError("E846", "moto cannot be started: this instance is stopping.")
        options = self._app.options
        process = self._process = MotoProcess(options.state_dir / "logs" / options.instance, self._on_lost, self._run())
        await process.start()
        text = f"{process.version} runs (pid {process.pid}): it answers what simlb does not of EC2, IAM, STS, Route 53."
        note = "What it makes is in its memory only, and gone when simlb ends."
        self._app.narrator.notice(Notice(level="info", text=text, notes=(note,)))
        return process

    async def _end(self) -> None:
        process, self._process = self._process, None
        self._emptied.clear()
        if process is not None:
            await process.end()

    def _on_lost(self, status: int) -> None:
        self._emptied.clear()
        if not self._is_closed:
            text = f"moto ended by itself (status {status}): what it had made is gone. The next call starts it again."
            self._app.narrator.notice(Notice(level="warning", code="E847", text=text))

    # -- calls ---------------------------------------------------------------------------------------------------------

    async def _answer(self, process: MotoProcess, request: QueryRequest, scope: Scope, what: str) -> QueryReply:
        query = f"?{request.query}" if request.query else ""
        try:
            async with process.client.request(
                request.method,
                URL(process.url + request.path + query, encoded=True),
                data=request.body or None,
                headers=_headers(process, request, scope),
                skip_auto_headers=("Content-Type",),
                allow_redirects=False,
            ) as response:
                body = await _bounded(response, what)
                headers = response.headers
                status = response.status
        except TimeoutError as error:
            process.give_up()  # the next call shall find another one
            raise _broken(what, f"no answer within {ANSWER_S:g} s") from error
        except (aiohttp.ClientError, RuntimeError) as error:  # RuntimeError: the client was closed meanwhile
            await process.settle()
            raise _broken(what, str(error) or type(error).__name__) from error
        kind = headers.get("Content-Type", "text/xml")
        if status >= HTTPStatus.BAD_REQUEST and (not body.strip() or body.lstrip()[:9].lower() == b"<!doctype"):
            # Of its web server, most often because of an exception: an operation that moto does not have.
            raise QueryError(
                "UnsupportedOperation",
                f"{what}: moto, which answers what simlb does not emulate, fails at it: see {process.log} (SIMLB-E848)",
            )
        kept = {name: headers[name] for name in ("Location",) if name in headers}
        request_id = headers.get("x-amzn-requestid", "moto")
        return QueryReply(status=status, body=body, request_id=request_id, content_type=kind, headers=kept)

    async def _remove_default_network(self, process: MotoProcess, scope: Scope) -> None:
        for describe, member, delete, id_shown, id_given in _DEFAULT_NETWORK:
            for item in await self._items(process, scope, describe, member):
                if _ID.fullmatch(item.get(id_shown, "")):
                    await self._call(process, scope, delete, f"&{id_given}={item[id_shown]}")
        self._emptied.add(scope.region)

    async def _items(self, process: MotoProcess, scope: Scope, action: str, member: str) -> list[Mapping[str, str]]:
        reply = await self._call(process, scope, action)
        try:
            return xml.items(reply.body, member) if reply.status == OK else []
        except XmlError as error:
            raise _broken(action, str(error)) from error

    async def _call(self, process: MotoProcess, scope: Scope, action: str, more: str = "") -> QueryReply:
        body = f"Action={action}&Version={_EC2_VERSION}{more}".encode()
        return await self._answer(process, QueryRequest(body=body, content_type=FORM), scope, action)


def _headers(process: MotoProcess, request: QueryRequest, scope: Scope) -> Mapping[str, str]:
    """A URL may be signed itself; moto looks for the service in the header only."""
    headers = {TOKEN_HEADER: process.token, "Authorization": request.authorization or header_of(scope)}
    return {**headers, "Content-Type": request.content_type} if request.content_type else headers


async def _bounded(response: aiohttp.ClientResponse, what: str) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_chunked(65536):
        size += len(part)
        if size > ANSWER_BYTES_MAX:
            raise _broken(what, f"its answer has more than {ANSWER_BYTES_MAX} bytes")
        parts.append(part)
    return b"".join(parts)


def _broken(what: str, why: str) -> QueryError:
    return QueryError(
        "ServiceUnavailable", f"{what}: moto, which is asked in simlb's place, failed: {why}. (SIMLB-E847)"
    )
