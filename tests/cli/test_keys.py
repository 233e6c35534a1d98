"""Single keys on a real pseudo-terminal. The child is a session of its own, with the terminal as its own."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are POSIX", allow_module_level=True)

import termios

DEADLINE_S = 10

CHILD = """
import asyncio, atexit, fcntl, os, sys, termios
descriptor = os.open(sys.argv[1], os.O_RDWR)
fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)
from simlb.cli.keys import Keys

def say(word):
    os.write(1, f"{word}\\n".encode())

def last():
    say("released")
    sys.stdin.readline()

# Runs after what is registered later.
atexit.register(last)

async def main():
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    def press(key):
        say(f"key {key!r}")
        if key == "q":
            done.set_result(None)
        if key == "e":
            done.set_exception(RuntimeError("boom"))
    keys = Keys(press, descriptor)
    say(f"started {keys.start(loop)}")
    await done
    keys.stop()
    keys.stop()

asyncio.run(main())
"""


class Terminal:
    """The user's side of the pseudo-terminal, and the words that the child says on its pipe."""

    def __init__(self) -> None:
        self.user, self.line = os.openpty()
        self.child = subprocess.Popen(
            [sys.executable, "-c", CHILD, os.ttyname(self.line)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )

    def expect(self, word: str) -> None:
        assert self.child.stdout is not None
        readable, _, _ = select.select([self.child.stdout], [], [], DEADLINE_S)
        assert readable, f"no {word!r} within {DEADLINE_S} s"
        assert self.child.stdout.readline().decode().strip() == word

    def type(self, text: str) -> None:
        os.write(self.user, text.encode())

    def is_cooked(self) -> bool:
        """Lines and echo, as a shell wants it."""
        local = termios.tcgetattr(self.line)[3]
        return bool(local & termios.ICANON) and bool(local & termios.ECHO)

    def close(self) -> bytes:
        _, errors = self.child.communicate(b"\n", timeout=10)
        os.close(self.user)
        os.close(self.line)
        return errors


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    if terminal.child.poll() is None:
        terminal.child.kill()
        terminal.close()


@pytest.mark.slow
def test_keys_arrive_without_enter_and_the_terminal_is_given_back(terminal: Terminal) -> None:
    assert terminal.is_cooked()
    terminal.expect("started True")
    assert not terminal.is_cooked()
    terminal.type("k?")
    terminal.expect("key 'k'")
    terminal.expect("key '?'")
    terminal.type("q")
    terminal.expect("key 'q'")
    terminal.expect("released")
    assert terminal.is_cooked()
    assert terminal.close() == b""


@pytest.mark.slow
def test_an_exception_gives_the_terminal_back_too(terminal: Terminal) -> None:
    terminal.expect("started True")
    terminal.type("e")
    terminal.expect("key 'e'")
    terminal.expect("released")
    assert terminal.is_cooked()
    assert b"boom" in terminal.close()


@pytest.mark.slow
def test_keys_work_on_after_a_suspension(terminal: Terminal) -> None:
    terminal.expect("started True")
    # Without a shell to wake it, the child does not really stop; it goes through the same motions.
    terminal.type("\x1a")
    terminal.type("k")
    terminal.expect("key 'k'")
    terminal.type("j")
    terminal.expect("key 'j'")
    terminal.type("q")
    terminal.expect("key 'q'")
    terminal.expect("released")
    assert terminal.is_cooked()
    assert terminal.close() == b""


async def test_a_terminal_of_another_job_is_left_alone() -> None:
    import asyncio

    from simlb.cli.keys import Keys

    user, line = os.openpty()
    try:
        before = termios.tcgetattr(line)
        assert not Keys(lambda _: None, line).start(asyncio.get_running_loop())
        assert termios.tcgetattr(line) == before
    finally:
        os.close(user)
        os.close(line)


async def test_a_pipe_is_no_terminal() -> None:
    import asyncio

    from simlb.cli.keys import Keys

    reading, writing = os.pipe()
    try:
        keys = Keys(lambda _: None, reading)
        assert not keys.start(asyncio.get_running_loop())
        keys.stop()
    finally:
        os.close(reading)
        os.close(writing)
