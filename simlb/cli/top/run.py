"""`simlb top`: the loop between the stream of events and the terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from argparse import Namespace

from rich.console import Console, ConsoleDimensions
from rich.control import Control
from rich.screen import Screen

from simlb.cli.keyboard import terminal_descriptor
from simlb.cli.keys import Keys
from simlb.cli.terminal import line_width
from simlb.cli.top.following import Follower, feed, follow_once
from simlb.cli.top.labels import LANGUAGES, Labels
from simlb.cli.top.model import Model
from simlb.cli.top.view import render
from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.core.pulse import Pulse
from simlb.errors import EXIT_FINE, SimlbError

REDRAW_MIN_S = 0.25
"""Real seconds between two pictures, whatever happens in between."""
PLAIN_COLUMNS = 160
"""How wide a picture is that goes to no terminal."""


def top(arguments: Namespace) -> int:
    """Show the running instance until somebody has seen enough, or once. Raises SimlbError E602, E775."""
    labels = LANGUAGES[arguments.lang]
    model = Model(arguments.instance)
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        if arguments.once:
            return _once(client, model, labels)
    console = Console(highlight=False, markup=False, emoji=False)
    # Not the console's own opinion: FORCE_COLOR makes a terminal of every pipe.
    if not sys.stdout.isatty() or console.is_dumb_terminal:
        raise SimlbError(
            "E775",
            "simlb top needs a terminal to draw on; the standard output is none that it could.",
            "→ one picture as plain text: simlb top --once        → what happens, line by line: simlb events",
        )
    asyncio.run(_Watch(console, model, labels, arguments.interval_s).run(arguments.instance))
    return EXIT_FINE


def _once(client: ControlClient, model: Model, labels: Labels) -> int:
    """Print one picture as soon as there are figures: where nobody else looks, they are gathered from now on."""
    now = time.monotonic()
    pulses_left = 2
    for received in follow_once(client):
        feed(model, received, now)
        pulses_left -= isinstance(received, Pulse)
        if not pulses_left:
            break
    width = line_width(sys.stdout) or PLAIN_COLUMNS
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    console.print(render(model, now, width=width, height=None, labels=labels))
    return EXIT_FINE


class _Watch:
    """One terminal, from its first picture to the last."""

    def __init__(self, console: Console, model: Model, labels: Labels, interval_s: float) -> None:
        self._console = console
        self._model = model
        self._labels = labels
        self._interval_s = interval_s
        self._over = asyncio.Event()
        self._wake = asyncio.Event()
        self._is_hidden = False

    async def run(self, instance: str) -> None:
        """Draw until somebody quits. The terminal is then as it was."""
        loop = asyncio.get_running_loop()
        if sys.platform != "win32":  # there Ctrl-C comes as a key
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._quit)
            loop.add_signal_handler(signal.SIGWINCH, self._wake.set)
        keys = Keys(self._pressed, terminal_descriptor(), suspending=self._hide, resumed=self._show)
        follower = Follower(default_state_dir(), instance)
        try:
            self._show()
            keys.start(loop)
            while not self._over.is_set():
                self._draw(follower)
                await self._pause()
        finally:
            follower.close()
            keys.stop()
            with contextlib.suppress(OSError):  # the terminal itself may have gone
                self._hide()
        if follower.error is not None:
            raise follower.error

    def _draw(self, follower: Follower) -> None:
        now = time.monotonic()
        for received in follower.received():
            feed(self._model, received, now)
        if follower.error is not None:
            self._over.set()
        if self._over.is_set() or self._is_hidden:
            return
        try:
            size = self._size()
            picture = render(self._model, now, width=size.width, height=size.height, labels=self._labels)
            self._console.size = size
            self._console.control(Control.home())
            self._console.print(Screen(picture), end="")
        except OSError:  # nobody looks any more
            self._over.set()

    def _size(self) -> ConsoleDimensions:
        """The terminal's; one that does not know its own (a console behind a pipe) is an ordinary one."""
        size = os.get_terminal_size(self._console.file.fileno())
        return ConsoleDimensions(size.columns or 80, size.lines or 24)

    async def _pause(self) -> None:
        """Until the next picture is due. A changed size is drawn sooner, a terminal being dragged not at each step."""
        is_over = await _happens(self._over, REDRAW_MIN_S)
        if not is_over and self._model.pulse is not None:  # else the first figures come any moment
            await _happens(self._wake, self._interval_s - REDRAW_MIN_S)
        self._wake.clear()

    def _pressed(self, key: str) -> None:
        if key in {"q", "Q", "\x03"}:  # Windows hands Ctrl-C over as a key
            self._quit()

    def _quit(self) -> None:
        self._over.set()
        self._wake.set()

    def _show(self) -> None:
        self._is_hidden = False
        self._console.set_alt_screen(True)
        self._console.show_cursor(False)
        self._wake.set()

    def _hide(self) -> None:
        self._is_hidden = True
        self._console.set_alt_screen(False)
        self._console.show_cursor(True)


async def _happens(event: asyncio.Event, within_s: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()
