"""Certificates of ACM over the end of an instance, by the local CA on disk: what is kept, and what is mended."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simlb import config
from simlb.app.application import App
from simlb.app.certificate_restoring import signed
from simlb.app.elbv2 import AppEstate
from simlb.app.options import AppOptions
from simlb.app.state_transfer import Transfer
from simlb.certs.store import CertificateStore
from simlb.clock import ManualClock
from simlb.config.certificates import UnissuedCertificates
from simlb.controlplane.acm.certificate import ManagedCertificate
from simlb.controlplane.acm.service import acm_service
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.protocol import QueryRequest
from simlb.core.events import Notice
from simlb.core.model import FixedResponseAction, Protocol
from simlb.errors import SimlbError
from tests.acm import Foreign, Zone
from tests.app.conftest import Audience
from tests.aws import authorization
from tests.certs.conftest import shake_hands

FILE = """\
simlb: config/1
control_port: 0
load_balancers:
  - name: my-alb
    listeners:
      - {protocol: HTTP, port: 80, bind: "127.0.0.1:0", forward: web}
target_groups:
  - {name: web, health_check: {path: /up}, targets: []}
"""


class Instance:
    """One that is started again and again in the same folder, at the times of a clock that is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "simlb.yaml"
        self.path.write_text(FILE)
        self.zone = Zone()
        self.audience = Audience()
        self.clock = ManualClock()
        self.app: App

    async def start(self) -> None:
        self.audience = Audience()
        options = AppOptions(
            instance="default", state_dir=self.folder, certs_dir=self.folder / "ca", load=self._load, keeps_state=True
        )
        self.app = App(options, self.audience, self._load(), clock=self.clock)
        self.app.acm.lookup = self.zone
        await self.app.start()
        await self.rest()

    async def restart(self) -> None:
        await self.app.close(grace_s=0)
        await self.start()

    def _load(self) -> config.Compiled:
        certificates = UnissuedCertificates("ap-northeast-2")
        return config.load(self.path, certificates=certificates, allocate_port=lambda _: 1, sample_names=())

    async def rest(self) -> None:
        """Until everything that was seen has been acted on."""
        while self.app.acm.issuing.is_looking:
            await asyncio.sleep(0)

    async def tick(self) -> None:
        await self.clock.advance(5)
        await self.rest()

    async def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        request = QueryRequest(
            body=json.dumps(parameters).encode(),
            target=f"CertificateManager.{operation}",
            authorization=authorization(service="acm"),
        )
        found: dict[str, Any] = json.loads((await acm_service(self.app.acm).answer(request)).body)
        return found

    async def request(self, name: str) -> str:
        asked = {"DomainName": name, "ValidationMethod": "DNS", "KeyAlgorithm": "EC_prime256v1"}
        arn: str = (await self.call("RequestCertificate", **asked))["CertificateArn"]
        await self.rest()
        return arn

    async def issued(self, name: str) -> str:
        arn = await self.request(name)
        self.zone.add(await self.detail(arn))
        await self.tick()
        assert self.held(arn).status == "ISSUED"
        return arn

    async def imported(self, name: str) -> str:
        pair = {key: base64.b64encode(blob).decode() for key, blob in Foreign().pair(name).items()}
        arn: str = (await self.call("ImportCertificate", **pair))["CertificateArn"]
        return arn

    async def detail(self, arn: str) -> Any:
        return (await self.call("DescribeCertificate", CertificateArn=arn))["Certificate"]

    def held(self, arn: str) -> ManagedCertificate:
        return self.app.acm.held()[arn]

    def files(self) -> dict[str, int]:
        folder = self.app.acm.files.folder
        return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} if folder.exists() else {}

    def permit(self, *domains: str) -> None:
        """As `simlb cert ca`."""
        CertificateStore(self.folder / "ca").replace_authority(domains)

    def accepts(self, arn: str) -> None:
        """A client that trusts the present CA takes what lies in a certificate's file."""
        path = self.app.acm.files.path(arn)
        shake_hands(path, path, self.folder / "ca/ca.pem", self.held(arn).names[0])

    def told(self) -> list[str | None]:
        return [event.code for event in self.audience.events if isinstance(event, Notice)]

    async def serve(self, arn: str) -> None:
        """A load balancer of the API's own with the certificate on its listener."""
        estate = AppEstate(self.app)

        def edit(draft: Draft) -> None:
            certificate = estate.certificate(arn)
            assert certificate is not None
            (balancer,) = draft.file.load_balancers
            (listener,) = balancer.listeners
            answer = FixedResponseAction(status_code=204)
            listener = replace(
                listener,
                arn=listener.arn.replace("my-alb", "own"),
                protocol=Protocol.HTTPS,
                certificates=(certificate,),
                default_action=answer,
            )
            draft.put_load_balancer(
                replace(
                    balancer,
                    name="own",
                    arn=balancer.arn.replace("my-alb", "own"),
                    dns_name=balancer.dns_name.replace("my-alb", "own"),
                    listeners=(listener,),
                )
            )

        await estate.change(edit)


@pytest.fixture
async def instance(tmp_path: Path) -> AsyncIterator[Instance]:
    """Started once."""
    made = Instance(tmp_path)
    await made.start()
    yield made
    await made.app.close(grace_s=0)


def name_of(arn: str) -> str:
    """Of its file."""
    return f"{arn.rpartition('/')[2]}.pem"


async def test_a_pending_certificate_goes_on_waiting(instance: Instance) -> None:
    arn = await instance.request("api.shop.test")
    record = await instance.detail(arn)
    await instance.restart()
    assert instance.held(arn).status == "PENDING_VALIDATION"
    instance.zone.add(record)
    await instance.tick()
    assert instance.held(arn).status == "ISSUED"


async def test_the_time_out_counts_from_the_request(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance.app.acm, "now", lambda: datetime.now(UTC) - timedelta(hours=72))
    arn = await instance.request("api.shop.test")
    await instance.restart()
    assert instance.held(arn).status == "VALIDATION_TIMED_OUT"


async def test_an_issued_certificate_serves_after_a_restart(instance: Instance) -> None:
    arn = await instance.issued("api.shop.test")
    other = await instance.imported("pay.shop.co.kr")
    await instance.serve(arn)
    before = instance.held(arn), instance.held(other), instance.files()
    assert before[2] == {name_of(arn): 0o600, name_of(other): 0o600}
    await instance.restart()
    assert (instance.held(arn), instance.held(other), instance.files()) == before
    assert len((await instance.detail(arn))["InUseBy"]) == 1
    assert instance.told() == []


async def test_a_state_folder_may_move(instance: Instance) -> None:
    arn = await instance.issued("api.shop.test")
    await instance.serve(arn)
    await instance.app.close(grace_s=0)
    moved = instance.folder / "elsewhere"
    moved.mkdir()
    for name in ("default.db", "acm", "ca"):
        (instance.folder / name).rename(moved / name)
    instance.folder = moved
    await instance.start()
    own = next(balancer for balancer in instance.app.base.load_balancers if balancer.name == "own")
    assert own.listeners[0].certificates[0].certificate_path == moved / "acm" / "default" / name_of(arn)
    assert instance.held(arn).status == "ISSUED"


async def test_a_lost_file_is_written_again(instance: Instance) -> None:
    arn = await instance.issued("api.shop.test")
    await instance.serve(arn)
    path = instance.app.acm.files.path(arn)
    before = instance.held(arn), path.read_bytes()
    other = await instance.issued("b.shop.test")
    another = instance.app.acm.files.path(other).read_bytes()
    for damage in (b"", b"x", another, None):
        path.unlink() if damage is None else path.write_bytes(damage)
        stray = path.with_name("11111111-0000-0000-0000-000000000000.pem")
        stray.write_bytes(another)
        await instance.restart()
        assert (instance.held(arn), path.read_bytes()) == before
        assert instance.files() == {name_of(arn): 0o600, name_of(other): 0o600}
    assert instance.told() == []


async def test_a_state_moves_with_keys_and_without(instance: Instance) -> None:
    issued, imported = await instance.issued("api.shop.test"), await instance.imported("pay.shop.co.kr")
    pending = await instance.request("p.shop.test")
    await instance.serve(imported)
    before = instance.held(issued), instance.held(imported)
    whole, public = (Transfer(instance.app).export(with_keys=with_keys) for with_keys in (True, False))
    assert "PRIVATE KEY" not in json.dumps(public)
    await Transfer(instance.app).reset()
    assert (dict(instance.app.acm.held()), instance.files()) == ({}, {})

    await Transfer(instance.app).bring_in(whole, replaces=False)
    assert (instance.held(issued), instance.held(imported)) == before
    assert (instance.told(), len(instance.files())) == ([], 2)

    await Transfer(instance.app).bring_in(public, replaces=True)
    assert instance.told() == []  # the files are still there
    await Transfer(instance.app).reset()
    await Transfer(instance.app).bring_in(public, replaces=False)
    assert instance.told() == ["E822"]
    assert "pay.shop.co.kr" in instance.audience.notices[0]
    for arn, earlier in zip((issued, imported), before, strict=True):
        now = instance.held(arn)
        assert (now.names, now.status) == (earlier.names, "ISSUED")
        assert now.facts != earlier.facts
        assert now.private_key
    instance.zone.add(await instance.detail(pending))
    await instance.tick()
    assert instance.held(pending).status == "ISSUED"


@pytest.mark.parametrize(
    "change",
    [
        {"arn": "arn:aws:acm:ap-northeast-2:000000000000:certificate/../../x"},
        {"names": []},
        {"facts": None},
        {"status": "LOST"},
        {"is_of_file": True},
        {"created_at": 5},
    ],
)
async def test_a_certificate_that_no_call_has_made_is_not_brought_in(
    instance: Instance, change: dict[str, Any]
) -> None:
    arn = await instance.issued("api.shop.test")
    document = Transfer(instance.app).export(with_keys=True)
    (record,) = document["records"]
    record["key"] = change.get("arn", arn)
    record["body"] = {**record["body"], **change}
    before = dict(instance.app.acm.held()), instance.files()
    with pytest.raises(SimlbError) as caught:
        await Transfer(instance.app).bring_in(document, replaces=True)
    assert caught.value.code == "E814"
    assert (dict(instance.app.acm.held()), instance.files()) == before


async def test_a_record_that_cannot_be_read_stops_the_start(instance: Instance) -> None:
    arn = await instance.request("api.shop.test")
    await AppEstate(instance.app).change(lambda draft: draft.put_record("acm.certificate", arn, {"names": 1}))
    with pytest.raises(SimlbError) as caught:
        await instance.restart()
    assert caught.value.code == "E823"


async def test_what_cannot_be_served_changes_no_key(instance: Instance) -> None:
    arn = await instance.issued("api.shop.test")
    await instance.serve(arn)
    document = Transfer(instance.app).export(with_keys=True)
    renewed = await asyncio.to_thread(signed, instance.app.options, instance.held(arn))
    next(row for row in document["records"] if row["kind"] == "acm.certificate")["body"] = renewed.to_record()
    balancer = next(row for row in document["records"] if row["kind"] == "load-balancer")["body"]
    balancer["listeners"][0]["certificates"][0]["arn"] = arn.replace("certificate/", "certificate/0")
    before = instance.app.acm.files.path(arn).read_bytes()
    with pytest.raises(SimlbError, match="there is no certificate"):
        await Transfer(instance.app).bring_in(document, replaces=True)
    assert instance.app.acm.files.path(arn).read_bytes() == before


async def test_names_that_the_local_ca_may_not_sign_fail(instance: Instance) -> None:
    arn = await instance.request("api.shop.co.kr")
    detail = await instance.detail(arn)
    assert (detail["Status"], detail["FailureReason"]) == ("FAILED", "DOMAIN_NOT_ALLOWED")
    assert detail["DomainValidationOptions"][0]["ValidationStatus"] == "FAILED"
    assert instance.told() == ["E820"]
    refused = await instance.call("GetCertificate", CertificateArn=arn)
    for words in (refused["message"], instance.audience.notices[0]):
        assert "'api.shop.co.kr'" in words
        assert "below .test and .localhost" in words
    assert "simlb serve --ephemeral" in refused["message"]
    permitting = "have it sign that too: simlb cert ca --permit api.shop.co.kr"
    assert permitting in refused["message"]
    (notice,) = (event for event in instance.audience.events if isinstance(event, Notice))
    assert notice.hints[0] == permitting
    instance.permit("shop.co.kr")
    assert "request it again" in (await instance.call("GetCertificate", CertificateArn=arn))["message"]
    assert await instance.call("DeleteCertificate", CertificateArn=arn) == {}


async def test_a_domain_that_the_local_ca_was_permitted_is_issued(instance: Instance) -> None:
    instance.permit("shop.co.kr")
    arn = await instance.issued("api.shop.co.kr")
    other = await instance.request("api.other.co.kr")
    assert instance.held(other).status == "FAILED"
    assert "below shop.co.kr" in instance.audience.notices[0]
    instance.accepts(arn)


async def test_what_says_what_is_permitted_cannot_be_read(instance: Instance) -> None:
    instance.permit("shop.co.kr")
    listed = instance.folder / "ca/permitted.json"
    content = listed.read_bytes()
    listed.write_bytes(b"{")
    arn = await instance.request("api.shop.co.kr")
    instance.zone.add(await instance.detail(arn))
    await instance.tick()
    await instance.tick()
    assert (instance.held(arn).status, instance.told()) == ("PENDING_VALIDATION", ["E821"])
    listed.write_bytes(content)
    await instance.tick()
    assert instance.held(arn).status == "ISSUED"


@pytest.mark.parametrize("way", ["reload", "restart"])
async def test_a_new_ca_issues_certificates_again(instance: Instance, way: str) -> None:
    arn = await instance.issued("api.shop.test")
    imported = await instance.imported("pay.shop.co.kr")
    await instance.serve(arn)
    before = instance.held(arn), instance.held(imported)
    await instance.app.reload()
    assert (instance.held(arn), instance.held(imported)) == before  # nothing was replaced
    instance.permit("shop.co.kr")
    await (instance.app.reload() if way == "reload" else instance.restart())
    assert instance.held(arn).facts != before[0].facts
    assert instance.held(imported) == before[1]
    assert instance.told() == []
    instance.accepts(arn)
    (listener,) = instance.app.nodes["own"].listeners.values()
    presented = await asyncio.to_thread(ssl.get_server_certificate, (listener.host, listener.published_port))
    assert instance.held(arn).chain.startswith(presented)


async def test_what_a_new_ca_may_not_sign_stays_as_it_is(instance: Instance) -> None:
    instance.permit("shop.co.kr")
    arn = await instance.issued("api.shop.co.kr")
    other = await instance.issued("api.shop.test")
    before = instance.held(arn), instance.held(other)
    instance.permit()
    await instance.app.reload()
    await instance.app.reload()
    assert (instance.held(arn), instance.told()) == (before[0], ["E857"])
    assert instance.held(other) != before[1]
    instance.accepts(other)


async def test_what_cannot_be_kept_stays_pending_and_is_tried_again(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = await instance.request("api.shop.test")
    instance.zone.add(await instance.detail(arn))

    async def full(*_: object) -> None:
        raise SimlbError("E813", "The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(instance.app.keeping, "keep", full)
        await instance.tick()
        await instance.tick()
        assert instance.held(arn).status == "PENDING_VALIDATION"
        assert instance.told() == ["E821"]
        assert instance.files() == {}
    await instance.tick()
    assert instance.held(arn).status == "ISSUED"


async def test_a_certificate_deleted_while_it_is_being_issued_leaves_nothing(instance: Instance) -> None:
    arn = await instance.request("api.shop.test")
    instance.zone.add(await instance.detail(arn))
    await instance.clock.advance(5)
    assert await instance.call("DeleteCertificate", CertificateArn=arn) == {}
    await instance.rest()
    assert (dict(instance.app.acm.held()), instance.files()) == ({}, {})


async def test_a_change_made_while_it_is_being_issued_stays(instance: Instance) -> None:
    arn = await instance.request("api.shop.test")
    instance.zone.add(await instance.detail(arn))
    await instance.clock.advance(5)
    options = {"CertificateTransparencyLoggingPreference": "DISABLED"}
    assert await instance.call("UpdateCertificateOptions", CertificateArn=arn, Options=options) == {}
    await instance.rest()
    assert (instance.held(arn).status, instance.held(arn).transparency) == ("ISSUED", "DISABLED")


async def test_a_new_request_is_looked_at_at_once(instance: Instance) -> None:
    old = await instance.request("old.shop.test")
    await instance.clock.advance(7200)
    instance.zone.add(await instance.detail(old))
    new = await instance.request("old.shop.test")
    assert (instance.held(old).status, instance.held(new).status) == ("ISSUED", "ISSUED")


async def test_a_reset_takes_them_all(instance: Instance) -> None:
    await instance.issued("api.shop.test")
    await instance.app.reset()
    assert dict(instance.app.acm.held()) == {}
    await instance.restart()
    assert instance.files() == {}
