"""What an application tells: to its presenter, to the stream, to both."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from simlb import config
from simlb.app.application import App
from simlb.app.options import AppOptions
from simlb.app.renewal import renew_once
from simlb.certs.store import CertificateStore
from simlb.cli.loading import Certificates
from simlb.clock import ManualClock
from simlb.core.event_json import Told
from simlb.core.events import (
    CertificateChanged,
    ConfigurationChanged,
    FaultInstalled,
    Notice,
    TargetStateChanged,
)
from simlb.core.health import ProbeOutcome, ProbeResult
from simlb.core.pulse import Pulse
from tests.app.conftest import Audience, Bench

A = "{url: http://127.0.0.1:9, name: i-01}"
B = "{url: http://127.0.0.1:10, name: i-02}"


def heard(app: App) -> list[Told]:
    """Everything that the stream has from now on."""
    events: list[Told] = []
    app.observing.events.listen(events.append)
    return events


def texts(events: list[Told]) -> list[tuple[str, str]]:
    return [(event.cause, event.text) for event in events if isinstance(event, ConfigurationChanged)]


class TestConfiguration:
    async def test_the_start_is_in_the_history(self, bench: Bench) -> None:
        app = await bench.start(web=[A])
        viewer = app.observing.events.watch(history=1000, types={"configuration_changed"}, pulses=False)
        assert b'"text":"Serving 2 listeners, 2 target groups, 1 target."' in (await viewer.next(0) or b"")

    async def test_a_reload_says_what_has_changed(self, bench: Bench) -> None:
        app = await bench.start(web=[A])
        events = heard(app)
        bench.write(web=[A, B], more="attributes: {slow_start.duration_seconds: 30}, ")
        await app.reload()
        await app.reload()
        assert texts(events) == [
            (
                "reload",
                "Reloaded: target group web: i-02 (127.0.0.1:10) is new, attributes; target group api: attributes.",
            ),
            ("reload", "Reloaded: nothing has changed."),
        ]

    async def test_targets_by_command(self, bench: Bench) -> None:
        app = await bench.start(web=[A])
        events = heard(app)
        await app.register_target("web", "http://127.0.0.1:10", "i-02")
        await app.deregister_target("i-02")
        await app.deregister_target("i-02")
        await app.reset()
        assert texts(events) == [
            ("registration", "i-02 (127.0.0.1:10) is registered in web."),
            ("registration", "i-02 (127.0.0.1:10) is deregistered from web."),
        ]
        await app.deregister_target("i-01")
        del events[:]
        await app.reset()
        assert texts(events) == [("api", "Reset: target group web: i-01 (127.0.0.1:9) is new.")]

    async def test_faults(self, bench: Bench) -> None:
        app = await bench.start(web=[A])
        events = heard(app)
        fault = await app.faults.add("config.empty_group", on="web")
        await app.faults.remove(fault.name)
        assert texts(events) == [
            ("fault", "By a fault: target group web: i-01 (127.0.0.1:9) is gone."),
            ("fault", "A fault is undone: target group web: i-01 (127.0.0.1:9) is new."),
        ]
        assert any(isinstance(event, FaultInstalled) for event in events)

    async def test_presenters_do_not_hear_of_it(self, bench: Bench) -> None:
        app = await bench.start(web=[A])
        await app.register_target("web", "http://127.0.0.1:10", "i-02")
        await app.reload()
        kinds = (ConfigurationChanged, CertificateChanged)
        assert [event for event in bench.audience.events if isinstance(event, kinds)] == []


async def test_presenters_and_stream_hear_the_same_of_everything_else(bench: Bench) -> None:
    app = await bench.start(web=[A])
    events = heard(app)
    del bench.audience.events[:]
    app.narrator.notice(Notice(level="info", text="hello"))
    bench.probed("i-01", ProbeResult(outcome=ProbeOutcome.REFUSED, latency_s=0.001))
    live = app.live_group("web")
    assert live is not None
    app._on_state_changed(live, next(iter(live.targets.values())), "initial")
    assert bench.audience.events == events
    assert [type(event) for event in events] == [Notice, TargetStateChanged]


async def test_a_pulse(bench: Bench) -> None:
    app = await bench.start(web=[A])
    viewer = app.observing.events.watch(types={"pulse"})
    frame = await viewer.next(0) or b""
    assert b"event: pulse" in frame
    pulse = app.observing.events._make_pulse()
    assert isinstance(pulse, Pulse)
    (balancer,) = pulse.load_balancers
    assert (balancer.load_balancer, balancer.requests, balancer.per_second) == ("my-alb", 0, 0)
    (target,) = pulse.targets
    assert (target.target_group, target.target, target.address) == ("web", "i-01", "127.0.0.1:9")
    assert (target.state, target.last_check) == (bench.states()["i-01"], bench.group().targets[0].last_check)
    assert target.next_check_in_s is not None
    assert 0 < target.next_check_in_s <= 30
    before = target.failures
    bench.probed("i-01", ProbeResult(outcome=ProbeOutcome.TIMED_OUT, latency_s=5.0))
    pulse = app.observing.events._make_pulse()
    assert isinstance(pulse, Pulse)
    (target,) = pulse.targets
    assert (target.passes, target.failures) == (0, before + 1)
    assert (target.check_outcome, target.check_status_code, target.check_latency_s) == ("timed out", None, 5.0)


async def test_the_stream_ends_with_the_application(bench: Bench) -> None:
    app = await bench.start()
    viewer = app.observing.events.watch(pulses=False)
    await viewer.next(0)
    await app.close(grace_s=0)
    assert b"event: ended" in (await viewer.next(0) or b"")


SECURE = """\
simlb: config/1
control_port: 0
load_balancers:
  - name: my-alb
    listeners:
      - {protocol: HTTPS, port: 443, bind: "127.0.0.1:0", fixed_response: {status_code: 200}}
"""


async def test_certificates(tmp_path: Path) -> None:
    path, folder = tmp_path / "simlb.yaml", tmp_path / "certs"
    path.write_text(SECURE)

    def load() -> config.Compiled:
        certificates = Certificates(folder, "ap-northeast-2")
        return config.load(path, certificates=certificates, allocate_port=lambda _: 1, sample_names=())

    options = AppOptions(
        instance="default", state_dir=tmp_path, certs_dir=folder, load=load, issuer=CertificateStore(folder)
    )
    audience = Audience()
    app = App(options, audience, load(), clock=ManualClock())
    events = heard(app)
    await app.start()
    try:
        await app.reload()
        fault = await app.faults.add("cert.expired")
        await app.faults.remove(fault.name)
        for leaf in folder.glob("my-alb*"):
            leaf.unlink()
        await renew_once(app)
        await renew_once(app)
    finally:
        await app.close(grace_s=0)
    told = [event for event in events if isinstance(event, CertificateChanged)]
    assert [event.text for event in told] == [
        "issued by simlb's CA",
        "spoiled by a fault: expired",
        "issued by simlb's CA, in place of a fault's",
        "renewed by simlb's CA",
    ]
    assert {(event.load_balancer, event.listener_port) for event in told} == {("my-alb", 443)}
    assert "localhost" in told[0].names
    ends = [datetime.fromisoformat(event.not_after) for event in told]
    now = datetime.now(UTC)
    assert [end > now for end in ends] == [True, False, True, True]
    assert not any(isinstance(event, CertificateChanged) for event in audience.events)
