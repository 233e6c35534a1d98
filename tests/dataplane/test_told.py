"""What a node tells of connections and probes (reference 7.2, 7.3)."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace

import pytest

from simlb.core import connection_log, health_check_log
from simlb.core.attributes import LogBucket
from simlb.core.model import HealthCheck
from tests.dataplane.harness import OK, Rig, ScriptedTarget, TargetConnection, answer, until
from tests.dataplane.test_clients import post
from tests.dataplane.test_tls import certificates, connect, secure, trusting

__all__ = ["certificates", "secure"]


def lines(rig: Rig) -> list[list[str]]:
    return [connection_log.format_line(record).split(" ") for record in rig.connections]


async def test_an_http_connection_is_told_once_with_the_trace_id_of_its_requests(rig: Rig) -> None:
    await rig.fixed()
    client = await rig.client()
    for _ in range(3):
        await client.ask()
    (line,) = lines(rig)
    assert line[1:4] == ["127.0.0.1", str(client.writer.get_extra_info("sockname")[1]), "80"]
    assert line[4:11] == ["-", "-", "-", '"-"', "-", "-", "-"]
    assert {row[29] for row in rig.lines} == {line[11]}
    assert line[12:] == ["-", "app/web/50dc6c495c0c9188", "127.0.0.1"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("is_logged", [False, True])
async def test_an_https_connection(secure: Rig, version: ssl.TLSVersion, is_logged: bool) -> None:
    await secure.apply(connection_logs=LogBucket() if is_logged else None)
    context = trusting(version)
    context.set_ecdh_curve("prime256v1")
    client = await connect(secure, context=context)
    await client.ask(post(b"hi"))
    (line,) = lines(secure)
    cipher = client.tls.cipher()
    assert cipher is not None
    assert line[3:6] == ["443", client.tls.version(), cipher[0]]
    assert 0 <= float(line[6]) < 3
    assert line[7:11] == ['"-"', "-", "-", "Success"]
    assert secure.lines[0][29] == line[11]
    assert line[12] == ("secp256r1" if is_logged else "-"), "looked for only where a log shows it"


async def test_failed_handshakes_are_told_and_nothing_else(secure: Rig) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await connect(secure, context=ssl.create_default_context())
    client = await secure.client(443)
    client.send(b"\x00\x01\x02")
    assert await client.is_closed()
    client = await secure.client(443)
    assert (await client.ask()).status == 400
    (await secure.client(443)).reset()
    await until(lambda: len(secure.connections) == 3, "three are told")
    await asyncio.sleep(0.01)
    assert [line[10] for line in lines(secure)] == ["Failed:UnmappedConnectionError"] * 3
    assert all(line[1] == "127.0.0.1" and line[2] != "0" and line[4:7] == ["-", "-", "-"] for line in lines(secure))
    assert len({line[11] for line in lines(secure)}) == 3


async def probe_lines(rig: Rig, target: ScriptedTarget, count: int) -> list[str]:
    """Lines of the first probes of a target, without their time and latency."""
    group = replace(rig.group(target), health_check=HealthCheck())
    await rig.apply(rig.listener(), groups=(group,))
    await until(lambda: rig.probes, "the first probe is over")
    while len(rig.probes) < count:
        await rig.clock.advance(5)
    told = [health_check_log.format_line(record).split(" ") for record in rig.probes]
    assert all(float(line[2]) >= 0 for line in told)
    return [" ".join([line[0], *line[3:]]) for line in told]


async def test_every_probe_is_told(rig: Rig) -> None:
    target = await rig.target(answer(OK))
    assert await probe_lines(rig, target, 3) == ["http 10.0.0.1:80 web PASS 200 -"] * 3
    assert {record.elb for record in rig.probes} == {"app/web/50dc6c495c0c9188"}


async def test_a_probe_on_a_port_of_its_own_shows_that_port(rig: Rig) -> None:
    target = await rig.target(answer(OK))
    await rig.serve(target)
    (line,) = [health_check_log.format_line(record).split(" ") for record in rig.probes]
    assert line[3:] == [f"10.0.0.1:{rig.health_port}", "web", "PASS", "200", "-"]


async def test_a_probe_that_nobody_answers(rig: Rig) -> None:
    async def silence(connection: TargetConnection) -> None:
        await connection.request()
        await connection.hang()

    target = await rig.target(silence)
    group = replace(rig.group(target), health_check=HealthCheck(timeout_s=2))
    await rig.apply(rig.listener(), groups=(group,))
    await until(lambda: target.requests, "the probe is there")
    await rig.clock.advance(2)
    (line,) = [health_check_log.format_line(record).split(" ") for record in rig.probes]
    assert line[3:] == ["10.0.0.1:80", "web", "FAIL", "-", "TimedOut"]
