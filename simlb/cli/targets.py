"""`simlb target ls | kill | restart`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence

from simlb.cli.terminal import Style, columns, duration
from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.views import TargetGroupView, TargetView
from simlb.errors import EXIT_FINE

MODES: Mapping[str, str] = {
    "healthy": "",
    "fail_open": "fail-open: every target is unhealthy, so requests go to all of them",
    "no_targets": "no registered target: requests get 503",
    "initial": "no target has passed a check yet: requests get 503",
    "unused": "not in use: no listener forwards to it",
}
"""What a target group's mode means to its users."""

_HEADERS = ("TARGET", "ADDRESS", "STATE", "REASON", "LAST CHECK", "REQUESTS", "IN-FLIGHT", "SINCE", "PROCESS")
_STATE_COLUMN = _HEADERS.index("STATE")
_NUMBERS = frozenset({_HEADERS.index("REQUESTS"), _HEADERS.index("IN-FLIGHT"), _HEADERS.index("SINCE")})


def ls(arguments: Namespace) -> int:
    """Print every target of the running instance."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        view = client.status()
    if arguments.json:
        listed = [{"target_group": group.name, **target} for group, target in _as_json(view.target_groups)]
        print(json.dumps(listed, ensure_ascii=False, indent=2))
        return EXIT_FINE
    style = Style.of(sys.stdout)
    for group in view.target_groups:
        if len(view.target_groups) > 1:
            print(style.bold(group.name))
        for line in target_lines(group.targets, style):
            print(line)
        if group.mode != "healthy":
            print(style.yellow(MODES.get(group.mode, group.mode)))
    return EXIT_FINE


def kill(arguments: Namespace) -> int:
    """End a target's process."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        print(client.kill_target(arguments.name))
    return EXIT_FINE


def restart(arguments: Namespace) -> int:
    """Start a target's process again."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        print(client.restart_target(arguments.name))
    return EXIT_FINE


def target_lines(targets: Sequence[TargetView], style: Style) -> Iterator[str]:
    """A table of targets, with a line for each hint below its target."""
    if not targets:
        yield style.dim("(no targets)")
        return
    rows = [_HEADERS, *(_row(target) for target in targets)]
    header, *lines = columns(rows, right=_NUMBERS)
    yield style.dim(header)
    width = max(len(row[_STATE_COLUMN]) for row in rows)
    start = sum(max(len(row[index]) for row in rows) + 2 for index in range(_STATE_COLUMN))
    for target, line in zip(targets, lines, strict=True):
        # Coloured only now: the colour codes must not count as width.
        yield (
            line[:start]
            + style.state(target.state)
            + line[start + len(target.state) : start + width]
            + (line[start + width :])
        )
        if target.hint:
            yield style.yellow(f"    → {target.hint}")


def _row(target: TargetView) -> tuple[str, ...]:
    return (
        target.name,
        f"{target.id}:{target.port}" if target.id else f":{target.port}",
        target.state,
        target.reason or "-",
        target.last_check,
        str(target.requests),
        str(target.in_flight),
        duration(target.since_s),
        target.process or "yours",
    )


def _as_json(groups: Sequence[TargetGroupView]) -> Iterator[tuple[TargetGroupView, dict[str, object]]]:
    from dataclasses import asdict

    for group in groups:
        for target in group.targets:
            yield group, asdict(target)
