"""`simlb target ls | kill | restart`."""

from __future__ import annotations

import json
import math
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence

from simlb.cli.terminal import Style, columns, duration, line_width
from simlb.controlplane.client import ControlClient
from simlb.controlplane.durations import both_times
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.views import InstanceView, TargetGroupView, TargetView
from simlb.errors import EXIT_FINE

_TARGET, _STATE, _REASON, _LAST_CHECK = "TARGET", "STATE", "REASON", "LAST CHECK"
_COLUMNS = (_TARGET, "ADDRESS", _STATE, _REASON, _LAST_CHECK, "REQUESTS", "IN-FLIGHT", "SINCE", "OWNER", "PROCESS")
_NUMBERS = frozenset({"REQUESTS", "IN-FLIGHT", "SINCE"})
_DROPPED = ("PROCESS", "REQUESTS", "SINCE", "IN-FLIGHT")
"""What a narrow terminal goes without, the first to go first."""


def ls(arguments: Namespace) -> int:
    """Print every target of the running instance."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        view = client.status()
    if arguments.json:
        listed = [{"target_group": group.name, **target} for group, target in _as_json(view.target_groups)]
        print(json.dumps(listed, ensure_ascii=False, indent=2))
    else:
        print("\n".join(list_lines(view, Style.of(sys.stdout), width=line_width(sys.stdout))))
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


def list_lines(view: InstanceView, style: Style, *, width: int | None = None) -> Iterator[str]:
    """Every target of an instance. Several groups have headings, with how each of them chooses and answers."""
    if not view.target_groups:
        yield "no target groups yet"
    for group in view.target_groups:
        mode = mode_words(group)
        has_heading = len(view.target_groups) > 1
        if has_heading:
            yield heading(group, style)
        yield from target_lines(group.targets, style, speed=view.speed, width=width)
        if mode and not has_heading:
            yield style.yellow(mode)
        for fault in group.faults:
            yield style.yellow(f"fault {fault}")
        for removed in group.removed:
            yield style.dim(f"drift: {removed} was removed; a reload registers it again")


def heading(group: TargetGroupView, style: Style) -> str:
    """Name and kind of a group, and how it answers now."""
    mode = mode_words(group)
    return f"{style.bold(group.name)}  {group_words(group)}  {style.yellow(mode) if mode else group.mode}"


def mode_words(group: TargetGroupView) -> str:
    """What a target group's mode means to its users; nothing when all is as it should be."""
    match group.mode:
        case "healthy":
            return ""
        case "fail_open":
            counts = f"{group.healthy} of {group.registered}, at least {group.healthy_wanted} wanted"
            why = f"too few targets are healthy ({counts})" if group.healthy else "no target is healthy"
            return f"fail-open: {why}, so requests go to all of them"
        case "no_targets":
            return "no registered target: requests get 503"
        case "initial":
            outcome = "go to all of them (fail_open_while_initial)" if group.fail_open_while_initial else "get 503"
            return f"no target has passed a check yet: requests {outcome}"
        case "unused":
            return "not in use: no listener forwards to it"
        case newer:  # of an instance that this command line does not know yet
            return newer


def group_words(group: TargetGroupView) -> str:
    """What kind of group it is: `ip HTTP:80 round_robin`, and what is on beside it."""
    parts = [group.target_type, f"{group.protocol}:{group.port}", group.algorithm]
    if group.stickiness is not None:
        parts.append(f"sticky {group.stickiness}")
    if group.slow_start_s:
        parts.append(f"slow start {group.slow_start_s} s")
    if group.anomaly_mitigation:
        parts.append("anomaly mitigation on")
    return "  ".join(parts)


def share_words(target: TargetView) -> str:
    """Why a target gets less than a full share, or may soon: `slow start 34 %`, `anomalous, weight 5 %`."""
    parts = []
    if target.slow_start_weight < 1:
        parts.append(f"slow start {target.slow_start_weight * 100:.0f} %")
    if target.anomaly == "anomalous":
        parts.append("anomalous")
    if target.mitigation_weight < 1:
        # Its errors may be over while its share still recovers.
        recovering = "" if target.anomaly == "anomalous" else "recovering from an anomaly, "
        parts.append(f"{recovering}weight {target.mitigation_weight * 100:.0f} %")
    return ", ".join(parts)


def target_lines(
    targets: Sequence[TargetView], style: Style, *, speed: float = 1, width: int | None = None, indent: str = ""
) -> Iterator[str]:
    """A table of targets; below its target stands what makes its share differ from the others', and its hint.

    What does not fit into `width` columns is folded: reason and last check go below their target. Then columns go.
    """
    if not targets:
        yield indent + style.dim("(no targets)")
        return
    room = math.inf if width is None else width - len(indent)
    table = _fitting([_cells(target, speed) for target in targets], room)
    header, *lines = columns(
        [table.columns, *table.rows], right=frozenset(map(table.columns.index, _NUMBERS & {*table.columns}))
    )
    yield indent + style.dim(header)
    at = table.columns.index(_STATE)
    start = sum(max(len(row[index]) for row in (table.columns, *table.rows)) + 2 for index in range(at))
    for target, line, below in zip(targets, lines, table.below, strict=True):
        # Coloured only now: the colour codes must not count as width.
        end = start + len(target.state)
        yield indent + line[:start] + style.state(target.state) + line[end:]
        if below:
            yield f"{indent}    {below}"
        if share := share_words(target):
            yield indent + style.yellow(f"    {share}")
        for fault in target.faults:
            yield indent + style.yellow(f"    fault {fault}")
        if target.hint:
            yield indent + style.yellow(f"    → {target.hint}")


class _Table:
    """Rows of these columns, and what stands below each of them."""

    def __init__(self, cells: Sequence[Mapping[str, str]], shown: Sequence[str], *, folded: bool) -> None:
        self.columns = tuple(shown)
        self.below = [_folded(row) if folded else "" for row in cells]
        self.rows = [
            tuple("-" if below and column == _LAST_CHECK else row[column] for column in self.columns)
            for row, below in zip(cells, self.below, strict=True)
        ]

    def width(self) -> int:
        """Of the widest row."""
        return max(map(len, columns([self.columns, *self.rows])))


def _fitting(cells: Sequence[Mapping[str, str]], room: float) -> _Table:
    """The fullest table that fits; the narrowest one where none does."""
    # Who owns a target says something only where somebody other than the file does.
    is_plain = all(row["OWNER"] in {"file", "-"} for row in cells)
    shown = [column for column in _COLUMNS if not (is_plain and column == "OWNER")]
    table = _Table(cells, shown, folded=False)
    if table.width() <= room:
        return table
    shown.remove(_REASON)
    for dropped in (None, *_DROPPED):
        if dropped is not None:
            shown.remove(dropped)
        table = _Table(cells, shown, folded=True)
        if table.width() <= room:
            break
    return table


def _folded(row: Mapping[str, str]) -> str:
    """Reason and last check of a target that has a reason."""
    return "" if row[_REASON] == "-" else f"{row[_REASON]}  {row[_LAST_CHECK]}"


def _cells(target: TargetView, speed: float) -> dict[str, str]:
    if target.draining_left_s is None:
        last_check = target.last_check
    else:
        last_check = f"gone in {both_times(math.ceil(target.draining_left_s), speed)}"
    return {
        _TARGET: target.name,
        "ADDRESS": target.address,
        _STATE: target.state,
        _REASON: target.reason or "-",
        _LAST_CHECK: last_check,
        "REQUESTS": str(target.requests),
        "IN-FLIGHT": str(target.in_flight),
        "SINCE": duration(target.since_s),
        "OWNER": target.owner or "-",
        "PROCESS": target.process or "yours",
    }


def _as_json(groups: Sequence[TargetGroupView]) -> Iterator[tuple[TargetGroupView, dict[str, object]]]:
    from dataclasses import asdict

    for group in groups:
        for target in group.targets:
            yield group, asdict(target)
