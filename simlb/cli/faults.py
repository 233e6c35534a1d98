"""`simlb fault add | ls | rm | clear`."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import Any

from simlb.cli.spelling import simlb_command
from simlb.cli.terminal import Style, columns, ticked
from simlb.controlplane import fault_client
from simlb.controlplane.client import ControlClient
from simlb.controlplane.durations import both_times
from simlb.controlplane.fault_views import FaultView
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.words import counted
from simlb.errors import EXIT_FINE, SimlbError

_HEADERS = ("NAME", "ON", "WHAT", "STATE", "STRUCK", "LEFT")


def add(arguments: Namespace) -> int:
    """Install a fault."""
    wanted = body(arguments)
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        view = fault_client.add_fault(client, wanted)
    if arguments.json:
        print(json.dumps(view.to_json(), ensure_ascii=False, indent=2))
    else:
        print(added_line(view, Style.of(sys.stdout), instance=arguments.instance, now=time.time()))
    return EXIT_FINE


def ls(arguments: Namespace) -> int:
    """List the installed faults."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        views = fault_client.faults(client)
    if arguments.json:
        print(json.dumps([view.to_json() for view in views], ensure_ascii=False, indent=2))
    else:
        print("\n".join(list_lines(views, Style.of(sys.stdout), instance=arguments.instance)))
    return EXIT_FINE


def rm(arguments: Namespace) -> int:
    """Undo a fault."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        view = fault_client.remove_fault(client, arguments.name)
    print(ticked(removed_words(view), Style.of(sys.stdout)))
    return EXIT_FINE


def clear(arguments: Namespace) -> int:
    """Undo all faults."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        views = fault_client.clear_faults(client)
    style = Style.of(sys.stdout)
    for view in views:
        print(ticked(removed_words(view), style))
    if not views:
        print("No fault is installed.")
    return EXIT_FINE


def body(arguments: Namespace) -> dict[str, Any]:
    """What the control port is asked for. Raises SimlbError E631 or E637 for words of another form."""
    parameters: dict[str, str] = {}
    for word in arguments.parameters:
        name, separator, value = word.partition("=")
        if not separator or not name:
            raise SimlbError(
                "E631", f"'{word}' is no parameter.", f"write NAME=VALUE: simlb fault types {arguments.type}"
            )
        parameters[name] = value
    headers: dict[str, str] = {}
    for word in arguments.match_header:
        name, separator, value = word.partition(":")
        if not separator:
            raise SimlbError("E637", f"'{word}' is no header.", "write 'NAME: VALUE': --match-header 'X-Canary: 1'")
        headers[name.strip()] = value.strip()
    match = {"method": arguments.match_method, "path": arguments.match_path, "headers": headers or None}
    given = {
        "on": [part for word in arguments.on for part in word.split(",") if part] or None,
        "parameters": parameters or None,
        "match": {name: value for name, value in match.items() if value is not None} or None,
        "percent": arguments.percent,
        "count": arguments.count,
        "every": arguments.every,
        "pattern": arguments.pattern,
        "for": arguments.lasts,
        "name": arguments.name,
        "seed": arguments.seed,
    }
    return {"type": arguments.type, **{name: value for name, value in given.items() if value is not None}}


def added_line(view: FaultView, style: Style, *, instance: str, now: float) -> str:
    """`✔ latency-1  i-02  link.latency delay=300ms, for 20 s until 10:42:07      undo: simlb fault rm latency-1`.

    `now` is the wall-clock time, from which the end is told.
    """
    words = f"{view.name}  {', '.join(view.acts_on) or view.on}  {view.words}"
    if view.left_s is not None and view.for_s is not None:
        ends_at = time.strftime("%H:%M:%S", time.localtime(now + view.left_s / view.speed))
        words += f", for {both_times(view.for_s, view.speed)} until {ends_at}"
    if view.state == "over":
        return ticked(f"{words}: done", style)
    return f"{ticked(words, style)}      {style.dim(f'undo: {simlb_command(instance)} fault rm {view.name}')}"


def list_lines(views: Sequence[FaultView], style: Style, *, instance: str) -> Iterator[str]:
    """A table of faults."""
    if not views:
        yield "No fault is installed."
        return
    rows = [
        (
            view.name,
            _on(view),
            view.words,
            view.state,
            f"{view.struck} of {view.matched}" if view.matched else "-",
            "-" if view.left_s is None else both_times(round(view.left_s, 1), view.speed),
        )
        for view in views
    ]
    header, *lines = columns([_HEADERS, *rows])
    yield style.dim(header)
    yield from lines
    yield style.dim(f"undo: {simlb_command(instance)} fault rm NAME, or fault clear")


def removed_words(view: FaultView) -> str:
    """What is no more."""
    times = f", struck {counted(view.struck, 'time')}" if view.matched else ""
    return f"{view.name} removed from {view.on}: {view.words}{times}"


def _on(view: FaultView) -> str:
    now = ", ".join(view.acts_on)
    return view.on if not now or now == view.on or f"({now})" in view.on else f"{view.on} ({now})"
