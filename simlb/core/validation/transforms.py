"""Transforms of a rule: at most one for the host, at most one for the URL (reference 1.3.1)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simlb.core.model import Rewrite
from simlb.core.regexes import RegexSyntaxError, compile_pattern
from simlb.core.validation.errors import ElbError, constraint, invalid

TYPES = ("host-header-rewrite", "url-rewrite")
LENGTH_MAX = 1024

_REFERENCE = re.compile(r"\$([0-9]+)")


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
    if len(rewrite.replace) > LENGTH_MAX:
        yield invalid(f"The 'Replace' value is too long; the limit is '{LENGTH_MAX}'", "replace")
    if not rewrite.regex:
        yield invalid("A 'Regex' must be specified in a rewrite", "regex")
        return
    if len(rewrite.regex) > LENGTH_MAX:
        yield invalid(f"The 'Regex' value is too long; the limit is '{LENGTH_MAX}'", "regex")
        return
    try:
        groups = compile_pattern(rewrite.regex, ignore_case=False).groups
    except RegexSyntaxError as error:
        yield invalid(f"The 'Regex' value '{rewrite.regex}' is not a valid regular expression: {error}", "regex")
        return
    missing = [digits for digits in _REFERENCE.findall(rewrite.replace) if not _is_group(digits, groups)]
    if missing:
        have = f"'$1' to '${groups}'" if groups > 1 else "only '$1'" if groups else "no capture groups"
        yield invalid(f"The 'Replace' value refers to '${missing[0]}', but the 'Regex' value has {have}", "replace")


def _is_group(digits: str, groups: int) -> bool:
    return len(digits) <= 4 and 1 <= int(digits) <= groups
