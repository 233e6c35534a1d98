"""Every time-out of the load balancer follows its clock. What goes by real time is here, each with its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOM = Path(__file__).resolve().parents[2] / "simlb" / "dataplane"

REAL = {
    ("attention.py", "call_later"): "how long a manual clock waits for an outcome of the real world",
    ("dns_server.py", "call_later"): "how long an idle TCP client of the DNS server is kept: it is no client of AWS's",
    ("exchange.py", "monotonic"): "processing times are measured, not scaled (reference 7.1)",
    ("node.py", "monotonic"): "what exchanges measure with",
    ("node.py", "wait_for"): "a stop's grace is the user's time",
    ("node.py", "sleep"): "no time: lets others have their turn, and transports run their last callbacks",
    ("probe.py", "monotonic"): "a probe's latency is measured; a process that starts takes real time to listen",
    ("tls.py", "monotonic"): "how long a handshake took is measured (reference 7.2)",
    ("probe.py", "sleep"): "looks again whether a process that starts listens by now",
}
_NAMES = {"monotonic", "perf_counter", "sleep", "wait_for", "timeout", "timeout_at", "call_later", "call_at"}


def uses() -> Iterator[tuple[str, str]]:
    """Files and names of calls and values that know real time."""
    for path in sorted(ROOM.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in _NAMES
                and not ast.unparse(node.value).endswith("clock")
            ):
                yield path.name, node.attr


def test_what_goes_by_real_time_is_known() -> None:
    assert set(uses()) - set(REAL) == set(), "use simlb.clock.Clock, or give the reason above"


@pytest.mark.parametrize("use", REAL, ids=" ".join)
def test_each_reason_has_its_use(use: tuple[str, str]) -> None:
    assert use in set(uses())
