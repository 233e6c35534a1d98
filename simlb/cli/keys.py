"""Single keys from the terminal, without Enter. The terminal's mode is always given back.

POSIX: cbreak mode and the loop's reader. Windows: a small thread that asks the console.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable

_POLL_S = 0.05

KeyHandler = Callable[[str], None]


def _nothing() -> None:
    """Nobody wants to know."""


class Keys:
    """Calls `handler` on the loop with every key, from `start` to `stop`."""

    def __init__(
        self,
        handler: KeyHandler,
        descriptor: int,
        *,
        suspending: Callable[[], None] = _nothing,
        resumed: Callable[[], None] = _nothing,
    ) -> None:
        """`suspending` is called before the process is stopped (Ctrl-Z), `resumed` when it goes on."""
        self._handler = handler
        self._descriptor = descriptor
        self.suspending = suspending
        self.resumed = resumed
        self._stop: Callable[[], None] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Begin; False when nobody can press a key: no terminal, or one that belongs to another job now."""
        if self._stop is None and os.isatty(self._descriptor):
            self._stop = _start(self, self._descriptor, loop)
        return self._stop is not None

    def stop(self) -> None:
        """Give the terminal back. Harmless when repeated."""
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()

    def pressed(self, keys: str) -> None:
        """Hand on what was typed."""
        for key in keys:
            self._handler(key)


if sys.platform == "win32":

    def _start(keys: Keys, descriptor: int, loop: asyncio.AbstractEventLoop) -> Callable[[], None] | None:
        del descriptor  # the console is the only terminal there
        import msvcrt

        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(_POLL_S):
                while msvcrt.kbhit() and not ended.is_set():
                    loop.call_soon_threadsafe(keys.pressed, msvcrt.getwch())

        thread = threading.Thread(target=watch, name="simlb-keys", daemon=True)
        thread.start()

        def stop() -> None:
            ended.set()
            thread.join()

        return stop

else:

    def _start(keys: Keys, descriptor: int, loop: asyncio.AbstractEventLoop) -> Callable[[], None] | None:
        terminal = _PosixTerminal(keys, descriptor, loop)
        return terminal.stop if terminal.start() else None

    class _PosixTerminal:
        """cbreak while in the foreground; the shell's own mode before, after, and while suspended."""

        def __init__(self, keys: Keys, descriptor: int, loop: asyncio.AbstractEventLoop) -> None:
            import termios

            self._keys = keys
            self._loop = loop
            self._descriptor = descriptor
            self._saved = termios.tcgetattr(self._descriptor)
            self._is_reading = False

        def start(self) -> bool:
            if not self._is_foreground():
                return False
            self._take()
            # The last resort, for an end that skips `stop`.
            atexit.register(self._give_back)
            self._loop.add_signal_handler(signal.SIGTSTP, self._suspend)
            self._loop.add_signal_handler(signal.SIGCONT, self._resume)
            return True

        def stop(self) -> None:
            self._loop.remove_signal_handler(signal.SIGTSTP)
            self._loop.remove_signal_handler(signal.SIGCONT)
            self._give_back()
            atexit.unregister(self._give_back)

        def _take(self) -> None:
            import termios
            import tty

            if not self._is_reading:
                # DRAIN: the usual FLUSH would throw away what has been typed already.
                tty.setcbreak(self._descriptor, termios.TCSADRAIN)
                self._loop.add_reader(self._descriptor, self._read)
                self._is_reading = True

        def _give_back(self) -> None:
            import termios

            if not self._is_reading:
                return
            self._is_reading = False
            if not self._loop.is_closed():
                self._loop.remove_reader(self._descriptor)
            # In the background the change would stop this process, and the shell has reset the terminal anyway.
            if self._is_foreground():
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._saved)

        def _read(self) -> None:
            if not self._is_foreground():
                self._give_back()
                return
            try:
                typed = os.read(self._descriptor, 64)
            except OSError:  # the terminal has gone
                typed = b""
            if typed:
                self._keys.pressed(typed.decode(errors="replace"))
            else:
                self._give_back()

        def _suspend(self) -> None:
            self._keys.suspending()
            self._give_back()
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            # To this very thread, so that the process stands still inside this call. A job without a shell that could
            # wake it does not stop at all: the system ignores the signal there.
            signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
            self._loop.add_signal_handler(signal.SIGTSTP, self._suspend)
            self._resume()
            self._keys.resumed()

        def _resume(self) -> None:
            if self._is_foreground():
                self._take()

        def _is_foreground(self) -> bool:
            try:
                return os.tcgetpgrp(self._descriptor) == os.getpgrp()
            except OSError:
                return False
