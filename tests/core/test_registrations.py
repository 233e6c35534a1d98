"""What commands have changed lies over the file's configuration, and what a reload makes of it."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Sequence
from dataclasses import replace

import pytest

from simlb.core.model import Configuration, Instance, InstancePort, Target, TargetGroup, TargetProcess, TargetType
from simlb.core.registrations import Registration, Registrations, free_name


def target(name: str, port: int, *, host: str = "127.0.0.1", process: str | None = None) -> Target:
    return Target(id=host, port=port, dial_host=host, dial_port=port, name=name, process=process)


def file(processes: Sequence[str] = (), **groups: Sequence[Target]) -> Configuration:
    """A file with these target groups."""
    return Configuration(
        load_balancers=(),
        target_groups={name: TargetGroup(name=name, arn=name, targets=tuple(found)) for name, found in groups.items()},
        processes=tuple(TargetProcess(name=name, port=1) for name in processes),
    )


def loopback(target: Target) -> bool:
    return ipaddress.ip_address(target.dial_host).is_loopback


ONE, TWO, RUN = target("i-01", 9001), target("i-02", 9002), target("i-03", 9003, process="i-03")
FILE = file(["i-03"], web=[ONE, TWO, RUN], api=[])


def in_force(registrations: Registrations, configuration: Configuration = FILE) -> dict[str, list[str]]:
    groups = registrations.applied_to(configuration).target_groups
    return {name: [found.name for found in group.targets] for name, group in groups.items()}


def test_without_commands_the_file_is_in_force() -> None:
    assert Registrations().applied_to(FILE) == FILE


def test_added_targets_come_after_the_files() -> None:
    registrations = Registrations().register(Registration("web", target("i-04", 9004)))
    registrations = registrations.register(Registration("api", target("i-05", 9005)))
    assert in_force(registrations) == {"web": ["i-01", "i-02", "i-03", "i-04"], "api": ["i-05"]}
    assert registrations.owner("web", target("i-04", 9004)) == "api"
    assert registrations.owner("web", ONE) == "file"
    assert list(registrations.drift(FILE)) == [
        "drift: i-04 (127.0.0.1:9004) was added to web by command; the file does not have it.",
        "drift: i-05 (127.0.0.1:9005) was added to api by command; the file does not have it.",
    ]


def test_groups_that_registrations_leave_alone_are_the_same_objects() -> None:
    before = Registrations().register(Registration("web", target("i-04", 9004)))
    after = before.register(Registration("api", target("i-05", 9005)))
    old, new = (each.applied_to(FILE).target_groups for each in (before, after))
    assert old["api"] is FILE.target_groups["api"]
    assert old["web"] is new["web"]
    assert [found.name for found in new["api"].targets] == ["i-05"]
    assert after.deregister(Registration("api", target("i-05", 9005))).applied_to(FILE).target_groups == old


def test_a_removed_target_is_out_and_so_is_its_process() -> None:
    registrations = Registrations().deregister(Registration("web", RUN))
    assert in_force(registrations) == {"web": ["i-01", "i-02"], "api": []}
    assert registrations.applied_to(FILE).processes == ()
    assert registrations.taken("web", RUN.address) == Registration("web", RUN)
    assert registrations.taken("api", RUN.address) is None
    assert list(registrations.drift(FILE)) == [
        "drift: i-03 (127.0.0.1:9003) was removed from web by command; a reload registers it again, as the file says."
    ]


def test_a_process_stays_as_long_as_a_group_has_its_target() -> None:
    both = file(["i-03"], web=[RUN], api=[RUN])
    once = Registrations().deregister(Registration("web", RUN))
    assert [process.name for process in once.applied_to(both).processes] == ["i-03"]
    twice = once.deregister(Registration("api", RUN))
    assert twice.applied_to(both).processes == ()


def test_a_target_in_a_group_that_the_file_does_not_have_is_no_drift() -> None:
    assert list(Registrations().register(Registration("new", ONE)).drift(FILE)) == []


def test_an_instance_goes_on_running_when_a_call_deregisters_it() -> None:
    registrations = Registrations().deregister(Registration("web", RUN, by="api"))
    assert in_force(registrations) == {"web": ["i-01", "i-02"], "api": []}
    assert [process.name for process in registrations.applied_to(FILE).processes] == ["i-03"]
    assert registrations.give_back(Registration("web", RUN)) == Registrations()


def instances(port: int) -> Configuration:
    """A file with one instance, `first`, that listens there, and a group for instances."""
    first = Instance(
        id="i-0",
        name="first",
        ip="127.0.0.1",
        dial_host="127.0.0.1",
        ports=(InstancePort(port=port, target="first", process="first"),),
    )
    fleet = TargetGroup(name="fleet", arn="fleet", target_type=TargetType.INSTANCE, port=80)
    process = TargetProcess(name="first", port=port)
    return Configuration(load_balancers=(), target_groups={"fleet": fleet}, processes=(process,), instances=(first,))


def test_an_added_instance_is_where_the_file_has_it_now() -> None:
    before, after = instances(9001), instances(9005)
    added = Registrations()
    for port in (80, 9001, 7):
        added = added.register(Registration("fleet", before.instances[0].target(port, 80)))
    assert [item.target.address for item in added.added] == ["127.0.0.1:9001", "127.0.0.1:9001", "127.0.0.1:7"]
    kept, told = added.after_reload(after, loopback)
    assert [(item.target.port, item.target.address) for item in kept.added] == [
        (80, "127.0.0.1:9005"),
        (9001, "127.0.0.1:9001"),
        (7, "127.0.0.1:7"),
    ]
    assert told == ()
    gone = replace(after, processes=(), instances=())
    assert added.after_reload(gone, loopback)[1][0] == (
        "drift: first (127.0.0.1:9001), added by command, leaves: the file does not run it any more."
    )


def test_what_was_added_and_removed_again_is_no_drift() -> None:
    added = Registration("web", target("i-04", 9004))
    assert Registrations().register(added).deregister(added) == Registrations()
    taken = Registration("web", ONE)
    assert Registrations().deregister(taken).give_back(taken) == Registrations()


@pytest.mark.parametrize(
    ("new_file", "kept", "told"),
    [
        pytest.param(
            FILE,
            {"web": ["i-01", "i-02", "i-03", "i-04"], "api": []},
            ["drift: i-02 (127.0.0.1:9002), removed by command, is registered again as the file says."],
            id="the file has not changed",
        ),
        pytest.param(
            file(web=[ONE]), {"web": ["i-01", "i-04"]}, [], id="the file does not have the removed one any more either"
        ),
        pytest.param(
            file(other=[ONE]),
            {"other": ["i-01"]},
            ["drift: i-04 (127.0.0.1:9004), added by command, leaves: the file has no target group 'web' any more."],
            id="the group is gone",
        ),
        pytest.param(
            file(web=[ONE, target("four", 9004)]),
            {"web": ["i-01", "four"]},
            ["drift: i-04 (127.0.0.1:9004), added by command, is the file's own now, as four."],
            id="the file has taken it over",
        ),
        pytest.param(
            file(web=[ONE, target("i-04", 9010), target("i-05", 9011)]),
            {"web": ["i-01", "i-04", "i-05", "i-02"]},
            ["drift: i-04 (127.0.0.1:9004), added by command, is i-02 now: the file uses that name."],
            id="the file uses its name for another",
        ),
        pytest.param(
            file(web=[], api=[target("i-04", 9004)]),
            {"web": ["i-04"], "api": ["i-04"]},
            [],
            id="the file has it in another group",
        ),
    ],
)
def test_a_reload(new_file: Configuration, kept: dict[str, list[str]], told: list[str]) -> None:
    before = Registrations().register(Registration("web", target("i-04", 9004))).deregister(Registration("web", TWO))
    after, said = before.after_reload(new_file, loopback)
    assert in_force(after, new_file) == kept
    assert list(said) == told
    assert after.removed == ()


def test_a_renamed_target_has_one_name_in_all_its_groups() -> None:
    before = Registrations()
    for group in ("web", "api"):
        before = before.register(Registration(group, target("i-01", 9004)))
    after, said = before.after_reload(FILE, loopback)
    assert in_force(after) == {"web": ["i-01", "i-02", "i-03", "i-04"], "api": ["i-04"]}
    assert len(said) == 2


@pytest.mark.parametrize("host", ["10.0.0.7", "fd00::7"])
def test_an_address_that_the_file_allows_no_more_leaves(host: str) -> None:
    before = Registrations().register(Registration("web", target("i-04", 80, host=host)))
    assert before.after_reload(FILE, lambda _: True) == (before, ())
    after, said = before.after_reload(FILE, loopback)
    assert after == Registrations()
    assert said[0].endswith("added by command, leaves: the file does not allow its address any more.")


ADDRESS = target("i-04", 9004)
INSTANCE = dataclasses.replace(ADDRESS, id="i-0abc", instance_ip="127.0.0.1")


@pytest.mark.parametrize(
    ("added", "new_type"), [(ADDRESS, TargetType.INSTANCE), (INSTANCE, TargetType.IP)], ids=["ip", "instance"]
)
def test_a_target_leaves_when_its_group_calls_targets_by_something_else(added: Target, new_type: TargetType) -> None:
    group = TargetGroup(name="web", arn="web", target_type=new_type)
    new_file = dataclasses.replace(FILE, target_groups={"web": group})
    after, said = Registrations().register(Registration("web", added)).after_reload(new_file, loopback)
    assert after == Registrations()
    assert said == (
        f"drift: i-04 (127.0.0.1:9004), added by command, leaves: the targets of web are of type {new_type} now.",
    )


@pytest.mark.parametrize(
    "own",
    [
        pytest.param({"id": "i-0other", "name": "other"}, id="another id at the same address"),
        pytest.param({"instance_ip": "127.0.0.2"}, id="the same id at another address"),
    ],
)
def test_no_instance_is_registered_twice(own: dict[str, str]) -> None:
    group = TargetGroup(
        name="web",
        arn="web",
        target_type=TargetType.INSTANCE,
        targets=(dataclasses.replace(INSTANCE, **own),),  # type: ignore[arg-type]
    )
    new_file = dataclasses.replace(FILE, target_groups={"web": group})
    after, said = Registrations().register(Registration("web", INSTANCE)).after_reload(new_file, loopback)
    assert after == Registrations()
    assert "is the file's own now" in said[0]


def test_the_free_name_is_the_first_that_nobody_has() -> None:
    assert free_name(()) == "i-01"
    assert free_name(["i-01", "i-03"]) == "i-02"


def test_two_targets_of_one_name_get_two() -> None:
    """As the states of two regions may have them, which are served together now."""
    groups = file(web=[], **{"us-east-1/web": []})
    added = tuple(Registration(group, target("i-01", port)) for group, port in (("web", 1), ("us-east-1/web", 2)))
    again = Registration("us-east-1/web", target("i-01", 1))
    kept, told = Registrations(added=(*added, again)).after_reload(groups, loopback)
    assert [(item.target.name, item.target.port) for item in kept.added] == [("i-01", 1), ("i-02", 2), ("i-01", 1)]
    assert told == ("drift: i-01 (127.0.0.1:2), added by command, is i-02 now: another target has that name.",)
    assert kept.after_reload(groups, loopback) == (kept, ())
