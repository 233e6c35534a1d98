"""`simlb metrics`: tables, JSON, and what Prometheus and Grafana get."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simlb.cli.metrics import Row, table
from simlb.cli.terminal import Style
from simlb.core.metrics import MetricStore, StatisticSet
from simlb.core.metrics.buckets import BUCKETS, bucket_of
from simlb.core.metrics.store import Key
from tests.cli.conftest import Run, Running
from tests.core.metrics.test_store import LB, WEB

PLAIN = Style(color=False)


class Desk:
    """Numbers of this second."""

    def __init__(self) -> None:
        self.store = MetricStore()
        self.store.zones[LB] = "us-east-1a"
        now = int(time.time())
        for group in (None, WEB):
            self.store.add(Key("RequestCount", LB, group), now, 3)
        self.store.sample(Key("HealthyHostCount", LB, WEB), now, 2)
        self.store.add(Key("ForwardedInvalidHeaderRequestCount", LB), now, 0)
        counts = [0] * BUCKETS
        counts[bucket_of(0.25)] = 1
        self.store.add_set(Key("TargetResponseTime", LB, WEB), now, StatisticSet(1, 0.25, 0.25, 0.25, counts))

    def metric_store(self) -> MetricStore:
        return self.store

    def now_s(self) -> float:
        return time.time()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        return b"simlb_healthy_hosts 2.0\n", "text/plain; charset=utf-8"


@pytest.fixture
def running(state_dir: Path) -> Iterator[Running]:
    from simlb.controlplane.metric_routes import metric_routes

    instance = Running(state_dir, "default", metric_routes(Desk()))
    yield instance
    instance.close()


def rows_of(printed: str) -> list[tuple[str, ...]]:
    """The cells of a table without its heading; of its periods the last one that says something."""
    rows = [line.split() for line in printed.splitlines()[1:]]
    return [(*row[:3], next(cell for cell in reversed(row[3:]) if cell != "-")) for row in rows]


def test_everything_that_there_is(run: Run, running: Running) -> None:
    status, printed, _ = run("metrics")
    assert status == 0
    assert printed.splitlines()[0].split()[:3] == ["METRIC", "GROUP", "STATISTIC"]
    assert rows_of(printed) == [
        ("RequestCount", "-", "Sum", "3"),
        ("RequestCount", "web", "Sum", "3"),
        ("ForwardedInvalidHeaderRequestCount", "-", "Sum", "0"),
        ("TargetResponseTime", "web", "Average", "0.25"),
        ("TargetResponseTime", "web", "p95", "0.25"),
        ("HealthyHostCount", "web", "Average", "2"),
    ]


def test_a_metric_has_all_its_statistics(run: Run, running: Running) -> None:
    _, printed, _ = run("metrics", "HealthyHostCount", "HTTPCode_ELB_502_Count", "--period", "5m", "--group", "web")
    *lines, last = printed.splitlines()
    assert [row[2:] for row in rows_of("\n".join(lines))] == [("Average", "2"), ("Minimum", "2"), ("Maximum", "2")]
    assert last == "HTTPCode_ELB_502_Count: no data in the last 50m00s"


def test_json_is_cloudwatchs(run: Run, running: Running) -> None:
    _, printed, _ = run("metrics", "RequestCount", "--json", "--period", "1")
    answer = json.loads(printed)
    assert [len(query["MetricStat"]["Metric"]["Dimensions"]) for query in answer["MetricDataQueries"]] == [1, 2]
    assert [(result["Label"], result["Values"]) for result in answer["MetricDataResults"]] == [
        ("RequestCount", [3])
    ] * 2


def test_prometheus(run: Run, running: Running) -> None:
    assert run("metrics", "--prometheus")[:2] == (0, "simlb_healthy_hosts 2.0\n")


def test_the_dashboard_needs_no_instance(run: Run) -> None:
    status, printed, _ = run("metrics", "--grafana")
    assert (status, json.loads(printed)["title"]) == (0, "simlb")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["RequestCuont"], "E763", "did you mean RequestCount?"),
        (["LambdaUserError"], "E764", "there are no Lambda targets"),
        (["--group", "wbe"], "E766", "did you mean web?"),
        (["--period", "7"], "E762", "The value 7 for parameter Period"),
        (["--last", "30s"], "E762", "less than one period"),
        (["--period", "1", "--last", "1h"], "E765", "exceeds the limit"),
        (["--period", "1.5s"], "", "not a whole number of seconds"),
        (["--period", "0"], "", "not a whole number of seconds"),
        (["--last", "soon"], "", "'soon' is not a duration"),
        (["--json", "--prometheus"], "", "not allowed with"),
    ],
)
def test_what_cannot_be_asked(run: Run, running: Running, arguments: list[str], code: str, words: str) -> None:
    status, _, said = run("metrics", *arguments)
    assert status == 2
    assert words in said
    assert code in said


def test_the_last_periods_are_shown_where_not_all_fit() -> None:
    values = {f"2026-11-28T12:0{minute}:00Z": float(minute) for minute in range(10)}
    rows = [Row("RequestCount", "web", "Sum", values), Row("ProcessedBytes", "-", "Sum", {})]
    wide, narrow = (list(table(rows, PLAIN, width=width)) for width in (None, 50))
    assert len(wide[0].split()) == 13
    assert len(narrow[0]) <= 50
    assert narrow[1].split()[-1] == "9"
    assert set(narrow[2].split()[3:]) == {"-"}
