"""Ten thousand clients at once: held in little memory, traffic goes on between them, and nothing of them is left."""

from __future__ import annotations

import statistics
import time

import pytest

from tests.e2e import processes
from tests.e2e.client import exchange
from tests.e2e.harness import Workshop, wait_until
from tests.survival.crowd import Crowd
from tests.survival.measure import FIXED, LOOPS, PLAIN, cpu_s, descriptors, every_kind

MANY = {"uvloop": 10_000, "standard loop": 2_000}
TLS_MANY = 500
PLAIN_MAX_BYTES, TLS_MAX_BYTES = 8_000, 40_000
"""Tripwires; what was measured is printed (pytest -s) and a good deal less."""

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="looks into /proc")


@pytest.mark.parametrize("loop", LOOPS)
def test_thousands_of_idle_connections(simlb: Workshop, loop: str, many_descriptors: int) -> None:
    count = min(MANY[loop], many_descriptors - 1_500)
    simlb.write(every_kind("sample: echo"))
    instance = simlb.start("up", program=LOOPS[loop])
    instance.wait_healthy()
    listener = instance.listener(FIXED)
    client = instance.client(PLAIN).connect()
    with Crowd(listener.bind_host, listener.published_port) as crowd:
        crowd.grow(100, asks=True)  # what is allocated once is not counted
        held, base = descriptors(instance.pid), processes.memory_bytes(instance.pid)
        began = time.monotonic()
        crowd.grow(count, asks=True)
        took = time.monotonic() - began
        each = (processes.memory_bytes(instance.pid) - base) / count
        # One for each; a health check, the file of the log or a question of ours may come or go beside them.
        assert abs(descriptors(instance.pid) - held - count) <= 3

        waits = []
        used = cpu_s(instance.pid)
        for _ in range(300):
            asked = time.monotonic()
            assert exchange(client, "GET", "/").status == 200
            waits.append(time.monotonic() - asked)
        used = cpu_s(instance.pid) - used
        print(
            f"\n{loop}: {count} plain connections, {each:.0f} bytes each, {took:.1f} s to open and ask; between them "
            f"{statistics.median(waits) * 1000:.1f} ms median, {max(waits) * 1000:.1f} at worst; {used:.2f} s CPU"
        )
        assert each < PLAIN_MAX_BYTES
        assert statistics.median(waits) < 0.03
        assert max(waits) < 1.0
        assert not crowd.ended(), "all are still there"
    client.close()
    wait_until(lambda: descriptors(instance.pid) <= held - 95, "all are released but idle ones to the target")
    assert instance.view().counters["access_log_lines"] == count + 100 + 300
    with Crowd(listener.bind_host, listener.published_port) as crowd:
        crowd.grow(count // 2, asks=True)
        again = processes.memory_bytes(instance.pid) - base
    assert again < each * count + 8_000_000, "memory is used again"


def test_hundreds_of_idle_tls_connections(simlb: Workshop, many_descriptors: int) -> None:
    instance = simlb.serve(every_kind("sample: echo"))
    instance.wait_healthy()
    client = instance.client()
    kept = []
    try:
        for _ in range(20):
            kept.append(client.connect())
            assert exchange(kept[-1], "GET", "/").status == 200
        held, base = descriptors(instance.pid), processes.memory_bytes(instance.pid)
        for _ in range(TLS_MANY):
            kept.append(client.connect())
            assert exchange(kept[-1], "GET", "/").status == 200
        each = (processes.memory_bytes(instance.pid) - base) / TLS_MANY
        assert descriptors(instance.pid) >= held + TLS_MANY
        print(f"\nuvloop: {TLS_MANY} TLS connections, {each:.0f} bytes each")
        assert each < TLS_MAX_BYTES
    finally:
        for connection in kept:
            connection.close()
    wait_until(lambda: descriptors(instance.pid) <= held, "all are released")
