"""Where a configuration's plain values come from, and how to name a place in them: a file's line or a flag."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from simlb.config.problems import Place

Steps = tuple[str | int, ...]
"""The way to a value: `("listeners", 0, "port")`."""


class Source(Protocol):
    """Plain values (dict, list, str, int, float, bool, None) that know where each was written."""

    values: object
    path: Path | None

    def place(self, steps: Steps) -> Place:
        """Where the value at `steps` stands; for a value that was not written, where what holds it stands."""

    def key_place(self, steps: Steps) -> Place:
        """Where the key that ends `steps` stands."""

    def written(self, steps: Steps) -> str | None:
        """The scalar as it was written (`1.10`), or None."""


class FlagSource:
    """Values that flags of a command gave. `flags` names the flag for a place and all below it."""

    path: Path | None = None

    def __init__(self, values: object, flags: Mapping[Steps, str]) -> None:
        self.values = values
        self._flags = flags

    def place(self, steps: Steps) -> Place:
        """The flag that gave the value at `steps`."""
        while steps and steps not in self._flags:
            steps = steps[:-1]
        return Place(self._flags.get(steps, "command line"))

    def key_place(self, steps: Steps) -> Place:
        """The same as `place`: a flag is both key and value."""
        return self.place(steps)

    def written(self, steps: Steps) -> str | None:
        """Flags are text already."""
        return None


class OverriddenSource:
    """A source in which flags such as `--speed` replace top-level values."""

    def __init__(self, base: Source, flags: Mapping[str, object]) -> None:
        self._base = base
        self._flags = {key: value for key, value in flags.items() if value is not None}
        self.path = base.path
        self.values = {**base.values, **self._flags} if isinstance(base.values, dict) else base.values

    def place(self, steps: Steps) -> Place:
        """The flag, or where the base has it."""
        return self._flag(steps) or self._base.place(steps)

    def key_place(self, steps: Steps) -> Place:
        """The flag, or where the base has the key."""
        return self._flag(steps) or self._base.key_place(steps)

    def written(self, steps: Steps) -> str | None:
        """As the base has it."""
        return None if self._flag(steps) else self._base.written(steps)

    def _flag(self, steps: Steps) -> Place | None:
        if steps and steps[0] in self._flags:
            return Place(f"--{str(steps[0]).replace('_', '-')}")
        return None
