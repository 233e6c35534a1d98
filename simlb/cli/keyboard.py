"""What the keys of `simlb demo` and `simlb up` do: the presenter with hands."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TextIO

from simlb.cli.browser import open_page
from simlb.cli.keys import Keys
from simlb.cli.presenter import TerminalPresenter
from simlb.cli.terminal import Style
from simlb.clock import Clock
from simlb.controlplane.instance import Instance
from simlb.controlplane.views import InstanceView, TargetView
from simlb.errors import SimlbError


class KeyboardPresenter(TerminalPresenter):
    """A terminal that also listens to keys: S, C, ?, Q and, with `kills`, K and R."""

    def __init__(
        self,
        out: TextIO,
        *,
        keys: bool = True,
        kills: bool = False,
        descriptor: int = 0,
        style: Style | None = None,
        console: Callable[[], str] | None = None,
        opens: bool = False,
    ) -> None:
        """`console` gives the address of the web page, each time another; `opens` shows it as soon as it is there."""
        super().__init__(out, style=style)
        self._wants_keys = keys
        self._kills = kills
        self._console = console
        self._opens = opens
        self._keys = Keys(self.press, descriptor)
        self._tasks: set[asyncio.Task[None]] = set()

    def ready(self, view: InstanceView, app: Instance, clock: Clock) -> None:
        """Also: which keys there are."""
        super().ready(view, app, clock)
        if self._opens and self._console is not None:
            self._do(self._show_console(self._console))
        if not self._wants_keys:
            return
        if self._keys.start(asyncio.get_running_loop()):
            self.say(f"Keys: {self._help(view)}")
            if self._kills and self._victim(view) is not None:
                self.say("K를 눌러 서버 하나를 죽여 보세요.")
        else:
            self.say("No keys: standard input is no terminal of this job. Ctrl-C or `simlb down` stops it.")

    def stopping(self) -> None:
        """Also: no more keys."""
        self.release_terminal()
        super().stopping()

    def close(self) -> None:
        """Also: the terminal as it was."""
        self.release_terminal()
        for task in self._tasks:
            task.cancel()
        super().close()

    def release_terminal(self) -> None:
        """Give the terminal back as it was. Harmless when repeated."""
        self._keys.stop()

    def press(self, key: str) -> None:
        """Do what a key says; unknown keys do nothing."""
        if self._app is None:
            return
        match key.lower():
            case "k" if self._kills:
                self._do(self._kill(self._app))
            case "r" if self._kills:
                self._do(self._revive(self._app))
            case "c" if self._console is not None:
                self._do(self._show_console(self._console))
            case "s":
                self.show_targets(self._app.view())
            case "?" | "h":
                self.say(f"Keys: {self._help(self._app.view())}")
            case "q" | "\x03":  # Windows hands Ctrl-C over as a key
                self._app.request_stop()

    def _help(self, view: InstanceView) -> str:
        parts = []
        if self._kills:
            victim = self._victim(view)
            parts = [f"K kills {victim.name if victim else 'a target'}", "R restores what was killed"]
        if self._console is not None:
            parts.append("C opens the console")
        return " · ".join((*parts, "S shows the targets", "? help", "Q quits"))

    async def _kill(self, app: Instance) -> None:
        victim = self._victim(app.view())
        if victim is None:
            self.say("Every process of simlb's own is dead already. R restores them.")
        else:
            # That it is dead is said when the process has really ended.
            await app.kill_target(victim.name)

    async def _show_console(self, console: Callable[[], str]) -> None:
        address = console()
        # A browser may take seconds to say whether it starts.
        if not await asyncio.to_thread(open_page, address):
            self.say(f"In a browser: {address}")

    async def _revive(self, app: Instance) -> None:
        # A process may have targets in several groups: they share its name.
        dead = dict.fromkeys(target.name for target in app.view().targets() if target.process and target.pid is None)
        if not dead:
            self.say("Nothing to restore: every process runs.")
        for name in dead:
            await app.restart_target(name)

    @staticmethod
    def _victim(view: InstanceView) -> TargetView | None:
        """The last target whose process lives."""
        living = [target for target in view.targets() if target.pid is not None]
        return living[-1] if living else None

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except SimlbError as error:
            self.say(self.style.red(error.render()))


def terminal_descriptor() -> int:
    """Standard input's descriptor; -1, which is no terminal, when there is none (a service, a test)."""
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return -1
