"""The demo in a terminal: keys kill and revive, and the terminal is given back as it was."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from simlb.controlplane.client import ControlClient
from tests.e2e.harness import DEADLINE_S, SIMLB, Workshop, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")


class Terminal:
    """A simlb command at a pseudo-terminal, as the foreground job; one that serves, unless `flags` say otherwise."""

    def __init__(self, workshop: Workshop, *arguments: str, flags: tuple[str, ...] = ("--control-port", "0")) -> None:
        import pty
        import termios

        self.workshop = workshop
        self._screen = b""
        self.master, self.slave = pty.openpty()
        self.modes_before = termios.tcgetattr(self.slave)
        os.set_blocking(self.master, False)
        # A small helper makes the terminal the controlling one, which only a session leader can.
        become = (
            "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", become, *SIMLB, *arguments, *flags],
            cwd=workshop.here,
            env=workshop.environment | {"TERM": "xterm-256color"},
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
        )

    @property
    def screen(self) -> str:
        with contextlib.suppress(BlockingIOError, OSError):
            while data := os.read(self.master, 65536):
                self._screen += data
        return self._screen.decode(errors="replace").replace("\r\n", "\n")

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())

    def shows(self, text: str) -> None:
        wait_until(lambda: text in self.screen, lambda: f"{text!r} on the screen:\n{self.screen}")

    def modes(self) -> list[object]:
        import termios

        return termios.tcgetattr(self.slave)

    def state(self, name: str) -> str:
        with ControlClient.for_instance(self.workshop.home, "default") as client:
            return next(target.state for target in client.status().targets() if target.name == name)

    def wait(self) -> int:
        """Wait for the end, reading on: a full terminal would stop who writes."""
        wait_until(lambda: (self.screen, self.process.poll())[1] is not None, lambda: f"it ends:\n{self.screen}")
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def demo(simlb: Workshop) -> Iterator[Terminal]:
    terminal = Terminal(simlb, "demo", "--speed", "80")
    yield terminal
    terminal.close()


def test_keys_kill_and_revive(demo: Terminal) -> None:
    demo.shows("3 targets healthy")
    assert "K kills i-03" in demo.screen
    assert demo.modes() != demo.modes_before, "single keys, without Enter"
    demo.press("k")
    demo.shows("i-03  killed (pid ")
    assert demo.state("i-03") == "healthy", "the load balancer does not know yet"
    demo.shows("healthy -> unhealthy  Target.FailedHealthChecks: Health checks failed")
    demo.press("s")
    demo.shows("killed by SIGKILL")
    demo.press("r")
    demo.shows("i-03  started (pid ")
    demo.shows("unhealthy -> healthy")
    assert demo.state("i-03") == "healthy"
    demo.press("?")
    demo.press("q")
    assert demo.wait() == 0
    demo.shows("simlb stopped.")
    assert demo.modes() == demo.modes_before


def test_ctrl_c_gives_the_terminal_back(demo: Terminal) -> None:
    demo.shows("Keys: ")
    demo.press("\x03")
    assert demo.wait() == 0
    assert "Traceback" not in demo.screen
    assert demo.modes() == demo.modes_before


def test_closing_the_window_stops_it(simlb: Workshop) -> None:
    """SIGHUP means reload, but not when it says that the terminal has gone."""
    terminal = Terminal(simlb, "demo", "--speed", "50")
    terminal.shows("3 targets healthy")
    os.close(terminal.master)
    os.close(terminal.slave)
    assert terminal.process.wait(DEADLINE_S) == 0
    assert not (simlb.home / "run" / "default.json").exists()
