"""Where a load goes: one listener of the instance that runs it, and nowhere else."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simlb.errors import SimlbError
from simlb.load.plan import LoadPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A listener's socket and the names under which clients ask for it.

    `authority` is what stands in the Host field, `server_name` what TLS asks for and verifies. `ca_pem` is the CA to
    verify with; None means the system's own. `exposed` is the address outside loopback that the instance listens on,
    `listener` how people call the listener: `my-alb HTTPS:443`.
    """

    address: str
    port: int
    is_tls: bool
    authority: str
    server_name: str
    listener: str = ""
    ca_pem: str | None = None
    exposed: str | None = None

    def check(self) -> None:
        """Raises SimlbError E657 for an address that can be no listener of an instance on this machine."""
        try:
            is_allowed = ipaddress.ip_address(self.address).is_loopback or self.address == self.exposed
        except ValueError:
            is_allowed = False
        if not is_allowed:
            raise SimlbError(
                "E657",
                f"A load goes to listeners of its own instance only; {self.address}:{self.port} is none.",
                "→ loopback, or the address of --expose",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a worker is told: the plan, where to, how fast time runs, and how many requests a real second may have."""

    plan: LoadPlan
    destination: Destination
    speed: float
    real_rate_max_per_s: float | None

    def to_json(self) -> dict[str, Any]:
        """Only dicts, lists and scalars."""
        return {
            "plan": self.plan.to_json(),
            "destination": dataclasses.asdict(self.destination),
            "speed": self.speed,
            "real_rate_max_per_s": self.real_rate_max_per_s,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Order:
        """Read `to_json` back. Raises SimlbError E651 or E657."""
        destination = Destination(**data["destination"])
        destination.check()
        return cls(
            plan=LoadPlan.from_json(data["plan"]),
            destination=destination,
            speed=data["speed"],
            real_rate_max_per_s=data["real_rate_max_per_s"],
        )
