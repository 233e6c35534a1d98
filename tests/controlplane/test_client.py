"""The command line's side of the control port."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simlb.controlplane import runfile
from simlb.controlplane.client import ControlClient
from simlb.controlplane.server import ControlServer
from simlb.core.log_kinds import LogKind
from simlb.errors import SimlbError
from tests.controlplane.fakes import FakeInstance, instance_view


@pytest.fixture
async def instance() -> FakeInstance:
    return FakeInstance()


@pytest.fixture
async def state_dir(instance: FakeInstance, tmp_path: Path) -> AsyncIterator[Path]:
    server = ControlServer(instance, "s3cret", 0)
    await server.start()
    publish(tmp_path, server.port)
    yield tmp_path
    await server.close()


def publish(state_dir: Path, port: int) -> None:
    runfile.write(
        state_dir, instance="default", control_host="127.0.0.1", control_port=port, token="s3cret", version="0.1.0"
    )


async def test_it_asks_and_understands(state_dir: Path, instance: FakeInstance) -> None:
    instance.lines = ["a", "b", "c"]

    def talk() -> None:
        with ControlClient.for_instance(state_dir, "default") as client:
            assert client.status() == instance_view()
            assert client.logs(-2, 10).lines == ("b", "c")
            assert client.logs(-1, 10, LogKind.HEALTH_CHECK).lines == ("health_check c",)
            assert client.kill_target("i-03") == "i-03 killed (pid 4121, SIGKILL)."
            assert client.restart_target("i-03")
            assert client.register_target("web", "http://127.0.0.1:9004", "new").name == "new"
            assert client.register_target("web", "127.0.0.1:9004").address == "127.0.0.1:9004"
            assert client.deregister_target("i-03").message == "i-03 is deregistered from web."
            assert client.deregister_target("i-03", "w/b").target_group == "web"
            assert client.reload() == "Reloaded."
            assert client.stop() == "Stopping."

    await asyncio.to_thread(talk)
    assert instance.calls == [
        "kill i-03",
        "restart i-03",
        "register web http://127.0.0.1:9004 new",
        "register web 127.0.0.1:9004 None",
        "deregister i-03 None",
        "deregister i-03 w/b",
        "reload",
        "stop",
    ]


async def test_errors_arrive_whole_and_the_connection_lives_on(state_dir: Path) -> None:
    def talk() -> None:
        with ControlClient.for_instance(state_dir, "default") as client:
            with pytest.raises(SimlbError) as caught:
                client.kill_target("i/../9")
            assert (caught.value.code, caught.value.hints) == ("E302", ("did you mean i-01?",))
            with pytest.raises(SimlbError, match="no target"):
                client.kill_target("\udcff")
            assert client.status().name == "default"

    await asyncio.to_thread(talk)


def test_without_an_instance_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(SimlbError) as caught:
        ControlClient.for_instance(tmp_path, "default")
    assert caught.value.code == "E602"
    assert "simlb up" in caught.value.hints[0]


def test_without_that_instance_it_names_the_others(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    with pytest.raises(SimlbError, match="'shop'") as caught:
        ControlClient.for_instance(tmp_path, "shop")
    assert "--instance default" in caught.value.hints[0]


def test_a_silent_control_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        publish(tmp_path, closed.getsockname()[1])
        with ControlClient.for_instance(tmp_path, "default") as client, pytest.raises(SimlbError) as caught:
            client.status()
    assert caught.value.code == "E603"


@pytest.mark.parametrize("body", [b"hello", b"[]", b"{}"])
def test_an_answer_of_another_make_is_not_understood(tmp_path: Path, body: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

        thread = threading.Thread(target=answer)
        thread.start()
        publish(tmp_path, listener.getsockname()[1])
        with ControlClient.for_instance(tmp_path, "default") as client, pytest.raises(SimlbError) as caught:
            client.status()
        thread.join()
    assert caught.value.code == "E604"
