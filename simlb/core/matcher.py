"""`Matcher.HttpCode`: which status codes pass a health check (reference 2.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PART = re.compile(r"([0-9]{3})(?:-([0-9]{3}))?")

LOWEST_CODE = 200
HIGHEST_CODE = 499


@dataclass(frozen=True, slots=True)
class Matcher:
    """A set of status codes written as AWS writes it: `200`, `200,202`, `200-299`, or a mix."""

    http_code: str
    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, http_code: str) -> Matcher:
        """Read AWS's notation. Raises ValueError with what is wrong; codes run from 200 to 499."""
        ranges = []
        for part in http_code.split(","):
            match = _PART.fullmatch(part.strip())
            if match is None:
                raise ValueError(f"{part.strip()!r} is neither a code such as 200 nor a range such as 200-299")
            low = int(match[1])
            high = int(match[2] or low)
            if not LOWEST_CODE <= low <= high <= HIGHEST_CODE:
                raise ValueError(f"{part.strip()!r} is outside {LOWEST_CODE}-{HIGHEST_CODE} or runs backwards")
            ranges.append((low, high))
        return cls(http_code, tuple(ranges))

    def matches(self, code: int) -> bool:
        """True when a target that answers `code` passes."""
        return any(low <= code <= high for low, high in self.ranges)
