"""Mutual TLS from end to end: listeners, trust stores of file and API, explanations, contents at the control port."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simlb.app.elbv2 import AppEstate
from simlb.controlplane.operations.table import elbv2_service
from simlb.controlplane.query.protocol import QueryRequest
from simlb.observe.buckets import put_object
from simlb.testing import ALB, Clock
from simlb.testing.running import RunningLoadBalancer
from tests.app.test_state import Home, home
from tests.aws import REGION, authorization, elbv2
from tests.client_certificates import DAY, NOW, Party, give, root
from tests.controlplane.query.botocore_model import form, parsed

__all__ = ["home"]

ROOT = root()
GOOD = ROOT.issue("alice")
REVOKED = ROOT.issue("bob")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("trust")
    (made / "ca.pem").write_text(ROOT.pem)
    (made / "crl.pem").write_text(ROOT.revoke(REVOKED))
    return made


@pytest.fixture(scope="module")
def guarded(folder: Path) -> Iterator[RunningLoadBalancer]:
    """A load balancer that verifies its clients."""
    asked = {"mode": "verify", "trust_store": str(folder / "ca.pem"), "revocations": [str(folder / "crl.pem")]}
    alb = ALB("shop", clock=Clock("manual"), control=True)
    alb.listen(443, cert=["a.test"], mutual_authentication=asked).fixed(200, "in")
    with alb.start() as lb:
        yield lb


def ask(lb: RunningLoadBalancer, party: Party | None, folder: Path) -> str:
    context = ssl.create_default_context(cadata=lb.ca_pem)
    context.check_hostname = False
    if party is not None:
        give(context, party, folder)
    try:
        with urllib.request.urlopen(lb.url_for(443, "/"), context=context, timeout=5) as answer:  # noqa: S310
            return str(answer.read().decode())
    except (ssl.SSLError, urllib.error.URLError, ConnectionError):
        return "refused"


def test_who_was_refused_is_explained(guarded: RunningLoadBalancer, folder: Path) -> None:
    assert ask(guarded, GOOD, folder) == "in"
    late = ROOT.issue("late", since=NOW - 3 * DAY, until=NOW - DAY)
    for party in (late, REVOKED, None):
        assert ask(guarded, party, folder) == "refused"
    told = guarded.explain_state()
    found = {story["facts"]["verify_status"]: story for story in told.to_json()["stories"]}
    assert found.keys() == {
        "Failed:ClientCertExpired",
        "Failed:ClientCertCrlHit",
        "Failed:UnmappedConnectionError",
    }
    expired = found["Failed:ClientCertExpired"]
    assert expired["facts"]["kind"] == "client_certificate"
    assert expired["facts"]["subjects"] == ["CN=late,O=simlb tests"]
    assert expired["cause"] == "The certificate has expired."
    dry = guarded.explain_request("GET", "https://a.test/")
    assert "trust store ca" in str(dry)


def test_the_file_s_trust_store_is_changed_in_the_file(guarded: RunningLoadBalancer) -> None:
    with elbv2(guarded.control_url) as aws:
        (store,) = aws.describe_trust_stores()["TrustStores"]
        assert (store["Name"], store["TotalRevokedEntries"]) == ("ca", 1)
        arn = store["TrustStoreArn"]
        with pytest.raises(ClientError, match="OperationNotPermitted"):
            aws.remove_trust_store_revocations(TrustStoreArn=arn, RevocationIds=[1])
        with pytest.raises(ClientError, match="TrustStoreInUse"):
            aws.delete_trust_store(TrustStoreArn=arn)
        for location, content in (
            (aws.get_trust_store_ca_certificates_bundle(TrustStoreArn=arn), ROOT.pem),
            (aws.get_trust_store_revocation_content(TrustStoreArn=arn, RevocationId=1), "BEGIN X509 CRL"),
        ):
            with urllib.request.urlopen(location["Location"], timeout=5) as answer:  # noqa: S310
                assert content in answer.read().decode()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(location["Location"].replace("/1.pem", "/2.pem"), timeout=5)  # noqa: S310


async def test_contents_outlive_their_bucket(home: Home) -> None:
    """The state has them: a restart does not look for the file."""

    async def call(operation: str, **parameters: Any) -> dict[str, Any]:
        request = QueryRequest(body=form(operation, parameters).encode(), authorization=authorization(REGION))
        reply = await elbv2_service(AppEstate(home.app)).answer(request)
        return dict(parsed(operation, reply.status, reply.body))

    await home.start()
    put_object(home.folder / "s3", "trust", "ca.pem", ROOT.pem.encode())
    here = {"CaCertificatesBundleS3Bucket": "trust", "CaCertificatesBundleS3Key": "ca.pem"}
    (made,) = (await call("CreateTrustStore", Name="clients", **here))["TrustStores"]
    (home.folder / "s3" / "trust" / "ca.pem").unlink()
    assert (await call("CreateTrustStore", Name="more", **here))["Error"]["Code"] == "CaCertificatesBundleNotFound"
    await home.restart()
    assert (await call("DescribeTrustStores"))["TrustStores"] == [made]
    held = home.app.changes.trust_stores(home.app.compiled.configuration)
    assert held[made["TrustStoreArn"]].ca_certificates == ROOT.pem
