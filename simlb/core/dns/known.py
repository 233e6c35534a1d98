"""What others may ask about the records that exist, such as whoever has a name validated by DNS."""

from __future__ import annotations

from typing import Protocol


class KnownRecords(Protocol):
    """The records of the hosted zones, as they are now."""

    def records(self, name: str, type_: str) -> list[str]:
        """The values at `name` (any case, with or without the last dot) of a type such as `CNAME`.

        Names among the values are lower case with a dot at the end. Empty when there are none, or for no DNS name.
        """
