"""Exchange records for the tests of what takes them."""

from __future__ import annotations

from typing import Any

from simlb.core.access_log import ConnectionFacts, ExchangeRecord
from simlb.observe.counters import Counters
from simlb.observe.exchange_ring import KEPT, KEPT_MAX_BYTES, ExchangeRing, KeptExchange
from simlb.observe.recorder import Recorder


class Records:
    """What keeps and counts exchange records, and records to give it."""

    def __init__(self, kept: int = KEPT, max_bytes: int = KEPT_MAX_BYTES) -> None:
        self.counters = Counters()
        self.ring = ExchangeRing(kept, max_bytes)
        self.recorder = Recorder(self.counters.take, self.ring.take)
        self.facts = ConnectionFacts(
            elb="app/web/1",
            dns_name="web.test",
            scheme="http",
            listener_port=80,
            client_ip="127.0.0.1",
            client_port=1,
            node_ip="127.0.0.1",
        )

    def record(self, count: int = 1, facts: ConnectionFacts | None = None, **fields: Any) -> None:
        for _ in range(count):
            record = ExchangeRecord(facts or self.facts, None, 0.0)
            record.elb_status_code = 200
            for name, value in fields.items():
                setattr(record, name, value)
            self.recorder.record(record)

    def flush(self) -> None:
        self.recorder.flush()

    def page(self, after: int, limit: int) -> tuple[int, list[int | None], int]:
        """The status codes of a page of the ring."""
        self.flush()
        following, records, dropped = self.ring.page(after, limit)
        return following, [code(exchange) for exchange in records], dropped

    def close(self) -> None:
        self.recorder.close()


def code(exchange: KeptExchange | None) -> int | None:
    """The status code in a kept exchange's line."""
    return None if exchange is None else int(exchange.line.split(" ")[8])
