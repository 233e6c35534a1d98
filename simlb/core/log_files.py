"""The names that log files have in a bucket (reference 7.1-7.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from simlb.core.attributes import LoadBalancerAttributes, LogBucket
from simlb.core.ids import ACCOUNT
from simlb.core.log_kinds import LogKind

INTERVAL_S = 300
"""A file holds what was written in five minutes of wall-clock time, which begin at multiples of five minutes."""


_FILE_PREFIXES = {LogKind.ACCESS: "", LogKind.CONNECTION: "conn_log_", LogKind.HEALTH_CHECK: "health_check_log_"}
_WORDS = {LogKind.ACCESS: "AccessLog", LogKind.CONNECTION: "ConnectionLog", LogKind.HEALTH_CHECK: "HealthCheckLog"}


def bucket_of(attributes: LoadBalancerAttributes, kind: LogKind) -> LogBucket | None:
    """Where logs of that kind go; None when they are not enabled."""
    return {
        LogKind.ACCESS: attributes.access_logs,
        LogKind.CONNECTION: attributes.connection_logs,
        LogKind.HEALTH_CHECK: attributes.health_check_logs,
    }[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """Where one kind of log of one load-balancer node goes. `resource` is `app/<name>/<id>`."""

    kind: LogKind
    bucket: LogBucket
    region: str
    resource: str
    node_ip: str

    def object_key(self, interval_end_s: float, digits: str) -> str:
        """The key of the file of the interval that ends at this wall-clock second; `digits` are random ones."""
        end = datetime.fromtimestamp(interval_end_s, UTC)
        name = (
            f"{_FILE_PREFIXES[self.kind]}{ACCOUNT}_elasticloadbalancing_{self.region}_"
            f"{self.resource.replace('/', '.')}_{end:%Y%m%dT%H%MZ}_{self.node_ip.replace(':', '.')}_{digits}.log.gz"
        )
        return f"{self._folder}/elasticloadbalancing/{self.region}/{end:%Y/%m/%d}/{name}"

    @property
    def test_file_key(self) -> str:
        """The key of the object that AWS writes when logging is enabled, to see whether it may."""
        return f"{self._folder}/ELB{_WORDS[self.kind]}TestFile"

    def test_file_text(self, now_s: float) -> str:
        """What that object says."""
        at = datetime.fromtimestamp(now_s, UTC)
        stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
        return f"Enable {_WORDS[self.kind]} for ELB: {self.resource} at {stamp}"

    @property
    def _folder(self) -> str:
        prefix = self.bucket.prefix
        return f"{prefix}/AWSLogs/{ACCOUNT}" if prefix else f"AWSLogs/{ACCOUNT}"


def interval_end(now_s: float) -> int:
    """The end of the interval in which this wall-clock second lies."""
    return (int(now_s) // INTERVAL_S + 1) * INTERVAL_S
