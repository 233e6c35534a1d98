"""Log files of a load balancer in a test: only where they are asked for, and gone with it."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

from simlb.core.log_kinds import LogKind
from simlb.testing import ALB, FakeBackend
from tests.core import athena

KINDS = ("access", "connection", "health_check")


def opened(state: Path, kind: str) -> list[str]:
    """The lines of the open file of one kind."""
    paths = (state / "logs").rglob(f"open/{kind}-*.log")
    return [line for path in paths for line in path.read_text().splitlines()]


def test_logs_of_every_kind(alb: ALB) -> None:
    web = alb.target_group("web")
    web.add(FakeBackend())
    alb.listen(80).forward(web)
    alb.listen(443, cert="api.example.com").forward(web)
    alb.attributes({f"{kind}_logs.s3.enabled": True for kind in KINDS} | {"access_logs.s3.bucket": "my-logs"})
    with alb.start() as lb:
        state = lb.app.options.state_dir
        assert lb.app.view().access_log == str(state / "s3" / "my-logs")
        for scheme in ("http", "https"):
            assert lb.get(f"{scheme}://api.example.com/").status_code == 200
        lb.wait(lambda: len(opened(state, "access")) == len(opened(state, "connection")) == 2)
        lb.wait(lambda: opened(state, "health_check"))
        requests = [athena.access(line) for line in opened(state, "access")]
        connections = [athena.connection(line) for line in opened(state, "connection")]
        assert [row["conn_trace_id"] for row in requests] == [row["conn_trace_id"] for row in connections]
        assert [row["tls_verify_status"] for row in connections] == ["-", "Success"]
        assert opened(state, "health_check")[0].endswith(" web PASS 200 -")
        for kind in LogKind:
            kept = lb.home.call(partial(lb.app.observing.log_lines, kind, 0, 100)).lines
            assert list(kept)[: len(opened(state, kind))] == opened(state, kind), "the same lines"
    assert not state.exists()
    assert "simlb-logs" not in [thread.name for thread in threading.enumerate()]


def test_nothing_is_written_by_itself(alb: ALB) -> None:
    alb.listen(80).fixed(200)
    with alb.start() as lb:
        lb.get("/")
        state = lb.app.options.state_dir
        assert lb.app.view().access_log is None
        assert "simlb-logs" not in [thread.name for thread in threading.enumerate()]
        assert not (state / "s3").exists()
        assert list(state.rglob("open")) == []
