"""What API calls and commands have made is there after the next start, and is taken out, brought in and forgotten."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from simlb import config
from simlb.app.application import App
from simlb.app.elbv2 import AppEstate
from simlb.app.options import AppOptions
from simlb.app.state_transfer import Transfer
from simlb.clock import ManualClock
from simlb.config.certificates import UnissuedCertificates
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.records import Row, State
from simlb.controlplane.store import Store, store_path
from simlb.core import ids
from simlb.core.changes import Changes, LoadBalancerFacts
from simlb.core.metrics.store import Key
from simlb.core.model import (
    Bind,
    Certificate,
    FixedResponseAction,
    ForwardAction,
    Listener,
    LoadBalancer,
    PathPatternCondition,
    Protocol,
    Rule,
    Target,
    TargetGroup,
)
from simlb.core.registrations import Registrations
from simlb.errors import SimlbError
from tests.app.conftest import Audience

REGION = "ap-northeast-2"
EMPTY = "simlb: config/1\nregion: {region}\nload_balancers: []\n"
SHOP = """\
simlb: config/1
load_balancers:
  - name: shop
    listeners:
      - {protocol: HTTP, port: 80, bind: "127.0.0.1:0", forward: web}
target_groups:
  - {name: web, targets: [{url: "http://127.0.0.1:9"}]}
"""
TARGET = Target(id="127.0.0.2", port=9, dial_host="127.0.0.2", dial_port=9, name="i-09")


def group(name: str = "mine") -> TargetGroup:
    return TargetGroup(name=name, arn=ids.target_group_arn(REGION, name))


def balancer(name: str = "own", *, text: str = "own") -> LoadBalancer:
    lb_id = ids.resource_id("api", name)
    arn = ids.listener_arn(REGION, name, lb_id, 80)
    rule = Rule(
        priority=1,
        arn=f"{arn.replace(':listener/', ':listener-rule/')}/1",
        conditions=(PathPatternCondition(values=("/go/*",)),),
        action=ForwardAction.to("mine"),
    )
    listener = Listener(
        protocol=Protocol.HTTP,
        port=80,
        arn=arn,
        binds=(Bind(host="127.0.0.1", port=0),),
        default_action=FixedResponseAction(status_code=200, message_body=text),
        rules=(rule,),
    )
    return LoadBalancer(
        name=name,
        id=lb_id,
        arn=ids.load_balancer_arn(REGION, name, lb_id),
        dns_name=ids.dns_name(REGION, name, internal=False),
        region=REGION,
        listeners=(listener,),
    )


def make(draft: Draft) -> None:
    """A load balancer of the API's with everything around it."""
    draft.put_target_group(group())
    draft.register(group(), [TARGET])
    draft.put_load_balancer(balancer())
    draft.put_facts(balancer().arn, LoadBalancerFacts(created_at=1.5))
    draft.put_tags(balancer().arn, {"team": "a"})
    draft.put_record("vault.thing", "a", {"domain": "a.test", "private_key": "secret"})


class Home:
    """A state folder and a file, over which instances start and end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "simlb.yaml"
        self.audience = Audience()
        self.app: App

    def write(self, text: str = EMPTY, region: str = REGION) -> None:
        self.file.write_text(text.replace("{region}", region))

    async def start(self, *, keeps: bool = True) -> App:
        options = AppOptions(
            instance="default", state_dir=self.folder, certs_dir=self.folder, load=self.load, keeps_state=keeps
        )
        self.app = App(options, self.audience, self.load(), clock=ManualClock())
        await self.app.start()
        return self.app

    async def end(self) -> None:
        await self.app.close(grace_s=0)

    async def restart(self) -> App:
        await self.end()
        return await self.start()

    async def change(self, edit: Callable[[Draft], None]) -> None:
        await AppEstate(self.app).change(edit)

    def load(self) -> config.Compiled:
        return config.load(
            self.file, certificates=UnissuedCertificates(REGION), allocate_port=lambda _: 1, sample_names=()
        )

    @property
    def state(self) -> tuple[Changes, Registrations]:
        return self.app.changes, self.app.registrations


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    home = Home(tmp_path)
    home.write()
    yield home
    await home.end()


async def body(app: App, name: str = "own") -> str:
    (listener,) = app.nodes[name].listeners.values()
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{listener.published_port}/") as answer,
    ):
        return await answer.text()


async def test_what_the_api_made_is_there_after_a_restart_and_carries_traffic(home: Home) -> None:
    await home.start()
    await home.change(make)
    assert await body(home.app) == "own"
    before = home.state
    await home.restart()
    assert home.state == before
    assert await body(home.app) == "own"
    assert [(lb.name, lb.owner) for lb in home.app.view().load_balancers] == [("own", "api")]
    assert [(one.name, one.owner, one.targets[0].name) for one in home.app.view().target_groups] == [
        ("mine", "api", "i-09")
    ]
    assert home.app.view().notices == ()


async def test_without_a_store_nothing_is_kept_and_nothing_written(home: Home) -> None:
    await home.start(keeps=False)
    await home.change(make)
    await home.end()
    assert [file.name for file in home.folder.iterdir()] == ["simlb.yaml"]
    await home.start(keeps=False)
    assert home.state == (Changes(), Registrations())


async def test_what_commands_registered_is_kept_too(home: Home) -> None:
    home.write(SHOP)
    app = await home.start()
    change = await app.register_target("web", "http://127.0.0.3:9", None)
    assert change.message.endswith("A reload and the next start keep it.")
    await app.deregister_target("i-01")
    app = await home.restart()
    assert [(one.name, one.owner) for one in app.view().target_groups[0].targets] == [("i-01", "file"), ("i-02", "api")]
    assert (
        app.view().notices[0] == "drift: i-01 (127.0.0.1:9), removed by command, is registered again as the file says."
    )


async def test_what_the_file_owns_is_as_it_says_after_a_restart(home: Home) -> None:
    home.write(SHOP)
    app = await home.start()
    (shop,) = app.configuration.load_balancers
    answer = FixedResponseAction(status_code=418, message_body="teapot")

    def edit(draft: Draft) -> None:
        draft.put_load_balancer(replace(shop, listeners=(replace(shop.listeners[0], default_action=answer),)))
        draft.put_tags(shop.arn, {"team": "a"})

    await home.change(edit)
    assert await body(app, "shop") == "teapot"
    (drift,) = (notice for notice in app.view().notices if notice.startswith("drift"))
    assert drift == "drift: load balancer shop was changed through the API; a reload makes it as the file says."
    app = await home.restart()
    assert app.configuration.load_balancers == (shop,)
    assert "drift: load balancer shop was changed through the API; now it is as the file says." in app.view().notices
    assert app.changes.tags == {shop.arn: {"team": "a"}}
    # What is on disk is what is in force: nothing is told a second time.
    assert not [notice for notice in (await home.restart()).view().notices if "drift" in notice]


async def test_a_reload_keeps_the_apis_own_and_gives_names_to_the_file(home: Home) -> None:
    await home.start()
    await home.change(make)
    home.write(SHOP)
    assert (await home.app.reload()).count("\n") == 0
    assert await body(home.app) == "own"
    home.write(SHOP.replace("shop", "own"))
    assert "The API's load balancer own gives way to the file's of that name." in await home.app.reload()
    assert [(lb.name, lb.owner) for lb in home.app.view().load_balancers] == [("own", "file")]
    await home.restart()
    assert home.app.changes.load_balancers == {}
    assert home.app.changes.target_groups.keys() == {group().arn}


async def test_a_file_that_does_not_go_with_what_was_made(home: Home) -> None:
    await home.start()
    await home.change(make)
    home.write(SHOP.replace("web", "mine"))
    with pytest.raises(SimlbError, match="both forward to target group mine") as caught:
        await home.app.reload()
    assert caught.value.code == "E807"
    await home.end()
    with pytest.raises(SimlbError, match="both forward to target group mine"):
        await home.start()


async def test_a_change_after_which_nothing_would_start_is_refused(home: Home) -> None:
    await home.start()
    await home.change(make)
    with pytest.raises(QueryError, match="both forward to target group mine"):
        await home.change(lambda draft: draft.put_load_balancer(balancer("other")))
    assert home.app.nodes.keys() == {"own"}


async def test_what_is_made_in_a_region_stays_there_whatever_the_files_region(home: Home) -> None:
    """Only its name here changes with the region of the file."""
    for keeps in (True, False):
        home.write()
        await home.start(keeps=keeps)
        await home.change(make)
        await home.change(lambda draft: draft.put_record("iam.user", "Z1", {}))
        before = home.state
        home.write(region="eu-west-1")
        await home.app.reload()
        (view,) = home.app.view().load_balancers
        assert (view.name, view.owner) == (f"{REGION}/own", "api")
        assert await body(home.app, view.name) == "own"
        assert home.app.configuration.target_groups[f"{REGION}/mine"].targets == (TARGET,)
        if keeps:
            await home.restart()
            assert home.app.nodes.keys() == {f"{REGION}/own"}
        home.write()
        await home.app.reload()
        assert await body(home.app) == "own"
        assert home.state == before
        await home.change(lambda draft: draft.remove_load_balancer(balancer().arn))
        await home.change(lambda draft: draft.remove_target_group(group()))
        await home.change(lambda draft: draft.remove_record("iam.user", "Z1"))
        await home.change(lambda draft: draft.remove_record("vault.thing", "a"))
        if keeps:
            await home.restart()
            assert home.state == (Changes(), Registrations())
        await home.end()


async def test_metrics_follow_the_files_region(home: Home) -> None:
    """The load balancer of that name is another one then, with metrics of its own."""
    await home.start()
    await home.change(make)
    for region in ("eu-west-1", REGION):
        home.write(SHOP.replace("load_balancers:", "region: {region}\nload_balancers:"), region)
        await home.app.reload()
        store = home.app.observing.collect().store
        (shop,) = (one for one in home.app.configuration.load_balancers if one.name == "shop")
        assert store.zones[shop.resource] == f"{region}a"
        await body(home.app, "shop")
        key = Key("NewConnectionCount", shop.resource)
        last_s = home.app.observing.collect().store.last_s(key)
        assert last_s is not None
        assert store.minute(key, last_s) == 1


async def test_when_it_cannot_be_kept_nothing_changes(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    await home.start()
    await home.change(make)
    before, in_force = home.state, home.app.configuration
    other = balancer("other", text="other")
    other = replace(other, listeners=(replace(other.listeners[0], rules=()),))
    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", _full)
        with pytest.raises(QueryError, match=r"cannot be written \(disk full\)") as caught:
            await home.change(lambda draft: draft.put_load_balancer(other))
        assert caught.value.code == "ServiceUnavailable"
        with pytest.raises(SimlbError, match="disk full"):
            await home.app.register_target("mine", "http://127.0.0.3:9", None)
        with pytest.raises(SimlbError, match="disk full"):
            await home.app.deregister_target("i-09")
    assert (home.state, home.app.configuration) == (before, in_force)
    assert home.app.nodes.keys() == {"own"}
    assert await body(home.app) == "own"
    await home.change(lambda draft: draft.put_load_balancer(other))
    await home.restart()
    assert await body(home.app, "other") == "other"


def _full(self: Store, *_: Any, **__: Any) -> None:
    raise self._not_written("disk full")


async def test_what_cannot_be_served_is_not_kept(home: Home) -> None:
    await home.start()
    bad = balancer()
    taken = replace(bad.listeners[0], binds=(Bind(host="127.0.0.1", port=1),), certificates=(_missing(home.folder),))
    with pytest.raises(QueryError):
        await home.change(lambda draft: draft.put_load_balancer(replace(bad, listeners=(taken,))))
    await home.restart()
    assert home.state == (Changes(), Registrations())


def _missing(folder: Path) -> Certificate:
    return Certificate(arn="a", names=("a.test",), certificate_path=folder / "no.pem", key_path=folder / "no.key")


async def test_a_start_without_its_certificates_fails_and_loses_nothing(home: Home) -> None:
    await home.start()
    await home.end()
    made = balancer()
    https = replace(made.listeners[0], protocol=Protocol.HTTPS, certificates=(_missing(home.folder),))
    draft = Draft(home.app.base, Changes(), Registrations(), 0, Random(1), region=REGION, home=REGION)
    draft.put_load_balancer(replace(made, listeners=(https,)))
    store = Store(store_path(home.folder, "default"))
    store.open()
    rows = State(changes=draft.changes).rows(REGION)
    store.write(put=rows)
    store.close()
    with pytest.raises(SimlbError, match=r"no\.pem") as caught:
        await home.start()
    assert caught.value.notes[-1].startswith("Load balancer own was made through the API.")
    await home.end()
    store.open()
    assert store.rows() == rows
    store.close()


async def test_a_damaged_file_is_not_started_over(home: Home) -> None:
    store_path(home.folder, "default").write_bytes(b"")
    with pytest.raises(SimlbError) as caught:
        await home.start()
    assert caught.value.code == "E810"


async def test_a_record_that_no_simlb_wrote(home: Home) -> None:
    await home.start()
    await home.end()
    store = Store(store_path(home.folder, "default"))
    store.open()
    store.write(put=[Row("target-group", "a", {"name": "a"})])
    store.close()
    with pytest.raises(SimlbError, match=r"target-group\.a: the member 'arn' is missing") as caught:
        await home.start()
    assert caught.value.code == "E810"


async def test_reset_is_back_to_the_file_and_stays_so(home: Home) -> None:
    home.write(SHOP)
    await home.start()
    await home.change(make)
    assert await Transfer(home.app).reset() == "Forgotten: everything is as the configuration says."
    assert home.state == (Changes(), Registrations())
    await home.change(make)
    await home.app.reset()
    await home.restart()
    assert home.state == (Changes(), Registrations())
    assert [lb.name for lb in home.app.view().load_balancers] == ["shop"]


# -- export and import -------------------------------------------------------------------------------------------------


def exported(app: App, *, with_keys: bool = False) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(Transfer(app).export(with_keys=with_keys)))
    return document


def elbv2_only(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "records": [one for one in document["records"] if "." not in one["kind"]]}


async def test_what_is_exported_comes_in_elsewhere(home: Home, tmp_path_factory: pytest.TempPathFactory) -> None:
    await home.start()
    await home.change(make)
    document = exported(home.app)
    assert "secret" not in json.dumps(document)
    assert "secret" in json.dumps(exported(home.app, with_keys=True))
    other = Home(tmp_path_factory.mktemp("other"))
    other.write(SHOP)
    await other.start()
    said = await Transfer(other.app).bring_in(elbv2_only(document), replaces=False)
    assert said == "Imported: 1 load balancer, 1 target group, 1 target."
    assert await body(other.app) == "own"
    await other.restart()
    assert elbv2_only(exported(other.app)) == elbv2_only(document)
    with pytest.raises(SimlbError) as caught:
        await Transfer(other.app).bring_in(elbv2_only(document), replaces=False)
    assert caught.value.code == "E816"
    await Transfer(other.app).bring_in({**document, "records": []}, replaces=True)
    assert other.app.view().load_balancers[-1].name == "shop"
    await other.end()


def body_of(document: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = (one["body"] for one in document["records"] if one["kind"] == kind)
    assert isinstance(found, dict)
    return found


def listener(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body_of(document, "load-balancer")["listeners"][0]
    return found


def first_rule(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = listener(document)["rules"][0]
    return found


GONE = ids.target_group_arn(REGION, "gone")
CERTIFICATE = {"arn": "x", "names": [], "certificate_path": "/etc/passwd", "key_path": "/etc/shadow"}


def security_group(*rules: dict[str, Any]) -> dict[str, Any]:
    body = {"id": "sg-0a", "name": "web", "description": "d", "rules": [ANYBODY | rule for rule in rules]}
    return {"kind": "security-group", "key": "sg-0a", "body": body}


ANYBODY = {"protocol": "tcp", "from_port": 80, "to_port": 80, "source": "0.0.0.0/0"}
BAD: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("E814", lambda d: d.update(simlb="state/2"), "its version is 'state/2'"),
    ("E814", lambda d: d.update(more=1), "its members are"),
    ("E814", lambda d: d["records"].append({"kind": "tags"}), "records."),
    ("E814", lambda d: d["records"].append(d["records"][0]), "have the same key"),
    ("E814", lambda d: d["records"].append({"kind": "x.y", "key": "a", "body": {}}), "no service that keeps a"),
    ("E814", lambda d: d["records"][0].update(key="a"), "another key than what it holds"),
    ("E814", lambda d: listener(d).update(port="80"), "listeners.0.port: '80' is not a whole number"),
    ("E815", lambda d: d.update(region="eu-west-1"), "of 000000000000 in ap-northeast-2"),
    ("E815", lambda d: body_of(d, "load-balancer").update(name="-x"), "cannot begin or end with '-'"),
    ("E815", lambda d: body_of(d, "load-balancer").update(id="1"), "do not go together"),
    ("E815", lambda d: listener(d).update(binds=[{"host": "0.0.0.0", "port": 80}]), "beyond loopback"),  # noqa: S104
    ("E815", lambda d: listener(d).update(port=0), "a port is from 1 to 65535"),
    ("E815", lambda d: listener(d).update(protocol="HTTPS"), "an HTTPS listener has certificates"),
    ("E815", lambda d: listener(d).update(certificates=[CERTIFICATE]), "there is no certificate x here"),
    ("E815", lambda d: listener(d)["rules"].append(first_rule(d)), "The specified priority is in use"),
    ("E815", lambda d: first_rule(d).update(arn="x"), "not that of a rule"),
    ("E815", lambda d: first_rule(d).update(conditions=[]), "A condition must be specified"),
    ("E815", lambda d: first_rule(d)["conditions"][0].update(values=["/\n"]), "path-pattern"),
    ("E815", lambda d: first_rule(d)["action"]["target_groups"][0].update(target_group="no"), "'no' not found"),
    ("E815", lambda d: body_of(d, "load-balancer").update(dns_name="a b"), "is not a DNS name"),
    ("E815", lambda d: body_of(d, "facts").update(created_at=1e300), "is no time"),
    ("E815", lambda d: d["records"].append({"kind": "tags", "key": GONE, "body": {}}), "nothing of that ARN"),
    ("E815", lambda d: body_of(d, "target-group").update(name="a--b"), "cannot contain '--'"),
    ("E815", lambda d: body_of(d, "target-group").update(health_check={"interval_s": 3}), "has to end before"),
    ("E815", lambda d: body_of(d, "registration")["target"].update(process="x"), "only from the configuration file"),
    ("E815", lambda d: body_of(d, "registration")["target"].update(dial_host="10.0.0.1"), "no allow_targets"),
    ("E815", lambda d: body_of(d, "registration")["target"].update(dial_host="127.0.0.9"), "connected to at 127.0.0.9"),
    ("E815", lambda d: d["records"].append(security_group({"id": "x"})), "'x' is no id of a rule"),
    ("E815", lambda d: d["records"].append(security_group({}, {})), "is no id of a rule, or that of several"),
    ("E815", lambda d: d["records"].append(security_group({"protocol": "x"})), "'x' is no protocol"),
]


@pytest.mark.parametrize(("code", "spoil", "words"), BAD, ids=[words[:40] for _, _, words in BAD])
async def test_what_no_call_would_have_made_does_not_come_in(
    code: str, spoil: Callable[[dict[str, Any]], object], words: str, home: Home
) -> None:
    await home.start()
    await home.change(make)
    document = elbv2_only(exported(home.app))
    await Transfer(home.app).reset()
    spoil(document)
    with pytest.raises(SimlbError) as caught:
        await Transfer(home.app).bring_in(document, replaces=False)
    assert caught.value.code == code
    assert words in caught.value.render()
    assert home.state == (Changes(), Registrations())
    assert home.app.nodes == {}


async def test_over_the_control_port_it_takes_the_token_and_large_bodies(home: Home) -> None:
    from simlb.controlplane.server import BODY_BYTES_MAX, ControlServer

    app = await home.start()
    server = ControlServer(app, "token", 0, routes=app.control_routes())
    await server.start()
    url, headers = f"http://127.0.0.1:{server.port}/api/v1/state", {"Authorization": "Bearer token"}
    await home.change(make)
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{url}/export") as answer:
            assert answer.status == 401
        async with session.post(f"{url}/export", headers=headers) as answer:
            document = elbv2_only(await answer.json())
        tags = {"kind": "tags", "key": "arn:aws:acm:x", "body": {"a": "b" * BODY_BYTES_MAX}}
        document["records"].append(tags)
        async with session.post(f"{url}/import", headers=headers, json={"document": document}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (409, "E816")
        wanted = {"document": document, "replace": True}
        async with session.post(f"{url}/import", headers=headers, json=wanted) as answer:
            assert answer.status == 200, await answer.text()
        async with session.post(f"{url}/reset", headers=headers, data=b"x" * (BODY_BYTES_MAX + 1)) as answer:
            assert answer.status == 413
        async with session.post(f"{url}/reset", headers=headers) as answer:
            assert answer.status == 200
    await server.close()
