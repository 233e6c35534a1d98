"""What a load balancer in a test costs: imports, time, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simlb.dataplane.descriptors import count_open
from simlb.testing import ALB, FakeBackend

ROOT = Path(__file__).resolve().parents[2]


def new_modules(first: str, then: str) -> set[str]:
    """The modules that `then` imports in a fresh interpreter that has run `first`."""
    found = "print(json.dumps(sorted(set(sys.modules) - before)))"
    script = f"import sys, json\n{first}\nbefore = set(sys.modules)\n{then}\n{found}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


class TestImports:
    def test_the_package_alone(self) -> None:
        assert new_modules("import __future__", "import simlb") == {"simlb"}

    def test_the_plugin_in_a_suite_that_does_not_use_it(self) -> None:
        assert new_modules("import pytest, typing, math", "import simlb.pytest_plugin") == {
            "simlb",
            "simlb.pytest_plugin",
        }

    def test_no_web_framework_and_no_other_loop_for_a_running_one(self) -> None:
        script = (
            "import simlb\n"
            "alb = simlb.ALB()\n"
            "alb.listen(443, cert='a.test').forward('web', simlb.FakeBackend())\n"
            "with alb.start() as lb: lb.get('/')"
        )
        heavy = {"aiohttp", "uvloop", "uvicorn", "yaml", "rich", "requests", "httpx", "simlb.cli", "simlb.scenario"}
        assert new_modules("", script) & heavy == set()

    def test_what_the_package_has_not(self) -> None:
        import simlb

        assert {"ALB", "Clock", "FakeBackend", "HealthCheck"} <= set(dir(simlb))
        with pytest.raises(AttributeError, match="module 'simlb' has no attribute 'Alb'"):
            _ = simlb.Alb


def build() -> ALB:
    alb = ALB()
    alb.listen(80).redirect("https")
    alb.listen(443, cert="api.simlb.test").forward("web", FakeBackend(), FakeBackend())
    return alb


class TestNothingIsLeft:
    @pytest.fixture(autouse=True)
    def counted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Sockets and other files, threads and temporary folders are as many afterwards as before."""
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with build().start() as lb:  # the CA, the certificate, the imports
            lb.get("/")
        before = (count_open(), threading.active_count())
        yield
        assert (count_open(), threading.active_count()) == before
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.slow
    def test_200_one_after_another(self) -> None:
        for _ in range(200):
            with build().start() as lb:
                assert lb.get("/").status_code == 301

    @pytest.mark.slow
    def test_50_at_once(self) -> None:
        running = [build().start() for _ in range(50)]
        statuses = [lb.get("https://api.simlb.test/").status_code for lb in running]
        for lb in running:
            lb.stop()
        assert statuses == [200] * 50

    async def test_20_on_one_loop(self) -> None:
        tasks = asyncio.all_tasks()

        async def use() -> int:
            async with build() as lb:
                return (await lb.aget("https://api.simlb.test/")).status_code

        assert await asyncio.gather(*(use() for _ in range(20))) == [200] * 20
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == tasks

    def test_with_requests_under_way(self) -> None:
        alb = ALB()
        backend = FakeBackend(hang=True)
        alb.listen(80).forward("web", backend)
        lb = alb.start()
        statuses: list[int] = []
        asking = threading.Thread(target=lambda: statuses.append(lb.get("/").status_code))
        asking.start()
        lb.in_flight(1)
        lb.stop()
        asking.join()
        assert statuses == [502]

    def test_of_an_application_s_threads(self) -> None:
        def app(environ: object, start_response: Callable[..., object]) -> list[bytes]:
            start_response("200 OK", [])
            return [b"ok"]

        alb = ALB()
        alb.listen(80).forward("web", app)
        with alb.start() as lb:
            assert lb.get("/").text == "ok"

    def test_when_the_start_fails(self) -> None:
        alb = build()
        alb.listen(80).fixed(200)
        with pytest.raises(Exception, match="already exists on this port"):
            alb.start()


@pytest.mark.slow
def test_ready_and_gone_quickly() -> None:
    """In a warm process: ready in under 50 ms, gone in under 20 ms."""
    ready, gone = [], []
    for _ in range(12):
        alb = build()
        began = time.perf_counter()
        lb = alb.start()
        ready.append(time.perf_counter() - began)
        assert lb.get("/").status_code == 301
        began = time.perf_counter()
        lb.stop()
        gone.append(time.perf_counter() - began)
    assert statistics.median(ready) < 0.05
    assert statistics.median(gone) < 0.02
