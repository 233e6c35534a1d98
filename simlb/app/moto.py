"""moto behind the control port: it answers what simlb itself does not of EC2, IAM, STS and Route 53.

It is another project's emulator of AWS (the extra `simlb[aws]`). It runs as a process of its own, from the first call
that needs it; what it has made is in its memory and goes with it. See `simlb.processes.moto_program`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from simlb.controlplane.ec2 import xml
from simlb.controlplane.query.credentials import Scope, read_scope
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.parameters import read_form
from simlb.controlplane.query.protocol import QueryReply, QueryRequest
from simlb.controlplane.query.xml_tree import XmlError
from simlb.core.events import Notice
from simlb.core.model import TargetProcess
from simlb.errors import SimlbError
from simlb.processes import moto_program
from simlb.processes.ports import free_ports
from simlb.processes.supervised_process import ProcessState, SupervisedProcess

if TYPE_CHECKING:
    from simlb.app.application import App

INSTALL = "pip install 'simlb[aws]'"
START_S = 30.0
"""Real seconds until it must answer; it takes one or two."""
ANSWER_S = 30.0
ANSWER_BYTES_MAX = 32 * 1024 * 1024
"""The list of all instance types is half of that."""
NAME = "simlb-moto"
_MODULES = ("moto", "flask", "flask_cors")
_POLL_S = 0.05
_TOKEN_HEADER = "X-Simlb-Moto"  # noqa: S105 - a name
_EC2_VERSION = "2016-11-15"
_ID = re.compile(r"[a-z]{3,8}-[0-9a-f]{8,17}")
_DEFAULT_NETWORK = (
    ("DescribeSubnets", "subnetSet", "DeleteSubnet", "subnetId", "SubnetId"),
    ("DescribeVpcs", "vpcSet", "DeleteVpc", "vpcId", "VpcId"),
    ("DescribeNetworkAcls", "networkAclSet", "DeleteNetworkAcl", "networkAclId", "NetworkAclId"),
)
"""What moto makes in each region by itself, and how it goes: simlb has a default VPC of its own."""


def is_installed() -> bool:
    """Whether the extra is there. A glance at the folders; nothing is imported."""
    return all(importlib.util.find_spec(name) is not None for name in _MODULES)


def program() -> str:
    """The command that runs it."""
    arguments = [sys.executable, "-P", str(Path(moto_program.__file__))]
    return subprocess.list2cmdline(arguments) if sys.platform == "win32" else shlex.join(arguments)


class Moto:
    """Implements `simlb.controlplane.elsewhere.Elsewhere` for an application."""

    def __init__(self, app: App, run: Callable[[], str] = program) -> None:
        """`run` gives the command."""
        self._app = app
        self._run = run
        self._changing = asyncio.Lock()
        self._process: SupervisedProcess | None = None
        self._client: aiohttp.ClientSession | None = None
        self._url = ""
        self._token = ""
        self._is_closed = False
        self._emptied: set[str] = set()
        """Regions whose default network is gone."""

    @property
    def has_begun(self) -> bool:
        """Whether it runs."""
        return bool(self._url) and self._process is not None and self._process.state is ProcessState.RUNNING

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
        async with self._changing:
            try:
                await self._begin()
            except SimlbError as error:
                raise QueryError("ServiceUnavailable", f"{error.what} (SIMLB-{error.code})") from error
            if scope.service == "ec2" and scope.region not in self._emptied:
                await self._remove_default_network(scope)
        return await self._answer(request, scope, what)

    async def reset(self) -> None:
        """Have it forget everything; the next call finds it as it is after a start."""
        async with self._changing:
            self._emptied.clear()
            if self.has_begun:
                await self._end()

    async def close(self) -> None:
        """End it. Harmless when repeated."""
        self._is_closed = True
        async with self._changing:
            await self._end()

    # -- the process ---------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        """Have it running. Raises SimlbError E846."""
        if self.has_begun:
            return
        if self._is_closed:
            raise SimlbError("E846", "moto was not started: this instance is stopping.")
        await self._end()
        started_at = time.monotonic()
        self._token = secrets.token_urlsafe(24)
        (port,) = await asyncio.to_thread(free_ports, 1)
        options = self._app.options
        self._process = SupervisedProcess(
            TargetProcess(name=NAME, port=port, run=self._run(), environment={"SIMLB_MOTO_TOKEN": self._token}),
            log_path=options.state_dir / "logs" / options.instance / f"{NAME}.log",
            on_started=lambda _: None,
            on_exited=lambda _, status: self._ended(status),
            default_directory=options.state_dir,
        )
        self._client = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=ANSWER_S), auto_decompress=False
        )
        try:
            await self._process.start()
            version = await self._ready(f"http://127.0.0.1:{port}", started_at)
        except BaseException as error:
            tail = self._process.log_tail(1)
            await self._end()
            if isinstance(error, SimlbError):
                why = error.what if error.code != "E846" else (tail[-1].strip() if tail else error.what)
                raise SimlbError("E846", f"moto cannot be started: {why}", f"→ see {self._log}") from error
            raise
        self._url = f"http://127.0.0.1:{port}"
        text = (
            f"{version} runs from here on (pid {self._process.pid}): it answers what simlb does not of EC2, IAM, STS "
        )
        self._tell("info", f"{text}and Route 53, and keeps it in memory only.")

    async def _ready(self, url: str, started_at: float) -> str:
        assert self._process is not None
        assert self._client is not None
        while self._process.is_running and time.monotonic() < started_at + START_S:
            try:
                headers = {_TOKEN_HEADER: self._token}
                async with self._client.get(url + moto_program.READY, headers=headers) as response:
                    if response.status == 200:
                        return (await response.text())[:40]
            except (aiohttp.ClientError, TimeoutError):
                pass  # it does not listen yet
            await asyncio.sleep(_POLL_S)
        raise SimlbError("E846", f"it does not answer within {START_S:g} s" if self._process.is_running else "it ended")

    async def _end(self) -> None:
        process, self._process = self._process, None
        client, self._client = self._client, None
        self._url = ""
        self._emptied.clear()
        if client is not None:
            await client.close()
        if process is not None:
            await process.stop(grace_s=1.0)

    def _ended(self, status: int) -> None:
        if self._url and not self._is_closed and self._process is not None:
            self._url = ""
            self._emptied.clear()
            self._tell(
                "warning",
                f"SIMLB-E847  moto ended by itself (status {status}): what it had made is gone. "
                f"The next call starts it again. Its log: {self._log}",
            )

    @property
    def _log(self) -> Path:
        return self._app.options.state_dir / "logs" / self._app.options.instance / f"{NAME}.log"

    def _tell(self, level: str, text: str) -> None:
        self._app.narrator.notice(Notice(level="warning" if level == "warning" else "info", text=text))

    # -- calls ---------------------------------------------------------------------------------------------------------

    async def _answer(self, request: QueryRequest, scope: Scope, what: str) -> QueryReply:
        client = self._client
        if client is None or not self._url:
            raise _broken(what, "it has just ended")
        query = f"?{request.query}" if request.query else ""
        try:
            async with client.request(
                request.method,
                URL(self._url + request.path + query, encoded=True),
                data=request.body or None,
                headers=self._headers(request, scope),
                allow_redirects=False,
            ) as response:
                body = await _bounded(response)
                headers = response.headers
                status = response.status
        except TimeoutError as error:
            raise _broken(what, f"no answer within {ANSWER_S:g} s") from error
        except aiohttp.ClientError as error:
            raise _broken(what, str(error) or type(error).__name__) from error
        kind = headers.get("Content-Type", "text/xml")
        if status >= 500 and "html" in kind:
            # Its web server's page for an exception: most often an operation that moto does not have.
            raise QueryError(
                "UnsupportedOperation",
                f"{what} is not emulated by simlb, and moto, which is asked in its place, fails at it: see {self._log} "
                "(SIMLB-E848)",
            )
        kept = {name: headers[name] for name in ("Location",) if name in headers}
        request_id = headers.get("x-amzn-requestid", "moto")
        return QueryReply(status=status, body=body, request_id=request_id, content_type=kind, headers=kept)

    def _headers(self, request: QueryRequest, scope: Scope) -> Mapping[str, str]:
        """A URL may be signed itself; moto looks for the service in the header only."""
        day = time.strftime("%Y%m%d", time.gmtime())
        credential = f"simlb/{day}/{scope.region}/{scope.service}/aws4_request"
        made = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
        headers = {_TOKEN_HEADER: self._token, "Authorization": request.authorization or made}
        headers["Content-Type"] = request.content_type or "application/x-www-form-urlencoded; charset=utf-8"
        return headers

    async def _remove_default_network(self, scope: Scope) -> None:
        for describe, member, delete, id_shown, id_given in _DEFAULT_NETWORK:
            for item in await self._items(scope, describe, member):
                if _ID.fullmatch(item.get(id_shown, "")):
                    await self._call(scope, delete, f"&{id_given}={item[id_shown]}")
        self._emptied.add(scope.region)

    async def _items(self, scope: Scope, action: str, member: str) -> list[Mapping[str, str]]:
        reply = await self._call(scope, action)
        try:
            return xml.items(reply.body, member) if reply.status == 200 else []
        except XmlError as error:
            raise _broken(action, str(error)) from error

    async def _call(self, scope: Scope, action: str, more: str = "") -> QueryReply:
        body = f"Action={action}&Version={_EC2_VERSION}{more}".encode()
        return await self._answer(QueryRequest(body=body), scope, action)


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_chunked(65536):
        size += len(part)
        if size > ANSWER_BYTES_MAX:
            raise aiohttp.ClientPayloadError(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
        parts.append(part)
    return b"".join(parts)


def _broken(what: str, why: str) -> QueryError:
    return QueryError(
        "ServiceUnavailable", f"{what}: moto, which is asked in simlb's place, failed: {why}. (SIMLB-E847)"
    )
