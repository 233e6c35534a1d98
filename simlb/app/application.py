"""The application: wires configuration, processes, load-balancer nodes, access log and control port together.

It is the `Instance` that the control port and the terminal talk to.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Coroutine, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from simlb import __version__
from simlb.app.acm import Acm
from simlb.app.aliases import Labels, groups_of
from simlb.app.differences import differences
from simlb.app.fault_site import FaultSite
from simlb.app.heap import Heap
from simlb.app.instances import Instances
from simlb.app.keeping import Keeping
from simlb.app.latency import LatencyWarner, watch_probes
from simlb.app.loading import Loading
from simlb.app.names import AppNames
from simlb.app.narrator import Narrator
from simlb.app.observing import Observing
from simlb.app.options import AppOptions, Presenter
from simlb.app.presented import PresentedCertificates
from simlb.app.registering import deregister, register, target_policy, unknown_target
from simlb.app.renewal import renew_certificates, renew_requested
from simlb.app.view import describe
from simlb.clock import Clock, ScaledClock
from simlb.controlplane import runfile
from simlb.controlplane.records.state import State
from simlb.controlplane.store import Store, store_path
from simlb.controlplane.views import InstanceView, LogPage, TargetChange
from simlb.controlplane.words import counted, next_check, of_each
from simlb.core.access_log import ExchangeRecord
from simlb.core.changes import Changes, contradictions
from simlb.core.events import Notice
from simlb.core.health import HealthState
from simlb.core.log_kinds import LogKind
from simlb.core.model import Configuration, LoadBalancer, Target, TargetGroup
from simlb.core.registrations import Registrations
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.dataplane.descriptors import DescriptorBudget
from simlb.dataplane.doors import Doors
from simlb.dataplane.node import LoadBalancerNode, Prepared
from simlb.errors import SimlbError
from simlb.faults.book import FaultBook
from simlb.faults.fault import Scope
from simlb.faults.site import OwnTarget
from simlb.faults.types import BY_NAME
from simlb.observe.traffic import Traffic
from simlb.processes.ports import port_owner
from simlb.processes.supervised_process import ProcessState
from simlb.processes.supervisor import Supervisor

if TYPE_CHECKING:
    from aiohttp.web import RouteDef

    from simlb.app.extension import Extend
    from simlb.app.moto import Moto
    from simlb.config import Compiled

_CONTRADICTION_HINTS = (
    "through the API, delete the load balancer that it made, or its listener or rule that forwards there",
    "or leave the target group or the trust store to it in the file",
    "where the instance does not start: simlb state reset forgets all that was made through the API",
)
STOP_GRACE_S = 5.0
"""How long exchanges under way may take to finish at a stop, in real seconds."""


class App:
    """One running instance."""

    def __init__(
        self,
        options: AppOptions,
        presenter: Presenter,
        compiled: Compiled,
        *,
        clock: Clock | None = None,
        descriptors_max: int | None = None,
        extend: Extend | None = None,
    ) -> None:
        """`descriptors_max` is how many files and sockets the process may have open; None for no bound."""
        self.options = options
        self.compiled = compiled
        self.changes = Changes()
        self.registrations = Registrations()
        self.configuration = compiled.configuration
        self.keeping = Keeping(Store(store_path(options.state_dir, options.kept_name)) if options.keeps_state else None)
        self.clock: Clock = clock or ScaledClock(options.speed or compiled.settings.speed)
        self.nodes: dict[str, LoadBalancerNode] = {}
        self._homes: dict[str, LoadBalancerNode] = {}
        """The node of each target group, by its name."""
        self._is_serving = False
        self.started_at = datetime.now(UTC)
        self.control = ""
        self.token = options.token or runfile.new_token()
        self.notices: list[str] = []
        self.narrator = Narrator(presenter, self.clock, self.ca_path)
        # At AWS's own pace a target that is too slow is too slow there as well.
        self._latency: LatencyWarner | None = None
        if self.clock.speed > 1:
            self._latency = LatencyWarner(self.clock.speed, self.narrator.notice, self._is_disturbed)
        self.descriptors = DescriptorBudget(descriptors_max, self.narrator.notice)
        self.names = AppNames(self)
        self.doors = Doors(port_owner, self.names.balancer_of)
        self.observing = Observing(self)
        if self._latency is not None:
            warner = self._latency
            self.observing.recorder.add(lambda batch: warner.on_batch(batch.records))
        self._presenter = presenter
        self._random = random.Random(options.seed)
        self.traffic: Traffic | None = None
        if options.keeps_traffic:
            speed = self.clock.speed if isinstance(self.clock, ScaledClock) else 0.0
            self.traffic = Traffic(self.narrator.at_s, speed, names=self.observing.names)
        self.load = Loading(self)
        self._stop_requested = asyncio.Event()
        self.reloading = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self.supervisor = Supervisor(
            log_directory=options.state_dir / "logs" / options.instance,
            on_started=self.narrator.process_started,
            on_exited=self._on_process_exited,
            environment={"SIMLB_SPEED": f"{self.clock.speed:g}"},
            default_directory=compiled.source.parent if compiled.source is not None else None,
        )
        self.own_targets: dict[str, OwnTarget] = {}
        """Targets, by name, that live in this process: faults end and pause them as they do processes."""
        self.fault_site = FaultSite(self, self._random)
        self.instances = Instances(self)
        self._labels = Labels(self.live_groups)
        self.heap: Heap | None = None
        self.spare = self._new_node()
        """Knows the target groups that no load balancer has a use for; it listens nowhere."""
        found_as = None if options.is_ephemeral else options.instance
        self.faults = FaultBook(self.fault_site, BY_NAME, self.narrator.tell, instance=found_as)
        self.certificates = PresentedCertificates(self)
        self.acm = Acm(self)
        self._moto: Moto | None = None
        self.extension = None if extend is None else extend(self)

    # -- life ----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start processes, open listeners, begin to probe. Raises SimlbError, leaving nothing behind."""
        self.notices += self.compiled.warnings
        await self.keeping.open()
        kept = await self.keeping.load(self.region)
        state, told = self.laid_over(self.compiled, kept)
        changes = await self.acm.restore(state.changes)
        await self._apply(self.compiled, state.registrations, changes)
        self.notices += told
        await self.acm.tidy()
        self.acm.issuing.resume()
        await renew_requested(self)  # those that are short, or of a CA that was replaced meanwhile
        self.narrator.configuration_changed("start", f"Serving {_summary(self.configuration)}.")
        self.observing.metering.start()
        if not self.options.is_ephemeral:
            self.keep(renew_certificates(self))
        if self._latency is not None:
            self.keep(watch_probes(self, self._latency))

    async def run(self) -> None:
        """Start, open the control port, serve until a stop is requested, stop."""
        from simlb.controlplane.server import HOST, ControlServer

        wanted = self.options.control_port
        if wanted is None:
            wanted = self.compiled.settings.control_port
        server = ControlServer(self, self.token, wanted, routes=self.control_routes())
        record: runfile.RunFile | None = None
        try:
            if not await self._start_or_stop():
                return
            await server.start()
            self.control = f"{HOST}:{server.port}"
            if not self.options.is_ephemeral:
                record = runfile.write(
                    self.options.state_dir,
                    instance=self.options.instance,
                    control_host=HOST,
                    control_port=server.port,
                    token=self.token,
                    version=__version__,
                    ca_path=str(self.ca_path),
                    access_log=self.observing.access_log,
                )
            if self.extension is not None:
                await self.extension.start()
            self._presenter.ready(self.view(), self, self.clock)
            await self._stop_requested.wait()
            self._presenter.stopping()
        finally:
            await self.close()
            await server.close()
            if record is not None:
                runfile.remove(self.options.state_dir, record)
            self._presenter.close()

    def control_routes(self) -> list[RouteDef]:
        """What the control port answers beside its own; each from a module of its own."""
        from simlb.app.aws import aws_routes
        from simlb.app.metric_desk import AppMetrics
        from simlb.app.remote_control import remote_routes
        from simlb.app.replaying import Replaying
        from simlb.app.state_desk import ExplainStateDesk
        from simlb.app.state_transfer import transfer_routes
        from simlb.controlplane.event_routes import event_routes
        from simlb.controlplane.explain_routes import explain_routes
        from simlb.controlplane.explain_state_routes import state_routes
        from simlb.controlplane.fault_routes import fault_routes
        from simlb.controlplane.load_routes import load_routes
        from simlb.controlplane.metric_routes import metric_routes
        from simlb.controlplane.replay_routes import replay_routes
        from simlb.controlplane.trust_store_routes import trust_store_routes
        from simlb.faults.desk import BookDesk

        faults = fault_routes(BookDesk(self.faults, self.fault_site))
        extension = self.extension
        return [
            *(() if extension is None else extension.routes()),
            *faults,
            *load_routes(self.load),
            *metric_routes(AppMetrics(self)),
            *explain_routes(self.observing.explaining),
            *state_routes(ExplainStateDesk(self)),
            *replay_routes(Replaying(self)),
            *remote_routes(self),
            *transfer_routes(self),
            *trust_store_routes(lambda: self.changes.trust_stores(self.compiled.configuration)),
            *event_routes(self.observing.events),
            *aws_routes(self, None if extension is None else extension.front),
        ]

    async def _start_or_stop(self) -> bool:
        """Start; False when that failed because a stop was asked for meanwhile."""
        try:
            await self.start()
        except SimlbError:
            # Ctrl-C reaches children that have no session of their own yet: their end is what was asked for.
            if not self._stop_requested.is_set():
                raise
            return False
        return True

    async def close(self, *, grace_s: float = STOP_GRACE_S) -> None:
        """Stop accepting, finish what is in flight within `grace_s` real seconds, flush logs, end all processes."""
        if self.extension is not None:
            await self.extension.close()
        self.faults.close()
        self.names.close()
        self.acm.close()
        for task in list(self._tasks):
            task.cancel()
        # No new requests from here on; those in flight end with the nodes.
        self.load.generator.stop_all()
        await asyncio.gather(*(node.close(grace_s=grace_s) for node in (*self.nodes.values(), self.spare)))
        await self.load.generator.close()
        if self._moto is not None:
            await self._moto.close()
        await self.observing.close()
        await self.supervisor.stop_all()
        self.fault_site.close()
        async with self.reloading:
            await self.keeping.close()

    @property
    def moto(self) -> Moto:
        """Who answers calls of AWS's clients that simlb itself does not."""
        if self._moto is None:
            from simlb.app.moto import Moto

            self._moto = Moto(self)
        return self._moto

    async def forget_moto(self) -> None:
        """Have what moto has made forgotten, if it has been asked for anything."""
        if self._moto is not None:
            await self._moto.reset()

    @property
    def registered(self) -> Configuration:
        """What file and commands say, without what faults have changed."""
        return self.registrations.applied_to(self.base)

    @property
    def base(self) -> Configuration:
        """What file and API say, before commands register targets."""
        return self.changes.applied_to(self.compiled.configuration)

    @property
    def region(self) -> str:
        """The region of the configuration: what the file has is there, what the API has may be anywhere."""
        return self.compiled.settings.region

    @property
    def ca_path(self) -> Path:
        """The root certificate that clients are to trust."""
        return self.options.certs_dir / "ca.pem"

    def _is_disturbed(self, target: str) -> bool:
        return len(self.faults) > 0 and bool(self.faults.on(Scope.TARGET, target))

    # -- configuration -------------------------------------------------------------------------------------------------

    async def reload(self) -> str:
        """Read the configuration again and serve it; when it is bad, raise SimlbError and keep the old one."""
        async with self.reloading:
            compiled = await asyncio.to_thread(self.options.load)
            present = State(changes=self.changes, registrations=self.registrations)
            state, told = self.laid_over(compiled, present.moved(self.region, compiled.settings.region))
            before = self.configuration
            await self._apply(compiled, state.registrations, state.changes)
            self.acm.issuing.resume()
            self.narrator.configuration_changed("reload", f"Reloaded: {differences(before, self.configuration)}.")
            for warning in (*compiled.warnings, *told):
                self.narrator.notice(Notice(level="warning", text=warning))
        await renew_requested(self)
        await self.faults.refresh()
        source = f" from {compiled.source.name}" if compiled.source is not None else ""
        return "\n".join((f"Reloaded{source}: {_summary(self.configuration)}.", *told))

    def laid_over(self, compiled: Compiled, state: State) -> tuple[State, tuple[str, ...]]:
        """What stays of a state over a configuration that was read anew, and what to say about the rest.

        Raises SimlbError E807 when the two cannot be served together.
        """
        changes, overwritten = state.changes.after_reload(compiled.configuration)
        base = changes.applied_to(compiled.configuration)
        _check(base)
        registrations, drift = state.registrations.after_reload(base, target_policy(compiled))
        return State(changes=changes, registrations=registrations), (*overwritten, *drift)

    async def reset(self) -> None:
        """Back to what the configuration says: nothing that API calls and commands have changed, no faults and no
        load, ended processes running, no traffic kept. Health, counters and whose turn it is stay, and targets that
        drain go on draining.
        """
        from simlb.app.remote_control import restore

        await restore(self)

    async def use_state(self, state: State, why: str = "API") -> None:
        """Serve the configuration with these changes and registrations. Call it while holding `reloading`.

        `why` is told with the change. Raises SimlbError and changes nothing when it cannot be served, or kept.
        """
        if state != State(changes=self.changes, registrations=self.registrations):
            _check(state.changes.applied_to(self.compiled.configuration))
            await self._change("api", why, state.registrations, state.changes)

    async def apply_again(self, why: str) -> None:
        """Serve what faults have made of the configuration. Raises SimlbError and changes nothing when it cannot be."""
        await self._change("fault", why, self.registrations, self.changes)

    async def _change(
        self, cause: Literal["api", "fault"], why: str, registrations: Registrations, changes: Changes
    ) -> None:
        """Serve other changes over the same file: what they leave alone is not touched."""
        before = self.configuration
        configuration = self._configuration_of(self.compiled, registrations, changes)
        if configuration != before:
            await self._serve(self.compiled, registrations, changes, configuration)
            self.narrator.configuration_changed(cause, f"{why}: {differences(before, configuration)}.")
        else:
            # Tags, facts, what other services keep: nothing that is served.
            await self._keep(self.compiled, registrations, changes)
            self.changes, self.registrations = changes, registrations

    def _configuration_of(self, compiled: Compiled, registrations: Registrations, changes: Changes) -> Configuration:
        return self.fault_site.in_force(registrations.applied_to(changes.applied_to(compiled.configuration)))

    async def _apply(self, compiled: Compiled, registrations: Registrations, changes: Changes) -> None:
        """Serve a file that was read anew. All of it is looked at: certificates may be others at the same place."""
        configuration = self._configuration_of(compiled, registrations, changes)
        await self._serve(compiled, registrations, changes, configuration, is_new_file=True)

    async def _serve(
        self,
        compiled: Compiled,
        registrations: Registrations,
        changes: Changes,
        configuration: Configuration,
        *,
        is_new_file: bool = False,
    ) -> None:
        nodes = {
            load_balancer.name: self.nodes.get(load_balancer.name) or self._new_node()
            for load_balancer in configuration.load_balancers
        }
        groups = self._groups_by_node(configuration, nodes)
        # Load balancers and target groups stay the same objects where nothing changes them, so that this is quick.
        touched = {
            nodes[balancer.name]: balancer
            for balancer in configuration.load_balancers
            if is_new_file or not nodes[balancer.name].serves(balancer, groups[nodes[balancer.name]])
        }
        prepared: list[tuple[LoadBalancerNode, Prepared]] = []
        try:
            # The sockets first: what fails most often should fail before anything is started.
            for node, balancer in touched.items():
                prepared.append((node, self._prepare(node, balancer, changes)))
            await self._keep(compiled, registrations, changes, configuration)
        except BaseException:
            for node, ready in prepared:
                node.discard(ready)
            if self._is_serving:
                await self._reconcile_processes(self.configuration)
            raise
        before, self.configuration = self.configuration, configuration
        self.compiled = compiled
        self.changes = changes
        self.registrations = registrations
        self._homes = {name: node for node, held in groups.items() for name in held}
        self._is_serving = True
        self.observing.expect(configuration)
        for node, ready in prepared:
            node.body_kept_max_bytes = compiled.settings.keep_bodies_bytes
            node.explains = compiled.settings.explain_header
            await node.commit(ready, groups[node])
            self._say_where(ready)
        await self.spare.keep_unused(groups[self.spare])
        has_other_files = configuration.processes is not before.processes or len(nodes) != len(self.nodes)
        has_other_files = has_other_files or any(ready.has_other_sockets for _, ready in prepared)
        for name in [name for name in self.nodes if name not in nodes]:
            node = self.nodes.pop(name)
            node.stop_accepting()
            self.keep(node.close(grace_s=STOP_GRACE_S))
        self.nodes = nodes
        self.observing.use(configuration)
        if is_new_file or has_other_files:
            self.descriptors.measure()
        if touched:
            self.certificates.look()
        if self.heap is not None:
            self.heap.keep(configuration)

    async def _keep(
        self,
        compiled: Compiled,
        registrations: Registrations,
        changes: Changes,
        configuration: Configuration | None = None,
    ) -> None:
        """All that can fail and is no load balancer's: names, processes of `configuration`, and the disk.

        Last of all the disk: what is there is in force right after.
        """
        await self.names.prepare(compiled.settings.dns_port, changes.records)
        if configuration is not None:
            await self._reconcile_processes(configuration)
        await self.keeping.keep(compiled.settings.region, State(changes=changes, registrations=registrations))

    def _prepare(self, node: LoadBalancerNode, load_balancer: LoadBalancer, changes: Changes) -> Prepared:
        try:
            return node.prepare(load_balancer)
        except SimlbError as error:
            if not self._is_serving and changes.owner(load_balancer.arn) == "api":
                # No line of the file leads there.
                error.notes += (
                    f"Load balancer {load_balancer.name} was made through the API. `simlb state reset` forgets it, "
                    "with everything else that was.",
                )
            raise

    async def _reconcile_processes(self, configuration: Configuration) -> None:
        """Start what is new and changed. What was removed goes on until its target has drained."""
        names = {process.name for process in configuration.processes}
        others = [held.process for held in self.supervisor if held.name not in names]
        draining = {target.process for target in self._known_targets()} if others else set()
        leaving = (process for process in others if process.name in draining)
        try:
            await self.supervisor.reconcile((*configuration.processes, *leaving), down=self.fault_site.down)
        finally:
            self.fault_site.reassert()

    def _known_targets(self) -> Iterator[Target]:
        """Every target that the load balancers know, also those that drain."""
        for group in self.live_groups():
            for state in group.targets.values():
                yield state.target

    def live_groups(self) -> Iterator[TargetGroupState]:
        """Every target group as it stands."""
        for node in (*self.nodes.values(), self.spare):
            yield from node.groups.values()

    def _groups_by_node(
        self, configuration: Configuration, nodes: Mapping[str, LoadBalancerNode]
    ) -> dict[LoadBalancerNode, dict[str, TargetGroup]]:
        """Each load balancer's own groups. What no action names stays where it is while that node stays."""
        result: dict[LoadBalancerNode, dict[str, TargetGroup]] = {node: {} for node in (*nodes.values(), self.spare)}
        homes: dict[str, LoadBalancerNode] = {}
        for load_balancer in configuration.load_balancers:
            for name in load_balancer.target_group_names():
                homes.setdefault(name, nodes[load_balancer.name])
        for name, group in configuration.target_groups.items():
            home = homes.get(name)
            if home is None:
                home = next((node for node in nodes.values() if name in node.groups), self.spare)
            result[home][name] = group
        return result

    def _new_node(self) -> LoadBalancerNode:
        node = LoadBalancerNode(
            clock=self.clock,
            random=self._random,
            record=self._record if self.traffic is not None else self.observing.recorder.record,
            on_state_changed=self._on_state_changed,
            on_tls_failed=self.narrator.tls_failed,
            on_anomaly=self._on_anomaly,
            process_has_ended=self._process_has_ended,
            descriptors=self.descriptors,
            doors=self.doors,
            on_connection=self.observing.connections.record,
            on_probe=self.observing.probes.record,
        )
        self.fault_site.equip(node)
        return node

    def _record(self, record: ExchangeRecord) -> None:
        assert self.traffic is not None
        self.observing.recorder.record(record)
        self.traffic.record(record)

    def _process_has_ended(self, name: str) -> bool:
        process = self.supervisor.get(name)
        return process is None or not process.is_running

    def _say_where(self, prepared: Prepared) -> None:
        """Why a listener is not where its port says, once for each."""
        for port, listener in prepared.opened.items():
            if listener.refusals:
                code, words = listener.refusals[0]
                place = f"{listener.model.protocol}:{port} listens on {listener.published_port} instead"
                self.notices.append(f"SIMLB-{code}  {words}: {place}.")

    async def use(self, registrations: Registrations, target_group: str) -> None:
        """Serve one target group with these registrations from the next request on. Call it while holding `reloading`.

        Raises SimlbError E813 and changes nothing when they cannot be kept.
        """
        state = State(changes=self.changes, registrations=registrations)
        await self.keeping.keep(self.region, state)
        self.registrations = registrations
        self.configuration = self.fault_site.in_force(self.registered)
        changed = {target_group: self.configuration.target_groups[target_group]}
        self._node_of(target_group).change_target_groups(changed)

    def live_group(self, target_group: str) -> TargetGroupState | None:
        """How a group of the configuration stands. None once a group that no listener uses has lost its last target."""
        return self._node_of(target_group).groups.get(target_group)

    def home_of(self, target_group: str) -> LoadBalancerNode | None:
        """The node that has a group of the configuration."""
        return self._homes.get(target_group)

    def find_live_group(self, name: str) -> TargetGroupState | None:
        """How a group stands; one that has left the node that has it in the configuration is found where it drains."""
        home = self._homes.get(name)
        if home is not None and name in home.groups:
            return home.groups[name]
        return next((node.groups[name] for node in (*self.nodes.values(), self.spare) if name in node.groups), None)

    def _node_of(self, target_group: str) -> LoadBalancerNode:
        return self._homes[target_group]

    # -- Instance ------------------------------------------------------------------------------------------------------

    def view(self) -> InstanceView:
        """How everything stands now."""
        return describe(self, uptime_s=self.narrator.at_s(), real_uptime_s=self.narrator.real_s())

    async def kill_target(self, name: str) -> str:
        """SIGKILL the process of a target. Its state changes only by what probes see."""
        process_name = self._process_of(name)
        process = self.supervisor.get(process_name)
        assert process is not None
        pid = process.pid
        if not process.kill():
            return f"{name} is not running."
        return f"{name} killed (pid {pid}, SIGKILL). {next_check(groups_of(self.live_groups(), process_name))}"

    async def restart_target(self, name: str) -> str:
        """Start the process of a target again."""
        process_name = self._process_of(name)
        self.fault_site.check_free(name)
        process = self.supervisor.get(process_name)
        assert process is not None
        await process.restart()
        checks = f"passed checks{of_each(groups_of(self.live_groups(), process_name))}"
        return f"{name} started (pid {process.pid}). It is back in rotation after enough {checks}."

    async def register_target(self, target_group: str, url: str, name: str | None) -> TargetChange:
        """Register a target that the file does not have."""
        change = await register(self, target_group, url, name)
        await self.faults.refresh()
        return change

    async def deregister_target(self, name: str, target_group: str | None = None) -> TargetChange:
        """Deregister a target, whoever registered it."""
        change = await deregister(self, name, target_group)
        await self.faults.refresh()
        return change

    def log_lines(self, after: int, limit: int, kind: LogKind = LogKind.ACCESS) -> LogPage:
        """Log lines of one kind from number `after` on."""
        return self.observing.log_lines(kind, after, limit)

    def request_stop(self) -> None:
        """Begin the graceful stop; asked again, stop waiting for what is in flight."""
        if self._stop_requested.is_set():
            for node in self.nodes.values():
                node.hurry()
        self._stop_requested.set()

    def request_reload(self) -> None:
        """Reload in the background, as SIGHUP asks; a bad configuration becomes a notice."""
        self.keep(self._reload_and_tell())

    async def _reload_and_tell(self) -> None:
        try:
            text = await self.reload()
        except SimlbError as error:
            self.narrator.failed(error, "The configuration that was in force stays in force.")
        else:
            self.narrator.notice(Notice(level="info", text=text))

    def process_of(self, name: str) -> str | None:
        """The process behind a target of that name; None for one that the user runs, or that is not there."""
        sources = (self.base, self.compiled.configuration)
        said = (target for source in sources for group in source.target_groups.values() for target in group.targets)
        targets = itertools.chain(said, self._known_targets())
        return next((target.process for target in targets if target.name == name and target.process is not None), None)

    def _process_of(self, name: str) -> str:
        registered = [target for group in self.configuration.target_groups.values() for target in group.targets]
        targets = [*registered, *self._known_targets()]
        named = [target for target in targets if target.name == name]
        if not named:
            raise unknown_target(name, dict.fromkeys(target.name for target in targets))
        # A target may be in several groups, and have been added to one of them by its address alone.
        target = next((target for target in named if target.process is not None), named[0])
        if target.process is None:
            raise SimlbError(
                "E303",
                f"{name} ({target.address}) is a process that you run; simlb only ends and starts its own.",
                "stop it where you started it, or let simlb start it: `run:` instead of `url:` in the configuration",
            )
        return target.process

    # -- what the nodes tell -------------------------------------------------------------------------------------------

    def _on_process_exited(self, name: str, pid: int, status: int) -> None:
        process = self.supervisor.get(name)
        if process is not None and process.state is not ProcessState.STOPPED:  # else simlb itself asked for it
            self.narrator.process_exited(name, pid, status, groups_of(self.live_groups(), name))

    def _on_state_changed(self, group: TargetGroupState, state: TargetState, previous: str) -> None:
        is_gone = previous == HealthState.DRAINING and state.health.state is HealthState.DRAINING
        name = self._labels.of(group.group.name, state.target)
        if is_gone or previous != state.health.state:  # else only its reason is another
            self.observing.metering.on_state_changed(group)
        self.narrator.state_changed(group, state, previous, label=name, is_gone=is_gone)
        if is_gone:
            self.fault_site.target_is_gone()
            self.keep(self._after_draining(state.target.process))

    def _on_anomaly(self, group: TargetGroupState, state: TargetState) -> None:
        self.narrator.anomaly(group, state, label=self._labels.of(group.group.name, state.target))

    async def _after_draining(self, process: str | None) -> None:
        if process is not None:
            await self._end_left_process(process)
        if len(self.faults):
            await self.faults.refresh()

    async def _end_left_process(self, name: str) -> None:
        """A drained target's process ends with it, unless it is registered again by now, or drains in another group."""
        async with self.reloading:
            wanted = {process.name for process in self.configuration.processes}
            if name not in wanted | {target.process for target in self._known_targets()}:
                rest = [held.process for held in self.supervisor if held.name != name]
                await self.supervisor.reconcile(rest, down=self.fault_site.down)

    def keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background, until it is done or the instance is closed."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _check(configuration: Configuration) -> None:
    """Raise SimlbError E807 when file and API contradict each other."""
    for contradiction in contradictions(configuration):
        raise SimlbError("E807", f"{contradiction[0].upper()}{contradiction[1:]}.", *_CONTRADICTION_HINTS)


def _summary(configuration: Configuration) -> str:
    targets = sum(len(group.targets) for group in configuration.target_groups.values())
    listeners = sum(len(load_balancer.listeners) for load_balancer in configuration.load_balancers)
    counts = {"listener": listeners, "target group": len(configuration.target_groups), "target": targets}
    return ", ".join(counted(count, noun) for noun, count in counts.items())
