"""Large bodies pass through TLS in both directions while simlb's memory stays flat."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.e2e import processes
from tests.e2e.configs import web
from tests.e2e.harness import Workshop

SIZE = 64 * 1024 * 1024
GROWTH_MAX = 40 * 1024 * 1024
BLOCK = b"0123456789abcdef" * 4096

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="reads memory from /proc")


def _growth(pid: int, before: int) -> int:
    return processes.memory_bytes(pid, "VmHWM") - before


def test_64_mb_down(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: stream"))
    instance.wait_healthy()
    processes.forget_peak(instance.pid)
    before = processes.memory_bytes(instance.pid)
    connection = instance.client().connect()
    connection.request("GET", f"/large?bytes={SIZE}")
    response = connection.getresponse()
    digest, size = hashlib.sha256(), 0
    while block := response.read(1 << 18):
        digest.update(block)
        size += len(block)
    connection.close()
    assert size == SIZE
    assert digest.digest() == hashlib.sha256(BLOCK * (SIZE // len(BLOCK))).digest()
    assert _growth(instance.pid, before) < GROWTH_MAX


@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
def test_64_mb_up(simlb: Workshop, chunked: bool) -> None:
    instance = simlb.serve(web("sample: stream"))
    instance.wait_healthy()
    processes.forget_peak(instance.pid)
    before = processes.memory_bytes(instance.pid)
    connection = instance.client().connect()
    headers = {} if chunked else {"Content-Length": str(SIZE)}
    blocks = (BLOCK for _ in range(SIZE // len(BLOCK)))
    connection.request("POST", "/upload", body=blocks, headers=headers, encode_chunked=chunked)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert answer["size"] == SIZE
    assert answer["sha256"] == hashlib.sha256(BLOCK * (SIZE // len(BLOCK))).hexdigest()
    assert _growth(instance.pid, before) < GROWTH_MAX


def test_a_client_that_does_not_read_stops_the_target(simlb: Workshop) -> None:
    """Back-pressure: a gigabyte is on offer, nobody takes it, and nothing piles up."""
    instance = simlb.serve(web("sample: stream"))
    instance.wait_healthy()
    target = instance.target("i-01").pid
    assert target is not None
    processes.forget_peak(instance.pid)
    before = {pid: processes.memory_bytes(pid) for pid in (instance.pid, target)}
    connection = instance.client().connect()
    connection.request("GET", f"/large?bytes={1 << 30}")
    response = connection.getresponse()
    assert response.read(1 << 20) == BLOCK * 16
    # Another client is served all the while.
    for _ in range(20):
        assert instance.client().get("/health").status == 200
    assert instance.target("i-01").in_flight == 1
    assert _growth(instance.pid, before[instance.pid]) < GROWTH_MAX
    assert processes.memory_bytes(target) - before[target] < GROWTH_MAX
    connection.close()
