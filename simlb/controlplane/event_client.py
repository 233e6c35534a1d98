"""Reading the stream of events of a running instance, with nothing but the standard library.

    with EventStream(client, types={"target_state_changed"}, history=20) as stream:
        for event in stream:
            print(event["label"], event["state"])

`simlb.core.event_json.event_from_json` makes the dataclasses of `core.events` and `core.pulse` of them.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from simlb.controlplane.client import refusal
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.controlplane.runfile import RunFile

PATH = "/api/v1/events"
SILENCE_MAX_S = 15.0
"""A stream says something every few seconds; after so many real ones of silence it is taken up anew."""
RETRY_S = 0.5
GIVES_UP_AFTER_S = 15.0
"""How long an instance that lives, but does not answer, is asked again."""
_READ_BYTES = 64 * 1024


class HasRecord(Protocol):
    """A `ControlClient`, or whatever knows where the instance is."""

    @property
    def record(self) -> RunFile:
        """Where it is, and which process."""


class EventStream:
    """Iterates over what happens, each event as its JSON object; it blocks until there is one.

    A connection that is lost is made anew and goes on where it was: what could not be had again is told by a `missed`.
    The iteration is over when the instance ends, and after `close`.
    """

    def __init__(
        self,
        client: HasRecord,
        *,
        types: Collection[str] | None = None,
        history: int = 0,
        pulses: bool = True,
    ) -> None:
        """`types` None: all. `history` asks for so many events that have been; `pulses` for live figures every second.

        Connects when it is iterated. Iterating raises SimlbError: E603 when the instance does not answer, E770 when it
        has viewers enough, E771 for an unknown type.
        """
        self._record = client.record
        query = [f"history={history}", f"pulse={int(pulses)}"]
        if types is not None:
            query.append(f"types={','.join(sorted(types))}")
        self._path = f"{PATH}?{'&'.join(query)}"
        self._last_id: str | None = None
        self._socket: socket.socket | None = None
        self._is_closed = False

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it, also while another thread waits in it. Harmless when repeated."""
        self._is_closed = True
        if self._socket is not None:
            # Closing alone would not wake up whoever reads.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        silent_since: float | None = None
        while not self._is_closed:
            try:
                for event in self._connected():
                    silent_since = None
                    yield event
                    if event.get("type") == "ended":
                        return
            except (OSError, http.client.HTTPException, ValueError) as error:
                problem: Exception | None = error
            else:
                problem = None
            if self._is_closed or not self._record.is_alive:
                return
            now = time.monotonic()
            silent_since = silent_since or now
            if now - silent_since > GIVES_UP_AFTER_S:
                raise SimlbError(
                    "E603",
                    f"simlb (pid {self._record.pid}) runs, but its events do not come any more: "
                    f"{problem or 'they end at once'}.",
                    "→ it may be starting or stopping: try again in a moment",
                ) from problem
            time.sleep(RETRY_S)

    def _connected(self) -> Iterator[dict[str, Any]]:
        """One connection's worth of events."""
        record = self._record
        connection = http.client.HTTPConnection(record.control_host, record.control_port, timeout=SILENCE_MAX_S)
        try:
            connection.connect()
            self._socket = connection.sock
            if self._is_closed:
                return
            headers = {"Accept": "text/event-stream"}
            if self._last_id is not None:
                headers["Last-Event-ID"] = self._last_id
            connection.request("GET", self._path, headers=headers)
            with connection.getresponse() as response:
                if response.status != http.client.OK:
                    raise refusal(response.status, json.loads(response.read()))
                yield from self._events(response)
        finally:
            self._socket = None
            connection.close()

    def _events(self, response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
        rest = b""
        while data := response.read1(_READ_BYTES):
            *blocks, rest = (rest + data).split(b"\n\n")
            for block in blocks:
                content: bytes | None = None
                for line in block.split(b"\n"):
                    name, _, value = line.partition(b": ")
                    if name == b"id":
                        self._last_id = value.decode("ascii")
                    elif name == b"data":
                        content = value
                if content is not None:
                    yield json.loads(content)
