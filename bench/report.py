"""Tables for the terminal and for RESULTS.md, and the raw rounds as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.api import CALL_GOAL_MS, RESTART_GOAL_S, STALL_GOAL_MS, ApiFigures
from bench.commands import COMMAND_GOAL_S, UP_GOAL_S
from bench.idle import Memory
from bench.rounds import Rounds, Run
from bench.routing import COST_GOAL
from bench.rows import (
    AIOHTTP,
    CONTROL,
    HAPROXY,
    HUNDRED_RULES,
    NAIVE_GOAL,
    NGINX,
    ONE_RULE,
    P99_GOAL,
    SIMLB,
    Row,
)
from bench.stats import Estimate, median_ratio

IDLE_GOAL_MB = 60.0
PLAIN_GOAL_KB = 3.0
TLS_GOAL_KB = 25.0

Table = list[list[str]]


@dataclass(slots=True)
class Results:
    """Everything one run of the benchmark has found."""

    circumstances: dict[str, str]
    rows: list[tuple[Row, Rounds]] = field(default_factory=list)
    memory: dict[str, Memory] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    api: ApiFigures = field(default_factory=ApiFigures)
    notes: list[str] = field(default_factory=list)

    def usual_rows(self) -> Iterator[tuple[Row, Rounds]]:
        """Those in which other proxies stand beside simlb."""
        return ((row, rounds) for row, rounds in self.rows if not row.is_routing)

    def as_json(self) -> dict[str, Any]:
        """Plain data: every run of every round."""
        return {
            "circumstances": self.circumstances,
            "rows": {
                row.name: {name: [asdict(run) for run in runs] for name, runs in rounds.items()}
                for row, rounds in self.rows
            },
            "memory": {name: asdict(memory) for name, memory in self.memory.items()},
            "seconds": self.seconds,
            "api": asdict(self.api),
            "notes": self.notes,
        }


def capacity(rounds: Rounds, proxy: str, other: str) -> Estimate | None:
    """How much more `proxy` does with a CPU second than `other`: the median of paired ratios of CPU per request."""
    if proxy not in rounds or other not in rounds:
        return None
    return median_ratio([run.cpu_us for run in rounds[other]], [run.cpu_us for run in rounds[proxy]])


def slowness(rounds: Rounds, proxy: str, other: str) -> Estimate | None:
    """How many times `other`'s p99 `proxy`'s is."""
    if proxy not in rounds or other not in rounds:
        return None
    return median_ratio([run.p99_ms for run in rounds[proxy]], [run.p99_ms for run in rounds[other]])


def _median(values: Iterable[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _estimate(value: Estimate | None) -> str:
    return "-" if value is None else str(value)


def _cpu(runs: Sequence[Run] | None) -> str:
    value = _median(run.cpu_us for run in runs) if runs else None
    return "-" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def verdict(value: float | None, goal: float, *, at_least: bool) -> str:
    """`0.5 met`, `0.5 not met`, or what is missing to say so."""
    sign = "≥" if at_least else "≤"
    if value is None:
        return f"{sign} {goal:g}: not measured"
    is_met = value >= goal if at_least else value <= goal
    return f"{sign} {goal:g}: {'met' if is_met else 'NOT met'}"


def speed_table(results: Results, control: str) -> Table:
    """CPU per request side by side, and the ratios the goals are about."""
    table = [["row", "simlb µs", "nginx µs", "HAProxy µs", "capacity / nginx", "goal", "/ HAProxy", control, "n"]]
    for row, rounds in results.usual_rows():
        to_nginx = capacity(rounds, SIMLB, NGINX)
        goal = "-" if row.goal is None else verdict(to_nginx.median if to_nginx else None, row.goal, at_least=True)
        table.append(
            [
                row.title,
                *(_cpu(rounds.get(name)) for name in (SIMLB, NGINX, HAPROXY)),
                _estimate(to_nginx),
                goal,
                _estimate(capacity(rounds, SIMLB, HAPROXY)),
                _estimate(capacity(rounds, SIMLB, CONTROL)),
                str(len(rounds.get(SIMLB, ()))),
            ]
        )
    return table


def latency_table(results: Results) -> Table:
    """Throughput and latency; they depend on client and core more than the CPU time does."""
    table = [["row", "req/s simlb", "nginx", "HAProxy", "p99 ms simlb", "nginx", "HAProxy", "p99 / nginx", "goal"]]
    for row, rounds in results.usual_rows():
        trio = [rounds.get(name, []) for name in (SIMLB, NGINX, HAPROXY)]
        rates = [_number(_median(run.per_second for run in runs), 0) for runs in trio]
        tails = [_number(_median(run.p99_ms for run in runs)) for runs in trio]
        ratio = slowness(rounds, SIMLB, NGINX)
        goal = verdict(ratio.median if ratio else None, P99_GOAL, at_least=False) if row.limits_p99 else "-"
        table.append([row.title, *rates, *tails, _estimate(ratio), goal])
    return table


def naive_table(results: Results) -> Table:
    """simlb against the naive aiohttp proxy on the same interpreter."""
    table = [["row", "simlb µs", "aiohttp µs", "capacity / aiohttp", "goal"]]
    for row, rounds in results.rows:
        if AIOHTTP in rounds:
            ratio = capacity(rounds, SIMLB, AIOHTTP)
            goal = verdict(ratio.median if ratio else None, NAIVE_GOAL, at_least=True)
            table.append([row.title, _cpu(rounds.get(SIMLB)), _cpu(rounds[AIOHTTP]), _estimate(ratio), goal])
    return table


def routing_table(results: Results) -> Table:
    """What many rules and targets cost beside few, under the same requests."""
    table = [["row", "1 rule, 3 targets µs", "this µs", "cost", "goal", "n"]]
    for row, rounds in results.rows:
        if row.is_routing:
            cost = capacity(rounds, ONE_RULE, HUNDRED_RULES)
            goal = verdict(cost.median if cost else None, COST_GOAL, at_least=False)
            cells = (_cpu(rounds.get(ONE_RULE)), _cpu(rounds.get(HUNDRED_RULES)), _estimate(cost), goal)
            table.append([row.title, *cells, str(len(rounds.get(HUNDRED_RULES, ())))])
    return table


def memory_table(results: Results) -> Table:
    """Memory of the proxy processes alone."""
    table = [["proxy", "at rest MB", "after 12,000 requests MB", "kB / idle plain", "kB / idle TLS", "goals"]]
    for name, memory in results.memory.items():
        goals = "-"
        if name == SIMLB:
            rest = verdict(memory.fresh_kb / 1024, IDLE_GOAL_MB, at_least=False)
            plain = verdict(memory.plain_kb, PLAIN_GOAL_KB, at_least=False)
            tls = verdict(memory.tls_kb, TLS_GOAL_KB, at_least=False)
            goals = f"rest {rest}; plain {plain}; TLS {tls}"
        rest_mb, served_mb = memory.fresh_kb / 1024, memory.served_kb / 1024
        cells = (_number(rest_mb), _number(served_mb), _number(memory.plain_kb, 2), _number(memory.tls_kb, 2))
        table.append([name, *cells, goals])
    return table


def seconds_table(results: Results) -> Table:
    """How long commands take."""
    table = [["command", "median s", "goal"]]
    for name, value in results.seconds.items():
        goal = UP_GOAL_S if name.startswith("simlb up") else COMMAND_GOAL_S
        table.append([name, f"{value:.2f}", verdict(value, goal, at_least=False)])
    return table


def api_table(results: Results) -> Table:
    """Calls, what changes do to traffic beside them, and restarts; all with the state of `bench.api`."""
    table = [["API", "p50", "p90", "longest", "CPU", "goal (p50)", "n"]]
    figures = results.api
    for operation, call in figures.calls.items():
        table.append(_spread(f"{operation}, ms", call.ms, CALL_GOAL_MS, _number(_median(call.cpu_ms))))
    for change, stalls in figures.stalls.items():
        table.append(_spread(f"stall beside: {change}, ms", stalls, STALL_GOAL_MS))
    if figures.restarts:
        table.append(_spread("restart until the first 200, s", figures.restarts, RESTART_GOAL_S))
    return table


def _spread(what: str, values: Sequence[float], goal: float, cpu: str = "-") -> list[str]:
    ordered = sorted(values)
    median, tenth = statistics.median(ordered), ordered[int(len(ordered) * 0.9)]
    numbers = [_number(value, 2) for value in (median, tenth, ordered[-1])]
    return [what, *numbers, cpu, verdict(median, goal, at_least=False), str(len(ordered))]


def problems(results: Results) -> list[str]:
    """What was not a good response, by row and proxy."""
    said = []
    for row, rounds in results.rows:
        for name, runs in rounds.items():
            total: dict[str, int] = {}
            for run in runs:
                for kind, count in run.problems.items():
                    total[kind] = total.get(kind, 0) + count
            if total:
                counts = ", ".join(f"{kind} {count}" for kind, count in sorted(total.items()))
                said.append(f"{row.title}: {name} had {counts}")
    return said


def noise(results: Results) -> str:
    """How much of the machine others used while it was measured."""
    cores = [run.others_cores for _, rounds in results.rows for runs in rounds.values() for run in runs]
    if not cores:
        return "nothing measured"
    tenth = sorted(cores)[int(len(cores) * 0.9)]
    return f"others used {statistics.median(cores):.2f} cores (median of all runs; 90 % of runs below {tenth:.2f})"


def tables(results: Results, *, control: str) -> list[tuple[str, Table]]:
    """All tables that have something to show, with their captions."""
    named = []
    if any(results.usual_rows()):
        named = [
            ("CPU time of the proxy per request; capacity ratios with 95 % intervals", speed_table(results, control)),
            ("Throughput and latency", latency_table(results)),
        ]
        naive = naive_table(results)
        if len(naive) > 1:
            named.append(("The naive aiohttp proxy on the same interpreter", naive))
    routing = routing_table(results)
    if len(routing) > 1:
        named.append(("Rules and targets: CPU time per request", routing))
    api = api_table(results)
    if len(api) > 1:
        named.append(("API: 50 load balancers x 50 rules, one of them 100 rules and 1,000 targets", api))
    if results.memory:
        named.append(("Memory (PSS)", memory_table(results)))
    if results.seconds:
        named.append(("Waiting", seconds_table(results)))
    return named


def as_text(table: Table) -> str:
    """Columns for a terminal."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = []
    for number, row in enumerate(table):
        first, rest = row[0].ljust(widths[0]), row[1:]
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("  ".join([first, *cells]).rstrip())
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    return "\n".join(lines)


def as_markdown(table: Table) -> str:
    """The same for RESULTS.md."""
    head, *body = table
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in body]
    return "\n".join(lines)


def markdown(results: Results, *, control: str) -> str:
    """A section for RESULTS.md."""
    pieces = [f"- {name}: {value}" for name, value in results.circumstances.items()]
    pieces += [f"- noise: {noise(results)}"]
    pieces += [f"- {note}" for note in (*results.notes, *problems(results))]
    text = "\n".join(pieces)
    for caption, table in tables(results, control=control):
        text += f"\n\n**{caption}**\n\n{as_markdown(table)}"
    return text + "\n"
