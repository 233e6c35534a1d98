"""What was worked out from an object once."""

from __future__ import annotations

from simlb.core.remembered import REMEMBERED_MAX, Remembered


def test_it_is_worked_out_once_for_each_object_however_equal_they_are() -> None:
    asked: list[list[int]] = []

    def total(numbers: list[int]) -> int:
        asked.append(numbers)
        return sum(numbers)

    remembered = Remembered(total)
    first, second = [1, 2], [1, 2]
    assert [remembered(first), remembered(second), remembered(first)] == [3, 3, 3]
    assert len(asked) == 2


def test_it_holds_no_more_than_so_many() -> None:
    asked: list[object] = []
    remembered = Remembered(asked.append)
    things = [object() for _ in range(REMEMBERED_MAX + 1)]
    for thing in (*things, things[-1], things[0]):
        remembered(thing)
    assert len(asked) == len(things) + 1
