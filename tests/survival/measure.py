"""What simlb's process takes from the system (Linux), and configurations and commands that these tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.configs import web
from tests.e2e.test_package import WITHOUT_UVLOOP

PLAIN = 8081
"""The port of the listener that forwards without TLS."""
FIXED = 8082
"""The port of the listener that answers by itself."""
LOOPS = {"uvloop": (sys.executable, "-m", "simlb"), "standard loop": (sys.executable, "-c", WITHOUT_UVLOOP)}


def every_kind(*targets: str, check: str = "path: /health, interval: 5s, timeout: 2s", **more: int) -> str:
    """The usual two listeners, one that forwards plain HTTP, and one that answers by itself (YAML)."""
    plain = f'{{protocol: HTTP, port: {PLAIN}, bind: "127.0.0.1:0", forward: web}}'
    answer = "{status_code: 200, message_body: fixed}"
    fixed = f'{{protocol: HTTP, port: {FIXED}, bind: "127.0.0.1:0", fixed_response: {answer}}}'
    return web(*targets, check=check, listeners=[plain, fixed], **more)


def cpu_s(pid: int) -> float:
    """Processor time that the process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid: int) -> int:
    """How many files and sockets it has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def threads(pid: int) -> int:
    """How many threads it has."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def raise_own_limit() -> Iterator[int]:
    """Let this process open as many descriptors as it may, for a while."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
