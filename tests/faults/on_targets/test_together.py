"""Several faults at once, several groups, and reloads in between."""

from __future__ import annotations

from dataclasses import replace

from simlb.core.wildcards import Wildcard
from simlb.faults import http_abort, link_bandwidth, link_latency, link_reset
from simlb.faults.selection import Match, Selection
from tests.dataplane.harness import OK, Rig, answer
from tests.dataplane.routes import get, path, rule, weighted
from tests.faults.on_targets.places import in_flight, install, sent, statuses


async def test_a_late_error(rig: Rig) -> None:
    await rig.serve(answer(OK))
    late = await install(rig, link_latency.FAULT_TYPE, delay=2.0)
    failing = await install(rig, http_abort.FAULT_TYPE, status=500)
    client = await sent(rig)
    await rig.clock.advance(3.9)
    assert rig.records == []
    await rig.clock.advance(0.1)
    assert (await client.response()).status == 500
    await late.remove()
    assert (await client.ask()).status == 500
    await failing.remove()
    assert (await client.ask()).status == 200


async def test_each_selects_for_itself(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await install(rig, http_abort.FAULT_TYPE, selection=Selection(every=2), status=500)
    await install(rig, link_reset.FAULT_TYPE, selection=Selection(match=Match(path=Wildcard("/b"))))
    seen = [(await rig.ask(get(place))).status for place in ("/a", "/a", "/b", "/b", "/a")]
    # The fourth is answered by the first fault, so that the second one lets it be.
    assert seen == [200, 500, 502, 500, 200]


async def test_what_is_answered_already_is_not_counted(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await install(rig, http_abort.FAULT_TYPE, selection=Selection(count=2), status=500)
    await install(rig, http_abort.FAULT_TYPE, selection=Selection(count=2), status=503)
    assert [(await rig.ask()).status for _ in range(5)] == [500, 500, 503, 503, 200]


async def test_numbers_go_on_over_targets_groups_and_reloads(rig: Rig) -> None:
    target = await rig.target(answer(OK))
    other = await rig.target(answer(OK))
    groups = (rig.group(target), rig.group(rig.describe(other, 2), name="api"))
    rules = (rule(1, path("/api"), action=weighted(api=1)),)
    await rig.apply(rig.listener(rules=rules), groups=groups)
    await rig.healthy()
    await rig.healthy("api")
    fault = await install(rig, http_abort.FAULT_TYPE, "i-01", "i-02", selection=Selection(every=3))
    places = ["/", "/api"] * 3
    assert [(await rig.ask(get(place))).status for place in places] == [200, 200, 503, 200, 200, 503]
    await rig.apply(groups=tuple(replace(group) for group in groups))
    assert [(await rig.ask(get(place))).status for place in places] == [200, 200, 503, 200, 200, 503]
    assert (fault.selector.seen, fault.selector.struck) == (12, 4)


async def test_an_upload_through_a_narrow_and_long_way(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await install(rig, link_latency.FAULT_TYPE, delay=1.0)
    await install(rig, link_bandwidth.FAULT_TYPE, rate=10_000)
    client = await rig.client()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n" + bytes(50_000))
    await in_flight(rig)
    await rig.clock.advance(6.9)
    assert rig.records == []
    await rig.clock.advance(1)
    assert (await client.response("POST")).status == 200
    assert statuses(rig) == [("200", "200")]
