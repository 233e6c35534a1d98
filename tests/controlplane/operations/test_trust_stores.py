"""Trust stores through the API, and listeners that verify against them (reference 6.6)."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.controlplane.records import State
from simlb.core.registrations import Registrations
from tests.aws import REGION
from tests.client_certificates import root
from tests.controlplane.operations.conftest import Api, Held
from tests.controlplane.operations.shop import SHOP
from tests.controlplane.operations.test_describing import UNKNOWN, arns

ROOT = root()
OTHER = root("Other")
LEAF = ROOT.issue("alice")
BUNDLE = f"# clients\n{ROOT.pem}{OTHER.pem}".encode()
CRL = ROOT.revoke(LEAF, ROOT.issue("bob")).encode()
HERE = {"CaCertificatesBundleS3Bucket": "trust", "CaCertificatesBundleS3Key": "ca.pem"}
CRL_HERE = {"S3Bucket": "trust", "S3Key": "crl.pem", "RevocationType": "CRL"}


@pytest.fixture
def estate(api: Api) -> Held:
    """`SHOP`, and a bucket with a bundle and a revocation list."""
    held = api.load(SHOP)
    held.objects = {
        ("trust", "ca.pem"): BUNDLE,
        ("trust", "one.pem"): ROOT.pem.encode(),
        ("trust", "crl.pem"): CRL,
        ("trust", "leaf.pem"): LEAF.pem.encode(),
        ("trust", "key.pem"): LEAF.key_pem.encode(),
        ("trust", "many.pem"): ROOT.pem.encode() * 26,
        ("trust", "large.pem"): b"#" * ((1 << 20) + 1),
        ("trust", "hyphen.pem"): f"# a-b\n{ROOT.pem}".encode(),
        ("trust", "blank.pem"): ROOT.pem.replace("\n", "\n\n", 2).encode(),
        ("trust", "cut.pem"): ROOT.pem[:-30].encode(),
        ("trust", "binary.pem"): b"\xff" + ROOT.pem.encode(),
        ("trust", "empty.pem"): b"",
        ("trust", "two.crl"): CRL * 2,
    }
    return held


async def created(api: Api, name: str = "clients", **parameters: Any) -> dict[str, Any]:
    (store,) = (await api("CreateTrustStore", Name=name, **{**HERE, **parameters}))["TrustStores"]
    return dict(store)


async def test_a_trust_store_from_a_bucket(api: Api, estate: Held) -> None:
    store = await created(api, Tags=[{"Key": "team", "Value": "a"}])
    arn = store.pop("TrustStoreArn")
    assert arn.startswith("arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:truststore/clients/")
    assert store == {"Name": "clients", "Status": "ACTIVE", "NumberOfCaCertificates": 2, "TotalRevokedEntries": 0}
    for parameters in ({}, {"Names": ["clients"]}, {"TrustStoreArns": [arn]}):
        (found,) = (await api("DescribeTrustStores", **parameters))["TrustStores"]
        assert found == {**store, "TrustStoreArn": arn}
    (tags,) = (await api("DescribeTags", ResourceArns=[arn]))["TagDescriptions"]
    assert tags["Tags"] == [{"Key": "team", "Value": "a"}]
    assert (await created(api, Tags=[{"Key": "team", "Value": "a"}]))["TrustStoreArn"] == arn, "the same call again"
    other = {**HERE, "CaCertificatesBundleS3Key": "one.pem"}
    assert await api.fails("CreateTrustStore", Name="clients", **other) == (
        "DuplicateTrustStoreName",
        "A trust store with the name 'clients' already exists",
    )
    assert (await api("DescribeTrustStores", region="us-east-1"))["TrustStores"] == []


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ({"CaCertificatesBundleS3Key": "none"}, "CaCertificatesBundleNotFound", "no object 'none' in bucket 'trust'"),
        ({"CaCertificatesBundleS3ObjectVersion": "3"}, "CaCertificatesBundleNotFound", "buckets keep no versions"),
        (
            {"CaCertificatesBundleS3Key": "leaf.pem"},
            "InvalidCaCertificatesBundle",
            "1 is not that of a cert",
        ),
        ({"CaCertificatesBundleS3Key": "key.pem"}, "InvalidCaCertificatesBundle", "line 1 is neither"),
        ({"CaCertificatesBundleS3Key": "many.pem"}, "InvalidCaCertificatesBundle", "more than 25 certificates"),
        ({"CaCertificatesBundleS3Key": "large.pem"}, "InvalidCaCertificatesBundle", "more than 1 MiB"),
        ({"CaCertificatesBundleS3Key": "hyphen.pem"}, "InvalidCaCertificatesBundle", "line 1 is neither"),
        ({"CaCertificatesBundleS3Key": "blank.pem"}, "InvalidCaCertificatesBundle", "line 2 is blank"),
        ({"CaCertificatesBundleS3Key": "cut.pem"}, "InvalidCaCertificatesBundle", "last block has no -----END"),
        ({"CaCertificatesBundleS3Key": "binary.pem"}, "InvalidCaCertificatesBundle", "characters beyond ASCII"),
        ({"CaCertificatesBundleS3Key": "empty.pem"}, "InvalidCaCertificatesBundle", "it has no certificate"),
        ({"CaCertificatesBundleS3Key": "crl.pem"}, "InvalidCaCertificatesBundle", "line 1 is neither"),
        ({"Name": "a--b"}, "ValidationError", "a--b"),
        ({"Name": "a" * 33}, "ValidationError", "a" * 33),
        ({"Tags": [{"Key": "aws:a"}]}, "ValidationError", "reserved for system use"),
    ],
)
async def test_what_makes_no_trust_store(
    api: Api, estate: Held, given: dict[str, Any], code: str, message: str
) -> None:
    found, told = await api.fails("CreateTrustStore", **{"Name": "clients", **HERE, **given})
    assert found == code
    assert message in told
    assert estate.changes.records == {}


async def test_there_are_twenty_at_most(api: Api, estate: Held) -> None:
    for number in range(20):
        await created(api, f"store{number}")
    assert (await api.fails("CreateTrustStore", Name="last", **HERE))[0] == "TooManyTrustStores"


async def test_revocation_lists_come_and_go(api: Api, estate: Held) -> None:
    arn = (await created(api))["TrustStoreArn"]
    added = (await api("AddTrustStoreRevocations", TrustStoreArn=arn, RevocationContents=[CRL_HERE] * 2))[
        "TrustStoreRevocations"
    ]
    rows = [
        {"TrustStoreArn": arn, "RevocationId": number, "RevocationType": "CRL", "NumberOfRevokedEntries": 2}
        for number in (1, 2, 3)
    ]
    assert added == rows[:2]
    assert (await api("DescribeTrustStores"))["TrustStores"][0]["TotalRevokedEntries"] == 4
    await api("RemoveTrustStoreRevocations", TrustStoreArn=arn, RevocationIds=[2])
    await api("AddTrustStoreRevocations", TrustStoreArn=arn, RevocationContents=[CRL_HERE])
    found = (await api("DescribeTrustStoreRevocations", TrustStoreArn=arn))["TrustStoreRevocations"]
    assert found == [rows[0], rows[2]], "an id is never used again"
    asked = {"TrustStoreArn": arn, "RevocationIds": [3]}
    assert (await api("DescribeTrustStoreRevocations", **asked))["TrustStoreRevocations"] == [rows[2]]
    for operation in ("DescribeTrustStoreRevocations", "RemoveTrustStoreRevocations"):
        assert await api.fails(operation, TrustStoreArn=arn, RevocationIds=[1, 2]) == (
            "RevocationIdNotFound",
            "Revocation ID '2' not found",
        )
    modified = {"TrustStoreArn": arn, **HERE, "CaCertificatesBundleS3Key": "one.pem"}
    (store,) = (await api("ModifyTrustStore", **modified))["TrustStores"]
    assert (store["NumberOfCaCertificates"], store["TotalRevokedEntries"]) == (1, 4), "they stay with the store"
    for key, code in (("none", "RevocationContentNotFound"), ("ca.pem", "InvalidRevocationContent"),
                      ("two.crl", "InvalidRevocationContent"), ("large.pem", "InvalidRevocationContent")):  # fmt: skip
        contents = [{**CRL_HERE, "S3Key": key}]
        assert (await api.fails("AddTrustStoreRevocations", TrustStoreArn=arn, RevocationContents=contents))[0] == code
    assert (await api.fails("AddTrustStoreRevocations", TrustStoreArn=arn))[0] == "ValidationError"


async def test_contents_are_at_the_control_port(api: Api, estate: Held) -> None:
    arn = (await created(api))["TrustStoreArn"]
    await api("AddTrustStoreRevocations", TrustStoreArn=arn, RevocationContents=[CRL_HERE])
    place = f"http://127.0.0.1:8089/api/v1/trust-stores/ap-northeast-2/{arn.partition('truststore/')[2]}"
    bundle = await api("GetTrustStoreCaCertificatesBundle", TrustStoreArn=arn)
    assert bundle == {"Location": f"{place}/ca-certificates-bundle.pem"}
    revocation = await api("GetTrustStoreRevocationContent", TrustStoreArn=arn, RevocationId=1)
    assert revocation == {"Location": f"{place}/revocations/1.pem"}
    assert await api.fails("GetTrustStoreRevocationContent", TrustStoreArn=arn, RevocationId=2) == (
        "RevocationIdNotFound",
        "Revocation ID '2' not found",
    )


# -- listeners ---------------------------------------------------------------------------------------------------------


async def mutual(api: Api, listener: str, **members: Any) -> dict[str, Any]:
    (found,) = (await api("ModifyListener", ListenerArn=listener, MutualAuthentication=members))["Listeners"]
    return dict(found["MutualAuthentication"])


async def test_a_listener_verifies_against_a_trust_store(api: Api, estate: Held) -> None:
    arn = (await created(api))["TrustStoreArn"]
    held = arns(api)
    shown = {
        "Mode": "verify",
        "TrustStoreArn": arn,
        "IgnoreClientCertificateExpiry": False,
        "TrustStoreAssociationStatus": "active",
        "AdvertiseTrustStoreCaNames": "off",
    }
    assert await mutual(api, held["443"], Mode="verify", TrustStoreArn=arn) == shown
    (found,) = (await api("DescribeListeners", ListenerArns=[held["443"]]))["Listeners"]
    assert found["MutualAuthentication"] == shown
    changed = {"IgnoreClientCertificateExpiry": True, "AdvertiseTrustStoreCaNames": "on"}
    assert await mutual(api, held["443"], Mode="verify", TrustStoreArn=arn, **changed) == {**shown, **changed}
    (same,) = (await api("ModifyListener", ListenerArn=held["443"], Port=443))["Listeners"]
    assert same["MutualAuthentication"] == {**shown, **changed}, "what the call does not name stays"
    associations = await api("DescribeTrustStoreAssociations", TrustStoreArn=arn)
    assert associations["TrustStoreAssociations"] == [{"ResourceArn": held["shop"]}]
    assert (await api.fails("DeleteTrustStore", TrustStoreArn=arn))[0] == "TrustStoreInUse"
    assert (await api.fails("DeleteSharedTrustStoreAssociation", TrustStoreArn=arn, ResourceArn=held["shop"]))[0] == (
        "DeleteAssociationSameAccount"
    )
    assert (await api.fails("DeleteSharedTrustStoreAssociation", TrustStoreArn=arn, ResourceArn=held["web"]))[0] == (
        "AssociationNotFound"
    )
    assert await mutual(api, held["443"], Mode="passthrough") == {"Mode": "passthrough"}
    assert await mutual(api, held["443"], Mode="off") == {"Mode": "off"}
    await api("DeleteTrustStore", TrustStoreArn=arn)
    assert (await api("DescribeTrustStores"))["TrustStores"] == []
    assert estate.changes.records == {}


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        ({"Mode": "verify"}, "ValidationError", "A trust store ARN must be specified"),
        ({"Mode": "verify", "TrustStoreArn": UNKNOWN["TrustStoreArn"]}, "TrustStoreNotFound", "not found"),
        ({"Mode": "maybe"}, "ValidationError", "maybe"),
        ({"Mode": "passthrough", "TrustStoreArn": UNKNOWN["TrustStoreArn"]}, "ValidationError", "'passthrough'"),
        ({"Mode": "passthrough", "IgnoreClientCertificateExpiry": True}, "ValidationError", "'passthrough'"),
        ({"Mode": "off", "TrustStoreArn": UNKNOWN["TrustStoreArn"]}, "ValidationError", "'off'"),
        ({"IgnoreClientCertificateExpiry": True}, "ValidationError", "'off'"),
        ({"AdvertiseTrustStoreCaNames": "on"}, "ValidationError", "'off'"),
    ],
)
async def test_what_a_listener_cannot_ask_for(
    api: Api, estate: Held, members: dict[str, Any], code: str, message: str
) -> None:
    found, told = await api.fails("ModifyListener", ListenerArn=arns(api)["443"], MutualAuthentication=members)
    assert found == code
    assert message in told


async def test_http_listeners_have_none(api: Api, estate: Held) -> None:
    held = arns(api)
    asked = {"Mode": "passthrough"}
    assert await api.fails("ModifyListener", ListenerArn=held["80"], MutualAuthentication=asked) == (
        "ValidationError",
        "Mutual authentication can only be specified for HTTPS listeners",
    )
    await mutual(api, held["443"], Mode="passthrough")
    (plain,) = (await api("ModifyListener", ListenerArn=held["443"], Protocol="HTTP"))["Listeners"]
    assert "MutualAuthentication" not in plain


async def test_what_is_stored_comes_back(api: Api, estate: Held) -> None:
    """A listener keeps the ARN alone; the contents are a record of the trust store's."""
    arn = (await created(api))["TrustStoreArn"]
    await mutual(api, arns(api)["443"], Mode="verify", TrustStoreArn=arn, AdvertiseTrustStoreCaNames="on")
    await api("AddTrustStoreRevocations", TrustStoreArn=arn, RevocationContents=[CRL_HERE])
    rows = State(changes=estate.changes, registrations=Registrations()).rows(REGION)
    (kept,) = [row for row in rows if row.kind == "elbv2.trust-store"]
    assert (kept.key, kept.region) == (arn, REGION)
    (balancer,) = [row for row in rows if row.kind == "load-balancer"]
    assert "BEGIN" not in str(balancer.body)
    configuration = State.of(rows, REGION).changes.applied_to(estate.file)
    assert configuration == estate.configuration()
    (listener,) = [each for each in configuration.load_balancers[0].listeners if each.port == 443]
    assert listener.mutual_authentication is not None
    store = listener.mutual_authentication.trust_store
    assert store is not None
    assert store.ca_certificates == BUNDLE.decode()
    assert [one.content for one in store.revocations] == [CRL.decode()], "listeners follow their trust store"


async def test_a_trust_store_is_of_its_region(api: Api, estate: Held) -> None:
    here = (await created(api))["TrustStoreArn"]
    elsewhere = (await api("CreateTrustStore", region="us-east-1", Name="clients", **HERE))["TrustStores"][0]
    assert elsewhere["TrustStoreArn"].startswith("arn:aws:elasticloadbalancing:us-east-1:")
    for region, arn in ((REGION, here), ("us-east-1", elsewhere["TrustStoreArn"])):
        found = (await api("DescribeTrustStores", region=region))["TrustStores"]
        assert [store["TrustStoreArn"] for store in found] == [arn]
    asked = {"Mode": "verify", "TrustStoreArn": elsewhere["TrustStoreArn"]}
    assert (await api.fails("ModifyListener", ListenerArn=arns(api)["443"], MutualAuthentication=asked))[0] == (
        "TrustStoreNotFound"
    )
    assert (await api.fails("DeleteTrustStore", region="us-east-1", TrustStoreArn=here))[0] == "TrustStoreNotFound"
    await api("DeleteTrustStore", region="us-east-1", TrustStoreArn=elsewhere["TrustStoreArn"])
    assert list(estate.changes.trust_stores(estate.file)) == [here]
