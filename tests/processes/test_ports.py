"""Free ports, and who has a port."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from simlb.processes.ports import free_ports, port_owner


def test_free_ports_are_different_and_free() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_owner_of_a_port_is_named(family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family) as listener:
        try:
            listener.bind((host, 0))
        except OSError:
            pytest.skip("no IPv6 here")
        port = listener.getsockname()[1]
        assert port_owner(port) is None  # bound, but nobody listens
        listener.listen()
        assert str(port_owner(port)).endswith(f"(pid {os.getpid()})")
    assert port_owner(port) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_process_that_may_not_be_looked_at_is_named_by_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlb.processes.ports._holds_socket", lambda process, wanted: False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert str(port_owner(listener.getsockname()[1])).startswith("a process of user ")
