"""What an explanation is made of: statements in English and Korean, in the order in which things were decided.

Stories are made when somebody asks, from what was kept; nothing here is on a request's path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from simlb.explain.text import WIDTH, text_of

Language = Literal["en", "ko"]
Producer = Literal["load balancer", "target", "nobody"]
"""Who produced the status code that the client got; nobody while nothing has been sent."""


@dataclass(frozen=True, slots=True)
class Words:
    """One statement in both languages. Names, addresses, header fields and AWS's terms stay as they are in both."""

    en: str
    ko: str

    def of(self, language: Language) -> str:
        """In that language."""
        return self.ko if language == "ko" else self.en


class Topic(StrEnum):
    """What a step is about, in the order of a request's life (reference 0)."""

    CONNECTION = "connection"
    TLS = "tls"
    HEAD = "head"
    RULES = "rules"
    ACTION = "action"
    TARGET_GROUP = "target group"
    STICKINESS = "stickiness"
    TARGET = "target"
    TRANSFORMS = "transforms"
    FORWARD = "forward"
    RESPONSE = "response"
    TIMES = "times"
    HEALTH = "health"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was decided or seen. `details` are the single verdicts behind it, such as one for each rule."""

    topic: Topic
    words: Words
    details: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A whole explanation.

    `subject` says what is explained, `outcome` what came of it; `cause` is the likely one where something went wrong,
    `next_steps` what to do about it. `facts` are plain values for programs, by name. `steps_title` stands over the
    steps where they are not what happened.
    """

    subject: Words
    outcome: Words
    produced_by: Producer = "nobody"
    steps: tuple[Step, ...] = ()
    cause: Words | None = None
    next_steps: tuple[Words, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    steps_title: Words | None = None

    def text(self, language: Language = "en", width: int = WIDTH) -> str:
        """As lines of at most `width` columns: the outcome, cause and next steps, what happened."""
        return text_of(self.to_json(language), width)

    def __str__(self) -> str:
        return self.text()

    def to_json(self, language: Language = "en") -> dict[str, Any]:
        """Plain values, with all statements in one language."""
        return {
            "subject": self.subject.of(language),
            "outcome": self.outcome.of(language),
            "produced_by": self.produced_by,
            "steps": [
                {
                    "topic": str(step.topic),
                    "text": step.words.of(language),
                    "details": [words.of(language) for words in step.details],
                }
                for step in self.steps
            ],
            "cause": None if self.cause is None else self.cause.of(language),
            "next_steps": [words.of(language) for words in self.next_steps],
            "facts": dict(self.facts),
            "language": language,
            **({} if self.steps_title is None else {"steps_title": self.steps_title.of(language)}),
        }
