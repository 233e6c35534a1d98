"""A thousand reloads under load, and none of the requests notices."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from simlb.controlplane.client import ControlClient
from simlb.errors import SimlbError
from tests.e2e import processes
from tests.e2e.client import Traffic
from tests.e2e.harness import Workshop, wait_until
from tests.survival.measure import PLAIN, descriptors, every_kind, threads

RELOADS = 1_000

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="looks into /proc")


def test_a_thousand_reloads_fail_no_request(simlb: Workshop) -> None:
    urls = [f'url: "http://127.0.0.1:{simlb.target_server(name)}", name: {name}' for name in ("one", "two", "three")]
    other_check = "path: /, interval: 10s, timeout: 3s, unhealthy: 3"
    extra = '      - {protocol: HTTP, port: 8083, bind: "127.0.0.1:0", fixed_response: {status_code: 200}}\n'
    first = every_kind(*urls)
    texts = [
        first,
        every_kind(*urls[:2]),  # a target drains
        every_kind(*urls, check=other_check),  # is back, and the health check is another one
        first.replace("target_groups:", f"{extra}target_groups:"),  # a listener comes, and goes
        first.replace("forward: web", "forward: wbe"),  # refused
    ]
    simlb.write(first)
    instance = simlb.start("up", "--speed", "5")
    instance.wait_healthy()
    kept, fresh = instance.client(), instance.client(PLAIN)
    with Traffic(kept) as a, Traffic(fresh) as b, Traffic(fresh, keep_alive=False) as c:
        traffics = (a, b, c)
        wait_until(lambda: all(len(traffic.outcomes) > 20 for traffic in traffics), "traffic")
        held = descriptors(instance.pid), threads(instance.pid)
        memory = 0
        began = time.monotonic()
        with ControlClient.for_instance(simlb.home, instance.name) as control:
            for number in range(RELOADS):
                simlb.write(texts[number % len(texts)])
                if number % len(texts) < len(texts) - 1:
                    control.reload()
                else:
                    with pytest.raises(SimlbError, match="wbe"):
                        control.reload()
                if number == RELOADS // 10:
                    memory = processes.memory_bytes(instance.pid)
        took = time.monotonic() - began
        grown = processes.memory_bytes(instance.pid) - memory
        simlb.write(first)
        for _ in range(3):
            assert simlb.run("reload").returncode == 0
    asked = sum(len(traffic.outcomes) for traffic in traffics)
    print(f"\n{RELOADS} reloads in {took:.1f} s under {asked} requests; memory {grown / 1e6:+.1f} MB")
    assert [outcome for traffic in traffics for outcome in traffic.problems] == []
    assert asked > RELOADS / 2
    view = instance.view()
    assert view.counters["access_log_lines"] == asked
    assert len(instance.access_log.splitlines()) == asked
    assert grown < 15_000_000, "the kept lines, 10,000 of requests and of connections, may take so much"
    wait_until(
        lambda: descriptors(instance.pid) <= held[0] + 8 and threads(instance.pid) <= held[1] + 1,
        lambda: f"as before: {held}, now {descriptors(instance.pid), threads(instance.pid)}",
    )
    assert "Traceback" not in instance.output


def test_reloads_at_once(simlb: Workshop) -> None:
    """They queue up, and each is answered."""
    instance = simlb.serve(every_kind("sample: echo"))
    instance.wait_healthy()
    pid = instance.target("i-01").pid
    with Traffic(instance.client(PLAIN)) as traffic, ThreadPoolExecutor(6) as pool:
        finished = [pool.submit(simlb.run, "reload") for _ in range(6)]
        assert [command.result().returncode for command in finished] == [0] * 6
    assert not traffic.problems
    assert instance.target("i-01").pid == pid
