"""A load-balancer node on 127.0.0.1 with scripted targets behind it and raw clients in front of it.

Time is a `ManualClock` that stands still until a test moves it; sockets are real. Health checks go to a server of the
rig's own that always answers 200, so that a target's script sees nothing but forwarded requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, cast

from simlb.clock import ManualClock
from simlb.core import connection_log
from simlb.core.access_log import ExchangeRecord, format_line
from simlb.core.attributes import LoadBalancerAttributes, TargetGroupAttributes
from simlb.core.connection_log import ConnectionRecord
from simlb.core.health import HealthState
from simlb.core.health_check_log import ProbeRecord
from simlb.core.model import (
    Action,
    Bind,
    Certificate,
    FixedResponseAction,
    ForwardAction,
    HealthCheck,
    IpAddressType,
    Listener,
    LoadBalancer,
    Protocol,
    Rule,
    SecurityGroup,
    Target,
    TargetGroup,
)
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.dataplane.doors import Doors
from simlb.dataplane.node import LoadBalancerNode
from simlb.observe.exchange_ring import ExchangeRing
from simlb.observe.recorder import Recorder
from tests.core import athena

PATIENCE_S = 3.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
GET = b"GET / HTTP/1.1\r\nHost: lb.test\r\n\r\n"
ARN = "arn:aws:elasticloadbalancing:us-east-1:000000000000"
ANYWHERE = "127.0.0.1"


async def until(condition: Callable[[], Any], what: str = "") -> None:
    """Wait until `condition` holds; fail when it does not come true."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"never came true: {what or condition}"
        await asyncio.sleep(0.001)


def reset(transport: asyncio.BaseTransport) -> None:
    """End a connection with RST."""
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    cast("asyncio.WriteTransport", transport).abort()


# -- messages ----------------------------------------------------------------------------------------------------------


@dataclass
class Message:
    """A request as a target saw it, or a response as a client did. `is_complete` is False when it was cut short."""

    head: bytes
    body: bytes = b""
    is_complete: bool = True

    @property
    def start_line(self) -> str:
        return self.head.partition(b"\r\n")[0].decode("latin-1")

    @property
    def lines(self) -> list[str]:
        return self.head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")[1:]

    @property
    def status(self) -> int:
        return int(self.start_line.split(" ")[1])

    def all(self, name: str) -> list[str]:
        pairs = [line.partition(":") for line in self.lines]
        return [value.strip() for key, _, value in pairs if key.lower() == name.lower()]

    def __getitem__(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        body += await reader.readexactly(size)
        assert await reader.readexactly(2) == b"\r\n"
    assert await reader.readexactly(2) == b"\r\n"
    return body


async def read_message(reader: asyncio.StreamReader, *, method: str = "", raw: bool = False) -> Message | None:
    """A request (`method` empty) or the response to a `method`; None when the peer has ended before it."""
    try:
        message = Message(await reader.readuntil(b"\r\n\r\n"))
    except asyncio.IncompleteReadError as error:
        return Message(error.partial, is_complete=False) if error.partial else None
    if raw:
        return message
    length = message["Content-Length"]
    is_response = bool(method)
    try:
        if is_response and (method == "HEAD" or message.status in {101, 204, 304} or message.status < 200):
            pass
        elif message["Transfer-Encoding"] == "chunked":
            message.body = await read_chunks(reader)
        elif length is not None:
            message.body = await reader.readexactly(int(length))
        elif is_response:
            message.body = await reader.read()
    except asyncio.IncompleteReadError as error:
        message.body, message.is_complete = error.partial, False
    except ConnectionError:
        message.is_complete = False
    return message


# -- targets -----------------------------------------------------------------------------------------------------------


class TargetConnection:
    """One connection that a scripted target has accepted."""

    def __init__(self, target: ScriptedTarget, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.target = target
        self.reader = reader
        self.writer = writer
        self.number = len(target.connections)
        target.connections.append(self)

    async def request(self, *, raw: bool = False) -> Message | None:
        """The next request, noted in `target.requests`; with `raw` its head only."""
        request = await read_message(self.reader, raw=raw)
        if request is not None:
            self.target.requests.append(request)
        return request

    async def send(self, *data: bytes) -> None:
        """Send, each piece in a segment of its own as far as that can be had."""
        for piece in data:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        reset(self.writer.transport)

    async def hang(self) -> None:
        """Say nothing more, but notice when the load balancer lets go."""
        await self.reader.read()
        self.target.let_go.set()


Script = Callable[[TargetConnection], Awaitable[None]]


def answer(*pieces: bytes, close: bool = False) -> Script:
    """Answer every request with these bytes, and close after the first one if asked to."""

    async def script(connection: TargetConnection) -> None:
        while await connection.request() is not None:
            await connection.send(*pieces)
            if close:
                connection.close()
                return

    return script


async def echo(connection: TargetConnection) -> None:
    """Send back the body of each request."""
    while (request := await connection.request()) is not None:
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request.body), request.body)


class ScriptedTarget:
    """A server on a free port that runs a script on each connection."""

    def __init__(self, script: Script | None = None, *, host: str = "127.0.0.1") -> None:
        self.script = script or answer(OK)
        self.host = host
        self.port = 0
        self.requests: list[Message] = []
        self.connections: list[TargetConnection] = []
        self.let_go = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> ScriptedTarget:
        self._server = await asyncio.start_server(self._accept, self.host, self.port, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._run(TargetConnection(self, reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, connection: TargetConnection) -> None:
        try:
            await self.script(connection)
        except ConnectionError:
            self.let_go.set()
        finally:
            connection.writer.close()
            with contextlib.suppress(ConnectionError):
                await connection.writer.wait_closed()

    async def close(self) -> None:
        """Stop listening and end what runs."""
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = list(self._tasks)
        for connection in self.connections:
            connection.writer.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# -- clients -----------------------------------------------------------------------------------------------------------


class Client:
    """A raw client: sends bytes, reads responses."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @property
    def port(self) -> int:
        return int(self.writer.get_extra_info("sockname")[1])

    @property
    def tls(self) -> ssl.SSLObject:
        found = self.writer.get_extra_info("ssl_object")
        assert isinstance(found, ssl.SSLObject | ssl.SSLSocket)
        return found  # type: ignore[return-value]

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def response(self, method: str = "GET") -> Message:
        async with asyncio.timeout(PATIENCE_S):
            message = await read_message(self.reader, method=method)
        assert message is not None, "the connection was closed without a response"
        return message

    async def ask(self, data: bytes = GET, method: str = "GET") -> Message:
        self.send(data)
        return await self.response(method)

    async def exactly(self, count: int) -> bytes:
        """The next `count` bytes."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readexactly(count)

    async def up_to(self, end: bytes) -> bytes:
        """The next bytes, up to and including `end`."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readuntil(end)

    async def rest(self) -> bytes:
        """Everything up to the load balancer's FIN."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()

    async def is_closed(self) -> bool:
        """True when the next thing that comes is the end, one way or the other."""
        try:
            return await self.rest() == b""
        except ConnectionError:
            return True

    def half_close(self) -> None:
        self.writer.write_eof()

    def reset(self) -> None:
        reset(self.writer.transport)

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await self.writer.wait_closed()


# -- the load balancer -------------------------------------------------------------------------------------------------


class _AlwaysWell(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast("asyncio.WriteTransport", transport)
        stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        stream.close()


@dataclass
class Rig:
    """One node, everything around it, and what it has reported."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(1000.0, patience_s=0.1))
    doors: Doors = field(default_factory=Doors)
    name: str = "web"
    """The load balancer's."""
    records: list[ExchangeRecord] = field(default_factory=list)
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    """Target, state before, state now."""
    tls_failures: list[str] = field(default_factory=list)
    anomalies: list[tuple[str, str]] = field(default_factory=list)
    """Target, and what anomaly detection says of it now."""
    errors: list[str] = field(default_factory=list)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.errors.append(str(context)))
        self.ring = ExchangeRing()
        self.recorder = Recorder(self.ring.take)
        self.connections: list[ConnectionRecord] = []
        self.probes: list[ProbeRecord] = []
        self.node = self.new_node()
        self.targets: list[ScriptedTarget] = []
        self.clients: list[Client] = []
        self.load_balancer = LoadBalancer(
            name=self.name,
            id="50dc6c495c0c9188",
            arn=f"{ARN}:loadbalancer/app/{self.name}/50dc6c495c0c9188",
            dns_name=f"{self.name}-1.us-east-1.elb.localhost",
            region="us-east-1",
        )
        self.groups: dict[str, TargetGroup] = {}
        self._health = await loop.create_server(_AlwaysWell, "127.0.0.1", 0)
        self.health_port = self._health.sockets[0].getsockname()[1]

    def new_node(self) -> LoadBalancerNode:
        return LoadBalancerNode(
            clock=self.clock,
            doors=self.doors,
            random=Random(1),
            record=self._record,
            on_state_changed=self._on_state_changed,
            on_tls_failed=lambda reason, count: self.tls_failures.append(reason),
            on_anomaly=lambda group, state: self.anomalies.append((state.target.name, str(state.anomaly))),
            on_connection=self.connections.append,
            on_probe=self.probes.append,
        )

    def _record(self, record: ExchangeRecord) -> None:
        self.records.append(record)
        self.recorder.record(record)

    def _on_state_changed(self, group: TargetGroupState, state: TargetState, before: str) -> None:
        self.changes.append((state.target.name, str(before), str(state.health.state)))

    # -- configuration

    async def target(self, script: Script | None = None, *, host: str = "127.0.0.1") -> ScriptedTarget:
        """Start a scripted target (which nothing routes to yet)."""
        target = await ScriptedTarget(script, host=host).start()
        self.targets.append(target)
        return target

    def describe(self, target: ScriptedTarget | int, number: int = 1) -> Target:
        """`target` (or a port of 127.0.0.1) as the n-th target of a group: 10.0.0.n:80."""
        port = target if isinstance(target, int) else target.port
        return Target(id=f"10.0.0.{number}", port=80, dial_host="127.0.0.1", dial_port=port, name=f"i-{number:02}")

    def group(
        self, *targets: ScriptedTarget | int | Target, name: str = "web", delay_s: int = 300, **attributes: Any
    ) -> TargetGroup:
        """A target group whose health checks always pass."""
        described = [
            target if isinstance(target, Target) else self.describe(target, number)
            for number, target in enumerate(targets, 1)
        ]
        return TargetGroup(
            name=name,
            arn=f"{ARN}:targetgroup/{name}/73e2d6bc24d8a067",
            health_check=HealthCheck(port=self.health_port),
            attributes=TargetGroupAttributes(deregistration_delay_s=delay_s, **attributes),
            targets=tuple(described),
        )

    def listener(
        self,
        action: Action | None = None,
        *,
        port: int = 80,
        protocol: Protocol = Protocol.HTTP,
        certificates: tuple[Certificate, ...] = (),
        rules: tuple[Rule, ...] = (),
    ) -> Listener:
        """A listener on a free port of 127.0.0.1."""
        return Listener(
            protocol=protocol,
            port=port,
            arn=f"{ARN}:listener/app/web/50dc6c495c0c9188/{port:016x}",
            binds=(Bind(host="127.0.0.1", port=0),),
            default_action=action or ForwardAction.to("web"),
            certificates=certificates,
            rules=rules,
        )

    async def apply(
        self,
        *listeners: Listener,
        groups: tuple[TargetGroup, ...] | None = None,
        security_group: SecurityGroup | None = None,
        ip_address_type: IpAddressType | None = None,
        **attributes: Any,
    ) -> None:
        """Give the node a configuration; what is not named stays."""
        balancer = self.load_balancer
        if listeners:
            balancer = replace(balancer, listeners=listeners)
        if attributes:
            balancer = replace(balancer, attributes=LoadBalancerAttributes(**attributes))
        if security_group is not None:
            balancer = replace(balancer, security_group=security_group)
        if ip_address_type is not None:
            balancer = replace(balancer, ip_address_type=ip_address_type)
        prepared = self.node.prepare(balancer)
        self.load_balancer = balancer
        if groups is not None:
            self.groups = {group.name: group for group in groups}
        await self.node.commit(prepared, self.groups)

    async def serve(self, *targets: ScriptedTarget | int | Target | Script, **attributes: Any) -> None:
        """One HTTP listener on port 80 that forwards to these targets, all of them healthy. A script is started."""
        started = [
            await self.target(target) if not isinstance(target, ScriptedTarget | int | Target) else target
            for target in targets
        ]
        await self.apply(self.listener(), groups=(self.group(*started),), **attributes)
        await self.healthy()

    async def fixed(self, body: str = "fixed", **attributes: Any) -> None:
        """One HTTP listener on port 80 with a fixed response."""
        await self.apply(self.listener(FixedResponseAction(status_code=200, message_body=body)), **attributes)

    async def healthy(self, name: str = "web") -> None:
        """Wait until all targets of a group have passed their first check."""
        group = self.node.groups[name]
        await until(lambda: all(s.health.state is HealthState.HEALTHY for s in group.targets.values()), "healthy")

    async def healthy_or_draining(self, name: str = "web") -> None:
        """Wait until all targets of a group that do not drain have passed their first check."""
        group = self.node.groups[name]
        states = {HealthState.HEALTHY, HealthState.DRAINING}
        await until(lambda: all(s.health.state in states for s in group.targets.values()), "healthy or draining")

    # -- traffic

    def published(self, port: int = 80) -> int:
        return int(self.node.listeners[port].published_port)

    async def client(self, port: int = 80, *, source: str = "127.0.0.1", host: str = "127.0.0.1", **tls: Any) -> Client:
        """A new connection to a listener, at ::1 from there."""
        async with asyncio.timeout(PATIENCE_S):
            streams = await asyncio.open_connection(
                host, self.published(port), local_addr=(source if ":" not in host else host, 0), limit=1 << 20, **tls
            )
        client = Client(*streams)
        self.clients.append(client)
        return client

    async def ask(self, data: bytes = GET, method: str = "GET") -> Message:
        """One request on a connection of its own."""
        client = await self.client()
        return await client.ask(data, method)

    async def accepted(self, count: int = 1) -> None:
        """Wait until the node has noticed `count` connections."""
        await until(lambda: len(self.node.connections) >= count, "accepted")

    async def at_target(self, count: int = 1, target: int = 0) -> None:
        """Wait until a target has read `count` requests."""
        await until(lambda: len(self.targets[target].requests) >= count, "request at the target")

    async def logged(self, *statuses: int) -> list[ExchangeRecord]:
        """The records so far, whose statuses have to be these, in this order."""
        await until(lambda: len(self.records) >= len(statuses), f"{len(statuses)} records, have {len(self.records)}")
        assert [record.elb_status_code for record in self.records] == list(statuses)
        return self.records

    @property
    def lines(self) -> list[list[str]]:
        """The access-log lines, split at blanks outside quotes."""
        rows = []
        for record in self.records:
            parts = format_line(record).split('"')
            rows.append([w for n, part in enumerate(parts) for w in ([part] if n % 2 else part.split())])
        return rows

    # -- the end

    async def close(self) -> None:
        """End everything; nothing may be left, and nothing may have gone wrong on the way."""
        for client in self.clients:
            if not client.writer.transport.is_closing():
                client.reset()
        await self.node.close(grace_s=0.5)
        for target in self.targets:
            await target.close()
        self._health.close()
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()}, f"no task left: {asyncio.all_tasks()}")
        assert not self.node.connections
        assert not any(holder.node is self.node for door in self.doors for holder in door.holders), "a door is held"
        pools = self.node._pools.values()
        assert not any(pool.connections for pool in pools)
        outstanding = [s.outstanding for group in self.node.groups.values() for s in group.targets.values()]
        assert not any(outstanding), "an exchange was never finished"
        self.recorder.close()
        assert self.ring.total == len(self.records)
        assert len({id(record) for record in self.records}) == len(self.records), "recorded twice"
        assert self.errors == []
        # Whatever a test has sent: AWS's own tables read every line of it.
        for record in self.records:
            athena.access(format_line(record))
        for connection in self.connections:
            athena.connection(connection_log.format_line(connection))
