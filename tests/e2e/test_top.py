"""`simlb top` in a terminal over a real instance: it follows, copes with sizes and restarts, and leaves no trace."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.e2e.configs import web
from tests.e2e.harness import Workshop, wait_until
from tests.e2e.test_keys import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")

CLEAN_END = "\x1b[?1049l\x1b[?25h"
"""Back to the ordinary screen, with a cursor."""


def resize(terminal: Terminal, columns: int, lines: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def test_a_live_view(simlb: Workshop) -> None:
    instance = simlb.serve(
        web("sample: echo", "sample: echo", check="path: /health, interval: 5s, timeout: 2s"), "--speed", "20"
    )
    instance.wait_healthy()
    terminal = Terminal(simlb, "top", "--interval", "250ms", flags=())
    other = Terminal(simlb, "top", flags=())
    try:
        resize(terminal, 100, 30)
        terminal.shows("✔ healthy")
        other.shows("✔ healthy")
        assert simlb.run("target", "kill", "i-02").returncode == 0
        terminal.shows("✗ unhealthy")
        terminal.shows("killed (pid ")
        for size in ((160, 50), (30, 6), (5, 2)):
            resize(terminal, *size)
            seen = len(terminal.screen)
            wait_until(lambda seen=seen: len(terminal.screen) > seen, "another picture")  # type: ignore[misc]
        resize(terminal, 100, 30)

        finished = simlb.run("top", "--once", "--lang", "ko")
        assert finished.returncode == 0, finished.stderr
        assert "\x1b" not in finished.stdout
        assert "대상 " in finished.stdout
        assert "i-02" in finished.stdout
        finished = simlb.run("events", "--history", "50", "-n", "2", "--type", "process_exited,target_state_changed")
        assert finished.returncode == 0, finished.stderr
        assert len(finished.stdout.splitlines()) == 2

        other.press("\x03")
        assert other.wait() == 0
        assert simlb.run("down").returncode == 0
        terminal.shows("waiting for the instance")
        os.kill(terminal.process.pid, signal.SIGTERM)
        assert terminal.wait() == 0
        for one in (terminal, other):
            assert one.screen.endswith(CLEAN_END)
            assert one.modes() == one.modes_before
            assert "Traceback" not in one.screen
    finally:
        terminal.close()
        other.close()
