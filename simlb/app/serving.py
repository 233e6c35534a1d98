"""Running an instance in this process: event loop, signals, exit status."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Literal

from simlb.app.application import App
from simlb.app.extension import Extend
from simlb.app.heap import Heap
from simlb.app.options import AppOptions, Presenter
from simlb.app.parent import stops_with_parent
from simlb.clock import Clock
from simlb.core.events import Notice
from simlb.dataplane.descriptors import raise_limit
from simlb.errors import EXIT_FINE

STDIN = 0


def serve(
    options: AppOptions, presenter: Presenter, *, clock: Clock | None = None, extend: Extend | None = None
) -> int:
    """Run an instance until it is stopped by a signal or by request; the exit status. `clock` replaces the usual one.

    An ephemeral one also ends with the program that started it. `extend` puts something on top of it.
    """
    parent = os.getppid()  # early: loading takes a moment, in which it may go
    with contextlib.closing(Heap()) as heap:
        compiled = options.load()
        limit = raise_limit()
        # The control server's imports take a moment: they happen before anything listens, never on the traffic's loop.
        from simlb.controlplane import server as _  # noqa: F401

        def make() -> App:
            app = App(options, presenter, compiled, descriptors_max=limit, clock=clock, extend=extend)
            app.heap = heap
            return app

        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(make, parent))
    return EXIT_FINE


async def _serve(make: Callable[[], App], parent: int) -> None:
    app = make()

    def parent_ended(reason: str) -> None:
        # Before it serves this is a mistake, such as a standard input that was given to it closed; later it is usual.
        level: Literal["info", "warning"] = "info" if app.control else "warning"
        app.narrator.notice(Notice(level=level, text=f"simlb stops: {reason}."))
        app.request_stop()

    ends_with_parent = stops_with_parent(parent_ended, parent) if app.options.is_ephemeral else contextlib.nullcontext()
    with _signals(app), ends_with_parent:
        await app.run()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed: a sixth less CPU per request than the standard loop."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


@contextlib.contextmanager
def _signals(app: App) -> Iterator[None]:
    """SIGINT and SIGTERM stop, SIGHUP reloads - unless it says that the terminal has gone, which stops as well."""
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        previous = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(app.request_stop))
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)
        return
    had_terminal = os.isatty(STDIN)

    def hung_up() -> None:
        # A closed window sends the signal too. Serving on unseen would keep the ports from the user's next start.
        if had_terminal and not os.isatty(STDIN):
            app.request_stop()
        else:
            app.request_reload()

    handlers = {signal.SIGINT: app.request_stop, signal.SIGTERM: app.request_stop, signal.SIGHUP: hung_up}
    before = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])  # the loop would leave the system's own, which lets nobody tidy up
