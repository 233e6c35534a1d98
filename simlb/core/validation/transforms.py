"""Transforms of a rule: at most one for the host, at most one for the URL (reference 1.3.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simlb.core.model import Rewrite
from simlb.core.regexes import RegexSyntaxError
from simlb.core.transforms import REWRITE_MAX_CHARACTERS, CompiledRewrite, ReplaceSyntaxError
from simlb.core.validation.errors import ElbError, constraint, invalid

TYPES = ("host-header-rewrite", "url-rewrite")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenTransform:
    """A transform as somebody gave it."""

    type: str
    rewrites: Sequence[Rewrite]


def transform_errors(transforms: Sequence[GivenTransform]) -> Iterator[ElbError]:
    """Everything about the transforms of one rule. Paths begin with the index of a transform."""
    seen: Counter[str] = Counter()
    for index, given in enumerate(transforms):
        if given.type not in TYPES:
            enum = f"satisfy enum value set: [{', '.join(TYPES)}]"
            yield constraint(f"transforms.{index + 1}.member.type", given.type, enum, index, "type")
        seen[given.type] += 1
        if seen[given.type] == 2:
            yield invalid(f"A rule can only have one '{given.type}' transform", index)
        if len(given.rewrites) != 1:
            yield invalid(f"A '{given.type}' transform must have exactly one rewrite", index, "rewrites")
        for position, rewrite in enumerate(given.rewrites):
            for error in _rewrite_errors(rewrite):
                yield error.within(index, "rewrites", position)


def _rewrite_errors(rewrite: Rewrite) -> Iterator[ElbError]:
    if not rewrite.regex:
        yield invalid("A 'Regex' must be specified in a rewrite", "regex")
        return
    try:
        CompiledRewrite(rewrite, ignore_case=False)
    except ReplaceSyntaxError as error:
        yield invalid(f"The 'Replace' value {error}", "replace")
    except RegexSyntaxError as error:
        if len(rewrite.regex) > REWRITE_MAX_CHARACTERS:
            yield invalid(f"The 'Regex' value is too long; the limit is '{REWRITE_MAX_CHARACTERS}'", "regex")
            return
        yield invalid(f"The 'Regex' value '{rewrite.regex}' is not a valid regular expression: {error}", "regex")
