"""The last exchanges, by number, within bounds of number and bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from simlb.core.access_log import ConnectionFacts, ExchangeRecord
from simlb.observe.exchange_ring import ENTRY_BYTES, ExchangeRing
from simlb.observe.recorder import BATCH_RECORDS, Batch
from tests.observe.records import Records, code

# 250 exchanges in batches of 64; at least the last 100 are kept, and no batch that holds none of them: 128 to 249.
PAGES: list[tuple[int, int, tuple[int, list[int | None], int]]] = [
    (0, 1000, (250, list(range(128, 250)), 128)),
    (0, 3, (131, [128, 129, 130], 128)),
    (120, 2, (130, [128, 129], 8)),
    (128, 2, (130, [128, 129], 0)),
    (190, 4, (194, [190, 191, 192, 193], 0)),
    (249, 1, (250, [249], 0)),
    (250, 100, (250, [], 0)),
    (999, 100, (250, [], 0)),
    (-3, 100, (250, [247, 248, 249], 0)),
    (-3, 1, (248, [247], 0)),
    (-999, 1000, (250, list(range(128, 250)), 0)),
    (200, 0, (200, [], 0)),
]


@pytest.fixture
async def filled() -> Records:
    records = Records(100)
    for number in range(250):
        records.record(elb_status_code=number, trace_id=f"Root=1-67000000-{number:024x}")
    records.flush()
    return records


@pytest.mark.parametrize(("after", "limit", "expected"), PAGES)
async def test_pages(filled: Records, after: int, limit: int, expected: tuple[int, list[int | None], int]) -> None:
    assert filled.page(after, limit) == expected
    filled.close()


async def test_reading_on_from_the_next_number_misses_nothing() -> None:
    records = Records(10)
    seen: list[int | None] = []
    following = 0
    for number in range(500):
        records.record(elb_status_code=number)
        if number % 7 == 0:
            following, codes, dropped = records.page(following, 100)
            assert dropped == 0
            seen += codes
    seen += records.page(following, 100)[1]
    assert seen == list(range(500))
    assert 10 <= records.ring.total - records.ring.first < 10 + BATCH_RECORDS
    records.close()


async def test_an_empty_ring() -> None:
    records = Records()
    assert [records.page(after, 10) for after in (0, -5, 7)] == [(0, [], 0)] * 3
    assert (records.ring.at(0), records.ring.find("Root"), list(records.ring.newest_first())) == (None, None, [])


async def test_one_by_number_and_by_trace_id(filled: Records) -> None:
    ring = filled.ring
    assert [code(ring.at(number)) for number in (127, 128, 249, 250, -1)] == [None, 128, 249, None, None]
    for text in (f"Root=1-67000000-{200:024x}", f"1-67000000-{200:024x}", f"{200:024x}"):
        found = ring.find(text)
        assert found is not None
        assert (found.number, code(found)) == (200, 200)
    assert ring.find(f"{3:024x}") is None, "no longer kept"
    assert ring.find("app/web/1") is None, "in the line, but no trace id"
    assert [exchange.number for exchange in ring.newest_first()] == list(range(249, 127, -1))
    filled.close()


@dataclass
class Big:
    """What several exchanges share."""

    kept_bytes: int


async def test_the_bound_of_bytes() -> None:
    one = Records()
    one.record()
    one.flush()
    each = one.ring.bytes
    assert each > ENTRY_BYTES + 200
    records = Records(10_000, max_bytes=3 * BATCH_RECORDS * each)
    records.record(1000)
    records.flush()
    assert records.ring.bytes <= 3 * BATCH_RECORDS * each
    assert records.ring.total - records.ring.first >= 2 * BATCH_RECORDS
    one.close()
    records.close()


async def test_what_is_shared_is_charged_to_the_first_who_has_it() -> None:
    records = Records(10_000, max_bytes=1_000_000)
    first, second = Big(100_000), Big(50_000)
    records.record(BATCH_RECORDS)
    alone = records.ring.bytes
    records.record(BATCH_RECORDS, basis=first)
    records.record(BATCH_RECORDS, basis=first)
    records.record(BATCH_RECORDS, basis=second)
    assert records.ring.bytes == 4 * alone + 150_000
    # A new one for each: old exchanges go, and what they alone have goes with them.
    for _ in range(40):
        records.record(BATCH_RECORDS, basis=Big(200_000))
    assert records.ring.bytes <= 1_000_000
    records.close()


class Keeping(ExchangeRecord):
    """A record of which something is kept."""

    given: tuple[Any, ...]

    def keep(self) -> tuple[Any, ...] | None:
        return self.given


async def keep(ring: ExchangeRing, facts: ConnectionFacts, *given: tuple[Any, ...]) -> None:
    records: list[ExchangeRecord] = []
    for one in given:
        record = Keeping(facts, None, 0.0)
        record.given = one
        records.append(record)
    ring.take(Batch(ring.total, records))


async def test_plans_that_are_not_asked_for_are_let_go(filled: Records) -> None:
    ring, facts = ExchangeRing(), filled.facts
    old, new = object(), object()
    await keep(ring, facts, (b"a", old, 1, None), (b"b", new, 2, None), (b"c", None, 3, None))
    ring.keep_plans({new})
    assert [one.kept for one in reversed(list(ring.newest_first()))] == [
        (b"a", None, 1, None),
        (b"b", new, 2, None),
        (b"c", None, 3, None),
    ]
    filled.close()


async def test_what_few_exchanges_have_is_charged(filled: Records) -> None:
    ring = ExchangeRing()
    await keep(ring, filled.facts, (b"a", None, None))
    alone = ring.bytes
    await keep(ring, filled.facts, (b"a", None, Big(1000)))
    assert ring.bytes == 2 * alone + 1000
    filled.close()


async def test_what_came_before_on_the_same_connection() -> None:
    records = Records()
    for number, connection in enumerate(["TID_a", "TID_b", "TID_a", "TID_aa", "TID_a"] * 30):
        records.facts.rendered = None
        records.facts.trace_id = connection
        records.record(elb_status_code=number)
        records.flush()
    ring = records.ring
    last, first = ring.at(149), ring.at(1)
    assert last is not None
    assert first is not None
    before = [number for number in range(149) if number % 5 in {0, 2, 4}]
    assert (ring.count_before(last), ring.count_before(first)) == (len(before), 0)
    assert [int(line.split(" ")[8]) for line in ring.lines_before(last, 4)] == before[:-5:-1]
    assert ring.lines_before(first, 4) == []
    records.close()
