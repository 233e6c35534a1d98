"""What is counted of requests and connections on real sockets (reference 7.4, 4.3)."""

from __future__ import annotations

import ipaddress
from collections import Counter

import pytest

from simlb.core.metrics import MetricStore
from simlb.core.model import FixedResponseAction, InboundRule, RedirectAction, SecurityGroup
from simlb.observe.metrics import MetricSink
from tests.dataplane.harness import GET, Rig, until
from tests.dataplane.routes import fixed, named, path, route, rule, says
from tests.dataplane.test_target_breaks import closed_port
from tests.dataplane.tls_targets import serve_over_tls

BEHIND_A_SPACE = b"GET /a b HTTP/1.1\r\nHost: lb.test\r\n\r\n"
LOOSE_NAME = b"GET / HTTP/1.1\r\nHost: lb.test\r\nX_Loose: 1\r\n\r\n"
BROKEN = b"GET / HTTP/1.1\r\nHost: lb.test\r\nContent-Length: x\r\nX_Loose: 1\r\n\r\n"
DESYNC = "DesyncMitigationMode_NonCompliant_Request_Count"


class Counted:
    """The sums of a rig's exchanges."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._sink = MetricSink(MetricStore())
        rig.recorder.add(self._sink.take)

    async def after(self, *statuses: int) -> Counter[str]:
        await self._rig.logged(*statuses)
        self._rig.recorder.flush()
        return self._sink.sums()


@pytest.mark.parametrize(
    ("request_", "drops", "status", "expected"),
    [
        pytest.param(GET, False, 200, {}, id="ordinary"),
        pytest.param(BEHIND_A_SPACE, False, 200, {DESYNC: 1}, id="a space in the URI"),
        pytest.param(LOOSE_NAME, False, 200, {"ForwardedInvalidHeaderRequestCount": 1}, id="forwarded"),
        pytest.param(LOOSE_NAME, True, 200, {"DroppedInvalidHeaderRequestCount": 1}, id="dropped"),
        pytest.param(BROKEN, False, 400, {DESYNC: 1}, id="refused"),
    ],
)
async def test_odd_heads(rig: Rig, request_: bytes, drops: bool, status: int, expected: dict[str, int]) -> None:
    counted = Counted(rig)
    await rig.serve(says("a"), drop_invalid_header_fields=drops)
    assert (await rig.ask(request_)).status == status
    sums = await counted.after(status)
    names = (DESYNC, "ForwardedInvalidHeaderRequestCount", "DroppedInvalidHeaderRequestCount")
    assert {name: sums[name] for name in names if sums[name]} == expected


async def test_requests_that_are_not_led_back(rig: Rig) -> None:
    counted = Counted(rig)
    await named(rig, "a")
    await rig.apply(rig.listener(), groups=(rig.group(*rig.targets, stickiness_enabled=True),))
    await rig.healthy()
    cookie = str((await rig.ask()).all("Set-Cookie")[0]).partition(";")[0]
    for line in (cookie, "AWSALB=nonsense"):
        await rig.ask(GET[:-2] + f"Cookie: {line}\r\n\r\n".encode())
    assert (await counted.after(200, 200, 200))["NonStickyRequestCount"] == 2


async def test_rules_and_answers_of_the_load_balancers_own(rig: Rig) -> None:
    counted = Counted(rig)
    far = RedirectAction(status_code="HTTP_301", path=f"/{'x' * 9000}")
    near = RedirectAction(status_code="HTTP_302", path="/new")
    await route(rig, rule(10, path("/old"), action=near), rule(20, path("/far"), action=far), action=fixed("0"))
    for target in (b"/old", b"/far", b"/"):
        await rig.ask(GET.replace(b" / ", b" %b " % target))
    sums = await counted.after(302, 507, 200)
    assert sums["RuleEvaluations"] == 1 + 2 + 2
    assert {name: count for name, count in sums.items() if not name.endswith(("Bytes", "Evaluations"))} == {
        "HTTP_Redirect_Count": 1,
        "HTTPCode_ELB_3XX_Count": 1,
        "HTTP_Redirect_Url_Limit_Exceeded_Count": 1,
        "HTTPCode_ELB_5XX_Count": 1,
        "HTTP_Fixed_Response_Count": 1,
    }


async def test_connections(rig: Rig) -> None:
    await rig.serve(says("a"))
    clients = [await rig.client(), await rig.client()]
    for client in clients:
        await client.ask()
        await client.ask()
    counts = rig.node.counts
    (group,) = counts.groups.values()
    assert (counts.opened, group.opened) == (2, 1)
    assert rig.node.active_connections() == (2, 1)
    await clients[0].close()
    await until(lambda: rig.node.active_connections() == (1, 1))
    assert (counts.opened, counts.rejected, counts.tls_failed) == (2, 0, 0)
    assert group.probes == {("answered", True): 1}


async def test_who_is_not_let_in_is_no_connection(rig: Rig) -> None:
    inbound = (InboundRule(port=None, source=ipaddress.ip_network("127.0.0.2")),)
    await rig.apply(rig.listener(FixedResponseAction(status_code=200)), security_group=SecurityGroup(inbound=inbound))
    await rig.client()
    await rig.accepted()
    assert (rig.node.counts.opened, rig.node.active_connections()) == (0, (0, 0))
    await rig.client(source="127.0.0.2")
    await until(lambda: rig.node.counts.opened)
    assert rig.node.active_connections() == (1, 0)


async def test_a_target_that_cannot_be_reached(rig: Rig) -> None:
    await rig.serve(closed_port())
    for _ in range(2):
        assert (await rig.ask()).status == 502
    (group,) = rig.node.counts.groups.values()
    assert (group.opened, group.failed, group.tls_failed) == (0, 2, 0)


async def test_a_target_that_speaks_no_tls(rig: Rig) -> None:
    await serve_over_tls(rig, await rig.target(lambda connection: connection.send(b"SSH-2.0-x\r\n")))
    assert (await rig.ask()).status == 502
    (group,) = rig.node.counts.groups.values()
    assert (group.opened, group.failed, group.tls_failed) == (1, 0, 1)
