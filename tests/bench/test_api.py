"""The API's part of the benchmark: what a stall is, how lists are written, and the table."""

from __future__ import annotations

import pytest

pytest.importorskip("resource", reason="the benchmark imports what only POSIX has")

from bench import report
from bench.api import ApiFigures, CallFigures
from bench.api_instance import arn, flat
from bench.beat import longest_ms
from bench.report import Results

MS = 1_000_000


@pytest.mark.parametrize(
    ("begin", "end", "longest"),
    [
        (0, 9, 1.0),
        (9, 20, 8.0),  # sent within
        (12, 14, 8.0),  # under way all the time
        (18, 30, 8.0),  # answered within
        (19, 30, 2.0),
        (40, 50, 0.0),
    ],
)
def test_a_stall_is_the_latest_answer_under_way_meanwhile(begin: int, end: int, longest: float) -> None:
    beats = [(1 * MS, 2 * MS), (10 * MS, 18 * MS), (20 * MS, 22 * MS)]
    assert longest_ms(beats, begin * MS, end * MS) == longest


def test_lists_and_answers() -> None:
    assert flat("Targets", [{"Id": "a", "Port": 1}, {"Id": "b"}]) == {
        "Targets.member.1.Id": "a",
        "Targets.member.1.Port": 1,
        "Targets.member.2.Id": "b",
    }
    assert arn("<RuleArn>arn:x</RuleArn><RuleArn>arn:y</RuleArn>", "RuleArn") == "arn:x"
    with pytest.raises(RuntimeError, match="no ListenerArn"):
        arn("<RuleArn>arn:x</RuleArn>", "ListenerArn")


def test_the_table_judges_by_the_median() -> None:
    results = Results({})
    results.api = ApiFigures(
        calls={"CreateRule": CallFigures(ms=[2.0, 4.0, 30.0], cpu_ms=[1.0, 2.0, 3.0])},
        stalls={"one of 100 rules": [11.0]},
        restarts=[0.8],
    )
    ((_, table),) = report.tables(results, control="")
    assert table[1:] == [
        ["CreateRule, ms", "4.00", "30.00", "30.00", "2.0", "≤ 5: met", "3"],
        ["stall beside: one of 100 rules, ms", "11.00", "11.00", "11.00", "-", "≤ 10: NOT met", "1"],
        ["restart until the first 200, s", "0.80", "0.80", "0.80", "-", "≤ 1: met", "1"],
    ]
    assert results.as_json()["api"]["restarts"] == [0.8]
