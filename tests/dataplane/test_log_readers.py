"""Programs that read ALB's logs read simlb's: Athena's tables, and goaccess (reference 7.1).

That Athena's expressions match is checked for every line of every test of the data plane, when its rig closes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from simlb.core.access_log import format_line
from simlb.core.model import Certificate, Protocol, RedirectAction
from tests.core import athena
from tests.dataplane.harness import OK, Client, Rig, TargetConnection, until
from tests.dataplane.routes import fixed, get, path, rule, weighted
from tests.dataplane.test_tls import certificates, connect
from tests.dataplane.test_tunnels import SWITCH, UPGRADE

__all__ = ["certificates"]

LINE_BYTES_MAX = 4096
"""Of goaccess: longer lines it takes for several."""


@pytest.fixture(scope="session")
def goaccess() -> str:
    """The path of goaccess. Where it is missing the test is skipped, except under CI."""
    found = shutil.which("goaccess")
    if found is None:
        if os.environ.get("CI") and sys.platform == "linux":
            pytest.fail("goaccess is missing, and CI must not go without it")
        pytest.skip("goaccess is not installed: nobody has checked that it reads the access log (make test-tools)")
    return found


async def moody(connection: TargetConnection) -> None:
    """Upgrades, answers, or closes without an answer, as the path asks."""
    while (request := await connection.request()) is not None:
        if "/chat" in request.start_line:
            await connection.send(SWITCH)
        elif "/close" in request.start_line:
            connection.close()
            return
        elif "/500" in request.start_line:
            await connection.send(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
        else:
            await connection.send(OK)


HOSTILE = rb'" 200 200 0 0 "GET / HTTP/1.1" \x22 \\ - %s' + b"\t\x7f\xff\xec\x95\x88\x00"
REQUESTS = [
    get("/"),
    get("/a?b=c&d=%22e%20f", "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "Referer: http://a/"),
    get("/", "User-Agent: -"),
    get("/", "User-Agent: "),
    get("/r/x?y=1"),
    b"GET /r/a b?c d HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    b"GET /r/\xec\x95\x88\x22 HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    get("/fixed"),
    get("/404"),
    get("/none"),
    get("/old/1"),
    get("/500"),
    get("/close"),
    get("/", method="HEAD"),
    get("/", method="CUSTOM-METHOD"),
    get("http://uri.test/x"),
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: " + HOSTILE[:-1] + b"\r\n\r\n",
    b"GET /" + HOSTILE.replace(b" ", b"").replace(b"\0", b"") + b" HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: shop.test\r\n\r\n",
    b"TRACE / HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    b"\x00\x01\x02\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: " + b"1, " * 31 + b"1\r\n\r\n",
    b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: shop.test\r\n\r\n",
]
UNFINISHED = b"GET / HT"


async def lines_of_all_kinds(rig: Rig, certificates: tuple[Certificate, ...]) -> list[str]:
    """What the log says of these requests, over HTTP and HTTPS, and of two WebSockets."""
    target = await rig.target(moody)
    rules = (
        rule(1, path("/r/*"), action=RedirectAction(status_code="HTTP_301", path="/new/#{path}")),
        rule(2, path("/fixed"), action=fixed("hello")),
        rule(3, path("/404"), action=fixed("gone", 404)),
        rule(4, path("/none"), action=weighted(empty=1)),
        rule(5, path("/old/*"), action=weighted(web=1), host=("^shop", "inner"), url=("^/old", "/new")),
    )
    plain = rig.listener(rules=rules)
    secure = rig.listener(port=443, protocol=Protocol.HTTPS, certificates=certificates, rules=rules)
    await rig.apply(plain, secure, groups=(rig.group(target), rig.group(name="empty")))
    await rig.healthy()
    openers: list[Callable[[], Awaitable[Client]]] = [rig.client, partial(connect, rig)]
    for count, (open_, data) in enumerate(product(openers, [*REQUESTS, UPGRADE, UNFINISHED]), 1):
        client = await open_()
        client.send(data)
        if data is UPGRADE:
            await client.up_to(b"\r\n\r\n")
        if data in {UPGRADE, UNFINISHED}:
            await client.close()
        await until(partial(has_records, rig, count), f"the line of {data[:80]!r}")
    return [format_line(record) for record in rig.records]


def has_records(rig: Rig, count: int) -> bool:
    return len(rig.records) == count


@pytest.mark.slow
async def test_goaccess_and_athena_read_every_line(
    rig: Rig, certificates: tuple[Certificate, ...], tmp_path: Path, goaccess: str
) -> None:
    lines = await lines_of_all_kinds(rig, certificates)
    rows = [athena.access(line) for line in lines]
    assert {row["type"] for row in rows} == {"http", "https", "ws", "wss"}
    statuses = {row["elb_status_code"] for row in rows}
    assert statuses >= {"101", "200", "301", "400", "404", "405", "463", "500", "502", "503", "505"}
    actions = {row["actions_executed"] for row in rows}
    assert actions >= {"forward", "redirect", "fixed-response", "rewrite,forward", "-"}
    assert {row["request_verb"] for row in rows} >= {"GET", "HEAD", "CUSTOM-METHOD", "-"}
    for row in rows:
        assert row["conn_trace_id"].startswith("TID_")
        assert row["target_port"].isdigit() == (row["target_ip"] == "10.0.0.1")
    assert max(map(len, lines)) < LINE_BYTES_MAX
    log, report = tmp_path / "access.log", tmp_path / "report.json"
    log.write_text("\n".join(lines) + "\n")
    command = [goaccess, str(log), "--log-format=AWSALB", "--no-global-config", "--no-progress", "-o", str(report)]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(report.read_text())["general"]
    assert (found["valid_requests"], found["failed_requests"]) == (len(lines), 0)
