"""`python -m bench`: measure, print tables, and leave the raw rounds in bench/results/."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench import api, commands, idle, report, rounds, routing, system
from bench.proxies import PROGRAMS, ROOT, STARTERS, Proxy, Setting, free_ports, start_simlb, start_target
from bench.report import Results
from bench.rows import CONTROL, HUNDRED_RULES, ONE_RULE, ROWS, SIMLB, Row

RESULTS = Path(__file__).parent / "results"
ROUTING = (ONE_RULE, HUNDRED_RULES)
BESIDE = [name for name in STARTERS if name not in ROUTING]
ROUNDS, MINOR_ROUNDS, QUICK_ROUNDS = 14, 5, 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round: to see that everything works, not to believe")
    parser.add_argument("--rounds", type=int, help=f"rounds of each row (default: {ROUNDS}, minor rows {MINOR_ROUNDS})")
    parser.add_argument("--rows", nargs="*", metavar="ROW", help=" ".join(row.name for row in ROWS))
    parser.add_argument("--proxies", nargs="*", metavar="NAME", default=BESIDE, help="beside simlb; default: all")
    parser.add_argument("--against", type=Path, metavar="DIR", help="another source tree of simlb, as the control")
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--no-commands", action="store_true")
    parser.add_argument("--no-api", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the order within rounds")
    return parser.parse_args()


def _available(wanted: list[str]) -> tuple[list[str], list[str]]:
    """Which proxies can be run, and what has to be said about the others."""
    names, notes = [SIMLB], []
    for name in [name for name in wanted if name != SIMLB]:
        program = PROGRAMS.get(name)
        if program is None or shutil.which(program):
            names.append(name)
        else:
            notes.append(f"SKIPPED: {program} is not installed (make bench-tools); its columns are empty")
    return names, notes


def _rows(arguments: argparse.Namespace) -> tuple[list[Row], list[str]]:
    rows = [row for row in ROWS if arguments.rows is None or row.name in arguments.rows]
    notes = []
    for program, is_needed_by in (
        ("wrk", [row for row in rows if not row.is_handshakes]),
        ("openssl", [row for row in rows if row.is_handshakes]),
    ):
        if is_needed_by and shutil.which(program) is None:
            titles = "; ".join(row.title for row in is_needed_by)
            notes.append(f"SKIPPED: {program} is not installed (make bench-tools), so there are no rows: {titles}")
            rows = [row for row in rows if row not in is_needed_by]
    return rows, notes


def _rounds_of(row: Row, arguments: argparse.Namespace) -> int:
    if arguments.rounds:
        return int(arguments.rounds)
    if arguments.quick:
        return QUICK_ROUNDS
    return MINOR_ROUNDS if row.is_minor else ROUNDS


def _measure(arguments: argparse.Namespace, setting: Setting, results: Results, rows: list[Row]) -> None:
    names, notes = _available(arguments.proxies)
    results.notes += notes
    for note in results.notes:
        print(note, flush=True)
    target = start_target(setting)
    running: dict[str, Proxy] = {}
    rng = random.Random(arguments.seed)  # noqa: S311 - an order, not a secret
    try:
        running[SIMLB] = start_simlb(setting)
        tree = {"tree": arguments.against.resolve()} if arguments.against else {}
        running[CONTROL] = start_simlb(setting, CONTROL, **tree)
        for name in names[1:] if any(not row.is_routing for row in rows) else ():
            running[name] = STARTERS[name](setting)
        for row in rows:
            for name in ROUTING if row.is_routing else ():
                running[name] = STARTERS[name](setting)
            count = _rounds_of(row, arguments)
            show = partial(_progress, row.title, count)
            results.rows.append((row, rounds.measure(row, running, target.pid, rounds=count, rng=rng, on_round=show)))
            for name in ROUTING if row.is_routing else ():
                # A thousand targets are probed all the time, which the other rows should not feel.
                running.pop(name).stop()
        if not arguments.no_commands:
            _progress("commands")
            results.seconds.update(commands.measure_start(setting, starts=1 if arguments.quick else commands.STARTS))
            results.seconds.update(commands.measure_commands(setting, running[SIMLB]))
        for proxy in running.values():
            proxy.stop()
        running.clear()
        if not arguments.no_api:
            _progress("the API")
            folder, certs = setting.directory / "api", setting.directory / "certs"
            results.api = api.measure(folder, certs, setting.cores, setting.many_ports, quick=arguments.quick)
        if not arguments.no_memory and shutil.which("wrk"):
            for name in names if not arguments.quick else names[:1]:
                _progress(f"memory of {name}")
                results.memory[name] = idle.measure(STARTERS[name], setting)
    finally:
        for proxy in running.values():
            proxy.stop()
        target.kill()
        target.wait()
        _progress("")


def _progress(what: str, count: int = 0, number: int = 0) -> None:
    if sys.stderr.isatty():
        place = f" {number + 1}/{count}" if count else ""
        print(f"\r\033[K{what}{place}", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Everything, in one go; the exit status."""
    arguments = _arguments()
    if sys.platform != "linux":
        print("make bench runs on Linux only: it reads CPU time and memory from /proc.", file=sys.stderr)
        return 2
    # Debian keeps servers where users do not look.
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    rows, notes = _rows(arguments)
    began = datetime.now(UTC)
    cores = system.Cores()
    pinning = f"proxy on core {cores.proxy}, client and target on core {cores.others}"
    if not cores.is_separate:
        pinning = "ONE CORE for proxy, client and target: throughput and latency mean little here"
    circumstances = {
        "date": began.strftime("%Y-%m-%d %H:%M UTC"),
        "machine": system.machine(),
        "simlb": system.revision(ROOT),
        "interpreter": system.interpreter(),
        "pinning": pinning,
        "load average before": " ".join(f"{value:.2f}" for value in os.getloadavg()),
        "seed": str(arguments.seed),
    }
    results = Results(circumstances, notes=notes)
    system.raise_descriptor_limit()
    with tempfile.TemporaryDirectory(prefix="simlb-bench-") as folder:
        needs_many = not arguments.no_api or any(row.is_routing for row in rows)
        ports = free_ports(3 + (routing.TARGETS if needs_many else 0))
        setting = Setting(directory=Path(folder), target_ports=ports[:3], many_ports=ports[3:], cores=cores)
        _measure(arguments, setting, results, rows)
    circumstances["took"] = f"{(datetime.now(UTC) - began).total_seconds() / 60:.1f} minutes"
    control = "/ other tree" if arguments.against else "A/A: simlb / simlb"
    for caption, table in report.tables(results, control=control):
        print(f"\n{caption}\n\n{report.as_text(table)}")
    print()
    for line in (*(f"{name}: {value}" for name, value in circumstances.items()), report.noise(results)):
        print(line)
    for line in (*results.notes, *report.problems(results)):
        print(f"! {line}")
    RESULTS.mkdir(exist_ok=True)
    stem = RESULTS / began.strftime("%Y-%m-%d-%H%M%S")
    stem.with_suffix(".json").write_text(json.dumps(results.as_json(), indent=1))
    stem.with_suffix(".md").write_text(report.markdown(results, control=control))
    print(f"\n{stem}.json holds every round, {stem.name}.md the tables")
    return 0


if __name__ == "__main__":
    sys.exit(main())
