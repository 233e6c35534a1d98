"""The tables: which way round the ratios are, and when a goal is met."""

from __future__ import annotations

import pytest

pytest.importorskip("resource", reason="the benchmark imports what only POSIX has")

from bench import report
from bench.report import Results
from bench.rounds import Rounds, Run
from bench.rows import ROWS

SMALL = next(row for row in ROWS if row.name == "small-64")


def run(cpu_us: float, p99_ms: float = 2.0, **problems: int) -> Run:
    return Run(
        cpu_us=cpu_us, per_second=1000.0, p50_ms=1.0, p99_ms=p99_ms, busy=1.0, others_cores=0.1, problems=problems
    )


ROUNDS: Rounds = {
    "simlb": [run(40.0, 4.0), run(80.0, 8.0)],
    "control": [run(40.0), run(80.0)],
    "nginx": [run(20.0), run(40.0, 4.0)],
    "aiohttp": [run(160.0, status=3), run(320.0, status=2)],
}


def test_capacity_is_less_than_one_when_more_cpu_is_needed() -> None:
    found = report.capacity(ROUNDS, "simlb", "nginx")
    assert found is not None
    assert (found.median, found.n) == (0.5, 2)


def test_a_proxy_that_was_not_there_has_no_ratio() -> None:
    assert report.capacity(ROUNDS, "simlb", "haproxy") is None


def test_slowness_is_more_than_one_when_it_is_slower() -> None:
    found = report.slowness(ROUNDS, "simlb", "nginx")
    assert found is not None
    assert found.median == 2.0


@pytest.mark.parametrize(
    ("value", "goal", "at_least", "words"),
    [
        (0.5, 0.5, True, "≥ 0.5: met"),
        (0.49, 0.5, True, "≥ 0.5: NOT met"),
        (2.2, 2.2, False, "≤ 2.2: met"),
        (2.3, 2.2, False, "≤ 2.2: NOT met"),
        (None, 1.0, True, "≥ 1: not measured"),
    ],
)
def test_goals(value: float | None, goal: float, at_least: bool, words: str) -> None:
    assert report.verdict(value, goal, at_least=at_least) == words


def test_tables_have_as_many_cells_as_heads() -> None:
    results = Results({"date": "today"}, rows=[(SMALL, ROUNDS)], seconds={"simlb up URL": 0.4, "simlb status": 0.4})
    named = report.tables(results, control="A/A")
    assert len(named) == 4
    for _, table in named:
        assert {len(row) for row in table} == {len(table[0])}
    speed = named[0][1][1]
    assert speed[:6] == [SMALL.title, "60.0", "30.0", "-", "0.50 [0.50-0.50]", "≥ 0.5: met"]
    assert [row[2] for row in named[3][1][1:]] == ["≤ 1: met", "≤ 0.3: NOT met"]
    assert "| simlb up URL | 0.40 | ≤ 1: met |" in report.markdown(results, control="A/A")


def test_bad_responses_are_said() -> None:
    results = Results({}, rows=[(SMALL, ROUNDS)])
    assert report.problems(results) == [f"{SMALL.title}: aiohttp had status 5"]
    assert "aiohttp had status 5" in report.markdown(results, control="A/A")


def test_every_row_has_its_own_name() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) == len({row.title for row in ROWS})
