"""The course's own client: asks for a URL as a browser would that uses simlb's DNS server and trusts its CA.

It goes nowhere but to listeners and targets of this instance. A port such as 80 is the one that a listener stands for,
wherever it really is; where there is no such listener nobody would answer, and the client is refused.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

from simlb.console.learning.facts import ClientTried, Outcome
from simlb.console.learning.views import OneAnswer
from simlb.core.dns.names import DnsNameError, canonical
from simlb.core.dns.values import Address
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 65.0
"""Both in load-balancer time: what a patient client allows; the idle timeout and a bit more."""
REAL_TIMEOUT_S_MIN = 2.0
HEAD_BYTES_MAX = 64 * 1024
BODY_BYTES_MAX = 4096
DEFAULT_PORTS = {"http": 80, "https": 443}
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what such a bind is reached by


class _Came(NamedTuple):
    """What came of one request."""

    outcome: Outcome
    detail: str
    head: bytes = b""
    body: bytes = b""


class Client:
    """Asks. Used on the loop of its instance."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def ask(self, url: str) -> tuple[OneAnswer, ClientTried]:
        """`GET url`, on a connection of its own. Raises SimlbError E843 for what it does not go to."""
        parts = _split(url)
        host, began = parts.hostname or "", time.monotonic()
        addresses = self._addresses(host)
        if not addresses:
            came, address = _Came("not_found", f"simlb's DNS server has no address for {host}."), None
        else:
            address = addresses[0]
            came = await self._from(parts, address)
        status_code, headers = _read_head(came.head)
        answer = OneAnswer(
            outcome=came.outcome,
            address=address,
            status_code=status_code,
            headers=headers,
            body=came.body.decode("utf-8", "replace"),
            detail=came.detail,
            real_s=round(time.monotonic() - began, 3),
        )
        tried = ClientTried(
            scheme=parts.scheme,
            host=host,
            outcome=came.outcome,
            status_code=status_code,
            location=next((value for name, value in headers.items() if name.lower() == "location"), ""),
        )
        return answer, tried

    def _addresses(self, host: str) -> list[str]:
        with suppress(ValueError):
            return [str(ipaddress.ip_address(host))]
        try:
            answer = self._app.names.asked(canonical(host), "A")
        except DnsNameError as error:
            raise SimlbError("E843", f"'{host}' is no name of a host: {error}.") from error
        return [record.data.text for record in answer.records if isinstance(record.data, Address)]

    async def _from(self, parts: SplitResult, address: str) -> _Came:
        place = self._place(parts, address)
        if place is None:
            port = parts.port or DEFAULT_PORTS[parts.scheme]
            return _Came("refused", f"Nothing listens on port {port}: there is no such listener.")
        context = None
        if parts.scheme == "https":
            context = await asyncio.to_thread(_trusting, str(self._app.ca_path))
        try:
            async with asyncio.timeout(self._real_s(CONNECT_TIMEOUT_S)):
                reader, writer = await asyncio.open_connection(
                    *place, ssl=context, server_hostname=parts.hostname if context is not None else None
                )
        except TimeoutError:
            return _Came("timed_out", "Nobody answered the attempt to connect.")
        except ssl.SSLError as error:
            return _Came("tls_failed", getattr(error, "verify_message", "") or error.reason or str(error))
        except ConnectionRefusedError as error:
            return _Came("refused", str(error))
        except OSError as error:
            return _Came("cut", str(error))
        try:
            async with asyncio.timeout(self._real_s(ANSWER_TIMEOUT_S)):
                return await _exchange(reader, writer, parts)
        except TimeoutError:
            return _Came("timed_out", "The connection was there, but no answer came.")
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            return _Came("cut", str(error) or "The connection was closed without an answer.")
        finally:
            writer.transport.abort()

    def _real_s(self, timeout_s: float) -> float:
        return max(REAL_TIMEOUT_S_MIN, timeout_s / self._app.clock.speed)

    def _place(self, parts: SplitResult, address: str) -> tuple[str, int] | None:
        """Where a listener or a target with that address and port really is; None where there is none."""
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        wanted = self._app.names.balancer_of(parts.hostname or "")
        found = None
        for balancer in self._app.configuration.load_balancers:
            node = self._app.nodes.get(balancer.name)
            listener = node.listeners.get(port) if node is not None else None
            if listener is None:
                continue
            for door in listener.doors:
                if _ANYWHERE.get(door.host, door.host) == address:
                    if balancer.dns_name == wanted:
                        return address, door.port
                    found = address, door.port
        if found is not None:
            return found
        targets = (target for group in self._app.configuration.target_groups.values() for target in group.targets)
        if any((target.dial_host, target.dial_port) == (address, port) for target in targets):
            return address, port
        if not ipaddress.ip_address(address).is_loopback:
            raise SimlbError(
                "E843", f"The course's client goes to listeners and targets of this instance only, not to {address}."
            )
        return None


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or not url.isascii() or not url.isprintable() or " " in url:
        raise SimlbError("E843", f"'{url[:200]}' is no URL to ask for.", "→ as in http://api.simlb.test/")
    return parts


def _trusting(ca_path: str) -> ssl.SSLContext:
    """Trusts simlb's CA, where there is one yet, and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with suppress(FileNotFoundError):  # then it trusts nobody at all
        context.load_verify_locations(ca_path)
    return context


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, parts: SplitResult) -> _Came:
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    lines = (f"GET {target} HTTP/1.1", f"Host: {parts.netloc}", "User-Agent: simlb-learn", "Accept: */*")
    writer.write("\r\n".join((*lines, "Connection: close", "", "")).encode())
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    body = b""
    while len(body) < BODY_BYTES_MAX and (part := await reader.read(BODY_BYTES_MAX - len(body))):
        body += part
    return _Came("answered", "", head, body)


def _read_head(head: bytes) -> tuple[int | None, dict[str, str]]:
    if not head:
        return None, {}
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines if line)
    status = first.split(" ")[1:2]
    return int(status[0]) if status and status[0].isdigit() else None, {
        name: value.strip() for name, _, value in fields
    }
