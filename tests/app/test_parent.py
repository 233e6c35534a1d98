"""The signs that the program that started an instance is gone."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from pathlib import Path

import pytest

from simlb.app import parent
from simlb.app.parent import stops_with_parent


class Stops:
    """Remembers why it was to stop."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.told = asyncio.Event()

    def __call__(self, reason: str) -> None:
        self.reasons.append(reason)
        self.told.set()

    async def wait(self) -> None:
        async with asyncio.timeout(5):
            await self.told.wait()


async def test_the_end_of_a_pipe_after_whatever_came_through_it() -> None:
    read, write = os.pipe()
    stops = Stops()
    with stops_with_parent(stops, os.getppid(), descriptor=read):
        os.write(write, b"anything\n")
        await asyncio.sleep(0.01)
        assert stops.reasons == []
        os.close(write)
        await stops.wait()
    assert stops.reasons == ["its standard input has ended"]
    os.close(read)


async def test_the_end_of_a_socket() -> None:
    here, there = socket.socketpair()
    stops = Stops()
    with stops_with_parent(stops, os.getppid(), descriptor=here.fileno()):
        there.close()
        await stops.wait()
    here.close()


@pytest.mark.parametrize("kind", ["/dev/null", "a file", "closed"])
async def test_what_is_no_sign_of_a_parent(kind: str) -> None:
    with Path(os.devnull).open("rb") as null, tempfile.TemporaryFile() as file:
        descriptor = {"/dev/null": null.fileno(), "a file": file.fileno(), "closed": 1 << 20}[kind]
        stops = Stops()
        with stops_with_parent(stops, os.getppid(), descriptor=descriptor):
            await asyncio.sleep(0.02)
        assert stops.reasons == []


async def test_another_parent_than_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "LOOK_S", 0.001)
    monkeypatch.setattr(os, "getppid", lambda: 4000)
    stops = Stops()
    with Path(os.devnull).open("rb") as null, stops_with_parent(stops, 4000, descriptor=null.fileno()):
        await asyncio.sleep(0.01)
        assert stops.reasons == []
        monkeypatch.setattr(os, "getppid", lambda: 1)
        await stops.wait()
    assert stops.reasons == ["the program that started it has gone"]


async def test_it_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "LOOK_S", 0.001)
    monkeypatch.setattr(os, "getppid", lambda: 1)
    read, write = os.pipe()
    os.close(write)
    stops = Stops()
    with stops_with_parent(stops, 4000, descriptor=read):
        await stops.wait()
        await asyncio.sleep(0.01)
    assert len(stops.reasons) == 1
    os.close(read)


async def test_what_ends_after_it_is_over_stops_nothing() -> None:
    read, write = os.pipe()
    stops = Stops()
    with stops_with_parent(stops, os.getppid(), descriptor=read):
        pass
    os.close(write)
    await asyncio.sleep(0.01)
    assert stops.reasons == []
    os.close(read)
