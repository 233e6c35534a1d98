"""What a journal comes to: its outcome, what failed, how long it took, and the exit status that says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simlb.errors import EXIT_EXPECTATION_FAILED, EXIT_FINE, EXIT_NOT_STEADY
from simlb.scenario.journal import (
    Asked,
    Ended,
    Entry,
    Judged,
    Marked,
    Meta,
    Outcome,
    SteadyStateSeen,
    StepMissed,
    Warned,
)

EXIT_INTERRUPTED = 130
START = "start"
"""The mark at which the story begins, its time 0."""
END = "end"

_STATUS: dict[Outcome, int] = {
    "passed": EXIT_FINE,
    "failed": EXIT_EXPECTATION_FAILED,
    "missed": EXIT_EXPECTATION_FAILED,
    "broken": EXIT_EXPECTATION_FAILED,
    "void": EXIT_NOT_STEADY,
    "interrupted": EXIT_INTERRUPTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A run in short. Times are in load-balancer seconds since the instance's start, `real_s` in real ones."""

    meta: Meta
    steady: SteadyStateSeen | None
    judged: tuple[Judged, ...]
    missed: tuple[StepMissed, ...]
    questions: tuple[Asked, ...]
    warnings: tuple[Warned, ...]
    began_s: float | None
    """When the story began; None when it did not."""
    ended_s: float
    real_s: float
    outcome: Outcome
    """`interrupted` also where the journal breaks off."""
    why: str

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Summary:
        """Read it from a journal, of which there is at least the first record."""
        kept = list(entries)
        meta, last = kept[0], kept[-1]
        assert isinstance(meta, Meta), "a journal begins with its meta record"
        starts = [entry.at_s for entry in kept if isinstance(entry, Marked) and entry.name == START]
        steady = [entry for entry in kept if isinstance(entry, SteadyStateSeen)]
        return cls(
            meta=meta,
            steady=steady[-1] if steady else None,
            judged=tuple(entry for entry in kept if isinstance(entry, Judged)),
            missed=tuple(entry for entry in kept if isinstance(entry, StepMissed)),
            questions=tuple(entry for entry in kept if isinstance(entry, Asked)),
            warnings=tuple(entry for entry in kept if isinstance(entry, Warned)),
            began_s=starts[0] if starts else None,
            ended_s=max(entry.at_s for entry in kept),
            real_s=max(entry.real_s for entry in kept),
            outcome=last.outcome if isinstance(last, Ended) else "interrupted",
            why=last.why if isinstance(last, Ended) else "",
        )

    @property
    def items(self) -> int:
        """How many things could fail: expectations, and steps that were waited for in vain."""
        return len(self.judged) + len(self.missed)

    @property
    def failures(self) -> int:
        """How many of them did."""
        return sum(not judged.has_passed for judged in self.judged) + len(self.missed)

    @property
    def exit_status(self) -> int:
        """0 fine, 1 an expectation failed, 4 the steady state was never reached, 130 interrupted."""
        return _STATUS[self.outcome]
