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
_MOODS = {"good": "green", "bad": "red", "watch": "yellow", "plain": ""}


def render(model: Model, now: float, *, width: int, height: int | None, labels: Labels = ENGLISH) -> Lines:
    """The whole picture. `height` None: as many lines as it takes."""
    lines = list(_header(model, now, width, labels))
    groups = model.groups(now)
    events: list[Text] = []
    if height is None or height >= ROOMY_LINES:
        if model.pulse is not None:
            for load_balancer in model.pulse.load_balancers:
                lines += _load_balancer(load_balancer, width, labels)
        count = EVENTS_IN_PLAIN if height is None else min(EVENTS_MAX, height // 4)
        events = list(_events(model.happenings(count), model, labels))
        lines.append(Text())
    if not groups:
        lines.append(Text(labels.no_figures if model.link == "live" else labels.waiting, "dim"))
    else:
        room = None if height is None else height - len(lines) - len(events) - bool(events)
        lines += _targets(groups, model, width, room, labels)
    if events:
        lines += [Text(), *events]
    for line in lines[:height]:
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
    return Lines(*lines[:height])


def _header(model: Model, now: float, width: int, labels: Labels) -> Iterator[Text]:
    at_s, real_s = model.times(now)
    parts = [Text.assemble(("simlb top", "bold"), f"  {labels.instance} ", (printable(model.instance), "bold"))]
    if model.link == "waiting":
        parts.append(Text(labels.waiting, "bold yellow"))
    elif model.is_scaled:
        parts += [
            Text(f"{labels.speed} {model.speed:g}"),
            Text(f"{duration(at_s)} AWS ({duration(real_s)} {labels.here})"),
        ]
    else:
        parts.append(Text(duration(at_s)))
    if model.control and model.link == "live":
        parts.append(Text(f"{labels.control} http://{printable(model.control)}/", "dim"))
    parts.append(Text(labels.quits, "dim"))
    yield _packed(parts, width)[0]


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


def _targets(groups: Sequence[Group], model: Model, width: int, room: int | None, labels: Labels) -> Iterator[Text]:
    """The table: everything in the configuration's order if it fits, else what needs a look first."""
    shown, left_out = _fitting(groups, room)
    highest = max((rate for group in groups for row in group.rows for rate in row.history), default=0.0)

    def clock(aws_s: float) -> str:
        return f"{aws_s / model.speed:.1f} s" if model.is_scaled else f"{aws_s:.0f} s"

    rows = [(group, [cells_of(row, highest, clock=clock) for row in members]) for group, members in shown]
    table = layout([cells for _, members in rows for cells in members], labels, width)
    if room is None or room > 2:
        yield table.heading()
    for group, members in rows:
        if len(groups) > 1 or group.fails_open:
            yield _group_heading(group, width, labels)
        for cells in members:
            yield table.line(cells)
    if left_out:
        states: dict[str, int] = {}
        for row in left_out:
            states[row.pulse.state] = states.get(row.pulse.state, 0) + 1
        words = ", ".join(f"{count} {printable(state)}" for state, count in states.items())
        yield Text(labels.more.format(count=len(left_out), states=words), "dim")


def _group_heading(group: Group, width: int, labels: Labels) -> Text:
    counts = ", ".join(f"{count} {printable(state)}" for state, count in group.counts().items())
    name = printable(group.name)
    parts: list[Text] = [Text.assemble(f"{labels.group} ", (name, "bold"), f"  {counts}")]
    if group.fails_open:
        parts.append(Text(f" {labels.fails_open} ", "black on yellow"))
    heading = _packed(parts, width)
    # The badge matters more than the counts.
    return heading[0] if len(heading) == 1 else Text.assemble((name, "bold"), " ", parts[1])


def _fitting(groups: Sequence[Group], room: int | None) -> tuple[list[tuple[Group, list[Row]]], list[Row]]:
    """The targets to show by group, and those there is no room for."""
    has_headings = len(groups) > 1
    needed = 1 + sum(len(group.rows) + (has_headings or group.fails_open) for group in groups)
    if room is None or needed <= room:
        return [(group, list(group.rows)) for group in groups], []
    left = room - 2 if room > 2 else room  # the column names, and how many more there are
    chosen: dict[str, list[Row]] = {}
    left_out: list[Row] = []
    for group, row in most_urgent(groups):
        cost = 1 + (group.name not in chosen and (has_headings or group.fails_open))
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
