"""The instance's name server: when it listens, and what it knows."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from simlb.app.application import App
from simlb.app.elbv2 import AppEstate
from simlb.app.state_transfer import Transfer
from simlb.controlplane.operations.draft import Draft
from simlb.core.changes import LoadBalancerFacts
from simlb.core.dns.bodies import KIND
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
    app.options = replace(app.options, dns_port=0)
    await app.reload()
    app.changes = replace(app.changes, records={"route53.hosted-zone": {"Z1": {"name": "a."}}})
    with pytest.raises(SimlbError) as caught:
        await app.reload()
    assert caught.value.code == "E836"
    assert app.names.answer("a.", "A").status == "SERVFAIL"
    app.changes = replace(app.changes, records={})


async def test_zones_outlive_the_instance(bench: Bench) -> None:
    app = await bench.start()
    options = replace(app.options, keeps_state=True)
    await app.close(grace_s=0)
    for expected in (None, ("shop.test.",)):
        bench.app = app = App(options, bench.audience, app.compiled, clock=bench.clock)
        await app.start()
        assert (app.view().hosted_zones or None, app.view().dns is not None) == (expected, expected is not None)
        if expected is None:

            def add(draft: Draft) -> None:
                draft.put_record(KIND, "Z1", bench.app.names.written(SHOP))

            await AppEstate(app).change(add)
            await app.close(grace_s=0)
    assert app.names.zones() == {"Z1": SHOP}


async def test_a_state_with_a_zone_that_is_none_is_not_imported(bench: Bench) -> None:
    app = await bench.start()
    transfer = Transfer(app)
    document = {**transfer.export(with_keys=False), "records": [{"kind": KIND, "key": "Z1", "body": {"name": "a."}}]}
    with pytest.raises(SimlbError) as caught:
        await transfer.bring_in(document, replaces=True)
    assert (caught.value.code, "no hosted zone" in caught.value.what) == ("E814", True)
    document["records"] = [{"kind": KIND, "key": "Z1", "body": app.names.written(SHOP)}]
    await transfer.bring_in(document, replaces=True)
    assert app.view().dns is not None
