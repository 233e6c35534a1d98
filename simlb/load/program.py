"""The program around a worker: an order and commands on standard input, results on standard output, as lines of JSON.

In: the order (`Order.to_json`), then `{"start": MONOTONIC}` (real seconds of `time.monotonic`, which processes of one
machine share), `{"rate": PER_S}`, `{"stop": true}`. Out: `{"ready": true}`, `{"results": [ROW, ...], "sent": ..., ...}`
at most every 50 ms, `{"done": true}` at the end; or `{"refused": {"code": ..., "message": ...}}` alone.

It ends when standard input does, whatever is under way: so it never outlives the instance that started it.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import msgspec

from simlb.dataplane.descriptors import raise_limit
from simlb.errors import SimlbError
from simlb.load.connection import tls_context
from simlb.load.destination import Order
from simlb.load.worker import Worker


def main() -> int:
    """Run one order to its end; the exit status."""
    lines = _lines()
    wanted = next(lines, None)
    if wanted is None:
        return 0  # whoever wanted something is gone already
    try:
        order = Order.from_json(wanted)
        context = tls_context(order)
    except SimlbError as error:
        _write({"refused": {"code": error.code, "message": error.what, "hints": list(error.hints)}})
        return error.exit_status
    raise_limit()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_run(order, context, lines))
    return 0


async def _run(order: Order, context: ssl.SSLContext | None, lines: Iterator[dict[str, Any]]) -> None:
    # A pipe that nobody reads for a moment must not hold up the load: a thread writes, and another one reads.
    outgoing: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
    writer = threading.Thread(target=_write_all, args=(outgoing,))
    writer.start()
    try:
        worker = Worker(order, context, outgoing.put)
        outgoing.put({"ready": True})
        loop = asyncio.get_running_loop()
        threading.Thread(target=_read_all, args=(lines, loop, _commands(worker)), daemon=True).start()
        await worker.ended
        outgoing.put({"done": True})
    finally:
        outgoing.put(None)
        writer.join()


def _commands(worker: Worker) -> Callable[[dict[str, Any]], None]:
    def obey(command: dict[str, Any]) -> None:
        if "start" in command:
            worker.start(command["start"])
        elif "rate" in command:
            worker.change_rate(command["rate"])
        else:
            assert "stop" in command, command
            worker.stop()

    return obey


def _lines() -> Iterator[dict[str, Any]]:
    """What comes on standard input. Not by `sys.stdin`: its lock would hold up the end, as a thread waits in it."""
    rest = b""
    while data := os.read(0, 65_536):
        *lines, rest = (rest + data).split(b"\n")
        yield from map(msgspec.json.decode, lines)


def _read_all(
    lines: Iterator[dict[str, Any]], loop: asyncio.AbstractEventLoop, obey: Callable[[dict[str, Any]], None]
) -> None:
    try:
        for command in lines:
            loop.call_soon_threadsafe(obey, command)
    except RuntimeError:
        return  # the loop is closed: the end came first
    # Whoever gave the order is gone. Nothing that is under way has an addressee.
    os._exit(0)


def _write_all(outgoing: SimpleQueue[dict[str, Any] | None]) -> None:
    try:
        while (said := outgoing.get()) is not None:
            _write(said)
    except BrokenPipeError:
        os._exit(0)


def _write(said: dict[str, Any]) -> None:
    data = memoryview(msgspec.json.encode(said) + b"\n")
    while len(data):
        data = data[os.write(1, data) :]


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed: the generator should cost as little as it can of what it measures."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
