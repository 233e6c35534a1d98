"""Free ports, and who has a port."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from simlb.processes import ports
from simlb.processes.ports import LASTING, free_ports, port_owner


def test_free_ports_are_different_and_free_and_nobody_s_by_chance() -> None:
    found = free_ports(20)
    assert len(set(found)) == 20
    assert set(found) <= set(LASTING), "the system gives none of these away"
    for port in found:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))


def test_where_the_lasting_ones_are_taken_any_free_one_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(ports, "LASTING", [taken.getsockname()[1]])
        (port,) = free_ports(1)
        assert port != taken.getsockname()[1]


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
