"""The link to a target that faults act on: between the transport (or TLS) and the codec of a connection or a probe.

It is the protocol of what carries the bytes and the transport of the codec, as `TargetTls` is, and there only while
behaviours are installed. It knows one request from the next because a codec never sends a second one before the first
is over, and writes each head in one piece. What becomes of a request is its `Course`; here bytes are moved.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from typing import Any, cast

from simlb.clock import Clock
from simlb.dataplane.attention import Attention
from simlb.dataplane.link_course import Course, Stage
from simlb.dataplane.link_messages import asked_of
from simlb.dataplane.pipe import HIGH_BYTES, LOW_BYTES, Pipe
from simlb.dataplane.points import Behaviour, Dial, DialOutcome, Treatment, Wire

_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Link(asyncio.Transport, asyncio.Protocol):
    """One connection as behaviours have it: await `dial`, then it is the protocol to connect with."""

    _lower: asyncio.Transport | None = None
    _course: Course | None = None
    _error: OSError | None = None
    """Why the codec is to lose its connection."""
    _is_closed = False
    """The codec has closed it."""
    _has_lost_lower = False
    _has_told_loss = False
    _is_reading_paused = False
    _is_lower_paused = False
    _is_codec_blocked = False

    def __init__(
        self, protocol: asyncio.Protocol, behaviours: tuple[Behaviour, ...], clock: Clock, *, is_probe: bool
    ) -> None:
        """`protocol` is the codec. A probe's is work of the clock's already (see `Attention`)."""
        super().__init__()
        self._protocol = protocol
        self._behaviours = behaviours
        self._clock = clock
        self._wire = Wire(is_probe=is_probe)
        self._in = Pipe(clock, protocol.data_received, self._weigh_in)
        self._out = Pipe(clock, self._send, self._weigh_out)
        self._idle_since = clock.now()
        self._attention = Attention(clock, is_probe=is_probe)
        self._attention.expect()  # to be connected

    async def dial(self) -> None:
        """What happens to the connection before it is made. Raises OSError; out of a black hole nothing comes back."""
        dial = Dial(is_probe=self._wire.is_probe)
        for behaviour in self._behaviours:
            behaviour.on_dial(dial)
        if dial.delay_s > 0:
            await self._attention.wait(dial.delay_s)
        if dial.outcome is DialOutcome.REFUSED:
            raise ConnectionRefusedError
        if dial.outcome is DialOutcome.BLACKHOLE:
            await self._attention.wait(None)

    # -- protocol of the transport below -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        lower = self._lower = cast("asyncio.Transport", transport)
        if self._is_closed:
            lower.abort()
            return
        for behaviour in self._behaviours:
            behaviour.on_wire(self._wire)
        self._in.pace(self._wire)
        self._out.pace(self._wire)
        self._idle_since = self._clock.now()
        self._protocol.connection_made(self)

    def data_received(self, data: bytes) -> None:
        """Bytes from the target."""
        course = self._course
        if self._is_closed or self._wire.is_silent or (course is not None and not course.is_listening):
            return
        self._attention.hear()
        if course is not None:
            data = course.pass_on(data)
        # Found out before the codec has the data, which may end the course.
        cut = course if course is not None and not course.is_listening else None
        self._in.feed(data)
        if cut is not None and not self._is_closed:
            self._in.finish(self.reset if cut.treatment.cut_by_reset else self._end)
        self._weigh_in()

    def eof_received(self) -> bool:
        """The target will send no more."""
        if not self._is_closed and not self._is_silent:
            self._attention.hear()
            self._in.finish(self._end)
        return not self._is_closed  # what came before may still be on its way

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone. The codec learns it behind what had come before, if it is still to learn anything."""
        self._has_lost_lower = True
        self._attention.hear()
        error = self._error or exc
        if self._is_closed or self._error is not None:
            self._lose(error)
        elif not self._is_silent:
            self._in.finish(lambda: self._lose(error))

    def pause_writing(self) -> None:
        """The target does not read."""
        self._out.hold()

    def resume_writing(self) -> None:
        """The target reads again."""
        self._out.go()
        self._weigh_out()

    @property
    def _is_silent(self) -> bool:
        return self._wire.is_silent or (self._course is not None and self._course.stage is Stage.SILENT)

    # -- requests ------------------------------------------------------------------------------------------------------

    def _begin(self, data: bytes) -> None:
        limit_s = self._wire.idle_reset_s
        if limit_s is not None and self._clock.now() - self._idle_since >= limit_s:
            self.reset()
            return
        asked = asked_of(data, is_probe=self._wire.is_probe)
        treatment = Treatment()
        for behaviour in self._behaviours:
            behaviour.on_request(asked, treatment)
        self._course = Course(self, asked, treatment, self._clock, self._attention)
        self._weigh_reading()
        self._course.start(data)

    def request_ended(self) -> None:
        """The request and its response are complete; the connection goes back to its pool."""
        self._idle_since = self._clock.now()
        self._end_course()

    def _end_course(self) -> None:
        self._attention.end()
        course, self._course = self._course, None
        if course is not None:
            course.end()

    def forward(self, data: bytes) -> None:
        """Send to the target, at the link's pace."""
        self._out.feed(data)

    def give(self, answer: bytes, *, closes: bool) -> None:
        """Give the codec what the target has not sent, and the target's end if it `closes`."""
        self._in.feed(answer)
        if closes:
            self._in.finish(self._end)
        self._weigh_reading()

    def on_stage(self) -> None:
        """The request is held no more."""
        if self._is_silent:
            self._in.clear()
        elif self._course is not None and self._course.stage is Stage.SCRIPTED:
            self._in.drop()
        self._weigh_reading()
        self._weigh_in()
        self._weigh_out()

    # -- ends ----------------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """The codec has everything that came before the target's FIN."""
        if not self._protocol.eof_received():
            self.close()

    def reset(self) -> None:
        """Reset the connection, so that both sides see it."""
        self._attention.expect()  # until the codec knows
        self._error = ConnectionResetError()
        self._in.clear()
        self._out.clear()
        sock = self.get_extra_info("socket")
        if sock is not None:
            # The target may have gone already.
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self._cut_lower()

    def _cut_lower(self) -> None:
        if self._has_lost_lower:
            asyncio.get_running_loop().call_soon(self._lose, self._error)
        elif self._lower is not None:
            self._lower.abort()

    def _lose(self, error: Exception | None) -> None:
        if not self._has_told_loss:
            self._has_told_loss = True
            self._is_closed = True
            self._end_course()
            self._protocol.connection_lost(error)

    # -- back-pressure -------------------------------------------------------------------------------------------------

    def _weigh_in(self) -> None:
        """Let the target send as long as there is room."""
        lower = self._lower
        if lower is not None and not lower.is_closing():
            if self._is_lower_paused:
                if self._in.size <= LOW_BYTES:
                    self._is_lower_paused = False
                    self._attention.listen()  # for the rest
                    lower.resume_reading()
            elif self._in.size > HIGH_BYTES:
                self._is_lower_paused = True
                lower.pause_reading()
        self._look()

    def _weigh_out(self) -> None:
        """Let the codec send as long as there is room."""
        waiting = self._waiting_out
        if self._is_codec_blocked:
            if waiting <= LOW_BYTES:
                self._is_codec_blocked = False
                self._protocol.resume_writing()
        elif waiting > HIGH_BYTES:
            self._is_codec_blocked = True
            self._protocol.pause_writing()
        self._look()

    @property
    def _waiting_out(self) -> int:
        return self._out.size + (0 if self._course is None else self._course.held_bytes)

    def _look(self) -> None:
        if self._wire.is_silent:
            self._attention.rest()
        elif self._course is not None and self._course.stage is Stage.PASSING:
            self._attention.look(is_moving=bool(self._in.size or self._out.size))
        elif self._in.size:
            self._attention.rest()

    def _weigh_reading(self) -> None:
        """Answers wait while the codec takes none, and while the request is held or answered otherwise."""
        course = self._course
        is_held = course is not None and course.stage in {Stage.HELD, Stage.SCRIPTED}
        if self._is_reading_paused or is_held:
            self._in.hold()
        else:
            self._in.go()

    # -- transport of the codec ----------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, as far as behaviours let it through."""
        if self._is_closed or self._error is not None:
            return
        if self._course is None:
            self._begin(bytes(data))
        else:
            self._course.write(bytes(data))
        self._weigh_out()

    def _send(self, data: bytes) -> None:
        if self._lower is not None and not self._has_lost_lower:
            self._lower.write(data)

    def write_eof(self) -> None:
        """End this side behind what was written."""
        lower = self._lower
        assert lower is not None
        self._out.finish(lower.write_eof)

    def can_write_eof(self) -> bool:
        """A link can end one direction."""
        return self._lower is not None and self._lower.can_write_eof()

    def close(self) -> None:
        """Close once everything is sent."""
        if self._is_closed:
            return
        self._is_closed = True
        self._end_course()
        self._in.clear()
        if self._has_lost_lower or self._lower is None:
            self._cut_lower()
        else:
            self._out.finish(self._lower.close)

    def abort(self) -> None:
        """Close at once."""
        self._is_closed = True
        self._end_course()
        self._in.clear()
        self._out.clear()
        self._cut_lower()

    def is_closing(self) -> bool:
        """True once closed from either side, or about to be."""
        if self._is_closed or self._has_lost_lower or self._in.has_end:
            return True
        return self._lower is not None and self._lower.is_closing()

    def pause_reading(self) -> None:
        """Deliver no more for now."""
        self._is_reading_paused = True
        self._weigh_reading()

    def resume_reading(self) -> None:
        """Deliver again, beginning with what lies there."""
        self._is_reading_paused = False
        # Not from within the caller: it may be in the middle of handling earlier data.
        asyncio.get_running_loop().call_soon(self._weigh_reading)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The transport's below."""
        return default if self._lower is None else self._lower.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        """Bytes on their way out."""
        below = 0 if self._lower is None else self._lower.get_write_buffer_size()
        return self._waiting_out + below
