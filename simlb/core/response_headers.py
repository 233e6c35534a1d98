"""What a listener's attributes make of the header of a response (reference 1.2.1)."""

from __future__ import annotations

from simlb.core.attributes import ListenerAttributes


class ResponseHeaders:
    """The attributes of one listener, compiled. `lines` are whole field lines."""

    __slots__ = ("_names", "lines", "names_server")

    def __init__(self, attributes: ListenerAttributes) -> None:
        self.lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in attributes.written)
        self.names_server = attributes.names_server
        self._names = tuple(f"{name.lower()}:".encode() for name, _ in attributes.written)

    def rewritten(self, lines: bytes) -> bytes:
        """A target's field lines: those of a name that the listener writes are left out, the listener's come last."""
        if not self._names:
            return lines
        kept = [line for line in lines.splitlines(keepends=True) if not line.lower().startswith(self._names)]
        return b"".join(kept) + self.lines


def compiled(attributes: ListenerAttributes) -> ResponseHeaders | None:
    """None where nothing is to be changed, as nearly everywhere."""
    return ResponseHeaders(attributes) if attributes.written or not attributes.names_server else None
