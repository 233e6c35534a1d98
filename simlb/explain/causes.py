"""What usually lies behind an outcome, and what to do next, in both languages.

This is the matrix of learners' mistakes as far as a single exchange shows it. Which outcome an exchange had, `outcomes`
finds out; the texts are in `causes_at_clients` and `causes_at_targets`, one entry for each kind of outcome. Names in
braces are filled in here.
"""

from __future__ import annotations

from simlb.explain.causes_at_clients import AT_CLIENTS
from simlb.explain.causes_at_targets import AT_TARGETS
from simlb.explain.outcome import Cause, Outcome
from simlb.explain.story import Words

__all__ = ["CAUSES", "Cause", "Outcome", "cause_of", "outcomes_of"]

CAUSES = AT_CLIENTS | AT_TARGETS

_DEFAULTS = {
    "target": Words("the target", "대상"),
    "start": Words("Start it.", "다시 시작하세요."),
    "address": Words("ADDRESS:PORT", "ADDRESS:PORT"),
    "group": Words("the group", "대상 그룹"),
    "group_name": Words("GROUP", "GROUP"),
    "status": Words("status code", "상태"),
    "detail": Words("see the log line", "로그 줄 참고"),
}

_GENERAL = ("the ", "target ")
"""How what is not a name begins: in front of a sentence it gets a capital letter."""


def cause_of(outcome: Outcome, **names: str | Words) -> Cause:
    """The entry of an outcome with its names filled in.

    `target` and `group` are the subjects of sentences, `group_name` and `address` stand in commands; `start` says how
    to start the target, `status` is the status code, `detail` what else was seen. What is not given is told in general
    words: "the target".
    """
    entry = CAUSES[outcome]
    given = _DEFAULTS | {
        name: value if isinstance(value, Words) else Words(value, value) for name, value in names.items()
    }

    english = {name: value.en for name, value in given.items()}
    korean = {name: value.ko for name, value in given.items()}

    def filled(words: Words) -> Words:
        en = words.en.format_map(english)
        if words.en.startswith("{") and en.startswith(_GENERAL):
            en = en[0].upper() + en[1:]
        return Words(en, words.ko.format_map(korean))

    return Cause(
        status_code=entry.status_code,
        cause=filled(entry.cause),
        next_steps=tuple(map(filled, entry.next_steps)),
    )


def outcomes_of(status_code: int) -> tuple[Outcome, ...]:
    """Everything that may lie behind a status code that the load balancer makes itself; nothing for other codes."""
    return tuple(outcome for outcome, entry in CAUSES.items() if entry.status_code == status_code)
