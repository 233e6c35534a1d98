"""The instance's name server: when it listens, and what it knows."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from simlb.core.changes import LoadBalancerFacts
from simlb.core.dns.names import canonical
from simlb.core.dns.values import Address
from simlb.errors import SimlbError
from tests.app.conftest import Bench
from tests.core.dns.zones import record_set, zone

SHOP = zone("shop.test", record_set("_x.shop.test", "CNAME", "_Y.acm.test"))


def with_zone(bench: Bench) -> None:
    records = {"route53.hosted-zone": {"Z1": bench.app.names.written(SHOP)}}
    bench.app.changes = replace(bench.app.changes, records=records)


def addresses(bench: Bench, type_: str) -> list[str]:
    (balancer,) = bench.app.configuration.load_balancers
    answer = bench.app.names.answer(canonical(balancer.dns_name), type_)
    return [record.data.text for record in answer.records if isinstance(record.data, Address)]


async def test_it_listens_when_there_is_a_zone_or_it_was_asked_for(bench: Bench) -> None:
    app = await bench.start()
    assert app.view().dns is None
    with_zone(bench)
    await app.reload()
    assert app.view().dns is not None
    assert app.view().hosted_zones == ("shop.test.",)
    app.names.close()
    app.changes = replace(app.changes, records={})
    await app.reload()
    assert app.view().dns is None
    app.options = replace(app.options, dns_port=0)
    await app.reload()
    address = app.view().dns
    assert address is not None
    await app.reload()
    assert app.view().dns == address


async def test_a_port_that_is_taken_leaves_everything_as_it_was(bench: Bench) -> None:
    app = await bench.start()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        app.options = replace(app.options, dns_port=taken.getsockname()[1])
        with pytest.raises(SimlbError) as caught:
            await app.reload()
    assert caught.value.code == "E835"
    assert app.view().dns is None


async def test_the_addresses_of_a_load_balancer_are_where_it_listens(bench: Bench) -> None:
    app = await bench.start()
    assert addresses(bench, "A") == ["127.0.0.1"]
    assert addresses(bench, "AAAA") == []
    (balancer,) = app.configuration.load_balancers
    facts = LoadBalancerFacts(created_at=0, ip_address_type="dualstack")
    app.changes = replace(app.changes, facts={balancer.arn: facts})
    listener = app.nodes["my-alb"].listeners[81]
    listener.host = "::"
    assert (addresses(bench, "A"), addresses(bench, "AAAA")) == (["127.0.0.1"], ["::1"])
    listener.host = "127.0.3.1"
    assert addresses(bench, "A") == ["127.0.0.1", "127.0.3.1"]


async def test_records_for_those_who_validate_names(bench: Bench) -> None:
    await bench.start()
    with_zone(bench)
    records = bench.app.names.records
    assert records("_X.shop.test", "CNAME") == ["_y.acm.test."]
    assert records("_x.shop.test.", "TXT") == []
    assert records("no name", "TXT") == []


async def test_a_zone_that_cannot_be_read_is_told(bench: Bench) -> None:
    app = await bench.start()
    app.changes = replace(app.changes, records={"route53.hosted-zone": {"Z1": {"name": "a."}}})
    with pytest.raises(SimlbError) as caught:
        await app.reload()
    assert caught.value.code == "E836"
    assert app.names.answer("a.", "A").status == "SERVFAIL"
    app.changes = replace(app.changes, records={})
