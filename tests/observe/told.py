"""Exchanges as a load balancer would have finished them, and a hub whose clocks a test moves."""

from __future__ import annotations

from typing import Any

from simlb.core.access_log import ConnectionFacts, ExchangeRecord
from simlb.core.events import Notice
from simlb.core.pulse import Pulse
from simlb.core.resource_names import ResourceNames
from simlb.dataplane.target_failure import TargetFailure
from simlb.observe.event_hub import EventHub
from simlb.observe.live import LiveWindow
from simlb.observe.recorder import Batch, Recorder
from simlb.observe.request_events import RequestTeller
from simlb.wire.h1_fields import FieldParser
from simlb.wire.h1_request import RequestParser

FACTS = ConnectionFacts(
    elb="app/my-alb/50dc",
    dns_name="my-alb.test",
    scheme="http",
    listener_port=80,
    client_ip="127.0.0.1",
    client_port=5000,
    node_ip="127.0.0.1",
)
GROUP = "arn:aws:elasticloadbalancing:r:0:targetgroup/web/1"
_parser = RequestParser(FieldParser())


class Finished(ExchangeRecord):
    """As an exchange, with what it knows beyond its record."""

    failure: TargetFailure | None = None


def request(head: bytes = b"GET /items/7?token=s3cret HTTP/1.1\r\nHost: shop.test\r\n\r\n") -> Any:
    parsed = _parser.parse(head)
    assert parsed is not None
    return parsed[0]


def exchange(elb: int = 200, target: int | None = None, **fields: Any) -> Finished:
    """One that a target answered with `target` (by itself as `elb`); 0 when none did."""
    record = Finished(FACTS, fields.pop("request", None) or request(), 100.0)
    record.elb_status_code = elb
    record.target_status_code = elb if target is None else target
    record.ended_at = 100.25
    record.action = "forward"
    record.target_group_arn = GROUP
    record.target_address = "127.0.0.1:9001"
    record.target_processing_time = 0.2
    for name, value in fields.items():
        setattr(record, name, value)
    return record


class Stand:
    """A hub with its recorder. `now` is the real clock of allowances."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pulses = 0
        self.live = LiveWindow(lambda: self.now)
        self.recorder = Recorder()
        self.teller = RequestTeller(
            lambda: (10.0, 1.0), 10.0, ResourceNames(), monotonic=lambda: self.now, wall=lambda: 100.3
        )
        self.hub = EventHub(self.teller, self.live, self._pulse, self.recorder.flush)
        self.recorder.add(self.live.take)
        self.recorder.add(self.hub.take)

    def _pulse(self) -> Pulse:
        self.pulses += 1
        return Pulse(at_s=0, real_s=0, speed=1, load_balancers=(), targets=())

    def finish(self, *records: ExchangeRecord) -> None:
        """These are over."""
        for record in records:
            self.recorder.record(record)
        self.recorder.flush()

    def say(self, *texts: str) -> None:
        for text in texts:
            self.hub.publish(Notice(level="info", text=text))

    def close(self) -> None:
        self.recorder.close()
        self.hub.close()


def batch(*records: ExchangeRecord, first: int = 0) -> Batch:
    return Batch(first, list(records))
