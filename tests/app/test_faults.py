"""Faults on an application: they survive reloads, go without a trace, and what commands do meanwhile still holds."""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path

import pytest
from cryptography import x509

from simlb.app import fault_site
from simlb.core.events import FaultInstalled, FaultRemoved
from simlb.errors import SimlbError
from simlb.faults.site import CertificateFlaw
from simlb.processes.ports import free_ports
from tests.app.conftest import Bench
from tests.core.groups import PASS

ONE, TWO = '{url: "http://127.0.0.1:9"}', '{url: "http://127.0.0.2:9"}'


class Fake:
    """A target of this process. `log` is what was done to it."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.runs = True

    def kill(self) -> bool:
        self.log.append("kill")
        was, self.runs = self.runs, False
        return was

    def pause(self) -> bool:
        self.log.append("pause")
        return self.runs

    def resume(self) -> bool:
        self.log.append("resume")
        return self.runs

    async def start(self) -> None:
        self.log.append("start")
        self.runs = True

    async def stop(self) -> None:
        self.log.append("stop")
        self.runs = False

    async def restart(self) -> None:
        self.log.append("restart")


def gates(bench: Bench) -> dict[int, str]:
    """The gates of the listeners, by port."""
    return {
        listener.port: listener.gate for balancer in bench.app.view().load_balancers for listener in balancer.listeners
    }


def registered(bench: Bench) -> list[str]:
    """The targets of `web` that do not drain."""
    return [target.name for target in bench.group().targets if target.state != "draining"]


async def test_a_gate_stays_closed_through_a_reload_and_opens_when_undone(bench: Bench) -> None:
    app = await bench.start(web=[ONE])
    fault = await app.faults.add("gate.close", "80")
    assert gates(bench) == {80: "closed", 81: "open"}
    bench.write(web=[ONE, TWO])
    await app.reload()
    assert gates(bench) == {80: "closed", 81: "open"}
    (balancer,) = app.view().load_balancers
    assert [listener.faults for listener in balancer.listeners] == [("close-1: gate.close",), ()]
    await app.faults.remove(fault.name)
    assert gates(bench) == {80: "open", 81: "open"}


async def test_a_configuration_mistake_lies_over_every_reload(bench: Bench) -> None:
    app = await bench.start(web=[ONE])
    await app.faults.add("config.path", "web", {"path": "/helth"})
    assert bench.group().health_check.path == "/helth"
    assert bench.group().faults == ("path-1: config.path path=/helth",)
    bench.write(web=[ONE, TWO])
    await app.reload()
    assert (bench.group().health_check.path, list(bench.states())) == ("/helth", ["i-01", "i-02"])
    await app.faults.remove("path-1")
    assert (bench.group().health_check.path, list(bench.states())) == ("/up", ["i-01", "i-02"])


async def test_a_change_that_cannot_be_served_leaves_everything_as_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await bench.start(web=[ONE])
    before = app.configuration

    def fail(*_: object) -> None:
        raise SimlbError("E211", "No.")

    (node,) = app.nodes.values()
    monkeypatch.setattr(node, "prepare", fail)
    with pytest.raises(SimlbError, match=r"No\."):
        await app.faults.add("gate.close", "80")
    assert (len(app.faults), app.fault_site.overlays) == (0, ())
    assert app.configuration is before


async def test_an_emptied_group_drains_and_takes_its_targets_back(bench: Bench) -> None:
    app = await bench.start(web=[ONE, TWO])
    bench.probed("i-01", PASS)
    await app.faults.add("config.empty_group", "web")
    assert bench.states() == {"i-01": "draining", "i-02": "draining"}
    assert bench.group().mode == "no_targets"
    await app.faults.remove("empty-group-1")
    assert set(bench.states().values()) == {"initial"}


async def test_commands_go_on_under_faults_that_change_the_same_group(bench: Bench) -> None:
    app = await bench.start(web=[ONE, TWO])
    await app.faults.add("config.empty_group", "web")
    added = await app.register_target("web", "http://127.0.0.3:9", None)
    assert added.message.startswith(
        "i-03 (127.0.0.3:9) is registered in web. A fault has changed what that group has: simlb fault ls."
    )
    removed = await app.deregister_target("i-01")
    assert removed.message.startswith("i-01 (127.0.0.1:9) is deregistered from web: it gets no new requests.")
    await app.faults.clear()
    assert registered(bench) == ["i-02", "i-03"]
    await app.faults.add("config.port", "web", {"port": 7})
    await app.deregister_target("i-02")
    await app.faults.clear()
    assert registered(bench) == ["i-03"]


async def test_a_targets_own_faults_come_and_go_with_it(bench: Bench) -> None:
    app = await bench.start(web=[ONE, TWO])
    await app.faults.add("link.latency", "i-02", {"delay": "300ms"})
    assert [target.faults for target in bench.group().targets] == [(), ("latency-1: link.latency delay=300ms",)]
    bench.write(web=[ONE])
    await app.reload()
    # It drains, and is still slow.
    (fault,) = app.faults
    acted_on = [*fault.acts_on]
    await bench.clock.advance(300)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (acted_on, [*fault.acts_on]) == (["i-02"], [])
    assert "Fault latency-1 has nothing to act on: i-02 is not there." in bench.audience.notices
    bench.write(web=[ONE, TWO])
    await app.reload()
    assert [*fault.acts_on] == ["i-02"]


async def test_targets_of_this_process_are_crashed_and_paused_like_processes(bench: Bench) -> None:
    app = await bench.start(web=[ONE, TWO])
    fake = Fake()
    app.own_targets["i-01"] = fake
    await app.faults.add("target.crash", "i-01")
    await app.faults.add("target.hang", "i-01")
    await app.faults.add("target.crash", "i-01")
    assert fake.log == ["kill", "pause", "kill"]
    await app.faults.remove("crash-1")
    assert fake.log == ["kill", "pause", "kill"]
    # Started, it is paused again, as long as it is to hang.
    await app.faults.remove("crash-2")
    assert fake.log == ["kill", "pause", "kill", "start", "pause"]
    await app.faults.remove("hang-1")
    assert fake.log[-1] == "resume"
    with pytest.raises(SimlbError) as caught:
        await app.faults.add("target.crash", "i-02")
    assert caught.value.code == "E636"


async def test_a_target_is_stopped_once_it_has_drained(bench: Bench) -> None:
    app = await bench.start(web=[ONE, TWO], more="attributes: {deregistration_delay.timeout_seconds: 20}, ")
    fake = Fake()
    app.own_targets["i-02"] = fake
    await app.faults.add("target.stop", "i-02", {"drain": True})
    assert bench.states()["i-02"] == "draining"
    bench.write(web=[ONE, TWO], more="attributes: {deregistration_delay.timeout_seconds: 20}, ")
    await app.reload()
    assert bench.states()["i-02"] == "draining"
    await bench.clock.advance(19)
    assert fake.log == []
    await bench.clock.advance(1)
    for _ in range(5):
        await asyncio.sleep(0)
    assert fake.log == ["stop"]
    assert list(bench.states()) == ["i-01"]
    await app.faults.remove("stop-1")
    assert fake.log == ["stop", "start"]
    assert bench.states()["i-02"] == "initial"


async def test_every_installation_and_removal_is_an_event_with_both_times(bench: Bench) -> None:
    app = await bench.start(web=[ONE])
    await bench.clock.advance(5)
    await app.faults.add("link.latency", "web", {"delay": "1s"}, for_s=20)
    await bench.clock.advance(20)
    installed, removed = (event for event in bench.audience.events if isinstance(event, FaultInstalled | FaultRemoved))
    assert isinstance(installed, FaultInstalled)
    assert isinstance(removed, FaultRemoved)
    assert (installed.at_s, installed.on, installed.text, installed.for_s, installed.undo) == (
        5,
        "i-01",
        "link.latency delay=1s",
        20,
        "simlb fault rm latency-1",
    )
    assert (removed.at_s, removed.reason) == (25, "its time is over")


async def test_with_the_instance_faults_leave_no_file(bench: Bench, tmp_path: Path) -> None:
    app = await bench.start(web=[ONE])
    made = await app.fault_site.issue(CertificateFlaw.UNTRUSTED, ["a.test"])
    assert [path.name for path in sorted((tmp_path / "faults" / "default").iterdir())] == ["1.key", "1.pem"]
    assert (tmp_path / "faults" / "default" / "1.key").stat().st_mode & 0o077 == 0
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.certificate_path, made.key_path)
    app.fault_site.discard(made)
    assert not (tmp_path / "faults").exists()
    await app.fault_site.issue(CertificateFlaw.UNTRUSTED, ["a.test"])
    await app.close(grace_s=0)
    assert not (tmp_path / "faults").exists()


async def test_an_expired_certificate_is_signed_by_the_authority_that_clients_trust(
    bench: Bench, tmp_path: Path
) -> None:
    app = await bench.start(web=[ONE])
    made = await app.fault_site.issue(CertificateFlaw.EXPIRED, ["shop.localhost"])
    chain = x509.load_pem_x509_certificates(Path(made.certificate_path).read_bytes())
    root = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    chain[0].verify_directly_issued_by(chain[1])
    chain[1].verify_directly_issued_by(root)
    assert chain[0].not_valid_after_utc < app.started_at
    with pytest.raises(SimlbError) as caught:
        await app.fault_site.issue(CertificateFlaw.WRONG_NAME, ["example.com"])
    assert caught.value.code == "E203"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
async def test_a_reload_that_changes_a_command_starts_no_crashed_process_and_pauses_a_hanging_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fault_site, "LISTENS_WITHIN_S", 0.05)  # these never do

    def targets(seconds: int) -> list[str]:
        return [
            f'{{run: "sleep {seconds}", name: {name}, port: {port}}}'
            for name, port in zip("abc", (1, 2, 3), strict=True)
        ]

    app = await bench.start(web=targets(1000))
    await app.faults.add("target.crash", "a")
    await app.faults.add("target.hang", "b")
    bench.write(web=targets(1001))
    await app.reload()
    shown = {target.name: target for target in bench.group().targets}
    assert [(name, target.pid is not None) for name, target in shown.items()] == [
        ("a", False),
        ("b", True),
        ("c", True),
    ]
    await _is_in_state("T", shown["b"].pid)
    with pytest.raises(SimlbError) as caught:
        await app.restart_target("b")
    assert (caught.value.code, caught.value.what) == ("E641", "b is kept paused by a fault: hang-1.")
    await app.faults.clear()
    shown = {target.name: target for target in bench.group().targets}
    assert shown["a"].pid is not None
    await _is_in_state("S", shown["b"].pid)


@pytest.mark.slow
async def test_a_crashed_target_listens_again_once_its_fault_is_undone(bench: Bench) -> None:
    """Its start takes its time, and must not be taken for a failed check."""
    (port,) = free_ports(1)
    command = f"{sys.executable} -m http.server {port} --bind 127.0.0.1"
    app = await bench.start(web=[f'{{run: "{command}", name: a, port: {port}}}'])
    await app.faults.add("target.crash", "a", name="crash")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    await app.faults.remove("crash")
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.transport.abort()


async def _is_in_state(wanted: str, pid: int | None) -> None:
    async with asyncio.timeout(5):
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != wanted:
            await asyncio.sleep(0.002)
