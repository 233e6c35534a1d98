"""Exchanges that are alike are counted together, whatever batch they come in, and never with others."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.access_log import ConnectionFacts, ExchangeRecord
from simlb.core.metrics import MetricStore
from simlb.core.resource_names import ResourceNames
from simlb.observe import recorder as recording
from simlb.observe.metrics import MetricSink
from simlb.observe.recorder import Alike, AlikeKey, Batch
from simlb.observe.request_events import RequestTeller
from tests.observe.told import GROUP, exchange


def facts(port: int) -> ConnectionFacts:
    return ConnectionFacts(
        elb="app/my-alb/50dc",
        dns_name="my-alb.test",
        scheme="http",
        listener_port=port,
        client_ip="127.0.0.1",
        client_port=5000,
        node_ip="127.0.0.1",
    )


made = st.tuples(
    st.sampled_from([80, 443]),
    st.sampled_from([GROUP, GROUP.replace("web", "api"), None]),
    st.sampled_from(["127.0.0.1:9001", "127.0.0.1:9002", None]),
    st.sampled_from(["forward", "redirect", "-"]),
    st.sampled_from([200, 301, 404]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(made, min_size=1, max_size=20), max_size=5))
def test_every_exchange_is_in_exactly_one_count(
    batches: list[list[tuple[int, str | None, str | None, str, int]]],
) -> None:
    teller = RequestTeller(lambda: (0.0, 0.0), 1.0, ResourceNames(), monotonic=lambda: 0.0, wall=lambda: 0.0)
    sink = MetricSink(MetricStore())
    teller.take(Batch(0, [exchange() for _ in range(100)]))  # which leaves none that is told by itself
    known: dict[AlikeKey, Alike] = {}
    wanted: Counter[tuple[int, str | None, str, int]] = Counter()
    for made_of in batches:
        records = []
        for port, group, address, action, status in made_of:
            fields: dict[str, Any] = {
                "facts": facts(port),
                "target_group_arn": group,
                "target_address": address,
                "action": action,
            }
            records.append(exchange(status, **fields))
            wanted[port, None if group is None else group.split("/")[1], action, status] += 1
        batch = Batch(0, list(records), known)
        sink.take(batch)
        assert teller.take(batch) == []
    counted = teller.counted()
    found: Counter[tuple[int, str | None, str, int]] = Counter()
    for event in counted:
        found[event.listener_port, event.target_group, event.action, event.elb_status_code] += event.count
    assert found == wanted
    keys = [(e.listener_port, e.target_group, e.target, e.action, e.elb_status_code) for e in counted]
    assert len(keys) >= len(found)
    assert not teller.has_counts
    sink.settle()
    assert sum(sink.requests.values()) == sum(wanted.values())


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "ALIKE_REMEMBERED_MAX", 3)
    known: dict[AlikeKey, Alike] = {}
    for number in range(20):
        records: list[ExchangeRecord] = [exchange(target_address=f"127.0.0.1:{number}"), exchange()]
        first, second = Batch(0, records, known).alike
        assert first is not second
        assert len(known) <= 3 + len(records)
    assert Batch(0, [exchange()], known).alike == [second]
