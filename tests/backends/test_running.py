"""Every sample as a real process under uvicorn, started the way simlb starts it."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from simlb.core.model import TargetProcess
from simlb.processes.ports import free_ports
from simlb.processes.samples import copy_starter
from simlb.processes.supervisor import SupervisedProcess, Supervisor
from tests.processes.helpers import is_alive, until

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

Run = Callable[..., Awaitable[SupervisedProcess]]


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Runs a sample until the end of the test; back when it answers."""
    supervisor = Supervisor(
        log_directory=tmp_path, on_started=lambda name, pid: None, on_exited=lambda name, pid, status: None
    )

    async def start(sample: str, **description: Any) -> SupervisedProcess:
        process = TargetProcess(name="i-01", port=free_ports(1)[0], sample=sample, **description)
        await supervisor.reconcile([process])
        held = supervisor.get("i-01")
        assert held is not None
        await until(lambda: get(process.port, "/health") is not None, f"{sample} answers: {held.log_tail(20)}")
        return held

    yield start
    await supervisor.stop_all()


def get(
    port: int, path: str, method: str = "GET", body: bytes | None = None
) -> tuple[http.client.HTTPResponse, bytes] | None:
    """One request on a connection of its own; None when nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response, response.read()
    except ConnectionError:
        return None
    finally:
        connection.close()


def answer(held: SupervisedProcess, path: str, **more: Any) -> tuple[http.client.HTTPResponse, bytes]:
    got = get(held.process.port, path, **more)
    assert got is not None
    return got


async def test_echo(run: Run) -> None:
    held = await run("echo")
    response, body = answer(held, "/hello?x=1", method="POST", body=b"abc")
    seen = json.loads(body)
    assert (seen["target"], seen["pid"], seen["path"], seen["query"]) == ("i-01", held.pid, "/hello", "x=1")
    assert seen["body"]["size"] == 3
    assert response.getheader("server") == "uvicorn"
    assert answer(held, "/?status=204")[0].status == 204
    assert answer(held, "/?chunked=1&size=100000")[0].getheader("transfer-encoding") == "chunked"
    assert held.kill()
    assert await held.wait_exited() == (1 if sys.platform == "win32" else -signal.SIGKILL)
    assert get(held.process.port, "/") is None


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory use from /proc")
async def test_stream_has_flat_memory_and_websockets(run: Run) -> None:
    from websockets.asyncio.client import connect

    held = await run("stream")
    assert len(answer(held, "/large?bytes=50000000")[1]) == 50_000_000
    assert json.loads(answer(held, "/upload", method="POST", body=bytes(50_000_000))[1])["size"] == 50_000_000
    status = Path(f"/proc/{held.pid}/status").read_text()
    peak_kb = int(status.partition("VmHWM:")[2].split()[0])
    assert peak_kb < 60_000
    async with connect(f"ws://127.0.0.1:{held.process.port}/ws", proxy=None) as client:
        await client.send("안녕")
        assert await client.recv() == "안녕"
        await client.send(b"\x00\xff")
        assert await client.recv() == b"\x00\xff"


async def test_slow(run: Run) -> None:
    held = await run("slow", environment={"SIMLB_LATENCY_MS": "500", "SIMLB_JITTER_MS": "0", "SIMLB_SPEED": "100"})
    assert json.loads(answer(held, "/")[1]) == {"target": "i-01", "latency_ms": 500.0, "real_ms": 5.0}


@pytest.mark.skipif(sys.platform != "linux", reason="looks at process groups in /proc")
async def test_starter_restarts_when_its_copy_is_saved(run: Run, tmp_path: Path) -> None:
    copy = copy_starter(tmp_path / "lesson")
    held = await run("starter", working_directory=copy.parent)
    assert answer(held, "/health")[0].status == 404
    source = copy.read_text(encoding="utf-8")
    copy.write_text(source.replace("    # elif", "    elif").replace("    #     a", "        a"), encoding="utf-8")

    def reloader_has_seen_it() -> bool:
        # It compares times with those of its first look, which may not have been yet: save until it sees.
        os.utime(copy, (copy.stat().st_atime, copy.stat().st_mtime + 1))
        return "detected changes" in held.log_path.read_text()

    await until(reloader_has_seen_it, "the reloader notices")

    def status() -> int | None:
        got = get(held.process.port, "/health")
        return None if got is None else got[0].status

    await until(lambda: status() == 200, f"/health is there: {held.log_tail(20)}")
    assert "i-01" in answer(held, "/")[1].decode()
    group = [pid for pid in processes() if in_group(pid, held.pid)]
    assert len(group) >= 2
    held.kill()
    await held.wait_exited()
    assert not any(is_alive(pid) for pid in group)


def processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def in_group(pid: int, group: int | None) -> bool:
    try:
        return os.getpgid(pid) == group
    except ProcessLookupError:
        return False


async def test_an_app_that_cannot_be_imported_says_so_in_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(
        log_directory=tmp_path, on_started=lambda name, pid: None, on_exited=lambda name, pid, status: None
    )
    (tmp_path / "echo.py").write_text("import nothing_like_this\n")
    await supervisor.reconcile([TargetProcess(name="i-09", port=1, sample="echo", working_directory=tmp_path)])
    held = supervisor.get("i-09")
    assert held is not None
    async with asyncio.timeout(10):
        assert await held.wait_exited() == 1
    assert "nothing_like_this" in held.log_tail()[-1]
    await supervisor.stop_all()
