"""Paired interleaved rounds: in each, every proxy gets the same load once, in random order. Every round is kept."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench import system
from bench.proxies import Proxy
from bench.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One proxy in one round. `others_cores` is what anything but the measured processes used of the machine."""

    cpu_us: float
    per_second: float
    p50_ms: float | None
    p99_ms: float | None
    busy: float
    others_cores: float
    problems: dict[str, int]


Rounds = dict[str, list[Run]]
"""By proxy, in the order of rounds."""


def _client_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime + own.ru_utime + own.ru_stime


def _run(row: Row, proxy: Proxy, target_pid: int) -> Run:
    def measured_s() -> float:
        return _client_cpu_s() + system.cpu_s(target_pid)

    began, machine_before, measured_before = time.monotonic(), system.machine_busy_s(), measured_s()
    before = system.cpu_s(proxy.pid)
    load = row.run(proxy)
    used = system.cpu_s(proxy.pid) - before
    wall = time.monotonic() - began
    others = system.machine_busy_s() - machine_before - (measured_s() - measured_before) - used
    return Run(
        cpu_us=used / load.requests * 1e6 if load.requests else 0.0,
        per_second=load.per_second,
        p50_ms=load.p50_ms,
        p99_ms=load.p99_ms,
        busy=used / wall,
        others_cores=max(0.0, others / wall),
        problems=load.problems,
    )


def measure(
    row: Row,
    proxies: Mapping[str, Proxy],
    target_pid: int,
    *,
    rounds: int,
    rng: random.Random,
    on_round: Callable[[int], None] = lambda number: None,
) -> Rounds:
    """Run the row's rounds on those of its proxies that are there."""
    taking_part = [name for name in row.proxies if name in proxies]
    found: Rounds = {name: [] for name in taking_part}
    for number in range(rounds):
        on_round(number)
        for name in rng.sample(taking_part, len(taking_part)):
            found[name].append(_run(row, proxies[name], target_pid))
    return found
