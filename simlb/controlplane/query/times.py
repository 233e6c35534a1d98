"""Times that calls bring along."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime

TIME_RULE = "Member must be a time between 1970 and 2100, such as 2026-11-28T13:40:00Z"
_END_S = 4_102_444_800  # the year 2100
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


def moment(seconds: float) -> datetime | None:
    """So many seconds after 1970; None when that is no time of ours."""
    return datetime.fromtimestamp(seconds, UTC) if 0 <= seconds < _END_S else None


def parse_time(text: str) -> datetime:
    """A time of ISO 8601, in UTC unless it says otherwise. Raises ValueError with the rule."""
    found = None
    if _ISO.fullmatch(text) is not None:
        with contextlib.suppress(ValueError, OverflowError):  # told below
            parsed = datetime.fromisoformat(text)
            found = moment((parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).timestamp())
    if found is None:
        raise ValueError(TIME_RULE)
    return found
