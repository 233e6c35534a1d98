"""Target groups and targets of a load balancer under test: built before it starts, asked while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simlb.errors import SimlbError
from simlb.testing.backend import FakeBackend
from simlb.testing.values import TARGET_GROUP_ATTRIBUTES, attributes, some
from simlb.testing.watched import Number, State

if TYPE_CHECKING:
    from simlb.core.target_group import TargetGroupState, TargetState
    from simlb.testing.alb import ALB

TargetLike = Any
"""A URL, a `FakeBackend`, or an ASGI or WSGI application."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How targets are asked whether they are well. What is None has AWS's default; times in load-balancer seconds."""

    path: str | None = None
    interval: float | str | None = None
    timeout: float | str | None = None
    unhealthy: int | None = None
    healthy: int | None = None
    matcher: str | int | None = None
    port: int | str | None = None
    protocol: str | None = None

    def to_values(self) -> dict[str, Any]:
        """As a configuration file has it."""
        return some(
            path=self.path,
            interval=self.interval,
            timeout=self.timeout,
            unhealthy=self.unhealthy,
            healthy=self.healthy,
            matcher=self.matcher,
            port=self.port,
            protocol=self.protocol,
        )


class Target:
    """One target of a group, by its place in it. What is asked of it is asked of the running load balancer."""

    def __init__(self, group: TargetGroup, index: int) -> None:
        self.group = group
        self.index = index

    def __repr__(self) -> str:
        return f"<target {self.label}>"

    @property
    def label(self) -> str:
        """How messages call it: `web[0]`."""
        return f"{self.group.name}[{self.index}]"

    @property
    def name(self) -> str:
        """Its name while the load balancer runs: `i-01`."""
        return self.group.alb.target_names(self.group.name)[self.index]

    @property
    def backend(self) -> FakeBackend | None:
        """What serves as this target; None for a URL."""
        place = self.index - len(self.group.values.get("targets", ()))
        served = self.group.served_by[place] if place >= 0 else None
        return served if isinstance(served, FakeBackend) else None

    @property
    def state(self) -> State:
        """`initial`, `healthy`, `unhealthy`, `draining` or `unused`; comparing it gives something to wait for."""
        return State(lambda: self._ask(lambda live: str(live.health.state), "unused"), f"{self.label}.state")

    @property
    def reason(self) -> str | None:
        """AWS's reason, `Target.FailedHealthChecks`; None for a healthy target."""
        found: str | None = self._ask(lambda live: live.health.reason, "Target.NotRegistered")
        return found

    @property
    def description(self) -> str | None:
        """AWS's sentence about the reason."""
        found: str | None = self._ask(lambda live: live.health.description, None)
        return found

    @property
    def in_flight(self) -> Number:
        """Requests that it has been given and not answered."""
        return Number(lambda: self._ask(lambda live: live.outstanding, 0), f"{self.label}.in_flight")

    @property
    def request_count(self) -> Number:
        """Requests that it has been given, health checks aside."""
        return Number(lambda: self._ask(lambda live: live.requests, 0), f"{self.label}.request_count")

    def _ask(self, look: Callable[[TargetState], Any], gone: Any) -> Any:
        name = self.name

        def ask() -> Any:
            live = self.group.live()
            states = live.targets.values() if live is not None else ()
            return next((look(state) for state in states if state.target.name == name), gone)

        return self.group.alb.ask(ask)


class TargetGroup:
    """A target group: `alb.target_group("web", backend, interval=30)`. `group[0]` is its first target."""

    def __init__(self, alb: ALB, name: str, values: dict[str, Any]) -> None:
        self.alb = alb
        self.name = name
        self.values = values
        """Its entry of the configuration, without the targets that are given as objects."""
        self.served_by: list[str | FakeBackend] = []

    def __repr__(self) -> str:
        return f"<target group {self.name}>"

    def add(self, *targets: TargetLike) -> TargetGroup:
        """Register these as well. Raises SimlbError E690 for what is no target, E691 while the load balancer runs."""
        self.alb.refuse_if_running(f"target_group({self.name!r}).add()")
        for target in targets:
            if isinstance(target, str | FakeBackend):
                self.served_by.append(target)
            elif callable(target):
                self.served_by.append(FakeBackend(app=target))
            else:
                raise SimlbError(
                    "E690",
                    f"{target!r} is no target.",
                    "a URL ('http://127.0.0.1:8001'), a FakeBackend, or an ASGI or WSGI application",
                )
        return self

    def attributes(self, given: dict[str, Any] | None = None, /, **named: Any) -> TargetGroup:
        """Set attributes: by AWS's keys, or by short names such as `deregistration_delay=5`."""
        self.alb.refuse_if_running(f"target_group({self.name!r}).attributes()")
        found = attributes({**(given or {}), **named}, TARGET_GROUP_ATTRIBUTES)
        self.values["attributes"] = {**self.values.get("attributes", {}), **found}
        return self

    def __len__(self) -> int:
        return len(self.values.get("targets", ())) + len(self.served_by)

    def __getitem__(self, index: int) -> Target:
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"target group {self.name} has {count} targets")
        return Target(self, index % count)

    def __iter__(self) -> Iterator[Target]:
        return (Target(self, index) for index in range(len(self)))

    # -- while it runs -------------------------------------------------------------------------------------------------

    @property
    def healthy(self) -> Number:
        """How many of its targets are healthy: `assert web.healthy == 2`, `lb.wait(web.healthy == 2)`."""
        return self._count("healthy")

    @property
    def unhealthy(self) -> Number:
        """How many are unhealthy."""
        return self._count("unhealthy")

    @property
    def draining(self) -> Number:
        """How many drain."""
        return self._count("draining")

    @property
    def in_flight(self) -> Number:
        """Requests that its targets have been given and not answered."""
        return Number(lambda: self._ask(lambda state: state.outstanding), f"{self.name}.in_flight")

    @property
    def mode(self) -> str:
        """Why its candidates are who they are: `healthy`, `fail_open`, `no_targets`, `initial`, `unused`."""

        def ask() -> str:
            live = self.live()
            return str(live.mode) if live is not None else "no_targets"

        return self.alb.ask(ask)

    def _count(self, wanted: str) -> Number:
        return Number(lambda: self._ask(lambda state: int(state.health.state == wanted)), f"{self.name}.{wanted}")

    def _ask(self, count: Callable[[TargetState], int]) -> int:
        def ask() -> int:
            live = self.live()
            return sum(map(count, live.targets.values())) if live is not None else 0

        return self.alb.ask(ask)

    def live(self) -> TargetGroupState | None:
        """How it stands in the running load balancer. On the load balancer's loop."""
        return self.alb.app.live_group(self.name)


def by_place(groups: Sequence[TargetGroup], backend: FakeBackend) -> Target | None:
    """The first target that a backend serves as."""
    for group in groups:
        for target in group:
            if target.backend is backend:
                return target
    return None
