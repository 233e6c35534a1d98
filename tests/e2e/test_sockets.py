"""What listens, and where: loopback only, unless `--expose` names another address (issue: every socket)."""

from __future__ import annotations

import pytest

from tests.e2e import processes
from tests.e2e.configs import web
from tests.e2e.harness import Instance, Workshop

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="reads /proc/net/tcp")

ALL_KINDS = ("sample: echo", "sample: starter", "sample: slow", "sample: stream")


def _sockets(instance: Instance) -> set[processes.ListeningSocket]:
    return processes.listening(processes.marked(instance.workshop.mark))


def test_everything_of_the_whole_process_tree_listens_on_loopback(simlb: Workshop) -> None:
    instance = simlb.serve(web(*ALL_KINDS, check="path: /"))
    instance.wait_healthy()
    sockets = _sockets(instance)
    assert all(found.is_loopback for found in sockets), sockets
    view = instance.view()
    ports = {listener.published_port for balancer in view.load_balancers for listener in balancer.listeners}
    ports |= {target.port for target in view.targets()}
    ports.add(int(view.control.rpartition(":")[2]))
    assert {found.port for found in sockets} == ports, "these sockets and no other"


def test_expose_opens_the_listeners_and_nothing_else(simlb: Workshop) -> None:
    instance = simlb.start("up", f"http://127.0.0.1:{simlb.target_server('mine')}", "--expose", "0.0.0.0")  # noqa: S104
    instance.wait_healthy()
    open_ports = {found.port for found in _sockets(instance) if not found.is_loopback}
    assert open_ports == {instance.listener(port).published_port for port in (80, 443)}
    for port in (80, 443):
        bind = instance.listener(port).bind
        assert f"{bind} can be reached from the network" in instance.output
        assert f"{bind} can be reached from the network" in simlb.run("status").stdout
    assert instance.client().get("/").status == 200


def test_expose_takes_one_address(simlb: Workshop) -> None:
    instance = simlb.start("up", f"http://127.0.0.1:{simlb.target_server('mine')}", "--expose", "127.0.0.2")
    ports = {instance.listener(port).published_port for port in (80, 443)}
    assert {found.address for found in _sockets(instance) if found.port in ports} == {"127.0.0.2"}
    assert "can be reached from the network" not in instance.output


def test_a_bind_that_others_can_reach_is_refused_without_expose(simlb: Workshop) -> None:
    simlb.write(web("sample: echo").replace('bind: "127.0.0.1:0"', 'bind: "0.0.0.0:0"', 1))
    finished = simlb.run("up", "--control-port", "0")
    assert finished.returncode == 2
    assert "--expose" in finished.stderr
    assert "simlb.yaml:8" in finished.stderr
