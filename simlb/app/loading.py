"""The loads of an instance: from what was asked for to plans for its own listeners, and to views of them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simlb.controlplane.load_views import LoadView
from simlb.core.events import Notice
from simlb.core.model import LoadBalancer
from simlb.errors import SimlbError
from simlb.load.destination import Destination
from simlb.load.generator import LoadGenerator
from simlb.load.plan import UNCAPPED_IN_FLIGHT_MAX, LoadPlan
from simlb.load.running import Load

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.dataplane.listener import OpenListener

_DEFAULT_PORTS = {False: 80, True: 443}
_WITH_PORT = re.compile(r"(?P<name>[^:]+|\[[^]]*\]):\d+")


class Loading:
    """Starts, stops and describes loads. `generator` takes plans directly."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.generator = LoadGenerator(app.clock, self.destination, at_s=app.narrator.at_s, on_failed=self._on_failed)

    # -- LoadDesk of the control port ----------------------------------------------------------------------------------

    def views(self) -> list[LoadView]:
        """Those that run and the last that have ended, oldest first."""
        return [self._view(load) for load in self.generator.loads]

    async def start_load(self, wanted: Mapping[str, Any]) -> LoadView:
        """Start what the members describe: a plan's, and `uncapped`. Raises SimlbError E650 to E654, E656."""
        members = dict(wanted)
        is_uncapped = members.pop("uncapped", False)
        if not isinstance(is_uncapped, bool):
            raise SimlbError("E651", "uncapped: it is true or false.")
        if is_uncapped:
            for name in ("real_rate_max_per_s", "in_flight_max"):
                if name in members:
                    raise SimlbError("E651", f"{name}: it is a cap, and uncapped means none.")
            members["in_flight_max"] = UNCAPPED_IN_FLIGHT_MAX
        plan = LoadPlan.from_json({"id": self.generator.free_id(), **members})
        return self._view(await self.generator.start(plan.uncapped() if is_uncapped else plan))

    def stop_load(self, load: str) -> LoadView:
        """Send no more; asked again, do not wait for what is in flight either. Raises SimlbError E655."""
        return self._view(self.generator.stop(load))

    # -- where it goes -------------------------------------------------------------------------------------------------

    def destination(self, plan: LoadPlan) -> Destination:
        """The listener that a plan means. Raises SimlbError E653 when it names none, or several."""
        found = self._find(plan)
        listener = found.listener
        address = ipaddress.ip_address(listener.host)
        if address.is_unspecified:
            # Listening everywhere includes loopback, which a load never leaves without need.
            address = ipaddress.ip_address("::1" if address.version == 6 else "127.0.0.1")
        name, authority = self._names(plan, found)
        return Destination(
            address=str(address),
            port=listener.published_port,
            is_tls=listener.is_tls,
            authority=authority,
            server_name=name,
            listener=found.words,
            ca_pem=self._ca_pem() if plan.ca_pem is None else plan.ca_pem,
            exposed=self._app.options.expose,
        )

    def _find(self, plan: LoadPlan) -> _Found:
        everything = [
            _Found(load_balancer, self._app.nodes[load_balancer.name].listeners[listener.port])
            for load_balancer in self._app.configuration.load_balancers
            for listener in load_balancer.listeners
        ]
        if not everything:
            raise SimlbError("E653", "There is no listener: nothing can be sent anywhere.", "simlb status")
        there_are = f"→ there are: {', '.join(found.words for found in everything)}"
        candidates = [found for found in everything if plan.load_balancer in {None, found.load_balancer.name}]
        if not candidates:
            raise SimlbError("E653", f"There is no load balancer '{plan.load_balancer}'.", there_are)
        if plan.port is not None:
            candidates = [found for found in candidates if found.listener.model.port == plan.port]
            if not candidates:
                of = f" of {plan.load_balancer}" if plan.load_balancer is not None else ""
                raise SimlbError("E653", f"There is no listener at port {plan.port}{of}.", there_are)
        names = list(dict.fromkeys(found.load_balancer.name for found in candidates))
        if len(names) > 1:
            raise SimlbError(
                "E653",
                f"Which load balancer is meant? There are several: {', '.join(names)}.",
                f"→ name one: --load-balancer {names[0]}",
            )
        https = (found for found in candidates if found.listener.model.port == _DEFAULT_PORTS[True])
        return next(https, candidates[0])

    def _names(self, plan: LoadPlan, found: _Found) -> tuple[str, str]:
        """The name that TLS asks for, and the Host field: with its port, unless that is the usual one."""
        host = plan.host or next(iter(found.load_balancer.names), found.load_balancer.dns_name)
        if given := _WITH_PORT.fullmatch(host):
            return given["name"].strip("[]"), host
        listener = found.listener
        is_usual = listener.published_port == _DEFAULT_PORTS[listener.is_tls]
        return host.strip("[]"), host if is_usual else f"{host}:{listener.published_port}"

    def _ca_pem(self) -> str | None:
        path = self._app.ca_path
        return path.read_text(encoding="ascii") if path.exists() else None

    # -- what becomes of it --------------------------------------------------------------------------------------------

    def _on_failed(self, load: Load) -> None:
        text = f"The worker of load '{load.plan.id}' ended by itself: {load.failure}."
        hints = (f"→ see what it did: simlb load ls        → once more: simlb load start --id {load.plan.id} …",)
        self._app.narrator.notice(Notice(level="error", code="E656", text=text, hints=hints))

    def _view(self, load: Load) -> LoadView:
        plan, stats, destination = load.plan, load.stats, load.order.destination
        statuses: dict[str, int] = {}
        made_here: dict[str, int] = {}
        for (status, is_elb_answer), count in sorted(stats.statuses.items()):
            statuses[str(status)] = statuses.get(str(status), 0) + count
            if is_elb_answer:
                made_here[str(status)] = count
        p50_s, p95_s, p99_s = stats.latencies.percentiles(50, 95, 99)
        until_s = self._app.narrator.at_s() if load.ended_at_s is None else load.ended_at_s
        return LoadView(
            id=plan.id,
            state=load.state,
            kind=plan.kind,
            plan=plan.to_json(),
            listener=destination.listener,
            host=destination.authority,
            speed=load.order.speed,
            rate_per_s=stats.rate_per_s,
            elapsed_s=max(0.0, until_s - load.t0_s),
            sent=stats.sent,
            finished=stats.finished,
            in_flight=stats.in_flight,
            statuses=statuses,
            elb_statuses=made_here,
            errors={str(kind): count for kind, count in sorted(stats.errors.items())},
            targets=dict(sorted(stats.targets.items())),
            reused=stats.reused,
            retried=stats.retried,
            p50_ms=_milliseconds(p50_s),
            p95_ms=_milliseconds(p95_s),
            p99_ms=_milliseconds(p99_s),
            max_ms=_milliseconds(stats.latencies.max_s) if stats.latencies.count else None,
            lag_ms=round(stats.lag_s * 1000, 3),
            lag_max_ms=round(stats.lag_max_s * 1000, 3),
            real_rate_max_per_s=plan.real_rate_max_per_s,
            in_flight_max=plan.in_flight_max,
            dropped_by_cap=stats.dropped_by_cap,
            held_by_cap=stats.held_by_cap,
            failure=load.failure,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    load_balancer: LoadBalancer
    listener: OpenListener

    @property
    def words(self) -> str:
        """`my-alb HTTPS:443`."""
        return f"{self.load_balancer.name} {self.listener.model.protocol}:{self.listener.model.port}"


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
