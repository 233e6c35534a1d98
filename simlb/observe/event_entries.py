"""Events with their place in the stream, each put into words for the wire once, however many look at it."""

from __future__ import annotations

import json

from simlb.core.access_log import timestamp
from simlb.core.event_json import Told, event_to_json, type_of


class Entry:
    """One event of the stream. `number` counts from 1; None for what is not kept and cannot be asked for again."""

    __slots__ = ("_frame", "event", "number", "type", "wall_s")

    def __init__(self, number: int | None, event: Told, wall_s: float) -> None:
        self.number = number
        self.event = event
        self.wall_s = wall_s
        self.type = type_of(type(event))
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        """As a server-sent event. Made when first asked for: without a viewer nobody does.

        Its JSON is ASCII on one line, whatever is in it, so that no text of a client's can end the event.
        """
        if self._frame is None:
            data = json.dumps(event_to_json(self.event, self.number, timestamp(self.wall_s)), separators=(",", ":"))
            number = "" if self.number is None else f"id: {self.number}\n"
            self._frame = f"{number}event: {self.type}\ndata: {data}\n\n".encode("ascii")
        return self._frame


class Position:
    """Where a stream is, without an event: whoever loses it here asks for what comes after this."""

    __slots__ = ("frame",)

    def __init__(self, number: int) -> None:
        self.frame = f"id: {number}\n\n".encode("ascii")
