"""What the terminal of `simlb demo` shows, as golden text."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import itertools
import sys
from pathlib import Path

import pytest

from simlb.cli import keyboard
from simlb.cli.keyboard import KeyboardPresenter
from simlb.cli.presenter import TerminalPresenter
from simlb.cli.terminal import Style
from simlb.clock import ScaledClock
from simlb.controlplane.views import InstanceView, ListenerView
from simlb.core.events import (
    FaultInstalled,
    FaultRemoved,
    Notice,
    ProcessExited,
    ProcessStarted,
    TargetStateChanged,
)
from tests.cli.conftest import Opener
from tests.controlplane.fakes import FakeInstance, instance_view, target

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the golden text is POSIX spelling")


@pytest.fixture(autouse=True)
def spelling(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SIMLB_HOME", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.argv", [str(tmp_path / ".venv/bin/simlb")])
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)


class Screen:
    """A presenter and what it has printed since the last look."""

    def __init__(self, speed: float = 10, *, color: bool = False) -> None:
        self._out = io.StringIO()
        self.presenter = TerminalPresenter(self._out, style=Style(color=color))
        self.speed = speed

    def ready(self, view: InstanceView) -> str:
        view = dataclasses.replace(view, speed=self.speed)
        self.presenter.ready(view, FakeInstance(view), ScaledClock(self.speed))
        return self.look()

    def changed(self, at_s: float, name: str, previous: str, state: str, *, group: str = "web", **details: str) -> str:
        reason = details.get("reason")
        self.presenter.event(
            TargetStateChanged(
                at_s=at_s,
                real_s=at_s / self.speed,
                target_group=group,
                target=name,
                label=details.get("label", name),
                address=details.get("address", f"127.0.0.1:900{name[-1]}"),
                previous_state=previous,
                state=state,
                reason=reason,
                description=details.get("description"),
                evidence=details.get("evidence", ""),
                hint=details.get("hint"),
            )
        )
        return self.look()

    def look(self) -> str:
        text = self._out.getvalue()
        self._out.seek(0)
        self._out.truncate()
        return text


def starting(*states: str) -> InstanceView:
    view = instance_view(uptime_s=0.0, real_uptime_s=0.0, notices=())
    targets = tuple(target(f"i-0{index}", 9000 + index, state=state) for index, state in enumerate(states, 1))
    return dataclasses.replace(view, target_groups=(dataclasses.replace(view.target_groups[0], targets=targets),))


def test_the_start(tmp_path: Path) -> None:
    view = dataclasses.replace(starting("initial", "initial", "initial"), ca_path=str(tmp_path / "certs/ca.pem"))
    assert Screen().ready(view) == (
        "simlb 0.1.0 – a local Application Load Balancer\n"
        " ✔ 3 targets in web   i-01 127.0.0.1:9001  i-02 127.0.0.1:9002  i-03 127.0.0.1:9003\n"
        " ✔ HTTP:80    http://demo.elb.localhost:8080/   (stands for :80)   → redirect HTTPS:443 (301)\n"
        " ✔ HTTPS:443  https://demo.elb.localhost:8443/  (stands for :443)  2 rules, else → forward web\n"
        " ✔ console    http://127.0.0.1:8089/                               instance default, pid 4000\n"
        "   8080 stands for 80, 8443 stands for 443 in rules and logs.\n"
        "   Load-balancer time runs 10 times as fast: 30 s AWS = 3 s here.\n"
        "\n"
        "Try in another terminal:\n"
        "  curl --cacert certs/ca.pem https://demo.elb.localhost:8443/\n"
        "  curl -i http://demo.elb.localhost:8080/      (answers with the redirect)\n"
        "  .venv/bin/simlb console  the web page: watch it live, learn, play scenarios\n"
        "  .venv/bin/simlb status   how everything stands\n"
        "  .venv/bin/simlb logs -f  one line for each request\n"
        "  .venv/bin/simlb down     stop (or Ctrl-C here)\n"
    )


def test_a_target_leaves_and_returns() -> None:
    screen = Screen()
    screen.ready(starting("initial", "initial"))
    assert screen.changed(1, "i-01", "initial", "healthy") == ""
    assert screen.changed(2, "i-02", "initial", "healthy") == " ✔ 2 targets healthy   2.0 s AWS (  0.2 s here)\n"

    screen.presenter.event(ProcessExited(at_s=12, real_s=1.2, process="i-02", pid=4121, status=-9))
    assert screen.look() == (
        "    12.0 s AWS (  1.2 s here)  i-02  killed (pid 4121, SIGKILL). "
        "The load balancer does not know yet: the next check finds out.\n"
        "      i-02 프로세스가 죽었습니다. ELB 는 아직 모릅니다.\n"
    )
    assert screen.changed(
        42,
        "i-02",
        "healthy",
        "unhealthy",
        reason="Target.FailedHealthChecks",
        description="Health checks failed",
        evidence="connection refused",
    ) == (
        "    42.0 s AWS (  4.2 s here)  i-02  healthy -> unhealthy  "
        "Target.FailedHealthChecks: Health checks failed (connection refused)\n"
        "      2 failed checks in a row, 30 s (3 s here) apart: a dead target is noticed after 30-60 s (3-6 s here).\n"
    )
    screen.presenter.event(ProcessStarted(at_s=50, real_s=5, process="i-02", pid=4122))
    assert screen.look() == "    50.0 s AWS (  5.0 s here)  i-02  started (pid 4122)\n"
    assert screen.changed(200, "i-02", "unhealthy", "healthy", evidence="200 in 2 ms") == (
        "   200.0 s AWS ( 20.0 s here)  i-02  unhealthy -> healthy\n"
        "      5 passed checks in a row, 30 s (3 s here) apart: "
        "a revived target is back after 120-150 s (12-15 s here).\n"
    )
    # The arithmetic is explained once.
    assert screen.changed(300, "i-02", "healthy", "unhealthy").count("\n") == 1


class Viewed(FakeInstance):
    """Counts how often somebody looks at all of it, which takes as long as there is much of it."""

    looks = 0

    def view(self) -> InstanceView:
        self.looks += 1
        return super().view()


def test_many_targets_are_told_of_without_looking_at_everything_each_time() -> None:
    screen, instance = Screen(), Viewed()
    screen.presenter.ready(starting("healthy", "healthy"), instance, ScaledClock(10))
    screen.look()
    for name in ("i-01", "i-02"):
        for previous, state in (("healthy", "unhealthy"), ("unhealthy", "healthy"), ("healthy", "draining")):
            assert screen.changed(1, name, previous, state)
    assert instance.looks == 2


async def test_what_changes_in_one_turn_of_the_loop_is_written_at_once() -> None:
    screen = Screen()
    screen.ready(starting("healthy", "healthy"))
    assert screen.changed(1, "i-01", "healthy", "draining") == ""
    assert screen.changed(1, "i-02", "healthy", "draining") == ""
    await asyncio.sleep(0)
    assert [line.split()[-4] for line in screen.look().splitlines()] == ["i-01", "i-02"]
    assert screen.changed(2, "i-01", "draining", "unused") == ""
    screen.presenter.event(Notice(level="warning", text="now"))
    first, second = screen.look().splitlines()
    assert (first.split()[-1], second) == ("unused", " ! now")
    await asyncio.sleep(0)
    assert screen.look() == ""


def test_at_real_speed_there_is_one_time() -> None:
    screen = Screen(speed=1)
    screen.ready(starting("healthy", "healthy"))
    text = screen.changed(42, "i-01", "healthy", "unhealthy", reason="Target.Timeout", description="Request timed out")
    assert text == (
        "    42.0 s  i-01  healthy -> unhealthy  Target.Timeout: Request timed out\n"
        "      2 failed checks in a row, 30 s apart: a dead target is noticed after 30-60 s.\n"
    )


def test_a_target_that_never_was_well_is_told_with_its_hint() -> None:
    screen = Screen()
    screen.ready(starting("healthy", "initial"))
    text = screen.changed(
        30,
        "i-02",
        "initial",
        "unhealthy",
        reason="Target.ResponseCodeMismatch",
        description="Health checks failed with these codes: [404]",
        evidence="404",
        hint="add GET /health to the target",
    )
    assert text.splitlines()[0].endswith("Target.ResponseCodeMismatch: Health checks failed with these codes: [404]")
    assert text.splitlines()[1] == "      → add GET /health to the target"
    assert text.splitlines()[-1] == " ! 1 of 2 targets healthy   30.0 s AWS (  3.0 s here)"


def test_a_change_of_reason_alone_names_the_state_once() -> None:
    screen = Screen()
    screen.ready(starting("unhealthy"))
    text = screen.changed(
        42, "i-01", "unhealthy", "unhealthy", reason="Target.Timeout", description="Request timed out"
    )
    assert "i-01  unhealthy  Target.Timeout" in text


def test_a_target_of_several_groups_is_told_with_its_group() -> None:
    screen = Screen(speed=1)
    view = starting("healthy")
    api = dataclasses.replace(view.target_groups[0], name="api")
    screen.ready(dataclasses.replace(view, target_groups=(*view.target_groups, api)))
    screen.presenter.event(
        ProcessExited(at_s=3, real_s=3, process="i-01", pid=9, status=-9, target_groups=("web", "api"))
    )
    assert screen.look().splitlines()[0] == (
        "     3.0 s  i-01  killed (pid 9, SIGKILL). "
        "The load balancer does not know yet: the next check of each group (web, api) finds out."
    )
    for group in ("web", "api"):
        text = screen.changed(42, "i-01", "healthy", "unhealthy", group=group, label=f"i-01 in {group}")
        assert text.startswith(f"    42.0 s  i-01 in {group}  healthy -> unhealthy")


def test_targets_of_one_name_at_several_ports_are_counted_each() -> None:
    screen = Screen(speed=1)
    view = starting("healthy")
    web = view.target_groups[0]
    targets = tuple(target("i-01", port, state="initial") for port in (9001, 9101))
    screen.ready(dataclasses.replace(view, target_groups=(dataclasses.replace(web, targets=targets),)))
    assert screen.changed(1, "i-01", "initial", "healthy") == ""
    text = screen.changed(2, "i-01", "initial", "healthy", address="127.0.0.1:9101")
    assert text.startswith(" ✔ 2 targets healthy ")


def test_real_ports_need_no_sentence() -> None:
    view = starting("healthy")
    balancer = view.load_balancers[0]
    listeners = tuple(
        dataclasses.replace(listener, bind=f"127.0.0.1:{listener.port}", published_port=listener.port)
        for listener in balancer.listeners
    )
    text = Screen().ready(
        dataclasses.replace(view, load_balancers=(dataclasses.replace(balancer, listeners=listeners),))
    )
    assert "stands for" not in text
    assert "https://demo.elb.localhost/  " in text
    assert "curl --cacert /home/ann/.simlb/certs/ca.pem https://demo.elb.localhost/\n" in text


def test_the_reason_that_the_instance_gives_is_said_once() -> None:
    why = "SIMLB-E102  Port 80 may only be opened by the administrator on this system."
    screen = Screen()
    screen.presenter.event(Notice(level="warning", text=why.split("  ")[1], code="E102"))
    text = screen.look() + screen.ready(dataclasses.replace(starting("healthy"), notices=(why,)))
    assert text.count("may only be opened") == 1
    assert "8080 stands for 80, 8443 stands for 443 in rules and logs." in text


def test_another_name_gets_a_resolve_flag_and_quotes() -> None:
    view = starting("healthy")
    balancer = dataclasses.replace(view.load_balancers[0], names=("api.simlb.test",))
    text = Screen().ready(dataclasses.replace(view, load_balancers=(balancer,), ca_path="/a b/ca.pem"))
    assert "curl --cacert '/a b/ca.pem' --resolve api.simlb.test:8443:127.0.0.1 https://api.simlb.test:8443/\n" in text


def test_an_address_that_no_localhost_name_leads_to_is_told() -> None:
    view = starting("healthy")
    balancer = view.load_balancers[0]
    listeners = tuple(dataclasses.replace(item, bind=f"127.0.1.1:{item.published_port}") for item in balancer.listeners)
    second = dataclasses.replace(balancer, listeners=listeners)
    text = Screen().ready(dataclasses.replace(view, load_balancers=(second,)))
    assert "https://demo.elb.localhost:8443/  (stands for :443, at 127.0.1.1)" in text
    assert "--resolve demo.elb.localhost:8443:127.0.1.1 https://demo.elb.localhost:8443/\n" in text


def test_an_exposed_address_is_red() -> None:
    view = starting("healthy")
    exposed = ListenerView(
        protocol="HTTP", port=80, bind="0.0.0.0:8080", published_port=8080, default_action="forward web"
    )
    balancer = dataclasses.replace(view.load_balancers[0], listeners=(exposed,))
    text = Screen(color=True).ready(dataclasses.replace(view, load_balancers=(balancer,)))
    assert "\x1b[31m ⚠ 0.0.0.0:8080 can be reached from the network" in text


def test_another_instance_is_named_in_the_commands() -> None:
    assert ".venv/bin/simlb --instance shop status" in Screen().ready(
        dataclasses.replace(starting("healthy"), name="shop")
    )


def test_stopping_hides_the_processes_that_end() -> None:
    screen = Screen()
    screen.ready(starting("healthy"))
    screen.presenter.stopping()
    screen.presenter.event(ProcessExited(at_s=12, real_s=1.2, process="i-01", pid=1, status=-15))
    screen.presenter.event(Notice(level="error", text="3 requests were cut.", hints=("drain",), notes=("So it is.",)))
    screen.presenter.close()
    assert screen.look() == (
        "Stopping: finishing what is in flight … (Ctrl-C again: at once)\n"
        " ✗ 3 requests were cut.\n     → drain\n     So it is.\nsimlb stopped.\n"
    )


def test_a_process_that_ends_by_itself_shows_its_status() -> None:
    screen = Screen(speed=1)
    screen.ready(starting("healthy"))
    screen.presenter.event(ProcessExited(at_s=3, real_s=3, process="i-01", pid=9, status=1))
    assert "i-01  exited by itself (pid 9, status 1). The load balancer does not know yet" in screen.look()


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_terminal_that_goes_away_does_not_stop_the_load_balancer() -> None:
    presenter = TerminalPresenter(Gone())
    presenter.say("x")
    presenter.say("y")


class Player:
    """A keyboard presenter without a terminal: keys are pressed by the test."""

    def __init__(self, *, kills: bool = True, console: bool = False, opens: bool = False) -> None:
        self.out = io.StringIO()
        self.codes = itertools.count(1)
        self.presenter = KeyboardPresenter(
            self.out,
            kills=kills,
            descriptor=-1,
            style=Style(color=False),
            console=(lambda: f"http://127.0.0.1:8089/#code={next(self.codes)}") if console else None,
            opens=opens,
        )
        self.instance = FakeInstance()
        self.presenter.ready(self.instance.current, self.instance, ScaledClock(10))

    async def press(self, keys: str) -> str:
        self.out.truncate(0)
        self.out.seek(0)
        for key in keys:
            self.presenter.press(key)
        for task in list(self.presenter._tasks):
            await task
        return self.out.getvalue()


async def test_without_a_terminal_it_says_so_in_one_line() -> None:
    lines = Player().out.getvalue().splitlines()
    assert lines[-2].startswith("No keys: ") or lines[-1].startswith("No keys: ")


async def test_k_kills_the_last_living_process_and_r_restores_the_dead() -> None:
    player = Player()
    assert await player.press("k") == ""
    assert await player.press("R") == ""
    assert player.instance.calls == ["kill i-01", "restart i-03"]


async def test_r_restores_a_process_of_several_groups_once() -> None:
    player = Player()
    (web,) = player.instance.current.target_groups
    groups = (web, dataclasses.replace(web, name="api"))
    player.instance.current = dataclasses.replace(player.instance.current, target_groups=groups)
    await player.press("r")
    assert player.instance.calls == ["restart i-03"]


async def test_with_nothing_to_kill_or_restore_it_says_so() -> None:
    player = Player()
    player.instance.current = starting("healthy")
    assert await player.press("r") == "Nothing to restore: every process runs.\n"
    yours = dataclasses.replace(
        player.instance.current.target_groups[0], targets=(target("i-02", process=None, pid=None),)
    )
    player.instance.current = dataclasses.replace(player.instance.current, target_groups=(yours,))
    assert (await player.press("k")).startswith("Every process of simlb's own is dead")


async def test_a_refusal_is_shown_and_does_no_harm() -> None:
    player = Player()
    player.instance.current = starting("healthy", "healthy")  # i-02, which the fake refuses to kill
    assert (await player.press("k")).startswith("SIMLB-E303")


async def test_s_shows_the_targets_and_question_mark_the_keys() -> None:
    player = Player()
    shown = await player.press("s")
    assert shown.startswith("web  ip  HTTP:80  round_robin  healthy\n")
    assert "refused (fail 5, needs 5 passes)" in shown
    assert await player.press("?") == (
        "Keys: K kills i-01 · R restores what was killed · S shows the targets · ? help · Q quits\n"
    )


async def test_c_opens_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    opener = Opener()
    monkeypatch.setattr(keyboard, "open_page", opener)
    player = Player(console=True)
    assert await player.press("cc") == ""
    assert sorted(opener.opened) == ["http://127.0.0.1:8089/#code=1", "http://127.0.0.1:8089/#code=2"]
    assert "C opens the console" in await player.press("?")


async def test_where_there_is_no_screen_c_prints_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyboard, "open_page", lambda _: False)
    assert await Player(console=True).press("c") == "In a browser: http://127.0.0.1:8089/#code=1\n"
    assert await Player().press("c") == ""


async def test_the_demo_opens_it_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    opener = Opener()
    monkeypatch.setattr(keyboard, "open_page", opener)
    await Player(console=True, opens=True).press("")
    assert opener.opened == ["http://127.0.0.1:8089/#code=1"]


@pytest.mark.parametrize("key", ["q", "Q", "\x03"])
async def test_q_stops(key: str) -> None:
    player = Player()
    await player.press(key)
    assert player.instance.calls == ["stop"]


async def test_up_has_no_killing_keys() -> None:
    player = Player(kills=False)
    assert await player.press("krx") == ""
    assert player.instance.calls == []


def test_faults_come_and_go_with_both_times_and_the_way_back() -> None:
    screen = Screen()
    screen.ready(instance_view())
    name, text = "latency-1", "link.latency delay=1s"
    undo = f"simlb fault rm {name}"
    screen.presenter.event(
        FaultInstalled(at_s=20, real_s=2, name=name, type="x", on="i-02", text=text, for_s=30, undo=undo)
    )
    screen.presenter.event(
        FaultRemoved(at_s=50, real_s=5, name=name, type="x", on="i-02", text=text, reason="its time is over")
    )
    screen.presenter.event(
        FaultInstalled(at_s=60, real_s=6, name="restart-1", type="x", on="i-01", text="target.restart", is_over=True)
    )
    assert screen.look() == (
        "    20.0 s AWS (  2.0 s here)  latency-1  fault installed on i-02: link.latency delay=1s, "
        "for 30 s (3 s here)\n"
        "      undo: simlb fault rm latency-1\n"
        "    50.0 s AWS (  5.0 s here)  latency-1  fault removed from i-02: link.latency delay=1s (its time is over)\n"
        "    60.0 s AWS (  6.0 s here)  restart-1  fault on i-01: target.restart\n"
    )
