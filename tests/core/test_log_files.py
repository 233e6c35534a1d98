"""Names of log files in a bucket (reference 7.1-7.3)."""

from __future__ import annotations

import pytest

from simlb.core.attributes import LogBucket
from simlb.core.log_files import LogPlace, interval_end
from simlb.core.log_kinds import LogKind

END = 1530570300
"""2018-07-02T22:25:00Z."""
FOLDER = "AWSLogs/000000000000/elasticloadbalancing/us-east-2/2018/07/02"
NAME = "000000000000_elasticloadbalancing_us-east-2_app.web.50dc6c495c0c9188_20180702T2225Z_{}_20sg8hgm.log.gz"


def place(kind: LogKind, prefix: str = "", node_ip: str = "127.0.0.1") -> LogPlace:
    return LogPlace(
        kind=kind,
        bucket=LogBucket(bucket="my-bucket", prefix=prefix),
        region="us-east-2",
        resource="app/web/50dc6c495c0c9188",
        node_ip=node_ip,
    )


KEYS = [
    (place(LogKind.ACCESS), f"{FOLDER}/{NAME.format('127.0.0.1')}"),
    (place(LogKind.ACCESS, "a/b"), f"a/b/{FOLDER}/{NAME.format('127.0.0.1')}"),
    (place(LogKind.CONNECTION), f"{FOLDER}/conn_log_{NAME.format('127.0.0.1')}"),
    (place(LogKind.HEALTH_CHECK), f"{FOLDER}/health_check_log_{NAME.format('127.0.0.1')}"),
    (place(LogKind.ACCESS, node_ip="::1"), f"{FOLDER}/{NAME.format('..1')}"),
]


@pytest.mark.parametrize(("place", "key"), KEYS)
def test_keys(place: LogPlace, key: str) -> None:
    assert place.object_key(END, "20sg8hgm") == key


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (LogKind.ACCESS, "AccessLog"),
        (LogKind.CONNECTION, "ConnectionLog"),
        (LogKind.HEALTH_CHECK, "HealthCheckLog"),
    ],
)
def test_the_test_object(kind: LogKind, name: str) -> None:
    assert place(kind, "p").test_file_key == f"p/AWSLogs/000000000000/ELB{name}TestFile"
    assert place(kind).test_file_text(1605866152.806) == (
        f"Enable {name} for ELB: app/web/50dc6c495c0c9188 at 2020-11-20T09:55:52.806Z"
    )


@pytest.mark.parametrize(
    ("now", "end"),
    [(END - 300, END), (END - 0.001, END), (END, END + 300), (END + 1, END + 300)],
)
def test_an_interval_ends_at_the_next_five_minutes(now: float, end: int) -> None:
    assert interval_end(now) == end
