"""`client.abort`: clients that go before the answer has come."""

from __future__ import annotations

import asyncio

from simlb.clock import Clock
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.misbehaving import PATH, ClientFault, Door, sleep


class ImpatientClients(ClientFault):
    """They ask, wait for a while, and close. An answer that comes earlier is taken, as by anybody."""

    def __init__(self, order: Order) -> None:
        super().__init__(order)
        self.pause_s = 1 / order.number("rate")
        self._after_s = order.number("after")

    async def visit(self, door: Door, clock: Clock) -> None:
        """Ask, and go."""
        async with door.connection() as (reader, writer):
            writer.write(door.head("GET", self.path, "Connection: close"))
            if not self._after_s:
                # The request has to have left; then the end follows it, and no answer can come in between.
                await writer.drain()
                await asyncio.sleep(0)
                return
            answered = asyncio.ensure_future(reader.read())
            patience = asyncio.ensure_future(sleep(clock, self._after_s))
            try:
                await asyncio.wait((answered, patience), return_when=asyncio.FIRST_COMPLETED)
            finally:
                answered.cancel()
                patience.cancel()


FAULT_TYPE = FaultType(
    name="client.abort",
    scope=Scope.LISTENER,
    build=ImpatientClients,
    parameters=(
        Parameter(
            name="after",
            kind="duration",
            default=0.0,
            minimum=0,
            maximum=3600,
            en="how long a client waits for its answer",
            ko="클라이언트가 응답을 기다리는 시간",
        ),
        Parameter(
            name="rate",
            kind="number",
            default=1.0,
            minimum=0.001,
            maximum=20,
            en="such clients in a second",
            ko="1초에 오는 그런 클라이언트 수",
        ),
        PATH,
    ),
    is_single=True,
    en="Clients of simlb's own close the connection before their answer has come, again and again.",
    ko="simlb 의 클라이언트가 응답이 오기 전에 연결 끊기를 되풀이합니다.",
    consequence_en="460 in the log, nobody sees it. An answer that is faster than `after` is a normal one.",
    consequence_ko="로그에 460 이 남고 아무도 보지 못합니다. `after` 보다 빠른 응답은 정상입니다.",
)
