"""Lines of connections and probes on their way to files and readers."""

from __future__ import annotations

import pytest

from simlb.observe.line_log import LineLog
from simlb.observe.recorder import BATCH_RECORDS


class Lines:
    """A log of pairs of load balancer and word."""

    def __init__(self, kept: int = 5) -> None:
        self.told: list[tuple[str, list[str]]] = []
        self.log: LineLog[tuple[str, str]] = LineLog(
            lambda record: record[1], lambda record: record[0], lambda elb, lines: self.told.append((elb, lines)), kept
        )


async def test_a_full_batch_is_told_at_once_and_the_rest_at_the_end() -> None:
    lines = Lines()
    for _ in range(BATCH_RECORDS):
        lines.log.record(("a", "x"))
    assert [(elb, len(told)) for elb, told in lines.told] == [("a", BATCH_RECORDS)]
    lines.log.record(("b", "y"))
    assert len(lines.told) == 1
    lines.log._on_timer()
    assert lines.told[1:] == [("b", ["y"])]
    lines.log.record(("b", "z"))
    lines.log.close()
    assert lines.told[2:] == [("b", ["z"])]
    assert lines.log._timer is None


async def test_load_balancers_are_told_apart_and_numbered_together() -> None:
    lines = Lines()
    for number in range(4):
        lines.log.record(("ab"[number % 2], str(number)))
    lines.log.close()
    assert lines.told == [("a", ["0", "2"]), ("b", ["1", "3"])]
    assert lines.log.page(0, 10) == (4, ["0", "1", "2", "3"], 0)


PAGES = [
    (0, 10, (8, ["3", "4", "5", "6", "7"], 3)),
    (4, 2, (6, ["4", "5"], 0)),
    (8, 2, (8, [], 0)),
    (99, 2, (8, [], 0)),
    (-2, 10, (8, ["6", "7"], 0)),
    (-99, 2, (5, ["3", "4"], 0)),
]


@pytest.mark.parametrize(("after", "limit", "page"), PAGES)
async def test_pages(after: int, limit: int, page: tuple[int, list[str], int]) -> None:
    lines = Lines()
    for number in range(8):
        lines.log.record(("a", str(number)))
    lines.log.close()
    assert lines.log.page(after, limit) == page
