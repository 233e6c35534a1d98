"""What has happened on an instance, as far as the course looks at it. Beside these, events are facts as they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from simlb.core.events import ApiCalled, RequestFinished, RequestsCounted

LeadsTo = Literal["load_balancer", "elsewhere", "nothing"]
Outcome = Literal["answered", "refused", "timed_out", "tls_failed", "cut", "not_found"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A health check is over. `reason` is the health-check log's word, `-` where it passed."""

    status_code: int | None
    reason: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsAnswered:
    """simlb's DNS server was asked. `leads_to`: by an alias or CNAME to a load balancer, or to what a record says."""

    name: str
    type: str
    leads_to: LeadsTo


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTried:
    """The course's own client has asked. `host` is the URL's, `status_code` None without an answer."""

    scheme: str
    host: str
    outcome: Outcome
    status_code: int | None = None
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeFailed:
    """A client's TLS handshake with a listener came to nothing."""

    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerStanding:
    """A load balancer."""

    is_active: bool
    scheme: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerStanding:
    """A listener. `action` is its default action's type."""

    protocol: str
    port: int
    action: str
    gate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStanding:
    """A target of a group that the API has made."""

    group: str
    target: str
    state: str
    reason: str | None
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetWas:
    """A target has left a state. At a high speed that may be over before anybody looks how everything stands."""

    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateStanding:
    """A certificate of ACM's."""

    status: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How everything stands at one moment: what was made through the API, and which faults are in force, in words."""

    load_balancers: tuple[BalancerStanding, ...] = ()
    listeners: tuple[ListenerStanding, ...] = ()
    target_groups: int = 0
    targets: tuple[TargetStanding, ...] = ()
    certificates: tuple[CertificateStanding, ...] = ()
    security_groups: int = 0
    hosted_zones: int = 0
    faults: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_settled(self) -> bool:
        """Nothing in it changes by itself without being told."""
        return all(one.is_active for one in self.load_balancers) and not any(
            one.status == "PENDING_VALIDATION" for one in self.certificates
        )


Fact = (
    ApiCalled
    | RequestFinished
    | RequestsCounted
    | Probed
    | DnsAnswered
    | ClientTried
    | HandshakeFailed
    | TargetWas
    | Standing
)
