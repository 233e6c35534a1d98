"""An Application Load Balancer for tests: built call by call, started with `with` or `async with`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from simlb.errors import SimlbError
from simlb.testing.backend import FakeBackend
from simlb.testing.clock import Clock, Mode
from simlb.testing.groups import HealthCheck, TargetGroup, TargetLike
from simlb.testing.listeners import Listener
from simlb.testing.loops import Home
from simlb.testing.values import (
    LOAD_BALANCER_ATTRIBUTES,
    TARGET_GROUP_ATTRIBUTES,
    CallSource,
    attributes,
    call,
    listed,
    some,
)

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.config.source import Source, Steps
    from simlb.testing.running import RunningLoadBalancer

T = TypeVar("T")

DEFAULT_REGION = "ap-northeast-2"
_FREE_PORT = "127.0.0.1:0"


class ALB:
    """One load balancer. Nothing listens before it is started; every port is a free one of 127.0.0.1.

    What the calls give is compiled as a configuration file would be, when the load balancer starts: InvalidConfigError
    then names the calls. `clock` is a `Clock`, `"manual"`, or a speed.
    """

    def __init__(
        self,
        name: str = "my-alb",
        *,
        clock: Clock | Mode | float = "real",
        region: str = DEFAULT_REGION,
        scheme: str | None = None,
        dns: str | Sequence[str] = (),
        strict: bool = True,
        allow_targets: Sequence[str] = (),
        explain_header: bool = False,
        seed: int | None = None,
        control: bool = False,
        keep_bodies: int | str = 0,
    ) -> None:
        """`dns` are further names that lead to it; `strict=False` allows health checks quicker than AWS's.

        `allow_targets` are networks beyond loopback that targets may be in. `seed` makes its draws repeatable.
        `control` opens a control port as well, for other programs. With `explain_header`, answers to requests with
        `X-Simlb-Explain: 1` say why in a header. `keep_bodies` is how much of each request's body is kept for
        `lb.replay`: `"64k"`.
        """
        self.name = name
        self.clock = Clock.of(clock)
        self.seed = seed
        self.control = control
        self.region = region
        self.calls: dict[Steps, str] = {}
        """Which call gave what is at a place of `values`."""
        self._base: Source | None = None
        self._file: Path | None = None
        self._listeners: list[Listener] = []
        self._groups: dict[str, TargetGroup] = {}
        self._values: dict[str, Any] = {
            "simlb": "config/1",
            "region": region,
            "control_port": 0,
            "strict": strict,
            "keep_bodies": keep_bodies,
            "allow_targets": list(allow_targets),
            **some(explain_header=explain_header or None),
            "load_balancers": [
                {
                    "name": name,
                    **some(scheme=scheme),
                    "dns": [dns] if isinstance(dns, str) else list(dns),
                    "attributes": {},
                    "listeners": [],
                }
            ],
        }
        self.faults_at_start: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        """Arguments of `lb.fault`."""
        self._running: RunningLoadBalancer | None = None

    @classmethod
    def from_file(cls, path: str | Path, *, clock: Clock | Mode | float = "real", seed: int | None = None) -> ALB:
        """What a `simlb.yaml` describes, on free ports; further calls add to it. Raises ConfigError.

        The load balancer's certificates are the test CA's. Raises SimlbError E690 when the file has several load
        balancers: a test has one each.
        """
        from simlb.config.yaml_source import read

        file = Path(path)
        base = read(file)
        made = cls(clock=clock, seed=seed)
        made._base, made._file = base, file
        made._take(copy.deepcopy(base.values))
        return made

    def _take(self, values: Any) -> None:
        balancers = values.get("load_balancers") if isinstance(values, dict) else None
        if not isinstance(balancers, list) or len(balancers) != 1 or not isinstance(balancers[0], dict):
            count = len(balancers) if isinstance(balancers, list) else 0
            raise SimlbError(
                "E690",
                f"{self._file} has {count} load balancers; one for tests has exactly one.",
                "a file for each, or build them with simlb.ALB(...)",
            )
        self._values = values
        self.region = str(values.get("region", DEFAULT_REGION))
        balancer = balancers[0]
        self.name = str(balancer.get("name", self.name))
        for position, entry in enumerate(balancer.setdefault("listeners", [])):
            if isinstance(entry, dict):
                entry["bind"] = _FREE_PORT
                self._listeners.append(Listener(self, entry, position))
        for entry in values.setdefault("target_groups", []):
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                self._groups[entry["name"]] = TargetGroup(self, entry["name"], entry)
        values["control_port"] = 0

    def __repr__(self) -> str:
        return f"<ALB {self.name}{', running' if self._running is not None else ''}>"

    # -- building ------------------------------------------------------------------------------------------------------

    def listen(
        self,
        port: int,
        *,
        cert: str | Sequence[Any] | None = None,
        protocol: str | None = None,
        ssl_policy: str | None = None,
        mutual_authentication: Mapping[str, Any] | None = None,
    ) -> Listener:
        """A listener, whose action is called next: `alb.listen(443, cert="api.simlb.test").forward(web)`.

        `port` is what rules, logs and redirects see. `cert` is a name to issue a certificate for - any name - or
        several, the first being the default one; or `{"certificate_file": ..., "key_file": ...}`. The protocol is
        HTTPS with a certificate and on 443, else HTTP. `ssl_policy` is AWS's name for its TLS versions and ciphers,
        `mutual_authentication` as in a file: `{"mode": "verify", "trust_store": "/tmp/clients-ca.pem"}`.
        """
        self.refuse_if_running("listen()")
        entries: list[dict[str, Any]] = self._values["load_balancers"][0]["listeners"]
        certificates = [cert] if isinstance(cert, str | dict) else listed(cert)
        chosen = protocol or ("HTTPS" if cert is not None or port == 443 else "HTTP")
        values = {
            "protocol": chosen,
            "port": port,
            "bind": _FREE_PORT,
            **some(certificates=certificates, ssl_policy=ssl_policy, mutual_authentication=mutual_authentication),
        }
        self.calls["load_balancers", 0, "listeners", len(entries)] = call(
            "listen", port, cert=cert, protocol=protocol, ssl_policy=ssl_policy
        )
        listener = Listener(self, values, len(entries))
        entries.append(values)
        self._listeners.append(listener)
        return listener

    def target_group(
        self,
        name: str,
        *targets: TargetLike,
        path: str | None = None,
        interval: float | str | None = None,
        timeout: float | str | None = None,
        unhealthy: int | None = None,
        healthy: int | None = None,
        matcher: str | int | None = None,
        health: HealthCheck | None = None,
        protocol: str | None = None,
        target_type: str | None = None,
        retry_on_connect_failure: bool = False,
        fail_open_while_initial: bool = False,
        **attribute: Any,
    ) -> TargetGroup:
        """A target group and its targets: URLs, `FakeBackend`s, ASGI or WSGI applications.

        `path` to `matcher` are its health check, or `health` as a whole. Other names are attributes, short ones such
        as `deregistration_delay=5`, `slow_start=30`, `stickiness=True`, `algorithm="least_outstanding_requests"`.
        """
        self.refuse_if_running("target_group()")
        if name in self._groups:
            raise SimlbError(
                "E690", f"There is a target group '{name}' already.", "add to it with .add(...), or take another name"
            )
        check = HealthCheck(path, interval, timeout, unhealthy, healthy, matcher)
        if health is not None and check != HealthCheck():
            raise SimlbError("E690", "A health check is given as 'health', or by its parts, not both.")
        values = {
            "name": name,
            **some(protocol=protocol, target_type=target_type),
            "health_check": (health or check).to_values(),
            "attributes": attributes(attribute, TARGET_GROUP_ATTRIBUTES),
            "retry_on_connect_failure": retry_on_connect_failure,
            "fail_open_while_initial": fail_open_while_initial,
        }
        group = TargetGroup(self, name, values)
        group.add(*targets)
        self._groups[name] = group
        return group

    def attributes(self, given: dict[str, Any] | None = None, /, **named: Any) -> ALB:
        """Set attributes: by AWS's keys, or by short names such as `idle_timeout=60`."""
        self.refuse_if_running("attributes()")
        found = attributes({**(given or {}), **named}, LOAD_BALANCER_ATTRIBUTES)
        held: dict[str, Any] = self._values["load_balancers"][0].setdefault("attributes", {})
        for key, value in found.items():
            held[key] = value
            self.calls["load_balancers", 0, "attributes", key] = call("attributes", **{**(given or {}), **named})
        return self

    def security_group(self, *inbound: int | tuple[int, str]) -> ALB:
        """Who may connect: ports, or `(port, "10.0.0.0/8")`; nothing lets nobody in."""
        self.refuse_if_running("security_group()")
        entries = [{"port": rule[0], "source": rule[1]} if isinstance(rule, tuple) else rule for rule in inbound]
        self._values["load_balancers"][0]["security_group"] = {"inbound": entries}
        self.calls["load_balancers", 0, "security_group"] = call("security_group", *inbound)
        return self

    def fault_at_start(self, *given: Any, **named: Any) -> ALB:
        """Install a fault as soon as it runs, until it stops; arguments as of `lb.fault`."""
        self.refuse_if_running("fault_at_start()")
        self.faults_at_start.append((given, named))
        return self

    def __getitem__(self, group: str) -> TargetGroup:
        """A target group by its name."""
        try:
            return self._groups[group]
        except KeyError:
            known = ", ".join(self._groups) or "none"
            raise SimlbError("E690", f"There is no target group '{group}' (there are: {known}).") from None

    @property
    def target_groups(self) -> tuple[TargetGroup, ...]:
        """All of them."""
        return tuple(self._groups.values())

    @property
    def backends(self) -> tuple[FakeBackend, ...]:
        """Every backend that runs with the load balancer, each once."""
        served = [each for group in self._groups.values() for each in group.served_by if isinstance(each, FakeBackend)]
        return tuple(dict.fromkeys(served))

    def check(self) -> None:
        """Raise AssertionError when a backend misses an expected request, or the load balancer met a bug."""
        for backend in self.backends:
            backend.check()
        self.check_inside()

    def check_inside(self) -> None:
        """Raise AssertionError when the load balancer met a bug of its own."""
        if self._running is not None:
            self._running.check()

    # -- compiling -----------------------------------------------------------------------------------------------------

    def source(self) -> CallSource:
        """The configuration as values, with the call behind each. The backends have to have their ports."""
        values = copy.deepcopy(self._values)
        calls: dict[Steps, str] = dict(self.calls)
        entries: list[dict[str, Any]] = values.setdefault("target_groups", [])
        known = {entry.get("name") for entry in entries if isinstance(entry, dict)}
        names: dict[FakeBackend, str] = {}
        shared = self._shared()
        for group in self._groups.values():
            if group.name in known:
                position = next(place for place, entry in enumerate(entries) if entry.get("name") == group.name)
                entry = entries[position]
            else:
                position, entry = len(entries), copy.deepcopy(group.values)
                calls["target_groups", position] = call("target_group", group.name)
                entries.append(entry)
            targets: list[dict[str, Any]] = entry.setdefault("targets", [])
            for number, served in enumerate(group.served_by):
                calls["target_groups", position, "targets", len(targets)] = (
                    f"{call('target_group', group.name)}, target {number + 1}"
                )
                if isinstance(served, str):
                    targets.append({"url": served})
                elif served in names:
                    targets.append({"target": names[served]})
                else:
                    name = served.name
                    if name is None and served in shared:
                        name = f"{group.name}-{number + 1}"
                    if name is not None:
                        names[served] = name
                    targets.append({"url": served.url, **some(name=name)})
        return CallSource(values, calls, f"ALB({self.name!r})", self._base)

    def _shared(self) -> set[FakeBackend]:
        """Backends that serve in several places."""
        served = [each for group in self._groups.values() for each in group.served_by if isinstance(each, FakeBackend)]
        return {each for each in served if served.count(each) > 1}

    @property
    def folder(self) -> Path | None:
        """Where relative paths of its file begin."""
        return self._file.absolute().parent if self._file is not None else None

    # -- running -------------------------------------------------------------------------------------------------------

    @property
    def running(self) -> RunningLoadBalancer:
        """The running load balancer. Raises SimlbError E691 when it does not run."""
        if self._running is None:
            raise SimlbError(
                "E691",
                f"Load balancer '{self.name}' is not running.",
                "with alb.start() as lb: ... (or async with alb)",
            )
        return self._running

    @property
    def last_run(self) -> RunningLoadBalancer | None:
        """The running load balancer, or how it was when it stopped; None before its first start."""
        return self._running

    @property
    def is_running(self) -> bool:
        """Whether it has been started and not stopped."""
        return self._running is not None and not self._running.is_stopped

    @property
    def app(self) -> App:
        """The application behind it."""
        return self.running.app

    def ask(self, question: Callable[[], T]) -> T:
        """Look at something on the running load balancer's loop; after its end, at how it was then."""
        return self.running.home.call(question)

    def target_names(self, group: str) -> tuple[str, ...]:
        """The names of a group's targets, in their order."""
        found = self.running.configuration.target_groups.get(group)
        return tuple(target.name for target in found.targets) if found is not None else ()

    def refuse_if_running(self, what: str) -> None:
        """Raise SimlbError E691 where a call comes too late."""
        if self.is_running:
            raise SimlbError(
                "E691",
                f"Load balancer '{self.name}' is running: {what} comes before start().",
                "what can change while it runs: lb.fault(...), lb.clock, and the backends",
            )

    def start(self) -> RunningLoadBalancer:
        """Start it on a loop and thread of its own; ready when every target has had its first health check.

        The result is a context manager that stops it. Raises InvalidConfigError and other SimlbErrors, leaving
        nothing behind.
        """
        from simlb.testing.running import RunningLoadBalancer

        self.refuse_if_running("a second start()")
        running = RunningLoadBalancer(self, Home.of_its_own(f"simlb {self.name}"))
        running.start_here_or_there()
        self._running = running
        return running

    def stop(self) -> None:
        """Stop it if it runs, see `RunningLoadBalancer.stop`."""
        if self.is_running:
            self.running.stop()

    async def __aenter__(self) -> RunningLoadBalancer:
        """Start it on the running loop. Raises SimlbError E692 where that is not asyncio's."""
        from simlb.testing.running import RunningLoadBalancer

        self.refuse_if_running("a second start")
        running = RunningLoadBalancer(self, Home.here())
        await running.begin()
        self._running = running
        return running

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        await self.running.leave(error)
