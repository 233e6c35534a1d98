"""A reload is one moment: no request is lost to it, and none sees parts of two configurations (design: snapshots)."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from simlb.core.model import Listener, RedirectAction, TargetGroup
from simlb.dataplane.door import Door
from simlb.dataplane.gate import Gate
from simlb.dataplane.listener import OpenListener
from tests.dataplane.harness import Message, Rig, Script, TargetConnection, until
from tests.dataplane.routes import (
    ACTIONS,
    PRIORITY,
    TRANSFORMED_HOST,
    TRANSFORMED_URI,
    fixed,
    get,
    groups_of_one,
    header,
    path,
    reply,
    route,
    rule,
    weighted,
)


async def test_rules_and_groups_change_together(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening another listener takes the loop a while, and requests go on meanwhile."""
    await groups_of_one(rig, "old", "new")
    described = rig.groups
    rig.groups = {"old": described["old"]}
    await route(rig, action=weighted(old=1))
    client = await rig.client()
    seen: list[bytes] = []
    really_admit = Door.admit

    async def admit_slowly(door: Door, listener: OpenListener, gate: Gate) -> None:
        if not seen:
            seen.append((await client.ask(get())).body)
        await really_admit(door, listener, gate)

    monkeypatch.setattr(Door, "admit", admit_slowly)
    new = replace(described["new"], fail_open_while_initial=True)
    await rig.apply(rig.listener(port=81), rig.listener(weighted(new=1)), groups=(new,))
    assert seen == [b"new"]


async def test_a_request_keeps_the_rules_it_began_with(rig: Rig) -> None:
    """Its group is gone from the configuration before its body is complete."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow(connection: TargetConnection) -> None:
        request = await connection.request(raw=True)
        assert request is not None
        arrived.set()
        body = await connection.reader.readexactly(10)
        await go_on.wait()
        await connection.send(reply(f"{request.start_line} {body.decode()}"))

    await rig.target(slow)
    rig.groups = {"old": rig.group(*rig.targets, name="old")}
    await route(rig, rule(7, path("/x"), action=weighted(old=1), url=("^/x", "/old/x")))
    client = await rig.client()
    client.send(get("/x", "Content-Length: 10", method="PUT") + b"begun")
    await asyncio.wait_for(arrived.wait(), 3)
    await rig.apply(rig.listener(fixed("new"), rules=(rule(8, path("/x"), action=fixed("new rule")),)), groups=())
    client.send(b"-done")
    go_on.set()
    assert (await client.response()).body == b"PUT /old/x HTTP/1.1 begun-done"
    assert (await client.ask(get("/x"))).body == b"new rule"
    await rig.logged(200, 200)
    assert [line[PRIORITY] for line in rig.lines] == ["7", "8"]


# -- under load --------------------------------------------------------------------------------------------------------

CLIENTS, RELOADS = 4, 40


def tells(name: str) -> Script:
    """Answers with the group's name, the request target and the host that reached it."""

    async def script(connection: TargetConnection) -> None:
        while request := await connection.request():
            await connection.send(reply(f"{name} {request.start_line.split(' ')[1]} {request['Host']}"))

    return script


def version(rig: Rig, number: int, groups: dict[str, TargetGroup]) -> tuple[list[Listener], TargetGroup]:
    """Everything in it carries its number: group, rewritten path and host, fixed response, redirect, priority.

    Odd ones have a listener more, which stands in front.
    """
    name = f"g{number % 2}"
    rules = (
        rule(
            10 + number, path("/x"), action=weighted(**{name: 1}), url=("^", f"/{number}"), host=("^shop", f"v{number}")
        ),
        rule(20000 + number, header("X-Fixed", "*"), action=fixed(f"{number}")),
        rule(30000 + number, path("/moved"), action=RedirectAction(host=f"v{number}.test")),
    )
    first = [rig.listener(fixed("other"), port=81)] if number % 2 else []
    return [*first, rig.listener(fixed(f"{number}"), rules=rules)], groups[name]


def number_of(response: Message, kind: str, groups: list[str]) -> int:
    """The configuration that answered; whatever else the response shows has to agree."""
    if kind == "/moved":
        assert response.status == 301
        host = response["Location"]
        assert host is not None
        return int(host.removeprefix("http://v").partition(".")[0])
    assert response.status == 200, response.head
    if kind != "/x":
        return int(response.body)
    name, url, host = response.body.decode().split(" ")
    number = int(url.split("/")[1])
    assert (name, url, host) == (groups[number % 2], f"/{number}/x", f"v{number}.test")
    return number


KINDS = {
    "/x": get("/x"),
    "fixed": get("/f", "X-Fixed: 1"),
    "default": get("/none"),
    "/moved": get("/moved"),
}


@pytest.mark.parametrize("seed", range(2))
async def test_reloads_under_load_lose_nothing_and_mix_nothing(rig: Rig, seed: int) -> None:
    """The group of each configuration is absent from the next: its target is served from the first moment on."""
    random = Random(seed)
    names = ["g0", "g1"]
    for name in names:
        await rig.target(tells(name))
    groups = {
        name: replace(rig.group(target, name=name), fail_open_while_initial=True)
        for name, target in zip(names, rig.targets, strict=True)
    }
    current = 0
    is_over = False
    seen: Counter[int] = Counter()

    async def reload(number: int) -> None:
        listeners, group = version(rig, number, groups)
        await rig.apply(*listeners, groups=(group,))

    async def talk() -> None:
        client = await rig.client()
        last = 0
        while not is_over:
            if random.random() < 0.2:
                await client.close()
                client = await rig.client()
            kinds = random.choices(list(KINDS), k=random.randint(1, 5))
            client.send(b"".join(KINDS[kind] for kind in kinds))
            for kind in kinds:
                number = number_of(await client.response(), kind, names)
                assert last <= number <= current, "a reload is never taken back"
                last = number
                seen[number] += 1

    await reload(0)
    talking = [asyncio.create_task(talk()) for _ in range(CLIENTS)]
    for current in range(1, RELOADS + 1):
        await reload(current)
        for _ in range(random.randrange(12)):
            await asyncio.sleep(0)
        assert not any(task.done() for task in talking), [task for task in talking if task.done()]
    await until(lambda: seen[RELOADS] >= CLIENTS, "the last one is served")
    is_over = True
    await asyncio.gather(*talking)
    await until(lambda: len(rig.records) == sum(seen.values()), "all are on record")
    assert len(seen) > RELOADS / 3
    check_log(rig)


def check_log(rig: Rig) -> None:
    """Each line shows group, rewritten URL and host, and priority of one configuration."""
    forwarded = [line for line in rig.lines if line[ACTIONS] == "rewrite,forward"]
    assert forwarded
    for line in forwarded:
        number = int(line[PRIORITY]) - 10
        assert (line[TRANSFORMED_HOST], line[TRANSFORMED_URI]) == (f"v{number}.test", f"/{number}/x")
        assert f":targetgroup/g{number % 2}/" in line[16]
