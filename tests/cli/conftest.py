"""A running instance for the command line to talk to: the real control port over a fake instance, in a thread."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp.web import RouteDef

from simlb.cli.main import main
from simlb.controlplane import runfile
from simlb.controlplane.explain_routes import explain_routes
from simlb.controlplane.explain_state_routes import state_routes
from simlb.controlplane.fault_routes import fault_routes
from simlb.controlplane.server import ControlServer
from simlb.faults.desk import BookDesk
from tests.controlplane.explains import FakeExplainDesk, FakeStateDesk
from tests.controlplane.fakes import FakeInstance
from tests.faults.fake_site import FakeSite, book

TOKEN = "s3cret"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder, and an empty current folder beside it."""
    monkeypatch.setenv("SIMLB_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("SIMLB_CERTS", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "state"


@pytest.fixture
def run(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: exit status, standard output, standard error."""

    def run(*argv: str) -> tuple[int, str, str]:
        status = main(argv)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


class Opener:
    """Stands in for the browser: what it was asked to open."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def __call__(self, address: str) -> bool:
        self.opened.append(address)
        return True


class Running:
    """The control port of a fake instance. `end_process` stands in for the process that a stop ends."""

    def __init__(self, state_dir: Path, name: str, more: Sequence[RouteDef] = ()) -> None:
        """`more` are further routes."""
        self.instance = FakeInstance()
        self._state_dir = state_dir
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.site = FakeSite()
        faults, _ = book(self.site)
        self.explaining = FakeExplainDesk()
        self.standing = FakeStateDesk()
        routes = [
            *fault_routes(BookDesk(faults, self.site)),
            *explain_routes(self.explaining),
            *state_routes(self.standing),
            *more,
        ]
        self._server = ControlServer(self.instance, TOKEN, 0, routes=routes)
        self._wait(self._server.start())
        # A process of its own, so that `down` can watch it end.
        self.process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        self.record = self._publish(name)

    def end_process(self) -> None:
        self.process.communicate(b"\n")

    def close(self) -> None:
        self._wait(self._server.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self.process.poll() is None:
            self.end_process()

    def _publish(self, name: str) -> runfile.RunFile:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "getpid", lambda: self.process.pid)
            return runfile.write(
                self._state_dir,
                instance=name,
                control_host="127.0.0.1",
                control_port=self._server.port,
                token=TOKEN,
                version="0.1.0",
                ca_path=str(self._state_dir / "ca.pem"),
            )

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


@pytest.fixture
def running(state_dir: Path) -> Iterator[Running]:
    """An instance called `default`."""
    instance = Running(state_dir, "default")
    yield instance
    instance.close()
