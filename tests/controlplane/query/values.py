"""Random values that fit a shape of the service model, from a seeded generator."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from simlb.controlplane.query.model import Shape

SIGNS = "abzAZ019 -_.:/=+@&<>\"'%#;é가\U0001f600\t\n"
BY_PATTERN = {
    "^(2|4|5)\\d\\d$": ("200", "404", "503"),
    "^(HTTPS?|#\\{protocol\\})$": ("HTTP", "HTTPS", "#{protocol}"),
    "^(ipam-pool-)[a-zA-Z0-9]+$": ("ipam-pool-0a1B",),
    "^(ipv4pool-coip-)[a-zA-Z0-9]+$": ("ipv4pool-coip-0a1B",),
    "^([a-zA-Z0-9]+-)*[a-zA-Z0-9]+$": ("my-store", "a", "A-1-b"),
    "^[a-zA-Z0-9._]+$": ("routing.http2.enabled", "a_B.9"),
    "^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$": ("simlb:url", "이름 1", "é=/+@-_."),
}


class Values:
    """Draws them. `is_input`: no empty structures and maps, which the Query protocol cannot write."""

    def __init__(self, seed: str, *, is_input: bool) -> None:
        self._random = random.Random(seed)
        self._is_input = is_input

    def structure(self, shape: Shape, *, may_be_empty: bool = True) -> dict[str, Any]:
        """With all required members and some of the others."""
        chosen = [
            name for name in shape.members if name in shape.required or self._random.random() < 0.6 or not may_be_empty
        ]
        return {name: self.value(shape.members[name]) for name in chosen}

    def value(self, shape: Shape) -> Any:
        """Any value of the shape."""
        draw = self._random
        if shape.kind == "structure":
            return self.structure(shape, may_be_empty=not self._is_input)
        if shape.kind == "list":
            assert shape.element is not None
            return [self.value(shape.element) for _ in range(self._size(shape, 0))]
        if shape.kind == "map":
            assert shape.key is not None
            assert shape.value is not None
            least = 1 if self._is_input else 0
            return {self.value(shape.key): self.value(shape.value) for _ in range(self._size(shape, least))}
        if shape.kind == "string":
            return self._string(shape)
        if shape.kind == "boolean":
            return draw.random() < 0.5
        if shape.kind == "timestamp":
            return datetime(2026, 1, 2, tzinfo=UTC) + timedelta(milliseconds=draw.randrange(10**11))
        if shape.kind == "double":
            return draw.choice((0.0, 0.1, 12.5, 1e-7, 3e10))
        most = 2**31 - 1 if shape.kind == "integer" else 2**62
        return draw.randint(
            shape.low if shape.low is not None else -most, shape.high if shape.high is not None else most
        )

    def _size(self, shape: Shape, least: int) -> int:
        return self._random.randint(max(least, shape.low or 0), min(3, shape.high or 3))

    def _string(self, shape: Shape) -> str:
        if shape.enum:
            return self._random.choice(shape.enum)
        if shape.pattern is not None:
            return self._random.choice(BY_PATTERN[shape.pattern])
        size = self._random.randint(shape.low or 0, min(12, shape.high or 12))
        return "".join(self._random.choices(SIGNS, k=size))
