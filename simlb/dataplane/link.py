"""The link to a target that faults act on: between the transport (or TLS) and the codec of a connection or a probe.

It is the protocol of what carries the bytes and the transport of the codec, as `TargetTls` is, and there only while
behaviours are installed. It knows one request from the next because a codec never sends a second one before the first
is over, and writes each head in one piece.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from typing import Any, cast

from simlb.clock import Clock, Timer
from simlb.dataplane.awaited import Awaited
from simlb.dataplane.link_messages import RequestEnd, ResponseCut, asked_of
from simlb.dataplane.pipe import HIGH_BYTES, LOW_BYTES, Pipe
from simlb.dataplane.points import Asked, Behaviour, Dial, DialOutcome, Treatment, Turn, Wire

_IDLE, _HELD, _PASSING, _SCRIPTED, _SILENT, _CLOSED = range(6)
_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Link(asyncio.Transport, asyncio.Protocol):
    """One connection as behaviours have it: `await dial()`, then it is the protocol to connect with."""

    _lower: asyncio.Transport | None = None
    _asked: Asked
    _treatment: Treatment
    _request_end: RequestEnd
    _cut: ResponseCut | None = None
    _turn: Turn | None = None
    _timer: Timer | None = None
    _error: OSError | None = None

    def __init__(
        self, protocol: asyncio.Protocol, behaviours: tuple[Behaviour, ...], clock: Clock, *, is_probe: bool
    ) -> None:
        """`protocol` is the codec. A probe counts as work of the clock's; here that rests while time is waited for."""
        super().__init__()
        self._protocol = protocol
        self._behaviours = behaviours
        self._clock = clock
        self._is_probe = is_probe
        self._is_resting = False
        self._awaited = Awaited(clock)
        self._state = _IDLE
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._has_answered = False
        self._has_heard = True
        self._idle_since = clock.now()
        self._is_reading_paused = False
        self._is_lower_paused = False
        self._is_codec_blocked = False
        self._has_lost_lower = False
        self._has_told_loss = False
        self._wire = Wire(is_probe=is_probe)
        self._in = Pipe(clock, protocol.data_received, self._weigh_in)
        self._out = Pipe(clock, self._send, self._weigh_out)
        self._expect()  # to be connected

    # -- before there is a connection ----------------------------------------------------------------------------------

    async def dial(self) -> None:
        """What happens to the connection before it is made. Raises OSError; out of a black hole nothing comes back."""
        dial = Dial(is_probe=self._is_probe)
        for behaviour in self._behaviours:
            behaviour.on_dial(dial)
        if dial.delay_s > 0:
            await self._wait(dial.delay_s)
        if dial.outcome is DialOutcome.REFUSED:
            raise ConnectionRefusedError
        if dial.outcome is DialOutcome.BLACKHOLE:
            await self._wait(None)

    async def _wait(self, delay_s: float | None) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._awaited.settle()
        self._rest()

        def on_due() -> None:
            if not waiter.done():
                waiter.set_result(None)
                self._rise()
                self._expect()

        self._timer = None if delay_s is None else self._clock.call_later(delay_s, on_due)
        try:
            await waiter
        finally:
            self._stop_timer()
            self._rise()

    # -- protocol of the transport below -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        lower = self._lower = cast("asyncio.Transport", transport)
        if self._state == _CLOSED:
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
        if self._state in {_SCRIPTED, _SILENT, _CLOSED}:
            return
        self._hear()
        cut = self._cut
        if cut is None:
            self._in.feed(data)
        else:
            self._in.feed(cut.pass_on(data))
            if cut.is_over and self._state == _PASSING:
                self._state = _SILENT
                self._in.finish(self._reset if self._treatment.cut_by_reset else self._end)
        self._weigh_in()

    def eof_received(self) -> bool:
        """The target will send no more."""
        if self._state not in {_SILENT, _CLOSED}:
            self._hear()
            self._in.finish(self._end)
        return self._state != _CLOSED  # what came before may still be on its way

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone. The codec learns it behind what had come before, if it is still to learn anything."""
        self._has_lost_lower = True
        self._hear()
        error = self._error or exc
        if self._error is not None or self._state == _CLOSED:
            self._lose(error)
        elif self._state != _SILENT:
            self._in.finish(lambda: self._lose(error))

    def pause_writing(self) -> None:
        """The target does not read."""
        self._out.hold()

    def resume_writing(self) -> None:
        """The target reads again."""
        self._out.go()
        self._weigh_out()

    # -- one request ---------------------------------------------------------------------------------------------------

    def _begin(self, data: bytes) -> None:
        limit_s = self._wire.idle_reset_s
        if limit_s is not None and self._clock.now() - self._idle_since >= limit_s:
            self._reset()
            return
        asked = self._asked = asked_of(data, is_probe=self._is_probe)
        treatment = self._treatment = Treatment()
        for behaviour in self._behaviours:
            behaviour.on_request(asked, treatment)
        if treatment.answer is not None and treatment.is_at_once:
            treatment.turn, treatment.delay_s = None, 0.0
        self._state = _HELD
        self._hold(data)
        self._weigh_reading()
        self._rest()
        if treatment.turn is None:
            self._on_turn()
        else:
            self._awaited.settle()
            self._turn = treatment.turn
            self._turn.enter(self._on_turn)

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_bytes += len(data)

    def _on_turn(self) -> None:
        if self._state != _HELD:
            return
        delay_s = self._treatment.delay_s
        if delay_s > 0:
            self._awaited.settle()
            self._timer = self._clock.call_later(delay_s, self._on_due)
        else:
            self._act()

    def _on_due(self) -> None:
        self._timer = None
        self._act()

    def _act(self) -> None:
        """Turn and delay are over."""
        treatment = self._treatment
        held = b"".join(self._held)
        self._drop_held()
        if treatment.hangs and treatment.answer is None and not treatment.resets:
            # No outcome will ever come: nothing that a clock could wait for.
            self._state = _SILENT
            self._out.feed(held)
            self._in.clear()
            self._weigh_in()
            return
        self._rise()
        self._has_heard = True
        if treatment.answer is not None:
            self._state = _SCRIPTED
            self._in.drop()
            self._weigh_in()
            self._has_answered = False
            self._request_end = RequestEnd(self._asked)
            self._swallow(held)
        elif treatment.resets:
            self._reset()
        else:
            self._state = _PASSING
            self._has_heard = False
            self._cut = None if treatment.cut_after_bytes is None else ResponseCut(treatment.cut_after_bytes)
            self._out.feed(held)
            self._weigh_reading()
        self._weigh_out()

    def _swallow(self, data: bytes) -> None:
        if not self._has_answered and self._request_end.comes_with(data):
            self._has_answered = True
            self._expect()
            # Not from within the codec: it is still sending the request.
            asyncio.get_running_loop().call_soon(self._answer)

    def _answer(self) -> None:
        if self._state != _SCRIPTED:
            return
        self._awaited.settle()
        answer = self._treatment.answer
        assert answer is not None
        # From here on what comes from below belongs behind the answer.
        self._state = _PASSING
        self._in.feed(answer)
        if self._treatment.closes:
            self._state = _SILENT
            self._in.finish(self._end)
        self._weigh_reading()

    def request_ended(self) -> None:
        """The request and its response are complete; the connection goes back to its pool."""
        self._state = _IDLE
        self._cut = None
        self._idle_since = self._clock.now()
        self._settle_request()

    def _settle_request(self) -> None:
        self._awaited.settle()
        self._stop_timer()
        self._rise()
        self._drop_held()
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.leave()

    def _drop_held(self) -> None:
        self._held.clear()
        self._held_bytes = 0

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hear(self) -> None:
        self._has_heard = True
        self._awaited.settle()

    def _attend(self) -> None:
        """Say who waits for whom: bytes on their way for the clock, or the clock for the target."""
        if self._in.size or (self._out.size and self._state == _PASSING):
            self._awaited.settle()
            self._rest()
        elif self._state == _PASSING:
            self._rise()
            if not self._has_heard:
                self._expect()

    def _expect(self) -> None:
        """Something from outside is due. A probe says so itself."""
        if not self._is_probe:
            self._awaited.expect()

    def _rest(self) -> None:
        """The clock need not wait for this probe: it is the clock that it waits for."""
        if self._is_probe and not self._is_resting:
            self._is_resting = True
            self._clock.work_ended()

    def _rise(self) -> None:
        if self._is_resting:
            self._is_resting = False
            self._clock.work_began()

    # -- ends ----------------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """The codec has everything that came before the target's FIN."""
        if not self._protocol.eof_received():
            self.close()

    def _reset(self) -> None:
        self._error = ConnectionResetError()
        self._state = _SILENT
        self._in.clear()
        self._out.clear()
        lower = self._lower
        assert lower is not None
        sock = lower.get_extra_info("socket")
        if sock is not None:
            # The target sees the reset, too. It may have gone already.
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self._cut_lower()

    def _cut_lower(self) -> None:
        if self._lower is None:
            return
        if self._has_lost_lower:
            asyncio.get_running_loop().call_soon(self._lose, self._error)
        else:
            self._lower.abort()

    def _lose(self, error: Exception | None) -> None:
        if not self._has_told_loss:
            self._has_told_loss = True
            self._state = _CLOSED
            self._settle_request()
            self._protocol.connection_lost(error)

    # -- back-pressure -------------------------------------------------------------------------------------------------

    def _weigh_in(self) -> None:
        """Let the target send as long as there is room."""
        lower = self._lower
        if lower is not None and not lower.is_closing():
            if self._is_lower_paused:
                if self._in.size <= LOW_BYTES:
                    self._is_lower_paused = False
                    self._has_heard = False  # of the rest
                    lower.resume_reading()
            elif self._in.size > HIGH_BYTES:
                self._is_lower_paused = True
                lower.pause_reading()
        self._attend()

    def _weigh_out(self) -> None:
        """Let the codec send as long as there is room."""
        waiting = self._out.size + self._held_bytes
        if self._is_codec_blocked:
            if waiting <= LOW_BYTES:
                self._is_codec_blocked = False
                self._protocol.resume_writing()
        elif waiting > HIGH_BYTES:
            self._is_codec_blocked = True
            self._protocol.pause_writing()
        self._attend()

    def _weigh_reading(self) -> None:
        """Answers wait while the codec takes none, and while the request is held or answered otherwise."""
        if self._is_reading_paused or self._state in {_HELD, _SCRIPTED}:
            self._in.hold()
        else:
            self._in.go()

    # -- transport of the codec ----------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, as far as behaviours let it through."""
        piece = bytes(data)
        if self._state == _IDLE:
            self._begin(piece)
        elif self._state == _HELD:
            self._hold(piece)
        elif self._state == _SCRIPTED:
            self._swallow(piece)
        elif self._state != _CLOSED:
            self._out.feed(piece)
        self._weigh_out()

    def _send(self, data: bytes) -> None:
        if self._lower is not None and not self._has_lost_lower and self._error is None:
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
        if self._state == _CLOSED:
            return
        self._state = _CLOSED
        self._settle_request()
        self._in.clear()
        if self._has_lost_lower or self._lower is None:
            self._cut_lower()
        else:
            self._out.finish(self._lower.close)

    def abort(self) -> None:
        """Close at once."""
        self._state = _CLOSED
        self._settle_request()
        self._in.clear()
        self._out.clear()
        self._cut_lower()

    def is_closing(self) -> bool:
        """True once closed from either side."""
        if self._state == _CLOSED or self._has_lost_lower or self._in.has_end:
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
        return self._out.size + self._held_bytes + below
