"""The kinds of checks that an observation of the course can have. `checks` decides which facts satisfy them.

What is not said in a check does not matter to it. Texts of hosts, names, values are patterns: `*` stands for anything.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Called(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="called"):
    """A call of AWS's API was answered: well, or with the error of that code (`*`: with any).

    `parameters` by flat names, counted from 1: `Port`, `Targets.1.Id`, `Changes.1.ResourceRecordSet.Type`.
    """

    operation: str
    service: str | None = None
    region: str | None = None
    error: str | None = None
    parameters: dict[str, str] = {}


class Stated(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="target_state"):
    """`targets` targets (of one group, all at the same time) were in that state, for that reason; while a fault was in
    force, where one is given: `health.status code=404`.
    """

    state: str
    reason: str | None = None
    description: str | None = None
    targets: int = 1
    fault: str | None = None


class Requested(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="request"):
    """A request was over. `target` is the target's status code, 0 for none; `targets` is on how many different ones.

    `while_all` is a state that all targets of some group were in at that time.
    """

    elb: int | None = None
    target: int | None = None
    port: int | None = None
    host: str | None = None
    action: str | None = None
    failure: str | None = None
    targets: int = 1
    while_all: str | None = None


class Probed(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="probe"):
    """A health check was over: with that status code, or with none for that reason (the health-check log's word)."""

    status_code: int | None = None
    reason: str | None = None
    path: str | None = None


class Answered(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="dns"):
    """simlb's DNS server answered a question: by an alias or CNAME to a load balancer, by other records, or by none."""

    type: str = "A"
    name: str | None = None
    leads_to: Literal["load_balancer", "elsewhere", "nothing"] | None = None


class Certified(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="certificate"):
    """A certificate of ACM's was in that state."""

    status: str
    region: str | None = None


class Balanced(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="load_balancer"):
    """A load balancer was in that state."""

    state: Literal["provisioning", "active"]
    scheme: str | None = None


class Listened(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="listener"):
    """There was such a listener."""

    protocol: str | None = None
    port: int | None = None
    action: str | None = None
    gate: Literal["open", "closed", "restricted"] | None = None


class Tried(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="client"):
    """The course's own client had that outcome."""

    outcome: Literal["answered", "refused", "timed_out", "tls_failed", "cut", "not_found"]
    scheme: Literal["http", "https"] | None = None
    host: str | None = None
    status_code: int | None = None
    location: str | None = None


class TlsFailed(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="tls_failed"):
    """A client broke off its TLS handshake with a listener; while a fault was in force, where one is given."""

    port: int | None = None
    fault: str | None = None


class Gone(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="gone"):
    """There had been some of these, and now there are none (of those that were made through the API). A load balancer
    without listeners served nobody, and is not missed.
    """

    what: Literal["load_balancers", "listeners", "target_groups", "certificates", "security_groups", "hosted_zones"]


class AllOf(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="all"):
    """Each of them, in any order."""

    of: list[Leaf]


class InOrder(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="then"):
    """Each of them, one after the other."""

    of: list[Leaf]


class AnyOf(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag="any"):
    """One of them."""

    of: list[Leaf]


Leaf = Called | Stated | Requested | Probed | Answered | Certified | Balanced | Listened | Tried | TlsFailed | Gone
Check = Leaf | AllOf | InOrder | AnyOf
