"""Zones as they are kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from simlb.core.dns.bodies import KIND
from simlb.core.dns.book import ZoneBook
from tests.core.dns.zones import alias, record_set, zone

PLAIN = zone("shop.test", record_set("shop.test", "TXT", '"x"'), alias("a.shop.test", "lb.elb.localhost"))
SHOP = replace(PLAIN, comment="the shop", tags={"team": "a"})


def test_what_is_written_is_read_back_by_another_book() -> None:
    kept = json.loads(json.dumps({KIND: {"Z1": ZoneBook().written(SHOP)}}))
    assert ZoneBook().zones(kept) == {"Z1": SHOP}


def test_a_zone_is_read_once_for_each_change() -> None:
    book = ZoneBook()
    records = {KIND: {"Z1": book.written(SHOP)}}
    assert book.zones(records)["Z1"] is SHOP
    assert book.zones(records) is book.zones(records)
    more = {KIND: {**records[KIND], "Z2": book.written(zone("b.test", zone_id="Z2"))}}
    assert list(book.zones(more)) == ["Z1", "Z2"]
    assert book.zones(more)["Z1"] is SHOP
    assert book.zones({}) == {}


def body(*records: dict[str, object]) -> dict[str, object]:
    return {"name": "a.", "records": list(records), "caller_reference": "", "comment": "", "tags": {}}


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        body(),
        body({}),
        body({"name": "A.", "type": "A", "ttl": 1, "values": ["192.0.2.1"]}),
        body({"name": "a.", "type": "A", "ttl": 1, "values": ["192.0.2"]}),
        body({"name": "a.", "type": "A", "ttl": 1, "values": []}),
        body({"name": "a.", "type": "SRV", "ttl": 1, "values": ["x"]}),
        body({"name": "a.", "type": "A", "alias": ["Z1"]}),
    ],
)
def test_what_nobody_has_written_is_not_read(body: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        ZoneBook().zones({KIND: {"Z1": body}})
