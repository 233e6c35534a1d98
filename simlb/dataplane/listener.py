"""A listener of a running node: where it is, whom it lets in, what it presents, and the codec that connections get."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from simlb.core.access_log import ConnectionFacts
from simlb.core.connection_log import UNMAPPED, ConnectionRecord
from simlb.core.model import Certificate, IPNetwork, Listener, MutualAuthentication, Protocol
from simlb.core.plan import ListenerPlan
from simlb.core.refused_clients import RefusedClient
from simlb.core.rules import RuleTable
from simlb.core.server_names import choose_certificate
from simlb.core.ssl_policies import POLICIES
from simlb.dataplane.binding import Refusal
from simlb.dataplane.descriptors import TurnedAway
from simlb.dataplane.door import Door, Holder
from simlb.dataplane.entrance import Entrance
from simlb.dataplane.gate import Gate, GateState
from simlb.dataplane.h1_client import H1ClientConnection
from simlb.dataplane.tls import TlsLayer, server_context
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.dataplane.mutual_tls import MutualContext
    from simlb.dataplane.node import LoadBalancerNode

Contexts = dict[str, "ssl.SSLContext | MutualContext"]
"""What an HTTPS listener presents, by the ARN of the certificate."""

NAMES_REMEMBERED_MAX = 256


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
    arns = [certificate.arn for certificate in listener.certificates]
    return listener.ssl_policy, arns, files, listener.mutual_authentication


def _own_address(transport: asyncio.BaseTransport, default: str) -> str:
    """The address that a client came to; `default` when it is gone already."""
    own = transport.get_extra_info("sockname")
    return own[0] if own else default


class OpenListener:
    """A listener of a running node: doors, plan, gate and certificates. A reload swaps all but the doors that stay."""

    def __init__(
        self,
        node: LoadBalancerNode,
        listener: Listener,
        holder: Holder,
        doors: tuple[Door, ...],
        refusals: list[Refusal],
    ) -> None:
        """`holder` holds the doors: one, or for dualstack two with the same port. The first is the one that is shown.

        `refusals` tell why they are not where they were wanted.
        """
        self.node = node
        self.model = listener
        self.refusals = refusals
        self.is_stopping = False
        self.holder = holder
        self.doors = doors
        self.host, self.published_port = doors[0].host, doors[0].port
        self.plan: ListenerPlan
        self.gate: Gate
        """Who may connect, whichever way."""
        self._is_closed = False
        self._contexts: Contexts = {}
        self._stamp: object = None
        self._certificates: tuple[Certificate, ...] = ()
        self._chosen: dict[str | None, tuple[ssl.SSLContext | MutualContext, Certificate, bool]] = {}

    @property
    def is_tls(self) -> bool:
        """True for an HTTPS listener."""
        return self.model.protocol is Protocol.HTTPS

    @property
    def places(self) -> tuple[str, ...]:
        """Where it is, as addresses with ports: `127.0.0.1:8080`, `[::1]:8080`."""
        return tuple(door.place for door in self.doors)

    @property
    def sharers(self) -> tuple[str, ...]:
        """The load balancers that take connections at one of its doors as well."""
        tenants = [tenant.listener for door in self.doors for tenant in door.tenants]
        return tuple(dict.fromkeys(one.holder.load_balancer for one in tenants if one.node is not self.node))

    @staticmethod
    def load_contexts(
        certificates: tuple[Certificate, ...], ssl_policy: str, mutual: MutualAuthentication | None = None
    ) -> Contexts:
        """Load what an HTTPS listener presents, by ARN, under its security policy, and how it judges its clients.

        Raises SimlbError when a file cannot be used, or the policy not be served.
        """
        contexts: Contexts = {}
        for certificate in certificates:
            files = str(certificate.certificate_path), str(certificate.key_path)
            try:
                if mutual is None:
                    contexts[certificate.arn] = server_context(*files, POLICIES[ssl_policy])
                else:
                    # Not earlier: its library is for those who use it.
                    from simlb.dataplane.mutual_tls import MutualContext

                    contexts[certificate.arn] = MutualContext(*files, POLICIES[ssl_policy], mutual)
            except (OSError, ssl.SSLError) as error:
                raise SimlbError(
                    "E204",
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

    def contexts_for(self, listener: Listener) -> tuple[Contexts, object]:
        """Those for `listener` in place of the present one. Raises as `load_contexts`.

        Where nothing has changed they are the present ones, so that clients can go on resuming their sessions. What
        comes with them is for `use_contexts`.
        """
        stamp = _stamp_of(listener)
        if stamp is not None and stamp == self._stamp:
            return self._contexts, stamp
        return self.load_contexts(listener.certificates, listener.ssl_policy, listener.mutual_authentication), stamp

    def use_contexts(self, contexts: Contexts, certificates: tuple[Certificate, ...], stamp: object = None) -> None:
        """Present these from the next handshake on."""
        self._contexts, self._certificates, self._stamp = contexts, certificates, stamp
        self._chosen = {}

    def context_for(self, server_name: str | None) -> tuple[ssl.SSLContext | MutualContext, Certificate, bool]:
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

    def new_protocol(self, gate: Gate) -> asyncio.Protocol:
        """What a new connection meets at a door that is this listener's alone."""
        if not self.node.descriptors.admits_client():
            self.node.counts.rejected += 1
            return TurnedAway()
        return self.new_codec() if gate.state is GateState.OPEN else Entrance(self, gate)

    def use_doors(self, doors: tuple[Door, ...]) -> None:
        """Be at these, which are held already, in place of the present ones. The first one stays the same."""
        old, self.doors = self.doors, doors
        self._leave(old)

    async def set_gate(self, networks: Sequence[IPNetwork]) -> None:
        """Let in clients from these networks at every door, from now on. Established connections stay."""
        self.gate = Gate(networks, frozenset[int]().union(*(door.versions for door in self.doors)))
        for door in self.doors:
            await door.admit(self, Gate(networks, door.versions))

    def close(self) -> None:
        """Stop accepting; connections that exist go on. Harmless when repeated."""
        if not self._is_closed:
            self._is_closed = True
            self._leave(self.doors)

    def _leave(self, doors: Iterable[Door]) -> None:
        for door in doors:
            if door not in self.doors or self._is_closed:
                door.dismiss(self)
            door.let_go(self.holder)

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
            node_ip=self.host if len(self.doors) == 1 else _own_address(transport, self.host),
        )
        facts.trace_id = f"TID_{self.node.random.getrandbits(128):032x}"
        tls = transport.get_extra_info("tls")
        if isinstance(tls, TlsLayer):
            facts.tls_cipher, facts.tls_protocol = tls.cipher, tls.version
            facts.server_name, facts.certificate_arn = tls.server_name, tls.certificate_arn
            if tls.mutual is not None:
                facts.client = tls.mutual.client
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
                verify_status=tls.verify_status,
                certificate=tls.client_certificate,
            )
        else:
            record = ConnectionRecord(facts, node.wall(), verify_status=UNMAPPED if is_plain_on_tls else "-")
        node.on_connection(record)

    def tell_handshake_failed(self, transport: asyncio.BaseTransport, tls: TlsLayer) -> None:
        """A client's TLS handshake has failed."""
        if tls.mutual is not None:
            client = tls.client_certificate
            refused = RefusedClient(
                self.node.wall(), self.model.port, tls.verify_status, None if client is None else client.subject
            )
            self.node.refused_clients.add(refused)
        if self.node.on_connection is not None:
            facts = self.facts_for(transport)
            record = ConnectionRecord(
                facts, self.node.wall(), verify_status=tls.verify_status, certificate=tls.client_certificate
            )
            self.node.on_connection(record)
