"""The application: wires configuration, processes, load-balancer nodes, access log and control port together.

`serve` runs it until it is stopped. It is the `Instance` that the control port and the terminal talk to.
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from simlb import __version__
from simlb.app_view import describe
from simlb.clock import Clock, ScaledClock
from simlb.controlplane import runfile
from simlb.controlplane.instance import Instance
from simlb.controlplane.views import InstanceView, LogPage
from simlb.core import health
from simlb.core.events import Event, Notice, ProcessExited, ProcessStarted, TargetStateChanged
from simlb.core.health import HealthState
from simlb.core.model import Configuration, ForwardAction, TargetGroup
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.dataplane.node import LoadBalancerNode, Prepared
from simlb.errors import EXIT_FINE, SimlbError
from simlb.observe.access_log import AccessLog
from simlb.processes.ports import port_owner
from simlb.processes.supervisor import Supervisor

if TYPE_CHECKING:
    from simlb.certs.store import IssuedCertificate
    from simlb.config import Compiled

STOP_GRACE_S = 5.0
"""How long exchanges under way may take to finish at a stop, in real seconds."""
RENEW_CHECK_S = 12 * 3600.0
"""How often, in real seconds, a long-running instance looks whether its certificates are due for renewal."""
_UNTRUSTED = frozenset({"TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_CERTIFICATE_UNKNOWN", "SSLV3_ALERT_BAD_CERTIFICATE"})
_UNTRUSTED_SAID_AFTER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AppOptions:
    """How an instance runs. `load` reads the configuration, at the start and at each reload.

    A setting that is None is the configuration's.
    """

    instance: str
    state_dir: Path
    certs_dir: Path
    load: Callable[[], Compiled]
    speed: float | None = None
    control_port: int | None = None
    expose: str | None = None


class Presenter(Protocol):
    """Shows an instance to a person. Called on the instance's loop."""

    def ready(self, view: InstanceView, app: Instance, clock: Clock) -> None:
        """Everything listens."""

    def event(self, event: Event) -> None:
        """Something happened."""

    def stopping(self) -> None:
        """The graceful stop has begun."""

    def close(self) -> None:
        """It is over."""


class App:
    """One running instance."""

    def __init__(
        self, options: AppOptions, presenter: Presenter, compiled: Compiled, *, clock: Clock | None = None
    ) -> None:
        self.options = options
        self.compiled = compiled
        self.clock: Clock = clock or ScaledClock(options.speed or compiled.settings.speed)
        self.nodes: dict[str, LoadBalancerNode] = {}
        self.started_at = datetime.now(UTC)
        self.control = ""
        self.notices: list[str] = []
        self.access_log = AccessLog(self._notify)
        self.access_log_path = options.state_dir / "logs" / options.instance / "access.log"
        self._presenter = presenter
        self._began = self.clock.now()
        self._real_began = time.monotonic()
        self._random = random.Random()
        self._stop_requested = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._tasks: set[asyncio.Task[object]] = set()
        self.supervisor = Supervisor(
            log_directory=options.state_dir / "logs" / options.instance,
            on_started=self._on_process_started,
            on_exited=self._on_process_exited,
            environment={"SIMLB_SPEED": f"{self.clock.speed:g}"},
            default_directory=compiled.source.parent if compiled.source is not None else None,
        )

    # -- life ----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start processes, open listeners, begin to probe. Raises SimlbError, leaving nothing behind."""
        self.notices += self.compiled.warnings
        await self._apply(self.compiled, first=True)
        self._keep(asyncio.get_running_loop().create_task(self._renew_certificates()))

    async def run(self) -> None:
        """Start, open the control port, serve until a stop is requested, stop."""
        from simlb.controlplane.server import DEFAULT_PORT, HOST, ControlServer

        token = runfile.new_token()
        wanted = self.options.control_port
        if wanted is None:
            wanted = self.compiled.settings.control_port or DEFAULT_PORT
        server = ControlServer(self, token, wanted)
        record: runfile.RunFile | None = None
        try:
            await self.start()
            await server.start()
            self.control = f"{HOST}:{server.port}"
            record = runfile.write(
                self.options.state_dir,
                instance=self.options.instance,
                control_host=HOST,
                control_port=server.port,
                token=token,
                version=__version__,
                ca_path=str(self.ca_path),
                access_log=str(self.access_log_path),
            )
            self._presenter.ready(self.view(), self, self.clock)
            await self._stop_requested.wait()
            self._presenter.stopping()
        finally:
            await self.close()
            await server.close()
            if record is not None:
                runfile.remove(self.options.state_dir, record)
            self._presenter.close()

    async def close(self, *, grace_s: float = STOP_GRACE_S) -> None:
        """Stop accepting, finish what is in flight within `grace_s` real seconds, flush logs, end all processes."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*(node.close(grace_s=grace_s) for node in self.nodes.values()))
        self.access_log.close()
        await self.supervisor.stop_all()

    @property
    def ca_path(self) -> Path:
        """The root certificate that clients are to trust."""
        return self.options.certs_dir / "ca.pem"

    # -- configuration -------------------------------------------------------------------------------------------------

    async def reload(self) -> str:
        """Read the configuration again and serve it; when it is bad, raise SimlbError and keep the old one."""
        async with self._reloading:
            compiled = await asyncio.to_thread(self.options.load)
            await self._apply(compiled)
            for warning in compiled.warnings:
                self._notify(Notice(level="warning", text=warning))
        source = f" from {compiled.source.name}" if compiled.source is not None else ""
        return f"Reloaded{source}: {_summary(compiled.configuration)}."

    async def _apply(self, compiled: Compiled, *, first: bool = False) -> None:
        configuration = compiled.configuration
        old = self.compiled.configuration
        nodes = {
            load_balancer.name: self.nodes.get(load_balancer.name) or self._new_node()
            for load_balancer in configuration.load_balancers
        }
        prepared: list[tuple[LoadBalancerNode, Prepared]] = []
        try:
            # The sockets first: what fails most often should fail before anything is started.
            for load_balancer in configuration.load_balancers:
                node = nodes[load_balancer.name]
                prepared.append((node, node.prepare(load_balancer)))
            await self._reconcile_processes(configuration, old, first=first)
        except BaseException:
            for node, ready in prepared:
                node.discard(ready)
            if not first:
                await self.supervisor.reconcile(old.processes)
            raise
        self.compiled = compiled
        groups = _groups_by_load_balancer(configuration)
        for node, ready in prepared:
            await node.commit(ready, groups[ready.load_balancer.name])
            self._say_where(ready)
        for name in [name for name in self.nodes if name not in nodes]:
            node = self.nodes.pop(name)
            node.stop_accepting()
            self._keep(asyncio.create_task(node.close(grace_s=STOP_GRACE_S)))
        self.nodes = nodes
        logs = any(load_balancer.attributes.access_logs for load_balancer in configuration.load_balancers)
        self.access_log.write_to(self.access_log_path if logs else None)

    async def _reconcile_processes(self, new: Configuration, old: Configuration, *, first: bool) -> None:
        """Start what is new and changed. What was removed goes on until its target has drained."""
        names = {process.name for process in new.processes}
        leaving = () if first else tuple(process for process in old.processes if process.name not in names)
        await self.supervisor.reconcile((*new.processes, *leaving))

    async def _renew_certificates(self) -> None:
        """Reissue the local authority's leafs in time, for instances that run for weeks."""
        while True:
            await asyncio.sleep(RENEW_CHECK_S)
            async with self._reloading:
                try:
                    issued = await asyncio.to_thread(self._ensure_certificates)
                    for node in self.nodes.values():
                        node.reload_certificates({arn for arn, certificate in issued.items() if certificate.fresh})
                except SimlbError as error:
                    self._notify(Notice(level="error", code=error.code, text=error.what, hints=error.hints))
                else:
                    for text in dict.fromkeys(notice for one in issued.values() for notice in one.notices):
                        self._notify(Notice(level="warning", text=text))

    def _ensure_certificates(self) -> dict[str, IssuedCertificate]:
        """Ask the store for every certificate of its own that is in use, by ARN."""
        from simlb.certs.store import CertificateStore

        store = CertificateStore(self.options.certs_dir)
        own = {
            certificate.arn: certificate
            for load_balancer in self.compiled.configuration.load_balancers
            for listener in load_balancer.listeners
            for certificate in listener.certificates
            if Path(certificate.certificate_path).parent == self.options.certs_dir
        }
        return {arn: store.ensure(certificate.names) for arn, certificate in own.items()}

    def _new_node(self) -> LoadBalancerNode:
        return LoadBalancerNode(
            clock=self.clock,
            random=self._random,
            record=self.access_log.record,
            on_state_changed=self._on_state_changed,
            on_tls_failed=self._on_tls_failed,
            port_owner=port_owner,
        )

    def _say_where(self, prepared: Prepared) -> None:
        """Why a listener is not where its port says, once for each."""
        for port, listener in prepared.opened.items():
            if listener.refusals:
                code, words = listener.refusals[0]
                place = f"{listener.model.protocol}:{port} listens on {listener.published_port} instead"
                self.notices.append(f"SIMLB-{code}  {words}: {place}.")

    # -- Instance ------------------------------------------------------------------------------------------------------

    def view(self) -> InstanceView:
        """How everything stands now."""
        return describe(self, uptime_s=self._at(), real_uptime_s=self._real())

    async def kill_target(self, name: str) -> str:
        """SIGKILL the process of a target. Its state changes only by what probes see."""
        process = self.supervisor.get(self._process_of(name))
        assert process is not None
        pid = process.pid
        if not process.kill():
            return f"{name} is not running."
        return f"{name} killed (pid {pid}, SIGKILL). The load balancer does not know yet: the next check finds out."

    async def restart_target(self, name: str) -> str:
        """Start the process of a target again."""
        process = self.supervisor.get(self._process_of(name))
        assert process is not None
        await process.restart()
        return f"{name} started (pid {process.pid}). It is back in rotation after enough passed checks."

    def log_lines(self, after: int, limit: int) -> LogPage:
        """Access-log lines from number `after` on."""
        following, lines, dropped = self.access_log.lines(after, limit)
        return LogPage(next=following, lines=tuple(lines), dropped=dropped)

    def request_stop(self) -> None:
        """Begin the graceful stop."""
        self._stop_requested.set()

    def request_reload(self) -> None:
        """Reload in the background, as SIGHUP asks; a bad configuration becomes a notice."""
        self._keep(asyncio.get_running_loop().create_task(self._reload_and_tell()))

    async def _reload_and_tell(self) -> None:
        try:
            text = await self.reload()
        except SimlbError as error:
            kept = ("The configuration that was in force stays in force.",)
            self._notify(Notice(level="error", code=error.code, text=error.what, hints=(*error.hints, *kept)))
        else:
            self._notify(Notice(level="info", text=text))

    def _process_of(self, name: str) -> str:
        targets = {
            target.name: target
            for group in self.compiled.configuration.target_groups.values()
            for target in group.targets
        }
        target = targets.get(name)
        if target is None:
            near = difflib.get_close_matches(name, targets, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(targets) or 'none'}"
            raise SimlbError("E302", f"There is no target '{name}'.", hint)
        if target.process is None:
            raise SimlbError(
                "E303",
                f"{name} ({target.address}) is a process that you run; simlb only ends and starts its own.",
                "stop it where you started it, or let simlb start it: `run:` instead of `url:` in the configuration",
            )
        return target.process

    # -- events --------------------------------------------------------------------------------------------------------

    def _at(self) -> float:
        return self.clock.now() - self._began

    def _real(self) -> float:
        return time.monotonic() - self._real_began

    def _on_state_changed(self, group: TargetGroupState, state: TargetState, previous: str) -> None:
        now = state.health
        is_gone = previous == HealthState.DRAINING and now.state is HealthState.DRAINING
        probe = now.last_probe
        self._presenter.event(
            TargetStateChanged(
                at_s=self._at(),
                real_s=self._real(),
                target_group=group.group.name,
                target=state.target.name,
                address=state.target.address,
                previous_state=previous,
                state=HealthState.UNUSED if is_gone else now.state,
                reason="Target.NotRegistered" if is_gone else now.reason,
                description="Target is not registered to the target group" if is_gone else now.description,
                evidence=probe.words if probe is not None else "",
                hint=health.hint(now, group.group.health_check),
            )
        )
        if is_gone:
            self._end_left_process(state.target.process)

    def _end_left_process(self, process: str | None) -> None:
        """A drained target's process ends with it, unless the configuration has it again by now."""
        wanted = self.compiled.configuration.processes
        if process is not None and all(process != other.name for other in wanted):
            held = self.supervisor.get(process)
            if held is not None:
                self._keep(asyncio.get_running_loop().create_task(held.stop()))

    def _on_process_started(self, name: str, pid: int) -> None:
        self._presenter.event(ProcessStarted(at_s=self._at(), real_s=self._real(), process=name, pid=pid))

    def _on_process_exited(self, name: str, pid: int, status: int) -> None:
        event = ProcessExited(at_s=self._at(), real_s=self._real(), process=name, pid=pid, status=status)
        self._presenter.event(event)

    def _on_tls_failed(self, reason: str, count: int) -> None:
        if reason in _UNTRUSTED and count == _UNTRUSTED_SAID_AFTER:
            self._notify(
                Notice(
                    level="warning",
                    code="E201",
                    text=f"A client does not trust simlb's certificate (TLS alert {reason}, {count} times).",
                    hints=(
                        f"curl: --cacert {self.ca_path}",
                        "browsers: certs/README.md says where to import that file",
                    ),
                )
            )

    def _notify(self, notice: Notice) -> None:
        self._presenter.event(notice)

    def _keep(self, task: asyncio.Task[object] | asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _summary(configuration: Configuration) -> str:
    targets = sum(len(group.targets) for group in configuration.target_groups.values())
    listeners = sum(len(load_balancer.listeners) for load_balancer in configuration.load_balancers)
    return f"{listeners} listeners, {len(configuration.target_groups)} target groups, {targets} targets"


def _groups_by_load_balancer(configuration: Configuration) -> dict[str, dict[str, TargetGroup]]:
    """Each load balancer's own groups; those that no action names are shown with the first one."""
    result: dict[str, dict[str, TargetGroup]] = {}
    left = dict(configuration.target_groups)
    for load_balancer in configuration.load_balancers:
        names = {
            listener.default_action.target_group
            for listener in load_balancer.listeners
            if isinstance(listener.default_action, ForwardAction)
        }
        result[load_balancer.name] = {name: left.pop(name) for name in list(left) if name in names}
    first = configuration.load_balancers[0].name
    result[first] |= left
    return result


def serve(options: AppOptions, presenter: Presenter) -> int:
    """Run an instance until it is stopped by a signal or by request; the exit status."""
    compiled = options.load()
    # The control server's imports take a moment: they happen before anything listens, never on the traffic's loop.
    from simlb.controlplane import server as _  # noqa: F401

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(options, presenter, compiled))
    return EXIT_FINE


async def _serve(options: AppOptions, presenter: Presenter, compiled: Compiled) -> None:
    app = App(options, presenter, compiled)
    with _signals(app):
        await app.run()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed: a sixth less CPU per request than the standard loop."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


@contextlib.contextmanager
def _signals(app: App) -> Iterator[None]:
    """SIGINT and SIGTERM stop, SIGHUP reloads."""
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        previous = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(app.request_stop))
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)
        return
    handlers = {signal.SIGINT: app.request_stop, signal.SIGTERM: app.request_stop, signal.SIGHUP: app.request_reload}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
