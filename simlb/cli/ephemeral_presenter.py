"""What an ephemeral instance says: one line for the program that started it, or text for whoever did."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from simlb.cli.opening import curl_lines
from simlb.cli.presenter import TerminalPresenter
from simlb.clock import Clock, ManualClock
from simlb.controlplane.bodies import error_body
from simlb.controlplane.instance import Instance
from simlb.controlplane.views import InstanceView, ListenerView
from simlb.core.events import Event, FaultInstalled, Notice
from simlb.errors import SimlbError, arrowed

VERSION = "serve/1"
"""Of the line. Members may be added to it; none is removed or changed within a version."""


class JsonPresenter:
    """Prints one line when everything listens, or one that says why it does not. Warnings go to `errors` as text."""

    def __init__(self, out: TextIO, errors: TextIO) -> None:
        self._out = out
        self._errors = errors
        self._own: dict[str, Any] = {}
        self.is_ready = False

    def owns(self, *, token: str, ca_pem: str, seed: int) -> None:
        """What the line tells beside the view."""
        self._own = {"token": token, "ca_pem": ca_pem, "seed": seed}

    def ready(self, view: InstanceView, app: Instance, clock: Clock) -> None:
        """Say where everything is."""
        self.is_ready = True
        is_manual = isinstance(clock, ManualClock)
        try:
            self._print(ready_line(view, is_manual=is_manual, **self._own))
        except OSError:
            # The reader has gone without waiting, and so has what this instance is for.
            app.request_stop()

    def event(self, event: Event) -> None:
        """Only warnings and errors, where test runners show them."""
        if isinstance(event, Notice) and event.level != "info":
            said = f"SIMLB-{event.code}  {event.text}" if event.code else event.text
            print("\n".join((said, *map(arrowed, event.hints), *event.notes)), file=self._errors, flush=True)

    def stopping(self) -> None:
        """The line was all there is to say."""

    def close(self) -> None:
        """The line was all there is to say."""

    def failed(self, error: SimlbError) -> None:
        """It will not serve."""
        self._print({"error": error_body(error)})

    def _print(self, line: dict[str, Any]) -> None:
        self._out.write(json.dumps(line) + "\n")
        self._out.flush()


class TextPresenter(TerminalPresenter):
    """For a person who looks at what a program would get."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._token = ""
        self._seed = 0
        self._control = ""

    def owns(self, *, token: str, ca_pem: str, seed: int) -> None:
        """What people are told beside the view; the CA is a file to them."""
        self._token, self._seed = token, seed

    def ready(self, view: InstanceView, app: Instance, clock: Clock) -> None:
        """As everywhere."""
        self._control = view.control
        super().ready(view, app, clock)

    def undo(self, fault: FaultInstalled) -> str:
        """`simlb fault rm` does not find it."""
        return "" if fault.is_over else self._command("DELETE", f"faults/{fault.name}")

    def _command(self, method: str, path: str) -> str:
        return f"curl -H 'Authorization: Bearer {self._token}' -X {method} http://{self._control}/api/v1/{path}"

    def suggestions(self, view: InstanceView) -> Iterable[str]:
        """Commands that find it: the others do not."""
        yield "Try in another terminal:"
        for balancer in view.load_balancers:
            yield from curl_lines(balancer, view.ca_path)
        yield f"  {self._command('POST', 'stop')}"
        yield f"Random choices: --seed {self._seed} repeats them. Nothing is left when it ends (Ctrl-C)."


def ready_line(view: InstanceView, *, token: str, ca_pem: str, seed: int, is_manual: bool) -> dict[str, Any]:
    """The line of an instance that serves; docs/json-api.md describes its members."""
    first = next(iter(view.load_balancers), None)
    return {
        "simlb": VERSION,
        "version": view.version,
        "pid": view.pid,
        "control": {"url": f"http://{view.control}", "token": token},
        "ca_pem": ca_pem,
        "ca_path": view.ca_path,
        "dns_name": None if first is None else first.dns_name,
        "load_balancers": [
            {"name": balancer.name, "dns_name": balancer.dns_name, "names": list(balancer.names)}
            for balancer in view.load_balancers
        ],
        "listeners": list(_listeners(view)),
        "clock": "manual" if is_manual else "real" if view.speed == 1 else "scaled",
        "speed": None if is_manual else view.speed,
        "seed": seed,
        "notices": list(view.notices),
    }


def _listeners(view: InstanceView) -> Iterator[dict[str, Any]]:
    for balancer in view.load_balancers:
        for listener in balancer.listeners:
            yield {
                "load_balancer": balancer.name,
                "protocol": listener.protocol,
                "port": listener.port,
                "url": _url(listener),
                "address": listener.bind,
                "certificate_names": list(listener.certificate_names),
            }


def _url(listener: ListenerView) -> str:
    return f"{listener.protocol.lower()}://{listener.bind}"
