"""Stories of an instance: what is kept of old configurations, and for how long."""

from __future__ import annotations

import asyncio
import gc

import pytest

from simlb.app.application import App
from simlb.app.observing import CONFIGURATIONS_KEPT
from simlb.core.plan import ListenerPlan
from simlb.errors import SimlbError
from simlb.explain.story import Story
from tests.app.conftest import Bench


async def ask(app: App, path: str = "/") -> None:
    listener = app.nodes["my-alb"].listeners[80]
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.published_port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    await reader.read()
    writer.close()
    await writer.wait_closed()


def rules_of(story: Story) -> list[str]:
    return [words.en for step in story.steps if step.topic == "rules" for words in (step.words, *step.details)]


async def test_the_rules_of_then_are_told_until_too_many_configurations_have_followed(bench: Bench) -> None:
    app = await bench.start()
    await ask(app)
    listener = app.nodes["my-alb"].listeners[80].plan.listener
    told = ["The default rule decides: there is no other.", "default rule: matches"]
    explaining = app.observing.explaining
    for _ in range(CONFIGURATIONS_KEPT - 1):
        await app.reload()
        assert rules_of(explaining.exchange_story("#0")) == told
    await app.reload()
    forgotten = explaining.exchange_story("#0")
    assert rules_of(forgotten) == [
        "The default rule decided.",
        "the rules of then are no longer kept: the configuration has changed too often since",
    ]
    assert (forgotten.facts["elb_status_code"], forgotten.facts["are_rules_kept"]) == (503, False)
    assert forgotten.cause is not None
    gc.collect()
    plans = [one for one in gc.get_objects() if isinstance(one, ListenerPlan)]
    assert plans
    assert not any(plan.listener is listener for plan in plans), "the old plan is gone, rules and all"


async def test_many_reloads_keep_few_plans(bench: Bench) -> None:
    app = await bench.start()
    for _ in range(30):
        await ask(app)
        await app.reload()
    app.observing.recorder.flush()
    kept = {id(one.kept[1]) for one in app.observing.ring.newest_first() if one.kept is not None and one.kept[1]}
    assert 0 < len(kept) < CONFIGURATIONS_KEPT
    assert app.observing.ring.total == 30


async def test_what_is_not_kept_and_what_names_nothing(bench: Bench) -> None:
    app = await bench.start()
    explaining = app.observing.explaining
    with pytest.raises(SimlbError, match="No request has finished yet") as nothing:
        explaining.exchange_story("last")
    assert nothing.value.code == "E750"
    await ask(app)
    last = explaining.exchange_story("last")
    for reference in ("#0", "0", str(last.facts["trace_id"]), str(last.facts["trace_id"]).removeprefix("Root=")):
        assert explaining.exchange_story(reference).subject == last.subject
    for reference, code in (
        ("#1", "E750"),
        ("1-00000000-0", "E750"),
        ("short", "E751"),
        ("", "E751"),
        ("é" * 9, "E751"),
    ):
        with pytest.raises(SimlbError) as caught:
            explaining.exchange_story(reference)
        assert caught.value.code == code
