"""Text within the width of a terminal."""

from __future__ import annotations

import pytest

from simlb.cli.terminal import wrapped


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (None, ["a 1  bb 22  c 3"]),
        (15, ["a 1  bb 22  c 3"]),
        (14, ["a 1  bb 22", "c 3"]),
        (4, ["a 1", "bb 22", "c 3"]),
    ],
)
def test_words_in_as_many_lines_as_they_need(width: int | None, lines: list[str]) -> None:
    assert wrapped(["a 1", "bb 22", "c 3"], width) == lines
    assert wrapped([], width) == []
