"""A load balancer whose exchanges are told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from simlb.explain.exchange_story import story_of
from simlb.explain.finding import find_exchange
from simlb.explain.story import Story
from simlb.explain.veil import Veil
from tests.dataplane.harness import Rig


class TellingRig(Rig):
    """A rig that tells of its exchanges."""

    def story(self, reference: str = "last", *, unmasked: bool = False) -> Story:
        self.recorder.flush()
        return story_of(find_exchange(self.ring, reference), Veil(unmasked=unmasked))

    def said(self, topic: str, reference: str = "last") -> list[str]:
        """What a story says of a topic, in English: steps and their details."""
        steps = [step for step in self.story(reference).steps if step.topic == topic]
        return [words.en for step in steps for words in (step.words, *step.details)]


@pytest.fixture
async def rig() -> AsyncIterator[TellingRig]:
    rig = TellingRig()
    await rig.start()
    yield rig
    await rig.close()
