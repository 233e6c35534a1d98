"""The programs that make the load, and what they report: wrk, and `openssl s_time` for handshakes that resume nothing.

wrk keeps a TLS session across the connections of a slot and resumes it, which spares the signature; `s_time -new` does
not, and is therefore what measures handshakes.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Load:
    """What a client reports of one run. `problems` is everything that was not a good response."""

    requests: int
    duration_s: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    problems: dict[str, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        """Requests in a second."""
        return self.requests / self.duration_s if self.duration_s else 0.0


_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


def _milliseconds(output: str, percentile: str) -> float | None:
    match = re.search(rf"^\s+{percentile}%\s+([0-9.]+)(us|ms|s|m)$", output, re.MULTILINE)
    return float(match[1]) * _UNITS[match[2]] if match else None


def parse_wrk(output: str) -> Load:
    """The report of `wrk --latency`. Raises ValueError when it is none."""
    total = re.search(r"^\s*(\d+) requests in ([0-9.]+)(us|ms|s|m),", output, re.MULTILINE)
    if total is None:
        raise ValueError(f"not a report of wrk: {output!r}")
    problems: dict[str, int] = {}
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    if errors is not None:
        for kind, count in zip(("connect", "read", "write", "timeout"), errors.groups(), strict=True):
            if int(count):
                problems[kind] = int(count)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    if bad is not None:
        problems["status"] = int(bad[1])
    duration_s = float(total[2]) * _UNITS[total[3]] / 1000
    return Load(int(total[1]), duration_s, _milliseconds(output, "50"), _milliseconds(output, "99"), problems)


def parse_s_time(output: str) -> Load:
    """The report of `openssl s_time`. Raises ValueError when it is none."""
    total = re.search(r"^(\d+) connections in (\d+) real seconds, (\d+) bytes read", output, re.MULTILINE)
    if total is None:
        raise ValueError(f"not a report of openssl s_time: {output!r}")
    problems = {} if int(total[3]) else {"empty": int(total[1])}
    return Load(int(total[1]), float(total[2]), problems=problems)


def wrk(url: str, *, connections: int, duration_s: int, headers: Sequence[str] = (), script: str | None = None) -> Load:
    """One run of wrk with a single thread."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{duration_s}s", "--latency", "--timeout", "10s"]
    for header in headers:
        command += ["-H", header]
    if script is not None:
        command += ["-s", str(HERE / script)]
    done = subprocess.run([*command, url], capture_output=True, text=True, check=True, timeout=duration_s + 30)
    return parse_wrk(done.stdout)


def s_time(address: str, *, connections: int, duration_s: int) -> Load:
    """`connections` programs side by side, each making one TLS connection and one request after the other."""
    command = ["openssl", "s_time", "-connect", address, "-new", "-time", str(duration_s), "-www", "/"]
    began = time.monotonic()
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(connections)
    ]
    loads = [parse_s_time(process.communicate(timeout=duration_s + 30)[0]) for process in running]
    problems: dict[str, int] = {}
    for load in loads:
        for kind, count in load.problems.items():
            problems[kind] = problems.get(kind, 0) + count
    return Load(sum(load.requests for load in loads), time.monotonic() - began, problems=problems)
