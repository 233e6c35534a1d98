"""A listener's socket: opening it where the system allows, letting clients in, handing connections to their codec."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from simlb.core.access_log import ConnectionFacts
from simlb.core.connection_log import SUCCESS, UNMAPPED, ConnectionRecord
from simlb.core.model import Bind, Certificate, Listener, Protocol
from simlb.core.plan import ListenerPlan
from simlb.core.rules import RuleTable
from simlb.core.server_names import choose_certificate
from simlb.core.ssl_policies import POLICIES
from simlb.dataplane.descriptors import TurnedAway
from simlb.dataplane.gate import CONNECT_TIMEOUT_S, ClosedPort, Gate, GateState, can_drop
from simlb.dataplane.h1_client import H1ClientConnection
from simlb.dataplane.tls import TlsLayer, server_context
from simlb.errors import BindError, SimlbError

if TYPE_CHECKING:
    from simlb.dataplane.node import LoadBalancerNode

BACKLOG = 4096
NAMES_REMEMBERED_MAX = 256
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
_RESERVED_BY_WINDOWS = 10013

Refusal = tuple[str, str]
"""Why a bind did not work: a message code and the words for it."""


def bind_socket(binds: Sequence[Bind], port_owner: Callable[[int], str | None]) -> tuple[socket.socket, list[Refusal]]:
    """The first of `binds` that can be bound, and why each earlier one could not. Raises BindError when none can."""
    problems: list[tuple[Bind, OSError]] = []
    for bind in binds:
        family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
        # With the protocol named, asyncio turns Nagle's algorithm off on what is accepted here. Otherwise a response
        # that its target sends in two pieces waits 40 ms for the client's delayed acknowledgement.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        try:
            sock.bind((bind.host, bind.port))
            # Binding alone does not find a socket that already listens there; listening does.
            sock.listen(BACKLOG)
        except OSError as error:
            sock.close()
            problems.append((bind, error))
            continue
        sock.setblocking(False)
        return sock, [_words(tried, problem, port_owner) for tried, problem in problems]
    raise _bind_error(*problems[0], port_owner)


def _words(bind: Bind, error: OSError, port_owner: Callable[[int], str | None]) -> Refusal:
    if error.errno in _FORBIDDEN:
        return "E102", f"Port {bind.port} may only be opened by the administrator on this system"
    if error.errno == errno.EADDRINUSE:
        owner = port_owner(bind.port)
        return "E101", f"Port {bind.port} is already in use" + (f" by {owner}" if owner else "")
    return "E104", f"{bind.host}:{bind.port} cannot be opened: {error.strerror or error}"


def _bind_error(bind: Bind, error: OSError, port_owner: Callable[[int], str | None]) -> BindError:
    if getattr(error, "winerror", None) == _RESERVED_BY_WINDOWS:
        return BindError(
            "E103",
            f"Port {bind.port} is reserved by Windows (WinError 10013).",
            "netsh interface ipv4 show excludedportrange protocol=tcp lists the reserved ranges: choose another port",
        )
    if error.errno in _FORBIDDEN:
        return BindError(
            "E102",
            f"Port {bind.port} may only be opened by the administrator on this system.",
            "leave out `bind` (simlb then takes a port above 1024 and the lessons still call it "
            f"{bind.port}), or give another one",
            "Linux: sudo sysctl net.ipv4.ip_unprivileged_port_start=80 allows it until the next reboot",
        )
    if error.errno == errno.EADDRINUSE:
        owner = port_owner(bind.port)
        return BindError(
            "E101",
            f"Port {bind.port} is already in use" + (f" by {owner}." if owner else "."),
            "choose another `bind` port, or leave it out to let simlb take the next free one",
            "is it another simlb? `simlb status` shows it, `simlb down` stops it",
        )
    return BindError("E104", f"{bind.host}:{bind.port} cannot be opened: {error.strerror or error}.")


def _stamp_of(listener: Listener) -> object:
    """What its TLS contexts are made of: as long as it is the same, they are good. None for what cannot be read."""
    try:
        files = [
            (path, status.st_mtime_ns, status.st_size, status.st_ino)
            for certificate in listener.certificates
            for path in (certificate.certificate_path, certificate.key_path)
            for status in (os.stat(path),)  # noqa: PTH116 - half the time
        ]
    except OSError:
        return None
    return listener.ssl_policy, [certificate.arn for certificate in listener.certificates], files


class _Doorkeeper(asyncio.Protocol):
    """A connection that the security group does not let in: accepted, never read, closed after the connect time-out."""

    def __init__(self, node: LoadBalancerNode) -> None:
        self._node = node
        self._until = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.pause_reading()
        self._until = self._node.now() + CONNECT_TIMEOUT_S
        self._node.connections.add(self)
        self._node.kept_out += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._node.forget_connection(self)
        self._node.kept_out -= 1

    def check(self, now: float) -> None:
        if now >= self._until:
            self._transport.abort()

    def stop(self) -> None:
        self._transport.abort()

    abort = stop


class _Entrance(asyncio.Protocol):
    """Looks at who is there, then makes way for the codec. Used only when not everybody is let in."""

    def __init__(self, listener: OpenListener) -> None:
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast("asyncio.Transport", transport)
        peer = stream.get_extra_info("peername")
        listener = self._listener
        is_let_in = bool(peer) and listener.gate.lets_in(peer[0])
        protocol = listener.new_codec() if is_let_in else _Doorkeeper(listener.node)
        stream.set_protocol(protocol)
        protocol.connection_made(stream)


class OpenListener:
    """A listener of a running node: socket, plan, gate and certificates. A reload swaps all but the socket."""

    def __init__(
        self, node: LoadBalancerNode, listener: Listener, sock: socket.socket, refusals: list[Refusal]
    ) -> None:
        self.node = node
        self.model = listener
        self.refusals = refusals
        self.is_stopping = False
        self.host, self.published_port = sock.getsockname()[:2]
        self.plan: ListenerPlan
        self.gate: Gate
        self._sock = sock
        self._server: asyncio.Server | None = None
        self._closed_port: ClosedPort | None = None
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._stamp: object = None
        self._certificates: tuple[Certificate, ...] = ()
        self._chosen: dict[str | None, tuple[ssl.SSLContext, Certificate, bool]] = {}

    @property
    def is_tls(self) -> bool:
        """True for an HTTPS listener."""
        return self.model.protocol is Protocol.HTTPS

    @staticmethod
    def load_contexts(certificates: tuple[Certificate, ...], ssl_policy: str) -> dict[str, ssl.SSLContext]:
        """Load what an HTTPS listener presents, by ARN, under its security policy.

        Raises SimlbError when a file cannot be used, or the policy not be served.
        """
        contexts = {}
        for certificate in certificates:
            files = str(certificate.certificate_path), str(certificate.key_path)
            try:
                contexts[certificate.arn] = server_context(*files, POLICIES[ssl_policy])
            except (OSError, ssl.SSLError) as error:
                raise SimlbError(
                    "E211",
                    f"The certificate {certificate.certificate_path} cannot be used: {error}.",
                    "check that certificate and key are PEM files that belong together",
                ) from error
        return contexts

    def rules_for(self, listener: Listener) -> RuleTable:
        """The compiled rules of `listener`, which is to take the present one's place: compiled anew if they differ."""
        present = self.plan.listener
        if present.rules is listener.rules and present.default_action is listener.default_action:
            return self.plan.rules
        return RuleTable(listener.default_action, listener.rules, like=self.plan.rules)

    def contexts_for(self, listener: Listener) -> tuple[dict[str, ssl.SSLContext], object]:
        """Those for `listener` in place of the present one. Raises as `load_contexts`.

        Where nothing has changed they are the present ones, so that clients can go on resuming their sessions. What
        comes with them is for `use_contexts`.
        """
        stamp = _stamp_of(listener)
        if stamp is not None and stamp == self._stamp:
            return self._contexts, stamp
        return self.load_contexts(listener.certificates, listener.ssl_policy), stamp

    def use_contexts(
        self, contexts: dict[str, ssl.SSLContext], certificates: tuple[Certificate, ...], stamp: object = None
    ) -> None:
        """Present these from the next handshake on."""
        self._contexts, self._certificates, self._stamp = contexts, certificates, stamp
        self._chosen = {}

    def context_for(self, server_name: str | None) -> tuple[ssl.SSLContext, Certificate, bool]:
        """The TLS context for a server name, its certificate, and whether the name chose it."""
        chosen = self._chosen.get(server_name)
        if chosen is None:
            if len(self._chosen) >= NAMES_REMEMBERED_MAX:
                self._chosen.clear()
            certificate, is_named = choose_certificate(self._certificates, server_name)
            chosen = self._chosen[server_name] = self._contexts[certificate.arn], certificate, is_named
        return chosen

    def new_codec(self) -> asyncio.Protocol:
        """The codec for a new connection, which is counted."""
        self.node.counts.opened += 1
        return TlsLayer(self) if self.is_tls else H1ClientConnection(self)

    def _new_protocol(self) -> asyncio.Protocol:
        if not self.node.descriptors.admits_client():
            self.node.counts.rejected += 1
            return TurnedAway()
        return self.new_codec() if self.gate.state is GateState.OPEN else _Entrance(self)

    async def open(self) -> None:
        """Begin to accept; with a closed gate, begin to drop."""
        if self.gate.state is GateState.CLOSED and can_drop():
            # The socket already listens; listening again with a queue of nothing shrinks it.
            self._closed_port = ClosedPort(self._sock)
            return
        loop = asyncio.get_running_loop()
        # A duplicate, so that the port stays ours when the gate closes and the server with it.
        burst = self.node.descriptors.accept_burst
        self._server = await loop.create_server(self._new_protocol, sock=self._sock.dup(), backlog=burst)
        # To the standard loop `backlog` is both the length of the kernel's queue and how many it accepts in one go.
        self._sock.listen(BACKLOG)

    async def set_gate(self, gate: Gate) -> None:
        """Take over a new gate. Established connections stay, as AWS's stateful security groups do."""
        old, self.gate = self.gate, gate
        if can_drop() and (old.state is GateState.CLOSED) != (gate.state is GateState.CLOSED):
            self._stop_listening()
            await self.open()

    def duplicate_socket(self) -> socket.socket:
        """The listening socket once more, for a listener that takes this one's place."""
        return self._sock.dup()

    def close(self) -> None:
        """Stop accepting; connections that exist go on."""
        self._stop_listening()
        self._sock.close()

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._closed_port is not None:
            self._closed_port.close()
            self._closed_port = None

    def facts_for(self, transport: asyncio.Transport | asyncio.BaseTransport) -> ConnectionFacts:
        """What the access log shows of a new connection."""
        peer = transport.get_extra_info("peername") or ("-", 0)
        plan = self.plan
        facts = ConnectionFacts(
            elb=plan.elb,
            dns_name=plan.load_balancer.dns_name,
            scheme=plan.scheme,
            listener_port=plan.port,
            client_ip=peer[0],
            client_port=peer[1],
            node_ip=self.host,
        )
        facts.trace_id = f"TID_{self.node.random.getrandbits(128):032x}"
        tls = transport.get_extra_info("tls")
        if isinstance(tls, TlsLayer):
            facts.tls_cipher, facts.tls_protocol = tls.cipher, tls.version
            facts.server_name, facts.certificate_arn = tls.server_name, tls.certificate_arn
        return facts

    def tell_connected(
        self, transport: asyncio.BaseTransport, facts: ConnectionFacts, *, is_plain_on_tls: bool = False
    ) -> None:
        """A client is connected, on an HTTPS listener with its handshake done. `is_plain_on_tls`: it began none."""
        node = self.node
        if node.on_connection is None:
            return
        tls = transport.get_extra_info("tls")
        if isinstance(tls, TlsLayer):
            record = ConnectionRecord(
                facts,
                node.wall(),
                handshake_s=tls.handshake_s,
                key_exchange=tls.key_exchange or "-",
                verify_status=SUCCESS,
            )
        else:
            record = ConnectionRecord(facts, node.wall(), verify_status=UNMAPPED if is_plain_on_tls else "-")
        node.on_connection(record)

    def tell_handshake_failed(self, transport: asyncio.BaseTransport) -> None:
        """A client's TLS handshake has failed."""
        if self.node.on_connection is not None:
            facts = self.facts_for(transport)
            self.node.on_connection(ConnectionRecord(facts, self.node.wall(), verify_status=UNMAPPED))
