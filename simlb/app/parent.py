"""An instance that belongs to a program ends with it, however that program ends.

Two signs: standard input, if it is a pipe that the parent holds the other end of, and the parent's process id, which
changes when it is gone. Not Linux's signal for it: that comes already when the thread ends that has started us.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator

LOOK_S = 0.5
_INIT = 1


@contextlib.contextmanager
def stops_with_parent(stop: Callable[[str], None], parent: int, *, descriptor: int = 0) -> Iterator[None]:
    """Call `stop`, on the running loop and with the reason, once process `parent` has gone or `descriptor` has ended.

    A terminal, a file and /dev/null are no sign of a parent, and are not read.
    """
    loop = asyncio.get_running_loop()
    is_over = threading.Event()

    def tell(reason: str) -> None:
        if not is_over.is_set():
            is_over.set()
            stop(reason)

    if _is_pipe(descriptor):

        def read() -> None:
            # A thread, since Windows has no other way. It may be reading still when the process ends.
            with contextlib.suppress(OSError):  # a pipe that broke has ended too
                while os.read(descriptor, 65536):
                    pass
            if not is_over.is_set():
                with contextlib.suppress(RuntimeError):  # the loop has ended in this very moment
                    loop.call_soon_threadsafe(tell, "its standard input has ended")

        threading.Thread(target=read, name="simlb-stdin", daemon=True).start()
    watching = loop.create_task(_watch_parent(parent, tell))
    try:
        yield
    finally:
        is_over.set()
        watching.cancel()


async def _watch_parent(parent: int, tell: Callable[[str], None]) -> None:
    if sys.platform == "win32" or parent == _INIT:
        return  # there the number never changes
    while os.getppid() == parent:  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(LOOK_S)
    tell("the program that started it has gone")


def _is_pipe(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:  # it is closed
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
