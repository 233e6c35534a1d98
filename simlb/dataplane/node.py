"""A running load-balancer node: listeners, live target groups, pools, health checks and the sweep that ends idleness.

It is the `Router` of its exchanges. A new configuration is applied as a whole: sockets whose listener stays are kept,
exchanges under way keep the plan they began with (design: snapshot and live state).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from email.utils import formatdate
from functools import cached_property
from random import Random
from typing import NamedTuple, Protocol

from simlb.clock import Clock, Timer
from simlb.core import forwarding
from simlb.core.access_log import ExchangeRecord
from simlb.core.anomaly import AnomalyResult
from simlb.core.connection_log import ConnectionRecord
from simlb.core.health import HealthState, ProbeResult
from simlb.core.health_check_log import ProbeRecord
from simlb.core.metrics import ConnectionCounts
from simlb.core.model import HealthCheck, Listener, LoadBalancer, TargetGroup
from simlb.core.plan import ListenerPlan
from simlb.core.refused_clients import RefusedClients
from simlb.core.rules import RuleTable
from simlb.core.stickiness import GroupCookies
from simlb.core.stickiness_seal import KEY_BYTES, CookieSealer
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.dataplane.descriptors import DescriptorBudget
from simlb.dataplane.door import Door, Holder
from simlb.dataplane.doors import Doors
from simlb.dataplane.exchange import Exchange
from simlb.dataplane.health_checker import HealthChecker, StateChanged
from simlb.dataplane.listener import Contexts, OpenListener
from simlb.dataplane.points import Behaviour
from simlb.dataplane.probe import probe_address
from simlb.dataplane.streams import TargetStream
from simlb.dataplane.target_failure import TargetFailure
from simlb.dataplane.target_pool import TargetPool
from simlb.wire.h1_fields import FieldParser
from simlb.wire.h1_request import RequestParser
from simlb.wire.h1_response import ResponseParser

SWEEP_S = 1.0
"""How often idleness is looked for, in load-balancer seconds. No timer per connection or request is needed."""
_SWEEP_REAL_MIN_S = 0.02
TOLD_AT_ONCE = 8
"""Of so many targets what a new configuration has changed is told before requests get their turn: less than 1 ms."""
TRACE_IDS_AT_ONCE = 256
LAST_ANSWERS_S = 0.2
"""How long, in real seconds, answers to what a stop has cut may take to leave."""


class _Connection(Protocol):
    """What the node keeps of a client connection, in whatever phase it is."""

    def check(self, now: float) -> None:
        """End it if it has been idle for too long."""

    def stop(self) -> None:
        """Close it if nothing is under way on it."""

    def abort(self) -> None:
        """End it now."""


class TlsFailures:
    """Failed handshakes and why, counted by the reason OpenSSL or the bytes gave."""

    def __init__(self) -> None:
        self.total = 0
        self.by_reason: dict[str, int] = {}

    def add(self, reason: str) -> int:
        """Count one; how many had this reason so far."""
        self.total += 1
        if len(self.by_reason) < 64 or reason in self.by_reason:
            self.by_reason[reason] = self.by_reason.get(reason, 0) + 1
        return self.by_reason.get(reason, 0)


class _News(NamedTuple):
    """What a new configuration has made of a target, whose state before was `old_state`."""

    group: TargetGroupState
    state: TargetState
    old_state: HealthState
    is_added: bool = False
    is_rescheduled: bool = False


class Prepared:
    """A load balancer's configuration with its sockets and certificates at hand, not in force yet."""

    def __init__(self, load_balancer: LoadBalancer) -> None:
        self.load_balancer = load_balancer
        self.opened: dict[int, OpenListener] = {}
        self.moved: dict[int, tuple[Door, ...]] = {}
        """New doors of listeners that stay: a load balancer has got, or lost, its IPv6 address."""
        self.contexts: dict[int, tuple[Contexts, object]] = {}
        self.rules: dict[int, RuleTable] = {}
        self.has_other_sockets = True
        """Whether listeners come, go or move."""


class LoadBalancerNode:
    """One node of one load balancer. `prepare` and `commit` give it its configuration, `close` ends it."""

    def __init__(
        self,
        *,
        clock: Clock,
        random: Random,
        record: Callable[[ExchangeRecord], None],
        on_state_changed: StateChanged,
        on_tls_failed: Callable[[str, int], None] = lambda reason, count: None,
        on_anomaly: Callable[[TargetGroupState, TargetState], None] = lambda group, state: None,
        process_has_ended: Callable[[str], bool] = lambda process: False,
        descriptors: DescriptorBudget | None = None,
        doors: Doors | None = None,
        on_connection: Callable[[ConnectionRecord], None] | None = None,
        on_probe: Callable[[ProbeRecord], None] | None = None,
    ) -> None:
        """`record` gets every exchange once; `on_tls_failed` a reason and how often it has been seen.

        `on_connection` gets every client connection once its handshake is done or has failed, `on_probe` every probe
        that is over. `on_anomaly` is told when a target becomes anomalous, and when that is over. `doors` and
        `descriptors` are shared by the nodes of a process.
        """
        self.clock = clock
        self.random = random
        self.now = clock.now
        self.monotonic = time.monotonic
        self.wall = time.time
        self.body_kept_max_bytes = 0
        self.explains = False
        self.record: Callable[[ExchangeRecord], None] = record
        self.on_connection = on_connection
        self.connections: set[_Connection] = set()
        self.kept_out = 0
        """How many of them are only there so that their clients wait in vain."""
        self.request_parser = RequestParser(FieldParser())
        self.groups: dict[str, TargetGroupState] = {}
        self.listeners: dict[int, OpenListener] = {}
        self.tls_failures = TlsFailures()
        self.refused_clients = RefusedClients()
        self.counts = ConnectionCounts()
        self._on_tls_failed = on_tls_failed
        self._on_anomaly = on_anomaly
        self._anomalous: set[TargetState] = set()
        self._doors = doors or Doors()
        self._is_dualstack = False
        self._response_parser = ResponseParser()
        self._pools: dict[TargetState, TargetPool] = {}
        self._behaviours: dict[str, tuple[Behaviour, ...]] = {}
        """By the target's name: what faults do on the way to it."""
        self._on_probe = on_probe
        self._health = HealthChecker(clock, on_state_changed, process_has_ended, self._behaviours.get, self._probed)
        self._on_state_changed = on_state_changed
        self._load_balancer: LoadBalancer | None = None
        self._described: dict[str, TargetGroup] = {}
        """Its configuration as it is in force: of the groups in `groups`, those that are not just draining."""
        self._untold: deque[_News] = deque()
        self._is_closed = False
        self._cookie_key = secrets.token_bytes(KEY_BYTES)
        self._sweep_timer: Timer | None = None
        self._drain_timer: Timer | None = None
        self._idle_timeout_s = 60.0
        self._elb = "-"
        self._date_second = -1
        self._date_line = b""
        self._trace_second = -1
        self._trace_prefix = b""
        self._trace_digits: list[bytes] = []
        self._emptied: asyncio.Event | None = None
        self.descriptors = descriptors or DescriptorBudget()
        self.descriptors.join(self.sockets_in_use)

    # -- configuration -------------------------------------------------------------------------------------------------

    def prepare(self, load_balancer: LoadBalancer) -> Prepared:
        """Bind new listeners, load certificates, compile rules: everything that can fail, while nothing has changed.

        Raises SimlbError. What comes back goes to `commit`, or to `discard` when something else failed.
        """
        prepared = Prepared(load_balancer)
        is_dualstack = load_balancer.is_dualstack
        if is_dualstack and not self._is_dualstack:
            self._doors.check_ipv6()
        try:
            for listener in load_balancer.listeners:
                self._prepare_doors(prepared, listener, is_dualstack=is_dualstack)
                open_ = prepared.opened.get(listener.port)
                if open_ is not None:
                    prepared.rules[listener.port] = RuleTable(listener.default_action, listener.rules)
                else:
                    open_ = self.listeners[listener.port]
                    prepared.rules[listener.port] = open_.rules_for(listener)
                prepared.contexts[listener.port] = open_.contexts_for(listener)
        except BaseException:
            self.discard(prepared)
            raise
        is_same_ports = self.listeners.keys() == prepared.contexts.keys()
        prepared.has_other_sockets = bool(prepared.opened or prepared.moved) or not is_same_ports
        return prepared

    def _prepare_doors(self, prepared: Prepared, listener: Listener, *, is_dualstack: bool) -> None:
        present = self.listeners.get(listener.port)
        holder = Holder(self, prepared.load_balancer.name, listener.port)
        if present is None or present.model.binds != listener.binds:
            doors, refusals = self._doors.claim(holder, listener.binds, is_dualstack=is_dualstack)
            prepared.opened[listener.port] = OpenListener(self, listener, holder, doors, refusals)
        elif present.model.protocol is not listener.protocol:
            # HTTP became HTTPS or the reverse: the port is ours already and cannot be bound twice.
            doors = self._doors.claim_beside(holder, present.doors[0], is_dualstack=is_dualstack)
            prepared.opened[listener.port] = OpenListener(self, listener, holder, doors, present.refusals)
        elif is_dualstack is not self._is_dualstack:
            doors = self._doors.claim_beside(holder, present.doors[0], is_dualstack=is_dualstack)
            prepared.moved[listener.port] = doors

    def serves(self, load_balancer: LoadBalancer, target_groups: Mapping[str, TargetGroup]) -> bool:
        """Whether that is in force already, so that there is nothing to prepare and commit."""
        is_same = load_balancer is self._load_balancer or load_balancer == self._load_balancer
        return is_same and target_groups == self._described

    def discard(self, prepared: Prepared) -> None:
        """Give back what `prepare` opened."""
        for open_ in prepared.opened.values():
            open_.close()
        for port, doors in prepared.moved.items():
            for door in doors:
                door.let_go(self.listeners[port].holder)

    async def commit(self, prepared: Prepared, target_groups: Mapping[str, TargetGroup]) -> None:
        """Serve the prepared configuration from the next request on."""
        load_balancer, opened = prepared.load_balancer, prepared.opened
        self._is_dualstack = load_balancer.is_dualstack
        wanted = {listener.port: listener for listener in load_balancer.listeners}
        replaced: dict[int, OpenListener] = {}
        for port in [port for port in self.listeners if port not in wanted or port in opened]:
            old = self.listeners.pop(port)
            old.is_stopping = True
            if port in opened:
                replaced[port] = old
            else:
                old.close()
        self.listeners.update(opened)
        for port, doors in prepared.moved.items():
            self.listeners[port].use_doors(doors)
        self._load_balancer = load_balancer
        self._reconcile_groups(load_balancer.target_group_names(), target_groups)
        published = {port: open_.published_port for port, open_ in self.listeners.items()}
        for port, listener in wanted.items():
            open_ = self.listeners[port]
            open_.model = listener
            rules = prepared.rules[port]
            # A plan that is as good as the new one stays: explanations keep those of a few configurations only.
            if port in opened or not open_.plan.is_for(load_balancer, listener, published, rules):
                open_.plan = ListenerPlan(load_balancer, listener, published, rules)
            contexts, stamp = prepared.contexts[port]
            open_.use_contexts(contexts, listener.certificates, stamp)
        self._idle_timeout_s = load_balancer.attributes.idle_timeout_s
        self._elb = load_balancer.resource
        # From here on others run in between: groups and plans have to belong together by now, or a request would ask
        # the old rules for a group that the new configuration has emptied.
        for port in wanted:
            open_ = self.listeners[port]
            if port in replaced:
                # Not earlier: who shares a door with it would get its clients meanwhile.
                replaced[port].close()
            await open_.set_gate(load_balancer.security_group.networks_for(port))
        if self._sweep_timer is None:
            self._sweep()
        await self._tell_news()

    async def keep_unused(self, target_groups: Mapping[str, TargetGroup]) -> None:
        """Know these groups, which nothing forwards to, and no others."""
        if target_groups != self._described:
            self._reconcile_groups((), target_groups)
            await self._tell_news()

    def change_target_groups(self, target_groups: Mapping[str, TargetGroup]) -> None:
        """Take over new descriptions of these groups; listeners, rules and other groups stay as they are."""
        now = self.now()
        self._described |= target_groups
        for name, description in target_groups.items():
            present = self.groups.get(name)
            if present is None:
                self.groups[name] = TargetGroupState(description, now, cookie_key=self._cookie_key, in_use=False)
            else:
                self._reconcile(present, description, now, in_use=present.in_use)
        self._tell_all()

    def reload_certificates(self, arns: Collection[str]) -> None:
        """Present the files behind these certificates anew from the next handshake on. Raises SimlbError."""
        for open_ in self.listeners.values():
            certificates = open_.model.certificates
            if any(certificate.arn in arns for certificate in certificates):
                model = open_.model
                contexts = OpenListener.load_contexts(certificates, model.ssl_policy, model.mutual_authentication)
                open_.use_contexts(contexts, certificates)

    def _reconcile_groups(self, used: Collection[str], target_groups: Mapping[str, TargetGroup]) -> None:
        now = self.now()
        self._described = dict(target_groups)
        for name in [name for name in self.groups if name not in target_groups]:
            group = self.groups[name]
            if all(state.health.state is HealthState.UNUSED for state in group.targets.values()):
                # Another node has it from now on, or nobody: there is nothing to drain.
                self._forget_group(name)
                continue
            empty = TargetGroup(name=name, arn=group.group.arn, attributes=group.group.attributes)
            self._reconcile(group, empty, now, in_use=False)
        for name, description in target_groups.items():
            present = self.groups.get(name)
            in_use = name in used
            if present is None:
                present = self.groups[name] = TargetGroupState(
                    description, now, cookie_key=self._cookie_key, in_use=in_use
                )
                if in_use:
                    for state in present.targets.values():
                        if not state.target.is_stopped:
                            self._add(present, state)
            elif present.group is not description or present.in_use is not in_use:
                self._reconcile(present, description, now, in_use=in_use)

    def _forget_group(self, name: str) -> None:
        for state in self.groups.pop(name).targets.values():
            self._health.forget(state)
            pool = self._pools.pop(state, None)
            if pool is not None:
                pool.cut(TargetFailure.DEREGISTERED)

    def _reconcile(self, group: TargetGroupState, description: TargetGroup, now: float, *, in_use: bool) -> None:
        is_other_check = group.group.health_check != description.health_check
        before = {state: (state.health.state, state.target) for state in group.targets.values()}
        changes = group.reconcile(description, now, in_use=in_use)
        for state in (*changes.draining, *changes.stopped):
            self._health.forget(state)
            pool = self._pools.get(state)
            if pool is not None:
                pool.close_idle()
        added = set(changes.added) if in_use else set()
        stopped = set(changes.stopped)
        for state in group.targets.values():
            old_state, old_target = before.get(state, (HealthState.INITIAL, state.target))
            pool = self._pools.get(state)
            if pool is not None and old_target is not state.target:
                if (old_target.dial_host, old_target.dial_port) != (state.target.dial_host, state.target.dial_port):
                    pool.move()
                # It may go by another name now.
                pool.interfere(self._behaviours.get(state.target.name))
            if state in added:
                self._add(group, state, old_state)
                continue
            if not in_use:
                self._health.forget(state)
            is_rescheduled = in_use and is_other_check and state not in stopped
            if is_rescheduled or old_state is not state.health.state:
                self._untold.append(_News(group, state, old_state, is_rescheduled=is_rescheduled))

    def _add(self, group: TargetGroupState, state: TargetState, old_state: HealthState = HealthState.INITIAL) -> None:
        """It can have requests at once; its probes begin when it has been told of."""
        pool = self._pools.get(state)
        if pool is None:
            self._pools[state] = self._new_pool(group, state)
        else:
            pool.reopen()
        self._untold.append(_News(group, state, old_state, is_added=True))

    async def _tell_news(self) -> None:
        """Tell of what has changed, and probe accordingly: a few targets at a time, for there may be a thousand."""
        try:
            while True:
                for _ in range(min(TOLD_AT_ONCE, len(self._untold))):
                    self._tell_next()
                if not self._untold:
                    break
                await asyncio.sleep(0)
        finally:
            # Whoever does not wait any longer leaves nothing half told.
            self._tell_all()

    def _tell_all(self) -> None:
        while self._untold:
            self._tell_next()
        self._arm_drain()

    def _tell_next(self) -> None:
        group, state, old_state, is_added, is_rescheduled = self._untold.popleft()
        if is_added:
            self._health.watch(group, state)
        elif is_rescheduled:
            self._health.reschedule(group, state)
        if old_state is not state.health.state:
            self._on_state_changed(group, state, old_state)

    def _new_pool(self, group: TargetGroupState, state: TargetState) -> TargetPool:
        counts = self.counts.of_group(group.group.arn)
        pool = TargetPool(state, self.clock, self._response_parser, self._lets_dial, counts)
        pool.interfere(self._behaviours.get(state.target.name))
        return pool

    # -- faults --------------------------------------------------------------------------------------------------------

    def interfere(self, target: str, behaviour: Behaviour) -> None:
        """Put a behaviour on the way to the target of that name, in whichever groups it is or will be.

        Idle connections to it are closed, busy ones serve the exchange under way; probes meet it from the next one on.
        """
        self._behaviours[target] = (*self._behaviours.get(target, ()), behaviour)
        self._spread(target)

    def release(self, target: str, behaviour: Behaviour) -> None:
        """Take it away again, as `interfere` put it there. Harmless when it is not there."""
        present = self._behaviours.get(target, ())
        rest = tuple(other for other in present if other is not behaviour)
        if len(rest) == len(present):
            return
        if rest:
            self._behaviours[target] = rest
        else:
            del self._behaviours[target]
        self._spread(target)

    def _spread(self, target: str) -> None:
        for state, pool in self._pools.items():
            if state.target.name == target:
                pool.interfere(self._behaviours.get(target))

    # -- health --------------------------------------------------------------------------------------------------------

    def next_check_at(self, state: TargetState) -> float | None:
        """When the next probe of a target goes out, in load-balancer time; None when nobody probes it (yet)."""
        return self._health.next_check_at(state)

    def is_checking(self, state: TargetState) -> bool:
        """A probe of the target is under way."""
        return self._health.is_checking(state)

    # -- draining ------------------------------------------------------------------------------------------------------

    def _arm_drain(self) -> None:
        if self._drain_timer is not None:
            self._drain_timer.cancel()
            self._drain_timer = None
        if self._is_closed:
            return
        deadlines = [group.next_deadline() for group in self.groups.values()]
        due = [deadline for deadline in deadlines if deadline is not None]
        if due:
            self._drain_timer = self.clock.call_at(min(due), self._on_drain_deadline)

    def _on_drain_deadline(self) -> None:
        self._drain_timer = None
        if self._untold:
            return  # that they drain comes first; the timer is armed again then
        now = self.now()
        for name, group in list(self.groups.items()):
            for state in group.on_deadline(now, TOLD_AT_ONCE):
                self._on_state_changed(group, state, HealthState.DRAINING)
                self._anomalous.discard(state)
                pool = self._pools.pop(state, None)
                if pool is not None:
                    pool.cut(TargetFailure.DEREGISTERED)
            if not group.targets and name not in self._described:
                del self.groups[name]
        self._arm_drain()

    def _probed(
        self, group: TargetGroupState, state: TargetState, health_check: HealthCheck, result: ProbeResult | None
    ) -> None:
        if result is not None and state.health.state is not HealthState.DRAINING:
            is_pass = result.passes(group.group.health_check)
            self.counts.of_group(group.group.arn).probed(result.outcome, is_pass=is_pass)
        if self._on_probe is None:
            return
        self._on_probe(
            ProbeRecord(
                elb=self._elb,
                target_group=group.group.name,
                address=probe_address(health_check, state.target),
                health_check=health_check,
                result=result,
                at=self.wall() - (0.0 if result is None else result.latency_s),
            )
        )

    # -- Router --------------------------------------------------------------------------------------------------------

    def group(self, name: str) -> TargetGroupState | None:
        """The live state of a target group; None when it is gone (a connection of a removed listener asks for it)."""
        return self.groups.get(name)

    def connect(self, exchange: Exchange, target: TargetState) -> TargetStream | None:
        """An idle connection to `target`, or None while one is being made."""
        return self._pools[target].take(exchange)

    @cached_property
    def group_cookies(self) -> GroupCookies:
        """What seals and reads target-group cookies; made when a rule first needs it."""
        return GroupCookies(CookieSealer(secrets.token_bytes(KEY_BYTES)))

    def _lets_dial(self) -> bool:
        """Whether there is a descriptor for one more connection to a target, if need be in place of idle ones."""
        if not self.descriptors.admits_target():
            for pool in self._pools.values():
                pool.drop_idle()
        return self.descriptors.admits_target()

    def sockets_in_use(self) -> int:
        """Connections to clients and to targets, those that are being made included."""
        return len(self.connections) + sum([pool.size for pool in self._pools.values()])

    def active_connections(self) -> tuple[int, int]:
        """Open connections: of clients that were let in, and to targets."""
        to_targets = sum([len(pool.connections) for pool in self._pools.values()])
        return len(self.connections) - self.kept_out, to_targets

    def cancel_connect(self, exchange: Exchange) -> None:
        """The exchange ended before its connection was there."""
        assert exchange.target is not None
        pool = self._pools.get(exchange.target)
        if pool is not None:
            pool.cancel(exchange)

    def fresh_trace_id(self, wall_s: float) -> bytes:
        """A new trace id; its part that names the second is remembered."""
        second = int(wall_s)
        if second != self._trace_second:
            self._trace_second = second
            self._trace_prefix = forwarding.trace_prefix(second)
        if not self._trace_digits:
            digits = self.random.randbytes(TRACE_IDS_AT_ONCE * 12).hex().encode()
            self._trace_digits = [digits[place : place + 24] for place in range(0, len(digits), 24)]
        return self._trace_prefix + self._trace_digits.pop()

    def date_line(self) -> bytes:
        """The Date line of this second."""
        second = int(self.wall())
        if second != self._date_second:
            self._date_second = second
            self._date_line = f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._date_line

    def on_handshake_failed(self, reason: str) -> None:
        """A TLS handshake with a client came to nothing."""
        self.counts.tls_failed += 1
        self.on_tls_failed(reason)

    def on_tls_failed(self, reason: str) -> None:
        """A handshake or a TLS session failed."""
        self._on_tls_failed(reason, self.tls_failures.add(reason))

    def forget_connection(self, connection: _Connection) -> None:
        """A client connection is gone."""
        self.connections.discard(connection)
        if self._emptied is not None and not self.connections:
            self._emptied.set()

    # -- time ----------------------------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        # Armed first: whatever happens below, idleness goes on being looked for.
        period = max(SWEEP_S, _SWEEP_REAL_MIN_S * self.clock.speed)
        self._sweep_timer = self.clock.call_later(period, self._sweep)
        now = self.now()
        for connection in list(self.connections):
            connection.check(now)
        for pool in self._pools.values():
            pool.check(now, self._idle_timeout_s)
        for group in self.groups.values():
            for state in group.tick(now):
                self._tell_anomaly(group, state)
        self.descriptors.check()

    def _tell_anomaly(self, group: TargetGroupState, state: TargetState) -> None:
        """Of what anomaly detection has changed, say what it found; not each step of a weight."""
        if (state.anomaly is AnomalyResult.ANOMALOUS) == (state in self._anomalous):
            return
        self._anomalous ^= {state}
        self._on_anomaly(group, state)

    # -- the end -------------------------------------------------------------------------------------------------------

    def stop_accepting(self) -> None:
        """Close the listening sockets and idle connections; let exchanges under way finish, then close theirs."""
        self._health.close()
        for listener in self.listeners.values():
            listener.is_stopping = True
            listener.close()
        for connection in list(self.connections):
            connection.stop()

    async def _wait_until_empty(self, grace_s: float) -> None:
        if self.connections:
            self._emptied = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), grace_s)

    def hurry(self) -> None:
        """Do not wait any longer for what is under way."""
        if self._emptied is not None:
            self._emptied.set()

    async def close(self, *, grace_s: float) -> None:
        """Stop gracefully: what is still under way after `grace_s` real seconds is cut."""
        self._is_closed = True
        self._untold.clear()
        self.stop_accepting()
        await self._wait_until_empty(grace_s)
        for pool in list(self._pools.values()):
            pool.cut(TargetFailure.STOPPED)
        # What was cut before its response head has just been answered with 502: let that out.
        await self._wait_until_empty(LAST_ANSWERS_S)
        for connection in list(self.connections):
            connection.abort()
        for timer in (self._sweep_timer, self._drain_timer):
            if timer is not None:
                timer.cancel()
        self.descriptors.leave(self.sockets_in_use)
        # Let the transports run their last callbacks, so that nothing is left behind.
        for _ in range(3):
            await asyncio.sleep(0)
