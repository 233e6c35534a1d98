"""The book of faults: what is installed, what of it is undone when, and what is told about it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.events import FaultInstalled, FaultRemoved, Notice
from simlb.dataplane.points import Asked
from simlb.errors import SimlbError
from simlb.faults.book import FaultBook
from simlb.faults.installed import FaultState
from simlb.faults.types import BY_NAME
from tests.faults.fake_site import WEB, FakeSite, book, configuration, without


def request(path: str = "/") -> Asked:
    return Asked(method="GET", path=path, header=lambda name: None, is_probe=False)


async def test_a_fault_is_installed_listed_and_undone() -> None:
    site = FakeSite()
    faults, told = book(site)
    fault = await faults.add("target.crash", "web/3")
    assert (fault.name, fault.on, fault.acts_on, fault.state) == ("crash-1", "web/3 (i-03)", ("i-03",), "installed")
    assert fault.undo == "simlb fault rm crash-1"
    assert [listed.name for listed in faults] == ["crash-1"]
    await faults.remove("crash-1")
    assert site.notes == ["kill i-03", "start i-03"]
    assert len(faults) == 0
    assert told.names == ["FaultInstalled crash-1", "FaultRemoved crash-1"]


async def test_names_count_and_are_not_given_twice() -> None:
    faults, _ = book(FakeSite())
    names = [(await faults.add("target.crash", target)).name for target in ("i-01", "i-02")]
    await faults.remove("crash-2")
    names.append((await faults.add("target.crash", "i-02")).name)
    names.append((await faults.add("config.empty_group", "web")).name)
    assert names == ["crash-1", "crash-2", "crash-3", "empty-group-1"]


async def test_a_name_of_ones_own() -> None:
    faults, _ = book(FakeSite())
    await faults.add("target.crash", "i-01", name="boom")
    with pytest.raises(SimlbError, match="There is a fault named boom already") as caught:
        await faults.add("target.crash", "i-02", name="boom")
    assert (caught.value.code, caught.value.hints) == ("E639", ("remove it: simlb fault rm boom",))
    with pytest.raises(SimlbError, match="'a b' cannot name a fault"):
        await faults.add("target.crash", "i-02", name="a b")
    assert len(faults) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [("crash-2", "There is no fault named 'crash-2'. did you mean crash-1?"), ("x", "'x'. there are: crash-1")],
)
async def test_removing_what_is_not_there(name: str, message: str) -> None:
    faults, _ = book(FakeSite())
    await faults.add("target.crash", "i-01")
    with pytest.raises(SimlbError) as caught:
        await faults.remove(name)
    assert caught.value.code == "E638"
    assert " ".join((caught.value.what, *caught.value.hints)).endswith(message)


@pytest.mark.parametrize(
    ("instance", "undo"), [("default", "simlb fault rm x"), ("shop", "simlb fault rm x --instance shop"), (None, "")]
)
async def test_the_command_that_undoes_it_finds_the_instance(instance: str | None, undo: str) -> None:
    told: list[object] = []
    faults = FaultBook(FakeSite(), BY_NAME, told.append, instance=instance)
    assert (await faults.add("target.crash", "web/3", name="x")).undo == undo
    assert isinstance(told[0], FaultInstalled)
    assert told[0].undo == undo
    with pytest.raises(SimlbError) as caught:
        await faults.add("target.crash", "web/1", name="x")
    assert caught.value.hints == ((f"remove it: {undo}",) if undo else ())


async def test_time_that_is_over_undoes_a_fault() -> None:
    site = FakeSite()
    faults, told = book(site)
    fault = await faults.add("target.crash", "i-01", for_s=20)
    assert fault.until_s == 20
    await site.clock.advance(19.9)
    assert len(faults) == 1
    await site.clock.advance(0.1)
    assert len(faults) == 0
    assert site.untouched()
    installed, removed = told
    assert isinstance(installed, FaultInstalled)
    assert (installed.for_s, installed.undo) == (20, "simlb fault rm crash-1")
    assert isinstance(removed, FaultRemoved)
    assert (removed.at_s, removed.on, removed.reason) == (20, "i-01", "its time is over")


async def test_a_fault_that_was_removed_earlier_does_not_end_another_of_its_name() -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("target.crash", "i-01", for_s=20, name="x")
    await faults.remove("x")
    await faults.add("target.crash", "i-01", for_s=60, name="x")
    await site.clock.advance(30)
    assert [fault.name for fault in faults] == ["x"]


async def test_a_momentary_fault_is_not_kept() -> None:
    site = FakeSite()
    faults, told = book(site)
    fault = await faults.add("target.restart", "i-02")
    assert fault.state is FaultState.OVER
    assert (len(faults), site.notes) == (0, ["restart i-02"])
    (event,) = told
    assert isinstance(event, FaultInstalled)
    assert (event.is_over, event.undo) == (True, "")
    with pytest.raises(SimlbError, match="over at once"):
        await faults.add("target.restart", "i-02", for_s=5)


async def test_one_count_for_all_targets_and_used_up_faults_stay_listed() -> None:
    site = FakeSite()
    faults, _ = book(site)
    fault = await faults.add("http.abort", "web", {"status": 503}, count=2, match_path="/api/*")
    assert fault.words == "http.abort status=503, /api/*, 2 times"
    assert [target for target, _ in site.behaviours] == ["i-01", "i-02", "i-03"]
    assert fault.selector.strikes(request("/api/1"))
    states = [str(fault.state)]
    assert fault.selector.strikes(request("/api/1"))
    states.append(str(fault.state))
    assert states == ["installed", "used up"]
    assert [listed.name for listed in faults] == ["abort-1"]


async def test_a_seed_repeats_the_draws() -> None:
    draws: list[list[bool]] = []
    for _ in range(2):
        site = FakeSite()
        site.random = Random(len(draws))
        faults, _ = book(site)
        fault = await faults.add("http.abort", "web", {"status": 503}, percent="50%", seed=7)
        draws.append([fault.selector.strikes(request()) for _ in range(50)])
    assert draws[0] == draws[1]
    assert 10 < sum(draws[0]) < 40


async def test_what_fails_half_way_is_undone() -> None:
    site = FakeSite()
    site.fails = {"kill i-03"}
    faults, told = book(site)
    with pytest.raises(SimlbError, match="Cannot kill i-03"):
        await faults.add("target.crash", "web")
    assert site.notes == ["kill i-01", "kill i-02", "start i-02", "start i-01"]
    assert site.untouched()
    assert (len(faults), told) == (0, [])


async def test_a_configuration_that_cannot_be_served_leaves_nothing() -> None:
    site = FakeSite()
    site.fails = {"change"}
    faults, _ = book(site)
    with pytest.raises(SimlbError, match="Cannot change"):
        await faults.add("cert.wrong_name")
    assert site.untouched()


async def test_undoing_that_fails_is_told_and_done_with() -> None:
    site = FakeSite()
    faults, told = book(site)
    await faults.add("target.crash", "web")
    site.fails = {"start i-02", "start i-01"}
    with pytest.raises(SimlbError, match="Cannot start i-02") as caught:
        await faults.remove("crash-1")
    assert caught.value.notes == ("E701  Cannot start i-01.",)
    assert site.notes[-1] == "start i-03"
    assert len(faults) == 0
    assert told.names[-1] == "FaultRemoved crash-1"


async def test_undoing_that_fails_when_time_is_over_becomes_a_notice() -> None:
    site = FakeSite()
    faults, told = book(site)
    await faults.add("target.crash", "i-01", for_s=5)
    site.fails = {"start i-01"}
    await site.clock.advance(5)
    notice = told[-1]
    assert isinstance(notice, Notice)
    assert (notice.code, notice.text) == ("E701", "Cannot start i-01.")
    assert notice.notes == ("Fault crash-1 is removed all the same.",)


async def test_two_crashes_of_one_target() -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("target.crash", "i-01")
    await faults.add("target.crash", "web")
    await faults.remove("crash-1")
    assert "start i-01" not in site.notes
    await faults.remove("crash-2")
    assert "start i-01" in site.notes
    assert site.untouched()


async def test_two_closed_gates() -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("gate.close", None, {"ports": "443"})
    await faults.add("gate.close", ["80", "443"])
    assert open_ports(site) == []
    await faults.remove("close-2")
    assert open_ports(site) == [80]
    await faults.remove("close-1")
    assert open_ports(site) == [80, 443]


def open_ports(site: FakeSite) -> list[int]:
    (balancer,) = site.in_force.load_balancers
    return [found.port for found in balancer.listeners if balancer.security_group.networks_for(found.port)]


async def test_what_a_reload_removes_is_let_go_and_taken_hold_of_again() -> None:
    site = FakeSite()
    faults, told = book(site)
    await faults.add("link.latency", "i-03", {"delay": "300ms"})
    site.file = without(WEB, "i-03")
    await faults.refresh()
    (fault,) = faults
    assert (fault.state, fault.acts_on, site.behaviours) == (FaultState.IDLE, (), [])
    site.file = WEB
    await faults.refresh()
    assert (fault.state, fault.acts_on) == (FaultState.INSTALLED, ("i-03",))
    assert told.names == ["FaultInstalled latency-1", "Notice", "FaultInstalled latency-1"]
    assert getattr(told[1], "text", "") == "Fault latency-1 has nothing to act on: i-03 is not there."


async def test_a_group_takes_its_new_targets_along() -> None:
    site = FakeSite(without(WEB, "i-02"))
    faults, _ = book(site)
    await faults.add("target.crash", "web")
    site.file = without(WEB, "i-01")
    await faults.refresh()
    assert site.notes == ["kill i-01", "kill i-03", "start i-01", "kill i-02"]
    # What stays is left alone, a second look changes nothing.
    await faults.refresh()
    assert len(site.notes) == 4


async def test_what_cannot_be_taken_hold_of_again_is_told_and_the_rest_stands() -> None:
    site = FakeSite(without(WEB, "i-02"))
    faults, told = book(site)
    await faults.add("target.crash", "web")
    site.file, site.fails = WEB, {"kill i-02"}
    await faults.refresh()
    (fault,) = faults
    assert fault.acts_on == ("i-01", "i-03")
    assert isinstance(told[-1], Notice)
    assert told[-1].notes == ("That is about fault crash-1.",)


@pytest.mark.parametrize("fault", ["target.crash", "target.stop", "target.restart", "target.hang"])
async def test_processes_of_others_are_left_alone(fault: str) -> None:
    site = FakeSite()
    site.strangers = {"i-02"}
    faults, _ = book(site)
    with pytest.raises(SimlbError) as caught:
        await faults.add(fault, "web")
    assert caught.value.code == "E636"
    assert caught.value.what == f"{fault} is for targets that simlb runs; i-02 is a process that you run."
    assert site.untouched()
    assert "kill i-02" not in site.notes


@pytest.mark.parametrize("fault", ["target.crash", "target.hang"])
async def test_a_stranger_that_joins_the_group_later_is_passed_over(fault: str) -> None:
    site = FakeSite(without(WEB, "i-02"))
    site.strangers = {"i-02"}
    faults, told = book(site)
    await faults.add(fault, "web")
    site.file = WEB
    await faults.refresh()
    (installed,) = faults
    assert installed.acts_on == ("i-01", "i-03")
    assert len(told) == 1


async def test_a_hang_with_a_selector_is_an_answer_and_for_everybodys_targets() -> None:
    site = FakeSite()
    site.strangers = {"i-02"}
    faults, _ = book(site)
    await faults.add("target.hang", "i-02", match_path="/api/*")
    assert [target for target, _ in site.behaviours] == ["i-02"]
    assert site.notes == []


async def test_stopping_after_draining() -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("target.stop", "i-02", {"drain": True})
    await site.settle()
    assert [target.name for target in site.in_force.target_groups["web"].targets] == ["i-01", "i-03"]
    assert site.notes == ["change"]
    site.has_drained.set()
    await site.settle()
    assert site.notes == ["change", "stop i-02"]
    await faults.remove("stop-1")
    assert site.notes == ["change", "stop i-02", "start i-02"]
    assert site.in_force == WEB


async def test_undone_before_it_has_drained_a_target_is_never_stopped() -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("target.stop", "i-02", {"drain": "true"})
    await faults.remove("stop-1")
    site.has_drained.set()
    await site.settle()
    assert site.notes == ["change"]
    assert site.untouched()


async def test_clear_undoes_everything_whatever_fails() -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("target.crash", "i-01")
    await faults.add("gate.close", "443")
    await faults.add("target.crash", "i-02")
    site.fails = {"start i-02"}
    with pytest.raises(SimlbError, match="Cannot start i-02"):
        await faults.clear()
    assert site.untouched()
    assert len(faults) == 0
    assert await faults.clear() == ()


async def test_many_at_once_do_not_get_into_each_others_way() -> None:
    site = FakeSite()
    faults, _ = book(site)
    added = await asyncio.gather(*(faults.add("gate.close", "443") for _ in range(20)))
    await asyncio.gather(*(faults.remove(fault.name) for fault in added))
    assert site.untouched()


async def test_with_an_instance_its_timers_end() -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("target.crash", "i-01", for_s=5)
    faults.close()
    await site.clock.advance(10)
    assert len(faults) == 1


_ADDS: list[Callable[[FaultBook], Coroutine[None, None, object]]] = [
    lambda faults: faults.add("target.crash", "web"),
    lambda faults: faults.add("target.crash", "i-02"),
    lambda faults: faults.add("target.hang", "web/2"),
    lambda faults: faults.add("target.stop", "i-01", {"drain": True}),
    lambda faults: faults.add("gate.close"),
    lambda faults: faults.add("gate.close", "443", for_s=30),
    lambda faults: faults.add("cert.expired", for_s=50),
    lambda faults: faults.add("cert.wrong_name"),
    lambda faults: faults.add("config.path", "web"),
    lambda faults: faults.add("config.port", "web"),
    lambda faults: faults.add("config.empty_group", "web"),
    lambda faults: faults.add("config.no_redirect"),
    lambda faults: faults.add("config.app_redirect", "web"),
    lambda faults: faults.add("link.latency", "web", {"delay": "1s"}),
]
_STEPS = st.lists(st.integers(0, len(_ADDS) + 7), max_size=25)


@pytest.mark.slow
@settings(derandomize=True, max_examples=60, deadline=None)
@given(_STEPS, st.randoms(use_true_random=False))
def test_in_whatever_order_faults_come_and_go_nothing_is_left(steps: list[int], random: Random) -> None:
    async def play() -> None:
        site = FakeSite()
        faults, told = book(site)
        for step in steps:
            if step < len(_ADDS):
                with contextlib.suppress(SimlbError):  # what it names may not be there
                    await _ADDS[step](faults)
            elif step < len(_ADDS) + 3 and len(faults):
                await faults.remove(random.choice([fault.name for fault in faults]))
            elif step < len(_ADDS) + 5:
                site.file = without(WEB, *random.sample(["i-01", "i-02", "i-03", "i-04"], random.randrange(4)))
                await faults.refresh()
            else:
                await site.clock.advance(20)
        names = [fault.name for fault in faults]
        random.shuffle(names)
        for name in names:
            await faults.remove(name)
        await site.settle()
        assert site.untouched()
        assert site.in_force == site.file
        installed = {event.name for event in told if isinstance(event, FaultInstalled)}
        assert installed <= {event.name for event in told if isinstance(event, FaultRemoved)}

    asyncio.run(play())


async def test_too_many() -> None:
    site = FakeSite(configuration(web=("i-01",)))
    faults, _ = book(site)
    for _ in range(1000):
        await faults.add("link.latency", "i-01", {"delay": "1s"})
    with pytest.raises(SimlbError, match="1000 faults are installed already"):
        await faults.add("link.latency", "i-01", {"delay": "1s"})
