"""Stories of what an instance has done, for whoever asks: control port and Python API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simlb.explain.exchange_story import story_of
from simlb.explain.finding import find_exchange
from simlb.explain.veil import Veil

if TYPE_CHECKING:
    from simlb.app.observing import Observing
    from simlb.explain.story import Language, Story


class Explaining:
    """Implements `simlb.controlplane.explain_routes.ExplainDesk` for an application."""

    def __init__(self, observing: Observing) -> None:
        self._observing = observing

    def exchange(self, reference: str, language: Language, *, unmasked: bool) -> dict[str, Any]:
        """The story of a finished exchange as plain values."""
        return self.exchange_story(reference, unmasked=unmasked).to_json(language)

    def exchange_story(self, reference: str, *, unmasked: bool = False) -> Story:
        """The story of a finished exchange: `last`, `#12` or a trace id. Raises SimlbError E750, E751."""
        self._observing.recorder.flush()
        return story_of(find_exchange(self._observing.ring, reference), Veil(unmasked=unmasked))
