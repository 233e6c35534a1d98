"""What a listener does with requests, compiled from the configuration and swapped whole.

An exchange keeps the plan it began with, so that a reload never mixes two configurations within one request.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from simlb.core import forwarding, response_headers
from simlb.core.actions import DEFAULT_PORTS
from simlb.core.attributes.listener import MUTUAL_TLS, TLS_CIPHER_SUITE, TLS_VERSION
from simlb.core.model import Listener, LoadBalancer, Protocol
from simlb.core.rules import RuleTable

HOSTS_REMEMBERED_MAX = 256


class ListenerPlan:
    """One listener's configuration in the form the hot path needs."""

    __slots__ = (
        "_forged",
        "_host_lines",
        "attributes",
        "default_port",
        "dns_name",
        "elb",
        "is_mutual",
        "is_plain",
        "listener",
        "load_balancer",
        "port",
        "proto_port_lines",
        "published_port",
        "published_ports",
        "response_headers",
        "rules",
        "scheme",
    )

    def __init__(
        self, load_balancer: LoadBalancer, listener: Listener, published_ports: Mapping[int, int], rules: RuleTable
    ) -> None:
        """`published_ports` maps each listener port to the port its socket really has; `rules` are the listener's."""
        self.load_balancer = load_balancer
        self.listener = listener
        self.attributes = load_balancer.attributes
        self.elb = load_balancer.resource
        self.scheme = "https" if listener.protocol is Protocol.HTTPS else "http"
        self.port = listener.port
        self.default_port = DEFAULT_PORTS[self.scheme]
        self.published_ports = dict(published_ports)
        self.published_port = self.published_ports.get(listener.port, listener.port)
        self.rules = rules
        self._host_lines: dict[tuple[bytes | None, int | None], bytes] = {}
        attributes = self.attributes
        self.is_plain = (
            attributes.xff_header_processing == "append"
            and not attributes.drop_invalid_header_fields
            and not attributes.preserve_host_header
            and not attributes.tls_version_and_cipher_suite_headers
            and listener.mutual_authentication is None
        )
        """True when no attribute changes how an everyday request's header is rewritten."""
        self.is_mutual = listener.mutual_authentication is not None
        """Whether clients are asked for certificates, and targets told of them."""
        self._forged = self._names_to_forge()
        self.response_headers = response_headers.compiled(listener.attributes)
        self.dns_name = load_balancer.dns_name.encode()
        self.proto_port_lines = f"X-Forwarded-Proto: {self.scheme}\r\nX-Forwarded-Port: {listener.port}\r\n".encode()

    def is_for(
        self, load_balancer: LoadBalancer, listener: Listener, published_ports: Mapping[int, int], rules: RuleTable
    ) -> bool:
        """Whether a plan made of these would do what this one does."""
        return (
            self.rules is rules
            and self.listener == listener
            and self.load_balancer == load_balancer
            and self.published_ports == published_ports
        )

    def apart(self) -> ListenerPlan:
        """The same plan without the memory that requests leave behind, for those that are only thought of."""
        other = copy(self)
        other._host_lines = {}
        other.rules = RuleTable(self.listener.default_action, self.listener.rules)
        return other

    def tls_lines(self, protocol: str, cipher: str) -> bytes:
        """How a target gets to know the version and cipher of the client's TLS."""
        attributes = self.listener.attributes
        version_line = f"{attributes.tls_version_header}: {protocol}\r\n"
        return f"{version_line}{attributes.tls_cipher_suite_header}: {cipher}\r\n".encode()

    def without_renamed(self, lines: bytes) -> bytes:
        """A client's field lines without those that it could pass off as the load balancer's own."""
        names = self._forged
        if not names:
            return lines  # under their own names they have been dropped already
        return b"".join(line for line in lines.splitlines(keepends=True) if not line.lower().startswith(names))

    def _names_to_forge(self) -> tuple[bytes, ...]:
        """Names that this listener has given to headers of its own, each with its colon, lower case."""
        attributes = self.listener.attributes
        given: list[tuple[str, str]] = []
        if self.attributes.tls_version_and_cipher_suite_headers and self.scheme == "https":
            given += [(attributes.tls_version_header, TLS_VERSION)]
            given += [(attributes.tls_cipher_suite_header, TLS_CIPHER_SUITE)]
        if self.is_mutual:
            given += zip(attributes.mutual_tls_headers, MUTUAL_TLS, strict=True)
        return tuple(f"{name.lower()}:".encode() for name, own in given if name.lower() != own.lower())

    def client_value(self, ip: str, port: int) -> bytes:
        """How X-Forwarded-For names a client of this listener."""
        return forwarding.client_address(ip, port, with_port=self.attributes.xff_client_port).encode()

    def host_line(self, host: bytes | None, host_port: int | None) -> bytes:
        """The Host line that a target sees when the client's is not preserved. Hosts repeat: they are remembered.

        None is an HTTP/1.0 request without one: the load balancer's own name stands in (reference 3.3).
        """
        line = self._host_lines.get((host, host_port))
        if line is None:
            value = self.dns_name
            if host is not None:
                value = forwarding.host_for_target(
                    host,
                    host_port,
                    listener_port=self.port,
                    published_port=self.published_port,
                    default_port=self.default_port,
                )
            if len(self._host_lines) >= HOSTS_REMEMBERED_MAX:
                self._host_lines.clear()
            line = self._host_lines[host, host_port] = b"Host: " + value + b"\r\n"
        return line
