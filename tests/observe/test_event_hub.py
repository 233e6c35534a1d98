"""The stream: what comes first, what comes after, and who gets no more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from simlb.core.event_json import Told, event_to_json
from simlb.core.events import Notice
from simlb.errors import SimlbError
from simlb.observe import event_hub
from simlb.observe.event_history import KEPT
from simlb.observe.event_hub import VIEWERS_MAX
from simlb.observe.event_viewers import DROPPED_S, QUEUE_MAX, Viewer
from simlb.observe.request_events import ORDINARY_PER_S
from tests.observe.told import Stand, exchange


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    stand = Stand()
    yield stand
    stand.close()


async def seen(viewer: Viewer) -> list[dict[str, Any]]:
    """The events that wait for it."""
    events = []
    while frames := await viewer.next(0):
        for block in frames.decode("ascii").split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            if "data" in fields:
                event = json.loads(fields["data"])
                assert event["type"] == fields["event"]
                assert fields.get("id") == (None if event["id"] is None else str(event["id"]))
                events.append(event)
    return events


async def names(viewer: Viewer) -> list[str]:
    """Texts of notices, names of other types."""
    return [event.get("text", event["type"]) for event in await seen(viewer)]


async def test_what_happens_from_now_on_in_order(stand: Stand) -> None:
    stand.say("before")
    viewer = stand.hub.watch(pulses=False)
    stand.finish(exchange())
    stand.say("after")
    events = await seen(viewer)
    assert [(event["id"], event["type"]) for event in events] == [(2, "request_finished"), (3, "notice")]
    assert events[0]["time"] == "1970-01-01T00:01:40.250000Z"


async def test_requests_that_were_over_before_come_before(stand: Stand) -> None:
    viewer = stand.hub.watch(pulses=False)
    stand.recorder.record(exchange())
    stand.say("then")
    assert await names(viewer) == ["request_finished", "then"]


async def test_counts_are_told_in_a_moment(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_hub, "COUNTS_S", 0.001)
    viewer = stand.hub.watch(pulses=False)
    stand.finish(*[exchange()] * (ORDINARY_PER_S + 5))
    await asyncio.sleep(0.01)
    events = await seen(viewer)
    assert [event["type"] for event in events[:-1]] == ["request_finished"] * ORDINARY_PER_S
    assert (events[-1]["type"], events[-1]["count"]) == ("requests_counted", 5)


class TestHistory:
    async def test_the_last_events_without_good_requests(self, stand: Stand) -> None:
        stand.say("a", "b")
        stand.finish(exchange(), exchange(502, 0))
        stand.say("c")
        assert await names(stand.hub.watch(history=3, pulses=False)) == ["b", "request_finished", "c"]
        assert await names(stand.hub.watch(history=0, pulses=False)) == []
        assert await names(stand.hub.watch(history=9, types={"notice"}, pulses=False)) == ["a", "b", "c"]

    async def test_neither_errors_nor_good_requests_push_out_what_is_rare(self, stand: Stand) -> None:
        stand.say("long ago")
        for _ in range(30):
            stand.now += 1
            stand.finish(*[exchange(503, 0)] * 100, *[exchange()] * 100)
        history = await seen(stand.hub.watch(history=5000, pulses=False))
        assert (len(history), history[0]["type"]) == (1 + KEPT, "notice")

    async def test_all_that_is_kept_after_a_number(self, stand: Stand) -> None:
        stand.say("a")
        stand.finish(exchange())
        stand.say("b")
        assert await names(stand.hub.watch(after=1, pulses=False)) == ["request_finished", "b"]
        assert await names(stand.hub.watch(after=3, pulses=False)) == []

    async def test_what_is_not_kept_any_more_is_said(self, stand: Stand) -> None:
        stand.say(*map(str, range(KEPT + 10)))
        events = await seen(stand.hub.watch(after=4, pulses=False))
        assert (events[0]["type"], events[0]["count"], len(events)) == ("missed", 6, 1 + KEPT)

    async def test_a_number_of_another_instance(self, stand: Stand) -> None:
        stand.say("a", "b")
        assert await names(stand.hub.watch(after=99, pulses=False)) == ["a", "b"]

    async def test_where_a_stream_is_without_any_event(self, stand: Stand) -> None:
        stand.say("a", "b")
        assert await stand.hub.watch(pulses=False).next(0) == b"id: 2\n\n"


class TestViewers:
    async def test_only_what_was_asked_for(self, stand: Stand) -> None:
        viewer = stand.hub.watch(types={"notice"}, pulses=False)
        stand.finish(exchange())
        stand.say("a")
        assert await names(viewer) == ["a"]

    async def test_one_that_does_not_keep_up_is_dropped_and_the_others_are_not(self, stand: Stand) -> None:
        slow, fast = stand.hub.watch(pulses=False), stand.hub.watch(pulses=False)
        last: list[float] = []
        slow.on_last = last.append
        kept_up: list[str] = []
        for number in range(QUEUE_MAX + 1):
            stand.say(str(number))
            if number % 500 == 0:
                kept_up += await names(fast)
        assert (stand.hub.viewers, stand.hub.dropped, last) == (1, 1, [DROPPED_S])
        assert [(event["type"], event["count"]) for event in await seen(slow)] == [("dropped", QUEUE_MAX + 1)]
        assert await slow.next(0) is None
        assert kept_up + await names(fast) == [str(number) for number in range(QUEUE_MAX + 1)]

    async def test_there_are_only_so_many(self, stand: Stand) -> None:
        gone: list[bool] = []
        viewers = [stand.hub.watch(is_gone=lambda: bool(gone)) for _ in range(VIEWERS_MAX)]
        with pytest.raises(SimlbError, match="64 viewers") as caught:
            stand.hub.watch()
        assert caught.value.code == "E770"
        viewers[0].leave()
        viewers[0].leave()
        stand.hub.watch()
        gone.append(True)
        stand.hub.watch()
        assert stand.hub.viewers == 2

    async def test_silence_is_nothing(self, stand: Stand) -> None:
        viewer = stand.hub.watch(pulses=False)
        await viewer.next(0)
        assert await viewer.next(0.001) == b""

    async def test_the_end(self, stand: Stand) -> None:
        viewer = stand.hub.watch(pulses=False)
        stand.finish(*[exchange()] * (ORDINARY_PER_S + 1))
        stand.hub.close()
        events = [event["type"] for event in await seen(viewer)]
        assert events == ["request_finished"] * ORDINARY_PER_S + ["requests_counted", "ended"]
        assert await viewer.next(0) is None
        late = stand.hub.watch()
        assert [event["type"] for event in await seen(late)] == ["ended"]
        assert stand.hub.viewers == 0

    async def test_an_event_is_put_into_json_once_and_only_for_viewers(
        self, stand: Stand, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[Told] = []

        def counting(event: Told, number: int | None, time: str) -> dict[str, Any]:
            made.append(event)
            result: dict[str, Any] = event_to_json(event, number, time)
            return result

        monkeypatch.setattr("simlb.observe.event_entries.event_to_json", counting)
        stand.say("unseen")
        viewers = [stand.hub.watch(pulses=False) for _ in range(5)]
        stand.say("seen")
        for viewer in viewers:
            assert await names(viewer) == ["seen"]
        assert made == [Notice(level="info", text="seen")]


class TestPulses:
    async def test_only_while_somebody_wants_them(self, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(event_hub, "PULSE_S", 0.001)
        other = stand.hub.watch(pulses=False)
        await asyncio.sleep(0.005)
        assert stand.pulses == 0
        viewer = stand.hub.watch()
        await asyncio.sleep(0.01)
        viewer.leave()
        assert len(await names(viewer)) >= 2
        assert await names(other) == []
        await asyncio.sleep(0.005)
        before = stand.pulses
        await asyncio.sleep(0.005)
        assert stand.pulses == before

    async def test_one_who_comes_later_has_the_last_one_at_once(self, stand: Stand) -> None:
        first, second = stand.hub.watch(types={"notice"}), stand.hub.watch()
        assert await names(first) == await names(second) == ["pulse"]
        assert stand.pulses == 1


async def test_a_listener(stand: Stand) -> None:
    heard: list[Told] = []
    stop = stand.hub.listen(heard.append)
    stand.say("a")
    stop()
    stop()
    stand.say("b")
    assert heard == [Notice(level="info", text="a")]


@pytest.mark.parametrize(
    "text", ["a\nid: 99\n\ndata: x\n\n", "\r\n\r\n", "\x00\x1b[31m", "\u2028\u0085", "\udc80", "한글"]
)
async def test_no_text_breaks_the_framing(stand: Stand, text: str) -> None:
    viewer = stand.hub.watch(pulses=False)
    stand.say(text, "next")
    assert await names(viewer) == [text, "next"]
