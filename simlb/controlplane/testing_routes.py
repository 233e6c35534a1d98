"""What programs that test against an instance ask of its control port: time, waiting, traffic, a fresh start.

    GET    /api/v1/clock
    POST   /api/v1/clock/advance            {"seconds": 60}
    POST   /api/v1/wait                     {"target": "i-01", "state": "unhealthy", "timeout_s": 5}
    GET    /api/v1/traffic?after=&limit=    DELETE /api/v1/traffic
    POST   /api/v1/reset

docs/json-api.md shows every one with its answer. Who may ask: `guard`, as everywhere on this port.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, Protocol

import msgspec
from aiohttp import web

from simlb.controlplane.bodies import decode_body, refuse_body
from simlb.controlplane.server import integer
from simlb.controlplane.views import InstanceView
from simlb.controlplane.waiting import Condition, wait_until
from simlb.errors import SimlbError

TRAFFIC_RECORDS_MAX = 1000
WAIT_MAX_S = 600.0
ADVANCE_MAX_S = 31 * 86400.0
"""A month: every deadline on the way is met, so that time far ahead takes time."""

ClockKind = Literal["real", "scaled", "manual"]

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
_State = Literal["initial", "healthy", "unhealthy", "draining", "unused"]
_Count = Annotated[int, msgspec.Meta(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """An instance's clock. `speed` is None where time is moved by hand; both times count from the start."""

    kind: ClockKind
    speed: float | None
    now_s: float
    real_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPage:
    """Finished exchanges by field. `total` is how many there were; `next` asks for what follows."""

    total: int
    next: int
    records: tuple[Mapping[str, Any], ...]


class Remote(Protocol):
    """What an instance lets programs do with it. Every method is called on its own loop."""

    def view(self) -> InstanceView:
        """How everything stands now."""

    def clock(self) -> ClockView:
        """What time it is."""

    async def advance(self, duration_s: float) -> None:
        """Move a clock that is moved by hand. Raises SimlbError E615 for one that runs by itself."""

    def traffic(self, after: int, limit: int) -> TrafficPage:
        """Exchanges from number `after` on, at most `limit`; a negative `after` asks for the last `-after`.

        Raises SimlbError E617 for an instance that keeps none.
        """

    def clear_traffic(self) -> None:
        """Forget the exchanges that are kept; numbers go on. Raises as `traffic`."""

    async def reset(self) -> None:
        """Back to what the configuration says, whatever commands and faults have changed."""


class Advance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far time is to move, in load-balancer seconds."""

    seconds: Annotated[float, msgspec.Meta(ge=0, le=ADVANCE_MAX_S)]


class Wait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to wait for, and how long in real seconds."""

    target: _Name | None = None
    target_group: _Name | None = None
    state: _State | None = None
    healthy: _Count | None = None
    in_flight: _Count | None = None
    timeout_s: Annotated[float, msgspec.Meta(ge=0, le=WAIT_MAX_S)] = 5.0

    def condition(self) -> Condition:
        """Raises SimlbError E608 unless it is exactly one thing that is waited for."""
        wanted = [name for name in ("state", "healthy", "in_flight") if getattr(self, name) is not None]
        if (
            len(wanted) != 1
            or (wanted == ["state"] and self.target is None)
            or (wanted == ["healthy"] and (self.target_group is None or self.target is not None))
        ):
            raise SimlbError(
                "E608",
                "That is no one thing to wait for.",
                '{"target": "i-01", "state": "unhealthy"}',
                '{"target_group": "web", "healthy": 2}',
                '{"in_flight": 0}, of one target or group where you name it',
            )
        return Condition(
            target=self.target,
            target_group=self.target_group,
            state=self.state,
            healthy=self.healthy,
            in_flight=self.in_flight,
        )


def routes_for_tests(remote: Remote) -> list[web.RouteDef]:
    """The routes, for `ControlServer`."""
    handlers = _Handlers(remote)
    return [
        web.get("/api/v1/clock", handlers.clock),
        web.post("/api/v1/clock/advance", handlers.advance),
        web.post("/api/v1/wait", handlers.wait),
        web.get("/api/v1/traffic", handlers.traffic),
        web.delete("/api/v1/traffic", handlers.clear_traffic),
        web.post("/api/v1/reset", handlers.reset),
    ]


class _Handlers:
    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def clock(self, _: web.Request) -> web.Response:
        return web.json_response(asdict(self._remote.clock()))

    async def advance(self, request: web.Request) -> web.Response:
        wanted = decode_body(Advance, await request.read())
        await self._remote.advance(wanted.seconds)
        return self._standing(self._remote.view())

    async def wait(self, request: web.Request) -> web.Response:
        wanted = decode_body(Wait, await request.read())
        return self._standing(await wait_until(wanted.condition(), self._remote.view, wanted.timeout_s))

    async def traffic(self, request: web.Request) -> web.Response:
        after = integer(request, "after", 0)
        limit = integer(request, "limit", TRAFFIC_RECORDS_MAX)
        if not 1 <= limit <= TRAFFIC_RECORDS_MAX:
            raise SimlbError("E608", f"limit={limit} is outside 1-{TRAFFIC_RECORDS_MAX}.")
        return web.json_response(asdict(self._remote.traffic(after, limit)))

    async def clear_traffic(self, request: web.Request) -> web.Response:
        refuse_body(await request.read())
        self._remote.clear_traffic()
        return web.json_response({"message": "The traffic until now is forgotten."})

    async def reset(self, request: web.Request) -> web.Response:
        refuse_body(await request.read())
        await self._remote.reset()
        return web.json_response({"message": "Everything is as the configuration says."})

    def _standing(self, view: InstanceView) -> web.Response:
        """The time and all target groups, as in the status."""
        return web.json_response({"now_s": view.uptime_s, "target_groups": view.to_json()["target_groups"]})
