"""What was worked out from an object once."""

from __future__ import annotations

from simlb.core.remembered import REMEMBERED_MAX, Remembered, RememberedBeside


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


def test_the_last_thing_beside_an_object_is_remembered_as_long_as_it_is_equal() -> None:
    pair = RememberedBeside[object, list[int], tuple[object, list[int]]](lambda one, beside: (one, beside))
    thing, other = object(), object()
    first = pair(thing, [1])
    assert pair(thing, [1]) is first
    assert pair(other, [1]) is not first
    assert pair(thing, [2]) == (thing, [2])
    assert pair(thing, [1]) is not first
    assert pair(thing, [1]) == first


def test_some_remember_but_a_few() -> None:
    asked: list[object] = []
    remembered = Remembered(asked.append, 2)
    for thing in (things := [object() for _ in range(3)]):
        remembered(thing)
    remembered(things[2])
    assert len(asked) == 3
    remembered(things[0])
    assert len(asked) == 4
