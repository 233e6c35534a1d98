"""Which requests are told one by one; that none is lost or told twice; what is not told of them."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from simlb.core.events import RequestFinished, RequestsCounted
from simlb.dataplane.target_failure import TargetFailure
from simlb.observe.request_events import FAILED_PER_S, ORDINARY_PER_S, TEXT_MAX, RequestTeller
from tests.observe.told import FACTS, Finished, Stand, batch, exchange, request

HEAD = b"GET %s HTTP/1.1\r\nHost: shop.test\r\n\r\n"


def told(teller: RequestTeller, *records: Finished) -> list[RequestFinished]:
    return [event for event, _, _ in teller.take(batch(*records))]


def only(*records: Finished) -> RequestFinished:
    (event,) = told(Stand().teller, *records)
    return event


async def test_a_request_with_all_that_is_told_of_it() -> None:
    assert only(exchange(502, 0, failure=TargetFailure.REFUSED, trace_id="Root=1-a", matched_rule_priority=3)) == (
        RequestFinished(
            at_s=9.5,  # it ended 0.05 s before the batch, at speed 10
            real_s=0.95,
            number=0,
            load_balancer="my-alb",
            listener_port=80,
            client="127.0.0.1:5000",
            method="GET",
            host="shop.test",
            path="/items/7",
            action="forward",
            rule_priority=3,
            elb_status_code=502,
            target_status_code=0,
            target_group="web",
            target=None,
            target_address="127.0.0.1:9001",
            failure="connection refused",
            duration_s=0.25,
            trace_id="Root=1-a",
        )
    )


async def test_what_never_became_a_request() -> None:
    event = only(exchange(400, 0, request=None, target_group_arn=None, target_address=None))
    assert (event.path, event.target_group, event.target_address) == ("/items/7", None, None)
    record = exchange(408, 0)
    record.request = None
    assert (only(record).method, only(record).host, only(record).path) == ("", "", "")


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/a?token=s3cret", "/a"),
        (b"/a?b?c=s3cret", "/a"),
        (b"http://shop.test/a?token=s3cret", "/a"),
        (b"http://user:s3cret@shop.test/a", "/a"),
        (b"http://shop.test?s3cret", "/"),
        (b"/a\x01\xff", "/a\x01\xff"),
        (b"/" + b"x" * 5000, "/" + "x" * (TEXT_MAX - 2) + "…"),
    ],
)
async def test_neither_query_nor_user_is_told(target: bytes, path: str) -> None:
    event = only(exchange(request=request(HEAD % target)))
    assert event.path == path
    assert "s3cret" not in repr(event)


async def test_a_line_that_is_no_request_line() -> None:
    assert "s3cret" not in repr(only(exchange(400, 0, request=request(b"/a?token=s3cret\r\nHost: a\r\n\r\n"))))


async def test_what_a_client_put_into_its_trace_id_is_not_told() -> None:
    trace_id = "Self=1-b;Root=1-a;CalledFrom=s3cret"
    assert only(exchange(trace_id=trace_id, has_own_trace_id=False)).trace_id == "Self=1-b;Root=1-a"


FAILED = [
    ((200, 200), {}, False),
    ((404, 404), {}, False),
    ((301, 0), {}, False),
    ((500, 500), {}, True),
    ((502, 0), {}, True),
    ((404, 0), {"action": "fixed-response"}, True),
    ((460, 0), {}, True),
    ((200, 200), {"failure": TargetFailure.CLOSED}, True),
]


@pytest.mark.parametrize(("codes", "fields", "has_failed"), FAILED)
async def test_what_is_an_error(codes: tuple[int, int], fields: dict[str, Any], has_failed: bool) -> None:
    ((_, failed, _),) = Stand().teller.take(batch(exchange(*codes, **fields)))
    assert failed == has_failed


async def test_a_hundred_a_second_one_by_one_and_the_rest_by_kind() -> None:
    stand = Stand()
    ok, missing = exchange(200), exchange(404)
    assert len(told(stand.teller, *[ok] * 250, *[missing] * 50)) == ORDINARY_PER_S
    counts = stand.teller.counted()
    assert [(event.elb_status_code, event.target_status_code, event.count) for event in counts] == [
        (200, 200, 150),
        (404, 404, 50),
    ]
    assert (counts[0].load_balancer, counts[0].listener_port, counts[0].target_group) == ("my-alb", 80, "web")
    assert not stand.teller.has_counts
    stand.now = 0.5
    assert len(told(stand.teller, *[ok] * 100)) == ORDINARY_PER_S // 2
    stand.now = 60
    assert len(told(stand.teller, *[ok] * 150)) == ORDINARY_PER_S


async def test_errors_are_told_one_by_one_whatever_else_there_is() -> None:
    stand = Stand()
    records = [exchange(200), exchange(503, 0)] * 600
    events = told(stand.teller, *records)
    assert Counter(event.elb_status_code for event in events) == {200: ORDINARY_PER_S, 503: 600}
    assert [event.number for event in events] == sorted(event.number for event in events)
    assert [event.count for event in stand.teller.counted()] == [600 - ORDINARY_PER_S]


async def test_more_errors_than_a_thousand_a_second_are_counted_too() -> None:
    stand = Stand()
    assert len(told(stand.teller, *[exchange(503, 0)] * 1500)) == FAILED_PER_S
    assert [(event.elb_status_code, event.count) for event in stand.teller.counted()] == [(503, 500)]


@pytest.mark.parametrize("seed", range(20))
async def test_every_request_is_told_or_counted_exactly_once(seed: int) -> None:
    random = Random(seed)
    stand = Stand()
    events: list[object] = []
    stand.hub.listen(events.append)
    sent: Counter[tuple[int, int, str | None]] = Counter()
    for _ in range(random.randrange(1, 60)):
        stand.now += random.choice([0, 0.001, 0.2, 3])
        for _ in range(random.randrange(200)):
            elb, target = random.choice([(200, 200), (200, 200), (404, 404), (502, 0), (503, 503), (301, 0)])
            address = random.choice(["127.0.0.1:9001", "127.0.0.1:9002", None])
            failure = random.choice([None, None, None, TargetFailure.CLOSED])
            stand.recorder.record(exchange(elb, target, target_address=address, failure=failure))
            sent[elb, target, address] += 1
        if random.random() < 0.2:
            stand.say("something else")
    stand.close()
    finished = [event for event in events if isinstance(event, RequestFinished)]
    counted = [event for event in events if isinstance(event, RequestsCounted)]
    assert len(finished) + sum(event.count for event in counted) == sent.total() == stand.recorder.total
    by_code: Counter[tuple[int, int]] = Counter()
    for one in finished:
        by_code[one.elb_status_code, one.target_status_code] += 1
    for count in counted:
        by_code[count.elb_status_code, count.target_status_code] += count.count
    expected: Counter[tuple[int, int]] = Counter()
    for (elb, target, _), times in sent.items():
        expected[elb, target] += times
    assert by_code == expected
    numbers = [event.number for event in finished]
    assert numbers == sorted(set(numbers))


async def test_load_balancers_are_counted_apart() -> None:
    stand = Stand()
    other = exchange()
    other.facts = type(FACTS)(
        elb="app/other/1", dns_name="o", scheme="http", listener_port=81, client_ip="1", client_port=1, node_ip="1"
    )
    told(stand.teller, *[exchange()] * 100)
    told(stand.teller, exchange(), other, other)
    assert [(event.load_balancer, event.listener_port, event.count) for event in stand.teller.counted()] == [
        ("my-alb", 80, 1),
        ("other", 81, 2),
    ]
