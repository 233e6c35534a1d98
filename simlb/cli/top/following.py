"""Follows the events of an instance in a thread, and across its restarts."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

from simlb.cli.top.model import Model
from simlb.controlplane.client import ControlClient
from simlb.controlplane.event_client import EventStream
from simlb.core.event_json import EVENT_TYPES, Told, event_from_json
from simlb.core.pulse import Pulse
from simlb.errors import SimlbError

HISTORY = 1000
RARE_HISTORY = 50
RARE = frozenset(EVENT_TYPES) - {"request_finished", "requests_counted"}
POLL_S = 0.5
TOO_MANY_VIEWERS = "E770"
WAITING_MAX = 20_000
"""Events that may wait for a terminal that stands still; then the thread waits, and the instance drops this viewer."""


class Connected:
    """The stream of a living instance begins."""

    def __init__(self, speed: float, control: str) -> None:
        self.speed = speed
        self.control = control


class Lost:
    """It has ended."""


Received = Told | Connected | Lost


def feed(model: Model, received: Received, now: float) -> None:
    """Tell the model."""
    if isinstance(received, Connected):
        model.connected(speed=received.speed, control=received.control)
    elif isinstance(received, Lost):
        model.lost()
    else:
        model.take(received, now)


def follow_once(client: ControlClient) -> Iterator[Received]:
    """Everything from one instance, from its last events on until it ends."""
    view = client.status()
    client.close()  # nothing more is asked over this connection
    yield Connected(view.speed, view.control)
    seen: set[int] = set()
    # Asked for alone first: in the history of everything there may be nothing but errors.
    with EventStream(client, types=RARE, history=RARE_HISTORY) as stream:
        for data in stream:
            event = event_from_json(data)
            if isinstance(event, Pulse):
                break  # the past ends where the first figures come
            if event is not None and data["id"] is not None:
                seen.add(data["id"])
                yield event
    with EventStream(client, history=HISTORY) as stream:
        for data in stream:
            event = event_from_json(data)
            if event is not None and data["id"] not in seen:
                yield event


class Follower:
    """Collects what happens until `close`; `received` hands it over. `error` is what ended it for good."""

    def __init__(self, state_dir: Path, instance: str) -> None:
        self._state_dir = state_dir
        self._instance = instance
        self._queue: queue.Queue[Received] = queue.Queue(WAITING_MAX)
        self._closed = threading.Event()
        self.error: SimlbError | None = None
        # A daemon: a read that does not end must not hold up the end of the program.
        self._thread = threading.Thread(target=self._run, name="simlb-top", daemon=True)
        self._thread.start()

    def received(self) -> Iterator[Received]:
        """What has come since the last call."""
        for _ in range(self._queue.qsize()):
            yield self._queue.get_nowait()

    def close(self) -> None:
        """Take nothing more."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                with ControlClient.for_instance(self._state_dir, self._instance) as client:
                    for received in follow_once(client):
                        if not self._put(received):
                            return
            except SimlbError as error:
                # Not there, starting or stopping: it may come yet.
                if error.code == TOO_MANY_VIEWERS:
                    self.error = error
                    return
            if not self._put(Lost()):
                return
            self._closed.wait(POLL_S)

    def _put(self, received: Received) -> bool:
        while not self._closed.is_set():
            try:
                self._queue.put(received, timeout=POLL_S)
            except queue.Full:
                continue
            return True
        return False
