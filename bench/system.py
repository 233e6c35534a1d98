"""What Linux tells about processes and cores: CPU time, memory, pinning (proc(5), sched_setaffinity(2))."""

from __future__ import annotations

import os
import platform
import re
import resource
import subprocess
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PARENT_FIELD = 1  # of /proc/PID/stat behind the command's closing bracket


def parse_parent(stat: str) -> int:
    """The parent's pid out of /proc/PID/stat. The command in brackets may hold anything, brackets included."""
    return int(stat.rpartition(")")[2].split()[_PARENT_FIELD])


def family(pid: int) -> list[int]:
    """`pid` and all processes below it."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                parent = parse_parent((entry / "stat").read_text())
            except (OSError, IndexError, ValueError):
                continue  # it ended while we looked
            children[parent].append(int(entry.name))
    found = [pid]
    for member in found:
        found += children[member]
    return found


def cpu_s(pid: int) -> float:
    """CPU seconds that the living threads of `pid` and of the processes below it have used so far."""
    nanoseconds = 0
    for member in family(pid):
        try:
            for schedstat in (PROC / str(member) / "task").glob("*/schedstat"):
                nanoseconds += int(schedstat.read_text().split()[0])
        except OSError:
            continue
    return nanoseconds / 1e9


def parse_busy_ticks(stat: str) -> int:
    """Ticks in which any core was at work, from the first line of /proc/stat: everything but idle and iowait."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = (int(word) for word in stat.split()[1:9])
    return user + nice + system + irq + softirq + steal


def machine_busy_s() -> float:
    """Seconds that all cores together have been at work since the machine started."""
    return parse_busy_ticks((PROC / "stat").read_text()) / _TICKS_PER_S


def parse_pss_kb(rollup: str) -> int:
    """The proportional set size out of /proc/PID/smaps_rollup, in kB."""
    match = re.search(r"^Pss:\s+(\d+) kB$", rollup, re.MULTILINE)
    if match is None:
        raise ValueError("no Pss line")
    return int(match[1])


def pss_kb(pid: int) -> int:
    """Memory of `pid` and the processes below it, in kB; pages shared with others count in proportion."""
    return sum(parse_pss_kb((PROC / str(member) / "smaps_rollup").read_text()) for member in family(pid))


def raise_descriptor_limit() -> int:
    """As many open files as the system allows this process and its children; the new limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Cores:
    """One core for the proxy, another one for client and target. With a single core everything shares it."""

    def __init__(self) -> None:
        cores = sorted(os.sched_getaffinity(0))
        self.is_separate = len(cores) > 1
        self.proxy, self.others = cores[0], cores[1 if self.is_separate else 0]
        os.sched_setaffinity(0, {self.others})

    @contextmanager
    def for_proxy(self) -> Iterator[None]:
        """Processes started within are pinned to the proxy's core; they inherit it."""
        os.sched_setaffinity(0, {self.proxy})
        try:
            yield
        finally:
            os.sched_setaffinity(0, {self.others})


def interpreter() -> str:
    """Which Python this is and whether it was built with profile-guided optimisation."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    flags = f"{arguments} {sysconfig.get_config_var('PY_CFLAGS') or ''}"
    is_optimised = "--enable-optimizations" in arguments or "-fprofile-use" in flags
    build = "built with PGO" if is_optimised else "built without PGO"
    return f"{sys.implementation.name} {platform.python_version()}, {build}"


def revision(tree: Path) -> str:
    """Which source is measured: the commit, and whether anything differs from it; `unknown` outside a repository."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(tree), *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "simlb")
        return f"commit {git('rev-parse', '--short', 'HEAD')}" + (" with changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown revision"


def machine() -> str:
    """Processor, cores and kernel in a line."""
    cpuinfo = (PROC / "cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    is_virtual = re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.MULTILINE) is not None
    kind = "virtual machine" if is_virtual else "machine"
    return f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, {kind}, Linux {platform.release()}"
