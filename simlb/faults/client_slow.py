"""`client.slow`: clients that send their request byte by byte."""

from __future__ import annotations

import asyncio

from simlb.clock import Clock
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.misbehaving import CLIENTS_MAX, PATH, ClientFault, Door, sleep

_BODY_BYTES = 1000


class SlowClients(ClientFault):
    """Each byte is a sign of life: the load balancer gives up when the next one takes longer than the idle timeout."""

    def __init__(self, order: Order) -> None:
        super().__init__(order)
        self.clients = int(order.number("clients"))
        self._gap_s = 1 / order.number("rate")
        self._part = order.text("part")

    async def visit(self, door: Door, clock: Clock) -> None:
        """Send until everything is sent, or until the load balancer answers."""
        async with door.connection() as (reader, writer):
            answered = asyncio.ensure_future(reader.read())
            try:
                if self._part == "body":
                    writer.write(door.head("POST", self.path, f"Content-Length: {_BODY_BYTES}"))
                    slow = b"x" * _BODY_BYTES
                else:
                    slow = door.head("GET", self.path, "Connection: close")
                for byte in slow:
                    writer.write(bytes((byte,)))
                    await _either(answered, clock, self._gap_s)
                    if answered.done():
                        break
                await answered
            finally:
                answered.cancel()


async def _either(answered: asyncio.Future[bytes], clock: Clock, gap_s: float) -> None:
    pause = asyncio.ensure_future(sleep(clock, gap_s))
    try:
        await asyncio.wait((answered, pause), return_when=asyncio.FIRST_COMPLETED)
    finally:
        pause.cancel()


FAULT_TYPE = FaultType(
    name="client.slow",
    scope=Scope.LISTENER,
    build=SlowClients,
    parameters=(
        Parameter(
            name="rate",
            kind="number",
            default=0.01,
            minimum=0.001,
            maximum=1000,
            en="bytes in a second",
            ko="1초에 보내는 바이트 수",
        ),
        Parameter(
            name="part",
            kind="choice",
            default="head",
            choices=("head", "body"),
            en="what is sent slowly: the request's head, or its body",
            ko="천천히 보내는 부분: 요청 헤더 또는 본문",
        ),
        Parameter(
            name="clients",
            kind="whole",
            default=1,
            minimum=1,
            maximum=CLIENTS_MAX,
            en="how many clients do that at the same time",
            ko="동시에 그렇게 하는 클라이언트 수",
        ),
        PATH,
    ),
    is_single=True,
    en="Clients of simlb's own send their request byte by byte, again and again.",
    ko="simlb 의 클라이언트가 요청을 한 바이트씩 보내기를 되풀이합니다.",
    consequence_en="408 when a byte takes longer than the idle timeout (60 s: rate below 0.017), else 200.",
    consequence_ko="한 바이트가 유휴 제한 시간(60초)보다 오래 걸리면(rate 0.017 미만) 408, 아니면 정상 응답입니다.",
)
