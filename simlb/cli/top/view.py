"""What `simlb top` looks like: a model and a size in, lines out. Nothing here knows a terminal or a clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group as Lines
from rich.text import Text

from simlb.cli.event_words import at_words
from simlb.cli.terminal import duration, latency, rate
from simlb.cli.top.labels import ENGLISH, Labels
from simlb.cli.top.model import Group, Happening, Model, Row, most_urgent
from simlb.cli.top.table import GAP, cells_of, layout
from simlb.controlplane.words import printable
from simlb.core.pulse import LoadBalancerPulse

EVENTS_MAX = 10
EVENTS_IN_PLAIN = 20
ROOMY_LINES = 12
"""From this height on there is room for more than targets."""
TINY_LINES = 6
"""With less than that for targets there are no headings."""
_MOODS = {"good": "green", "bad": "red", "watch": "yellow", "plain": ""}


def render(model: Model, now: float, *, width: int, height: int | None, labels: Labels = ENGLISH) -> Lines:
    """The whole picture. `height` None: as many lines as it takes."""
    lines = [_header(model, now, width, labels, is_live=height is not None)]
    is_roomy = height is None or height >= ROOMY_LINES
    if is_roomy:
        if model.pulse is not None:
            for load_balancer in model.pulse.load_balancers:
                lines += _load_balancer(load_balancer, width, labels)
        lines.append(Text())
    groups = model.groups(now)
    if groups:
        kept_free = 2 + min(EVENTS_MAX, (height or 0) // 4) if is_roomy else 0
        room = None if height is None else max(1, height - len(lines) - kept_free)
        lines += _targets(groups, width, room, labels)
    else:
        lines.append(Text(labels.no_figures if model.link == "live" else labels.waiting, "dim"))
    if is_roomy:
        count = EVENTS_IN_PLAIN if height is None else height - len(lines) - 2
        lines += [Text(), *_events(model.happenings(count), model, labels)]
    for line in lines[:height]:
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
    return Lines(*lines[:height])


def _header(model: Model, now: float, width: int, labels: Labels, *, is_live: bool) -> Text:
    at_s, real_s = model.times(now)
    parts = [Text.assemble(("simlb top", "bold"), f"  {labels.instance} ", (printable(model.instance), "bold"))]
    if model.link == "waiting":
        parts.append(Text(labels.waiting, "bold yellow"))
    elif model.is_scaled:
        parts += [
            Text(f"{labels.speed} {model.speed:g}"),
            Text(labels.both_times.format(aws=duration(at_s), real=duration(real_s))),
        ]
    else:
        parts.append(Text(duration(at_s)))
    if model.control and model.link == "live":
        parts.append(Text(f"{labels.control} http://{printable(model.control)}/", "dim"))
    if is_live:
        parts.append(Text(labels.quits, "dim"))
    header = parts[0]
    for part in parts[1:]:
        if header.cell_len + len(GAP) + part.cell_len <= width:
            header = Text.assemble(header, GAP, part)
    return header


def _load_balancer(pulse: LoadBalancerPulse, width: int, labels: Labels) -> list[Text]:
    """Figures of one load balancer, in two lines where one is not enough."""
    parts = [
        Text(printable(pulse.load_balancer), "bold"),
        Text(f"{rate(pulse.per_second)} {labels.per_second}"),
    ]
    # Those of targets first, then those that the load balancer made itself.
    for outcome in sorted(pulse.by_outcome, key=lambda name: (not name.startswith("target"), name)):
        text = Text(f"{printable(outcome)} {rate(pulse.by_outcome[outcome])}")
        if outcome.endswith(("5xx", "-")):
            text.stylize("red")
        parts.append(text)
    parts += [
        Text(f"{labels.in_flight} {pulse.in_flight}"),
        Text(f"{labels.connections} {pulse.connections}"),
        Text(f"p50 {latency(pulse.p50_s)}"),
        Text(f"p95 {latency(pulse.p95_s)}"),
    ]
    return _packed(parts, width)[:2]


def _packed(parts: Sequence[Text], width: int) -> list[Text]:
    """Parts in lines, none broken in its middle."""
    lines = [parts[0].copy()]
    for part in parts[1:]:
        if lines[-1].cell_len + len(GAP) + part.cell_len <= width:
            lines[-1] = Text.assemble(lines[-1], GAP, part)
        else:
            lines.append(Text.assemble(GAP, part))
    return lines


def _targets(groups: Sequence[Group], width: int, room: int | None, labels: Labels) -> Iterator[Text]:
    """The table: everything in the configuration's order if it fits, else what needs a look first."""
    is_tiny = room is not None and room < TINY_LINES
    shown, left_out = _fitting(groups, room, has_headings=not is_tiny)
    highest = max((rate for group in groups for row in group.rows for rate in row.history), default=0.0)
    rows = [(group, [cells_of(row, highest) for row in members]) for group, members in shown]
    table = layout([cells for _, members in rows for cells in members], labels, width)
    if not is_tiny:
        yield table.heading()
    for group, members in rows:
        if _has_heading(group, groups) and not is_tiny:
            yield _group_heading(group, width, labels)
        for cells in members:
            yield table.line(cells)
    if left_out:
        states: dict[str, int] = {}
        for row in left_out:
            states[row.pulse.state] = states.get(row.pulse.state, 0) + 1
        words = ", ".join(f"{count} {printable(state)}" for state, count in states.items())
        yield Text(labels.more.format(count=len(left_out), states=words), "dim")


def _has_heading(group: Group, groups: Sequence[Group]) -> bool:
    return len(groups) > 1 or group.fails_open


def _group_heading(group: Group, width: int, labels: Labels) -> Text:
    counts = ", ".join(f"{count} {printable(state)}" for state, count in group.counts().items())
    name = printable(group.name)
    parts: list[Text] = [Text.assemble(f"{labels.group} ", (name, "bold"), f"  {counts}")]
    if group.fails_open:
        parts.append(Text(f" {labels.fails_open} ", "black on yellow"))
    heading = _packed(parts, width)
    # The badge matters more than the counts.
    return heading[0] if len(heading) == 1 else Text.assemble((name, "bold"), " ", parts[1])


def _fitting(
    groups: Sequence[Group], room: int | None, *, has_headings: bool
) -> tuple[list[tuple[Group, list[Row]]], list[Row]]:
    """The targets to show by group, and those there is no room for."""
    costs = {group.name: int(has_headings and _has_heading(group, groups)) for group in groups}
    needed = has_headings + sum(len(group.rows) + costs[group.name] for group in groups)
    if room is None or needed <= room:
        return [(group, list(group.rows)) for group in groups], []
    left = room - has_headings - 1  # how many more there are takes a line
    chosen: dict[str, list[Row]] = {}
    left_out: list[Row] = []
    for group, row in most_urgent(groups):
        cost = 1 + (0 if group.name in chosen else costs[group.name])
        if cost > left:
            left_out.append(row)
        else:
            chosen.setdefault(group.name, []).append(row)
            left -= cost
    return [(group, chosen[group.name]) for group in groups if group.name in chosen], left_out


def _events(happenings: Sequence[Happening], model: Model, labels: Labels) -> Iterator[Text]:
    yield Text(labels.events, "dim")
    for one in happenings:
        count = f"{one.count} x " if one.is_error else ""
        yield Text.assemble(
            (f"{at_words(one.at_s, one.real_s, is_scaled=model.is_scaled)}  ", "dim"),
            (f"{one.subject}  " if one.subject else "", "bold"),
            (f"{count}{one.text}", _MOODS[one.mood]),
        )
    if not happenings:
        yield Text(labels.no_events, "dim")
