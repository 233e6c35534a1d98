"""What a load generator sends and when: a plan, in load-balancer seconds, readable back from its JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from simlb.errors import SimlbError
from simlb.wire import tables

RATE_PER_S = 20.0
REAL_RATE_MAX_PER_S = 500.0
IN_FLIGHT_MAX = 256
UNCAPPED_IN_FLIGHT_MAX = 16_384
BODY_BYTES_MAX = 16 * 1024 * 1024
NUMBER = "{n}"
"""What a path may hold in place of the request's running number, which counts from 0."""

_OWN_FIELDS = frozenset({"host", "connection", "content-length", "transfer-encoding"})
_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_ID_LENGTH_MAX = 64


class LoadKind(StrEnum):
    """How requests come."""

    CONSTANT = "constant"
    RAMP = "ramp"
    SPIKE = "spike"
    CLOSED = "closed"
    """So many users, each of whom waits for the answer, thinks, and asks again."""


class Arrivals(StrEnum):
    """How requests of an open load are spread over time."""

    EVEN = "even"
    POISSON = "poisson"
    """Each by itself, as many users make them: a Poisson process of that rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """One load. Rates are per load-balancer second, durations in load-balancer seconds: both scale with the clock.

    - `constant`: `rate_per_s`.
    - `ramp`: from `rate_per_s` to `to_rate_per_s` within `over_s`; it stays there.
    - `spike`: `rate_per_s`, but `peak_rate_per_s` for `peak_for_s` from `peak_at_s` on.
    - `closed`: `users`, each of whom thinks for `think_s` after an answer.

    It ends after `duration_s`, after `requests` of them, or when it is stopped. A path may hold `{n}`, the request's
    number. A body is `body_bytes` long. `timeout_s` is how long a request waits for its whole answer,
    `connect_timeout_s` how much of that TCP and TLS may take. With `keep_alive` connections are used again, as browsers
    do; else each request has its own.

    It goes to the listener `port` of `load_balancer`; None leaves the choice to the instance, as it does for `host`,
    the name in the Host field and in TLS. Certificates are verified with the instance's CA, or with `ca_pem`; with
    `insecure` not at all.

    `real_rate_max_per_s` (None: no bound) and `in_flight_max` are caps: a plan with a higher rate is refused, and
    requests beyond so many unanswered ones are not sent, but counted.

    Raises SimlbError E651 that names the member and what is wrong with it.
    """

    id: str
    kind: LoadKind = LoadKind.CONSTANT
    rate_per_s: float = RATE_PER_S
    to_rate_per_s: float | None = None
    over_s: float | None = None
    peak_rate_per_s: float | None = None
    peak_at_s: float | None = None
    peak_for_s: float | None = None
    users: int | None = None
    think_s: float = 0.0
    arrivals: Arrivals = Arrivals.EVEN
    duration_s: float | None = None
    requests: int | None = None
    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body_bytes: int = 0
    timeout_s: float = 70.0
    connect_timeout_s: float = 10.0
    keep_alive: bool = True
    load_balancer: str | None = None
    port: int | None = None
    host: str | None = None
    insecure: bool = False
    ca_pem: str | None = None
    seed: int = 0
    real_rate_max_per_s: float | None = REAL_RATE_MAX_PER_S
    in_flight_max: int = IN_FLIGHT_MAX

    def __post_init__(self) -> None:
        """Refuse what could not be sent, and members that the kind would ignore."""
        if not self.id or len(self.id) > _ID_LENGTH_MAX or not _ID_CHARACTERS.issuperset(self.id):
            raise _wrong("id", f"'{self.id}' is not 1-{_ID_LENGTH_MAX} letters, digits, '.', '_' or '-'")
        self._check_numbers()
        self._check_kind()
        self._check_request()

    # -- what it comes to ----------------------------------------------------------------------------------------------

    @property
    def peak_per_s(self) -> float:
        """The highest rate it reaches by itself, per load-balancer second; infinite where nothing bounds it."""
        match self.kind:
            case LoadKind.RAMP:
                return max(self.rate_per_s, self.to_rate_per_s or 0.0)
            case LoadKind.SPIKE:
                return max(self.rate_per_s, self.peak_rate_per_s or 0.0)
            case LoadKind.CLOSED:
                return (self.users or 0) / self.think_s if self.think_s else math.inf
        return self.rate_per_s

    def uncapped(self) -> LoadPlan:
        """The same with caps that it cannot reach: as many in flight as rate and timeout can lead to."""
        if self.kind is LoadKind.CLOSED:
            in_flight = self.users or 0
        else:
            in_flight = math.ceil(min(self.peak_per_s * self.timeout_s, UNCAPPED_IN_FLIGHT_MAX)) + 1
        highest = min(UNCAPPED_IN_FLIGHT_MAX, max(IN_FLIGHT_MAX, in_flight))
        return dataclasses.replace(self, real_rate_max_per_s=None, in_flight_max=highest)

    # -- JSON ----------------------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Only dicts, lists and scalars: all members."""
        shown = {member.name: getattr(self, member.name) for member in dataclasses.fields(self)}
        return shown | {"headers": [list(pair) for pair in self.headers]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LoadPlan:
        """Read `to_json` back; headers may be an object, too. Raises SimlbError E651, also for unknown members."""
        known = {member.name for member in dataclasses.fields(cls)}
        for name in data:
            if name not in known:
                raise SimlbError("E651", f"A load has no '{name}'.", f"→ it has: {', '.join(sorted(known))}")
        members = dict(data)
        headers = members.get("headers")
        if isinstance(headers, Mapping):
            members["headers"] = tuple(headers.items())
        try:
            return msgspec.convert(members, cls)
        except msgspec.ValidationError as error:
            raise SimlbError("E651", f"The load was not understood: {error}.") from None

    # -- checks --------------------------------------------------------------------------------------------------------

    def _check_numbers(self) -> None:
        for name in ("rate_per_s", "to_rate_per_s", "peak_rate_per_s", "peak_at_s", "think_s"):
            _check(name, getattr(self, name), above=False)
        for name in ("over_s", "peak_for_s", "duration_s", "timeout_s", "connect_timeout_s", "real_rate_max_per_s"):
            _check(name, getattr(self, name), above=True)
        for name, highest in (
            ("users", UNCAPPED_IN_FLIGHT_MAX),
            ("requests", 10**9),
            ("port", 65_535),
            ("in_flight_max", UNCAPPED_IN_FLIGHT_MAX),
        ):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= highest:
                raise _wrong(name, f"{value} is outside 1-{highest}")
        if not 0 <= self.body_bytes <= BODY_BYTES_MAX:
            raise _wrong("body_bytes", f"{self.body_bytes} is outside 0-{BODY_BYTES_MAX}")

    def _check_kind(self) -> None:
        wanted = {
            LoadKind.RAMP: ("to_rate_per_s", "over_s"),
            LoadKind.SPIKE: ("peak_rate_per_s", "peak_at_s", "peak_for_s"),
            LoadKind.CLOSED: ("users",),
        }
        mine = wanted.get(self.kind, ())
        for kind, names in wanted.items():
            for name in names:
                is_given = getattr(self, name) is not None
                if name in mine and not is_given:
                    raise _wrong(name, f"a load of kind {self.kind} needs it")
                if name not in mine and is_given:
                    raise _wrong(name, f"only a load of kind {kind} has it, not {self.kind}")
        if self.kind is LoadKind.CLOSED:
            if self.rate_per_s != RATE_PER_S:
                raise _wrong("rate_per_s", "the users of a closed load make its rate")
            if self.arrivals is not Arrivals.EVEN:
                raise _wrong("arrivals", "users of a closed load come when they have their answer")
            if self.users is not None and self.users > self.in_flight_max:
                raise _wrong("users", f"{self.users} are more than {self.in_flight_max}, the cap on requests in flight")
        else:
            if self.think_s:
                raise _wrong("think_s", f"only a load of kind closed has it, not {self.kind}")
            if not self.peak_per_s:
                raise _wrong("rate_per_s", "a load without requests")

    def _check_request(self) -> None:
        if not self.method or self.method.encode().translate(None, tables.TOKEN):
            raise _wrong("method", f"'{self.method}' is none")
        plain = self.path.replace(NUMBER, "0")
        if not plain.startswith("/") or plain.encode().translate(None, tables.URI):
            raise _wrong("path", f"'{self.path}' must begin with / and hold nothing but printable ASCII without blanks")
        if "{" in plain or "}" in plain:
            raise _wrong("path", f"'{self.path}': {NUMBER}, the request's number, is all that stands in braces")
        for name, value in self.headers:
            if not name or name.encode().translate(None, tables.TOKEN):
                raise _wrong("headers", f"'{name}' is no field name")
            if name.lower() in _OWN_FIELDS:
                raise _wrong("headers", f"{name} follows from host, keep_alive and body_bytes")
            if value.encode().translate(None, tables.VALUE):
                raise _wrong("headers", f"the value of {name} holds control characters")
        if self.host is not None and (not self.host or self.host.encode().translate(None, tables.URI)):
            raise _wrong("host", f"'{self.host}' is no host name")


def _check(name: str, value: float | None, *, above: bool) -> None:
    if value is not None and not (math.isfinite(value) and (value > 0 if above else value >= 0)):
        raise _wrong(name, f"{value:g} must be {'above 0' if above else '0 or more'}")


def _wrong(member: str, what: str) -> SimlbError:
    return SimlbError("E651", f"{member}: {what}.")


# msgspec makes its tables of a class at the first use, and two threads that do so at once crash the interpreter:
# load balancers under test have a thread each. An import is one thread's alone.
msgspec.json.Decoder(LoadPlan)
