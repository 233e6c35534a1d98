"""Targets come and go by command: who gets requests, what is said, what is refused, what a reload makes of it."""

from __future__ import annotations

import dataclasses
import json

import pytest

from simlb.controlplane.views import InstanceView
from simlb.core import quotas
from simlb.core.health import ProbeResult
from simlb.errors import SimlbError
from tests.app.conftest import Bench
from tests.core.groups import FAIL, PASS

# Nothing listens on port 9, which is the discard service's: probes are refused at once.
ONE, TWO = '{url: "http://127.0.0.1:9"}', '{url: "http://127.0.0.2:9"}'


async def test_an_added_target_is_registered_and_checked(bench: Bench) -> None:
    app = await bench.start(web=[ONE, TWO])
    change = await app.register_target("web", "http://127.0.0.3:9", None)
    assert (change.target_group, change.name, change.address) == ("web", "i-03", "127.0.0.3:9")
    assert change.message == (
        "i-03 (127.0.0.3:9) is registered in web. It gets requests once it has passed a check, which is on its way. "
        "A reload keeps it; the next start knows only the file's."
    )
    assert [(target.name, target.owner) for target in bench.group().targets] == [
        ("i-01", "file"),
        ("i-02", "file"),
        ("i-03", "api"),
    ]
    assert bench.group().targets[2].state == "initial"
    assert app.view().notices[-1].startswith("drift: i-03 (127.0.0.3:9) was added to web by command")
    # The first probe goes out at once, the second within an interval: two refusals make it unhealthy.
    await bench.clock.advance(60)
    assert bench.states()["i-03"] == "unhealthy"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("http://127.0.0.3:9003", "127.0.0.3:9003"),
        ("http://127.0.0.3", "127.0.0.3:80"),
        ("127.0.0.3:9003", "127.0.0.3:9003"),
        ("localhost:9003", "127.0.0.1:9003"),
        ("[::1]:9003", "[::1]:9003"),
    ],
)
async def test_a_target_is_a_url_or_an_address(bench: Bench, written: str, address: str) -> None:
    app = await bench.start()
    change = await app.register_target("web", written, "extra")
    assert (change.name, change.address) == ("extra", address)
    assert bench.group().targets[0].address == address


@pytest.mark.parametrize(
    ("group", "url", "name", "code", "words"),
    [
        ("wbe", "http://127.0.0.1:1", None, "E304", "There is no target group 'wbe'. did you mean web?"),
        ("zzz", "http://127.0.0.1:1", None, "E304", "there are: web, api"),
        ("web", "http://127.0.0.1:9", None, "E305", "127.0.0.1:9 is registered in web already, as i-01."),
        ("web", "localhost:9", None, "E305", "127.0.0.1:9 is registered in web already, as i-01."),
        ("web", "127.0.0.1:1", "i-02", "E305", "i-02 (127.0.0.2:9) already, in api. → free: --name i-03"),
        ("api", "127.0.0.1:9", "other", "E305", "127.0.0.1:9 is called i-01 in web already."),
        ("web", "127.0.0.1:1", "a b", "E502", "Target name 'a b' can only contain"),
        ("web", "127.0.0.1:1", "", "E502", "cannot be empty"),
        ("web", "9003", None, "E502", "'9003' is not a target's address. write it as 127.0.0.1:9003"),
        ("web", "ftp://127.0.0.1:1", None, "E502", "is not a URL of a target"),
        ("web", "http://127.0.0.1:1/health", None, "E502", "must end after the port"),
        ("web", "127.0.0.1:99999", None, "E502", "is not a URL"),
        ("web", "run:rm -rf /", None, "E502", "commands come only from the configuration file"),
        ("web", "sample:echo", None, "E502", "commands come only from the configuration file"),
        ("web", "http://169.254.169.254", None, "E506", "link-local addresses are never targets"),
        ("web", "10.0.0.7:80", None, "E506", "allow_targets: [10.0.0.7/32]"),
        ("web", "http://no.such.name.invalid:1", None, "E401", "does not resolve here"),
    ],
)  # fmt: skip
async def test_what_cannot_be_added(
    bench: Bench, group: str, url: str, name: str | None, code: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simlb.config.addresses.system_resolver", lambda name: [])
    app = await bench.start(web=[ONE], api=[TWO])
    with pytest.raises(SimlbError) as caught:
        await app.register_target(group, url, name)
    assert caught.value.code == code
    assert words in " ".join((caught.value.what, *caught.value.hints))
    assert bench.states() == {"i-01": bench.states()["i-01"]}
    assert not app.view().notices


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_listener_cannot_be_a_target(bench: Bench, host: str) -> None:
    app = await bench.start()
    (node,) = app.nodes.values()
    port = node.listeners[80].published_port
    with pytest.raises(SimlbError, match="the load balancer would forward to itself") as caught:
        await app.register_target("api", f"{host}:{port}", None)
    assert caught.value.code == "E502"


@pytest.mark.parametrize(
    ("quota", "words"), [("TARGETS_PER_TARGET_GROUP", "target group"), ("TARGETS_PER_LOAD_BALANCER", "load balancer")]
)
async def test_quotas_hold_for_commands_too(
    bench: Bench, quota: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, quota, dataclasses.replace(getattr(quotas, quota), limit=1))
    app = await bench.start()
    await app.register_target("web", "127.0.0.1:9", None)
    with pytest.raises(SimlbError) as caught:
        await app.register_target("web", "127.0.0.2:9", None)
    assert caught.value.what == f"You've reached the limit on the number of targets per {words} (TooManyTargets)."
    assert caught.value.hints == ("the limit is 1",)


AT_ONCE = "i-02 (127.0.0.2:9) is registered in web. It gets requests at once: "
THRESHOLD = "attributes: {target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage: 60}, "


@pytest.mark.parametrize(
    ("more", "probes", "words"),
    [
        ("", [PASS], "i-02 (127.0.0.2:9) is registered in web. It gets requests once it has passed a check"),
        ("", [FAIL, FAIL], AT_ONCE + "too few targets are healthy, so that they go to all of them."),
        (THRESHOLD, [PASS], AT_ONCE + "too few targets are healthy, so that they go to all of them."),
        ("fail_open_while_initial: true, ", [], AT_ONCE + "the group fails open while its targets are initial."),
    ],
    ids=["one is healthy", "nobody is healthy", "half are healthy then", "all are initial"],
)
async def test_when_an_added_target_gets_requests(
    bench: Bench, more: str, probes: list[ProbeResult], words: str
) -> None:
    app = await bench.start(more=more, web=[ONE])
    for result in probes:
        bench.probed("i-01", result)
    assert (await app.register_target("web", "127.0.0.2:9", None)).message.startswith(words)


async def test_the_view_tells_when_a_group_fails_open(bench: Bench) -> None:
    await bench.start(more=THRESHOLD, web=[ONE, TWO])
    bench.probed("i-01", PASS)
    group = bench.group()
    assert (group.mode, group.healthy, group.registered, group.healthy_wanted) == ("fail_open", 1, 2, 2)
    bench.probed("i-02", PASS)
    assert bench.group().mode == "healthy"


async def test_a_removed_target_drains_and_is_gone(bench: Bench) -> None:
    app = await bench.start(web=[ONE, TWO])
    change = await app.deregister_target("i-02")
    assert change.message == (
        "i-02 (127.0.0.2:9) is deregistered from web: it gets no new requests. It is shown as draining for 300 s; "
        "then it is gone. The file still has it: a reload registers it again."
    )
    await bench.clock.advance(100)
    leaving = bench.group().targets[1]
    assert (leaving.state, leaving.owner, leaving.draining_left_s) == ("draining", None, 200)
    assert bench.group().removed == ("i-02 (127.0.0.2:9)",)
    again = await app.deregister_target("i-02")
    assert again.message == "i-02 (127.0.0.2:9) drains already: gone in 200 s."
    await bench.clock.advance(201)
    assert list(bench.states()) == ["i-01"]
    with pytest.raises(SimlbError, match="There is no target 'i-02'"):
        await app.deregister_target("i-02")


async def test_the_last_target_leaves_503_behind_and_says_so(bench: Bench) -> None:
    app = await bench.start(web=[ONE])
    assert (await app.deregister_target("i-01")).message.endswith("No target is left in web: requests get 503.")
    assert bench.group().mode == "no_targets"


@pytest.mark.parametrize("gone", [False, True], ids=["while it drains", "when it is gone"])
async def test_adding_a_removed_target_of_the_file_ends_the_drift(bench: Bench, gone: bool) -> None:
    app = await bench.start(web=[ONE, TWO])
    await app.deregister_target("127.0.0.1:9")
    await bench.clock.advance(301 if gone else 1)
    change = await app.register_target("web", "127.0.0.1:9", None)
    assert change.name == "i-01"
    assert change.message.startswith(f"i-01 (127.0.0.1:9) is registered in web{'' if gone else ' again'}.")
    assert [(target.name, target.owner) for target in bench.group().targets] == [("i-01", "file"), ("i-02", "file")]
    assert bench.states()["i-01"] == "initial"
    assert not app.view().notices


async def test_an_added_target_that_drains_is_registered_again(bench: Bench) -> None:
    app = await bench.start(web=[ONE])
    await app.register_target("web", "127.0.0.3:9", "extra")
    await app.deregister_target("extra")
    assert bench.states()["extra"] == "draining"
    assert (await app.register_target("web", "127.0.0.3:9", None)).name == "extra"
    assert (bench.states()["extra"], bench.group().targets[1].owner) == ("initial", "api")
    await bench.clock.advance(301)
    assert "extra" in bench.states(), "the old deadline is void"


async def test_one_address_in_several_groups_has_one_name(bench: Bench) -> None:
    app = await bench.start(web=[ONE], api=[TWO])
    assert (await app.register_target("api", "127.0.0.1:9", None)).name == "i-01"
    with pytest.raises(SimlbError) as caught:
        await app.deregister_target("i-01")
    assert (caught.value.code, caught.value.what) == (
        "E306",
        "i-01 is registered more than once: web (127.0.0.1:9), api (127.0.0.1:9).",
    )
    with pytest.raises(SimlbError) as unknown:
        await app.deregister_target("zzzz", None)
    assert unknown.value.hints == ("there are: i-01, i-02",)
    assert (await app.deregister_target("i-01", "web")).target_group == "web"
    assert bench.states()["i-01"] == "draining"
    # Only one group has it registered now.
    assert (await app.deregister_target("i-01")).target_group == "api"


@pytest.mark.parametrize(
    ("name", "group", "code", "words"),
    [
        ("i-02x", None, "E302", "There is no target 'i-02x'. did you mean i-02?"),
        ("zzzz", None, "E302", "there are: i-01, i-02"),
        ("i-01", "api", "E302", "There is no target 'i-01' in api. did you mean i-02?"),
        ("i-01", "apl", "E304", "There is no target group 'apl'. did you mean api?"),
    ],
)
async def test_what_cannot_be_removed(bench: Bench, name: str, group: str | None, code: str, words: str) -> None:
    app = await bench.start(web=[ONE], api=[TWO])
    with pytest.raises(SimlbError) as caught:
        await app.deregister_target(name, group)
    assert caught.value.code == code
    assert words in " ".join((caught.value.what, *caught.value.hints))


@pytest.mark.parametrize(("name", "code"), [("i-01", "E303"), ("extra", "E303"), ("i-05", "E302")])
async def test_a_command_does_not_kill_what_simlb_does_not_run(bench: Bench, name: str, code: str) -> None:
    app = await bench.start(web=[ONE])
    await app.register_target("web", "127.0.0.3:9", "extra")
    await app.deregister_target("i-01")
    with pytest.raises(SimlbError) as caught:
        await app.kill_target(name)
    assert caught.value.code == code


async def test_a_reload_settles_the_drift(bench: Bench) -> None:
    app = await bench.start(web=[ONE, TWO])
    await app.register_target("web", "127.0.0.3:9", None)
    await app.register_target("api", "127.0.0.4:9", None)
    await app.deregister_target("i-01")
    said = (await app.reload()).splitlines()
    assert said == [
        "Reloaded from simlb.yaml: 2 listeners, 2 target groups, 4 targets.",
        "drift: i-01 (127.0.0.1:9), removed by command, is registered again as the file says.",
    ]
    assert said[1] in bench.audience.notices
    assert list(bench.states()) == ["i-01", "i-02", "i-03"]
    assert bench.states()["i-01"] == "initial"
    assert list(bench.states("api")) == ["i-04"]

    bench.path.write_text(bench.path.read_text().replace("api", "web2"))
    assert (await app.reload()).splitlines()[1:] == [
        "drift: i-04 (127.0.0.4:9), added by command, leaves: the file has no target group 'api' any more."
    ]
    assert bench.states("api") == {"i-04": "draining"}
    assert [notice.partition(" was ")[0] for notice in app.view().notices] == ["drift: i-03 (127.0.0.3:9)"]


async def test_a_reload_counts_in_proper_words(bench: Bench) -> None:
    app = await bench.start(web=[ONE])
    single = "[{name: my-alb, listeners: [{protocol: HTTP, port: 80, bind: '127.0.0.1:0', forward: web}]}]"
    bench.path.write_text(
        f"simlb: config/1\nload_balancers: {single}\ntarget_groups: [{{name: web, targets: [{ONE}]}}]"
    )
    assert await app.reload() == "Reloaded from simlb.yaml: 1 listener, 1 target group, 1 target."


async def test_a_broken_reload_keeps_the_drift(bench: Bench) -> None:
    app = await bench.start(web=[ONE, TWO])
    await app.register_target("web", "127.0.0.3:9", None)
    await app.deregister_target("i-01")
    bench.path.write_text("simlb: config/2")
    with pytest.raises(SimlbError):
        await app.reload()
    assert list(bench.states()) == ["i-02", "i-03", "i-01"]
    assert len(app.view().notices) == 2


async def test_a_group_that_no_listener_uses_can_be_emptied_and_filled(bench: Bench) -> None:
    app = await bench.start(spare=[ONE])
    await app.deregister_target("i-01")
    await bench.clock.advance(301)
    change = await app.register_target("spare", "127.0.0.3:9", None)
    assert "No listener forwards to that group" in change.message
    assert bench.states("spare") == {change.name: "unused"}


async def test_the_view_shows_rules_and_what_kind_of_group_it_is(bench: Bench) -> None:
    app = await bench.start(web=[ONE])
    view = app.view()
    assert InstanceView.from_json(json.loads(json.dumps(view.to_json()))) == view
    (rule,) = view.load_balancers[0].listeners[1].rules
    assert (rule.priority, rule.conditions, rule.transforms, rule.action) == ("default", (), (), "forward api")
    assert ":listener-rule/app/my-alb/" in rule.arn
    group = bench.group()
    assert (group.target_type, group.protocol, group.algorithm) == ("ip", "HTTP", "round_robin")
    assert (group.stickiness, group.slow_start_s, group.deregistration_delay_s) == (None, 0, 300)
