"""ACM by boto3 against a running instance: from the request to the handshake."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError
from cryptography import x509

from simlb.app.elbv2 import AppEstate
from simlb.controlplane.query.errors import QueryError
from simlb.testing import ALB, Clock, FakeBackend
from simlb.testing.running import RunningLoadBalancer
from tests.acm import EVERY_KEY, Foreign, Zone, names_of, shown, use_on_https
from tests.aws import REGION, elbv2

AT_ONCE = {"Delay": 0, "MaxAttempts": 2}
ELSEWHERE = f"arn:aws:acm:{REGION}:000000000000:certificate/00000000-0000-0000-0000-000000000000"


class Shop:
    """A load balancer with an HTTPS listener, ACM's client, and a DNS."""

    def __init__(self, lb: RunningLoadBalancer, clock: Clock, acm: Any) -> None:
        self.lb = lb
        self.clock = clock
        self.acm = acm
        self.zone = Zone()
        lb.app.acm.lookup = self.zone

    def request(self, *names: str, **more: Any) -> str:
        if names[1:]:
            more["SubjectAlternativeNames"] = list(names[1:])
        found: str = self.acm.request_certificate(DomainName=names[0], ValidationMethod="DNS", **more)["CertificateArn"]
        return found

    def issued(self, *names: str, **more: Any) -> str:
        """Requested, with its records in the DNS, and issued."""
        arn = self.request(*names, KeyAlgorithm="EC_prime256v1", **more)
        self.zone.add(self.detail(arn))
        self.tick()
        assert self.detail(arn)["Status"] == "ISSUED"
        return arn

    def tick(self) -> None:
        """Until ACM has looked at the DNS again, and done what follows."""
        self.clock.advance(5)
        self.lb.wait(lambda: not self.lb.app.acm.issuing.is_looking)

    def detail(self, arn: str) -> Any:
        return self.acm.describe_certificate(CertificateArn=arn)["Certificate"]

    def validations(self, arn: str) -> dict[str, str]:
        return {one["DomainName"]: one["ValidationStatus"] for one in self.detail(arn)["DomainValidationOptions"]}

    def listed(self, **parameters: Any) -> list[str]:
        found = self.acm.list_certificates(**parameters)["CertificateSummaryList"]
        return [one["DomainName"] for one in found]

    def fails(self, operation: str, **parameters: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            getattr(self.acm, operation)(**parameters)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Time stands still."""
    clock = Clock("manual")
    alb = ALB("shop", clock=clock, control=True)
    web = alb.target_group("web", FakeBackend(), interval=300)
    alb.listen(443, cert="api.example.com").forward(web)
    with alb.start() as lb, elbv2(lb.control_url, service="acm") as acm:
        yield Shop(lb, clock, acm)


# -- requested ---------------------------------------------------------------------------------------------------------


def test_a_certificate_is_issued_once_all_records_are_there(shop: Shop) -> None:
    arn = shop.request("shop.co.kr", "*.shop.co.kr", "img.shop.co.kr")
    first = shop.detail(arn)
    assert (first["Status"], first["Type"], first["KeyAlgorithm"]) == (
        "PENDING_VALIDATION",
        "AMAZON_ISSUED",
        "RSA_2048",
    )
    assert first["SubjectAlternativeNames"] == ["shop.co.kr", "*.shop.co.kr", "img.shop.co.kr"]
    assert "NotAfter" not in first
    records = [option["ResourceRecord"] for option in first["DomainValidationOptions"]]
    assert records[0] == records[1] != records[2]  # a domain and its wildcard share one
    assert {record["Type"] for record in records} == {"CNAME"}
    waiter = shop.acm.get_waiter("certificate_validated")
    with pytest.raises(WaiterError, match="Max attempts"):
        waiter.wait(CertificateArn=arn, WaiterConfig=AT_ONCE)

    shop.zone.add(first, "shop.co.kr")
    shop.tick()
    pending = {"shop.co.kr": "SUCCESS", "*.shop.co.kr": "SUCCESS", "img.shop.co.kr": "PENDING_VALIDATION"}
    assert shop.validations(arn) == pending
    assert shop.detail(arn)["Status"] == "PENDING_VALIDATION"

    shop.zone.add(first)
    shop.tick()
    shop.lb.wait(lambda: shop.detail(arn)["Status"] == "ISSUED")  # a key of RSA takes its time
    waiter.wait(CertificateArn=arn, WaiterConfig=AT_ONCE)
    last = shop.detail(arn)
    assert last["NotBefore"] < last["IssuedAt"] < last["NotAfter"]
    assert last["NotAfter"] - last["NotBefore"] == timedelta(days=90)
    assert [usage["Name"] for usage in last["KeyUsages"]] == ["DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"]
    assert last["ExtendedKeyUsages"] == [{"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"}]
    pem = shop.acm.get_certificate(CertificateArn=arn)
    leaf = x509.load_pem_x509_certificate(pem["Certificate"].encode())
    (issuer,) = x509.load_pem_x509_certificates(pem["CertificateChain"].encode())
    leaf.verify_directly_issued_by(issuer)
    assert int(last["Serial"].replace(":", ""), 16) == leaf.serial_number
    assert "PRIVATE" not in str(pem)


def test_a_record_in_a_hosted_zone_is_what_counts() -> None:
    """As a tutorial does it: ACM asks for a record, Route 53 gets it, ACM sees it."""
    clock = Clock("manual")
    alb = ALB("shop", clock=clock, control=True)
    alb.listen(80).forward(alb.target_group("web", FakeBackend(), interval=300))
    with (
        alb.start() as lb,
        elbv2(lb.control_url, service="acm") as acm,
        elbv2(lb.control_url, service="route53") as route53,
    ):
        asked = {"DomainName": "api.shop.co.kr", "ValidationMethod": "DNS", "KeyAlgorithm": "EC_prime256v1"}
        arn = acm.request_certificate(**asked)["CertificateArn"]
        zone = route53.create_hosted_zone(Name="shop.co.kr", CallerReference="1")["HostedZone"]["Id"]
        (option,) = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
        record = option["ResourceRecord"]
        new = {
            "Name": record["Name"],
            "Type": record["Type"],
            "TTL": 300,
            "ResourceRecords": [{"Value": record["Value"]}],
        }
        clock.advance(5)
        assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "PENDING_VALIDATION"
        route53.change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": new}]}
        )
        clock.advance(5)
        acm.get_waiter("certificate_validated").wait(CertificateArn=arn, WaiterConfig=AT_ONCE)
        lb.wait(lambda: acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED")


def test_a_wrong_record_validates_nothing(shop: Shop) -> None:
    arn = shop.request("api.shop.co.kr")
    shop.zone.add(shop.detail(arn))
    shop.zone.records = {name: f"x{value}" for name, value in shop.zone.records.items()}
    shop.tick()
    assert shop.validations(arn) == {"api.shop.co.kr": "PENDING_VALIDATION"}


def test_after_72_hours_it_is_given_up(shop: Shop) -> None:
    arn = shop.request("a.shop.co.kr", "b.shop.co.kr")
    shop.zone.add(shop.detail(arn), "a.shop.co.kr")
    shop.clock.advance(72 * 3600 - 60)
    assert shop.detail(arn)["Status"] == "PENDING_VALIDATION"
    shop.clock.advance(60)
    assert shop.detail(arn)["Status"] == "VALIDATION_TIMED_OUT"
    assert shop.validations(arn) == {"a.shop.co.kr": "SUCCESS", "b.shop.co.kr": "FAILED"}
    shop.acm.delete_certificate(CertificateArn=arn)


def test_a_pending_certificate_is_good_for_nothing_yet(shop: Shop) -> None:
    arn = shop.request("api.shop.co.kr")
    assert shop.fails("get_certificate", CertificateArn=arn)[0] == "RequestInProgressException"
    with pytest.raises(QueryError, match="Its status is PENDING_VALIDATION") as caught:
        use_on_https(shop.lb, arn)
    assert caught.value.code == "UnsupportedCertificate"
    shop.acm.delete_certificate(CertificateArn=arn)
    assert shop.fails("describe_certificate", CertificateArn=arn) == (
        "ResourceNotFoundException",
        f"Could not find certificate {arn}.",
    )
    shop.tick()


def test_the_same_idempotency_token_requests_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = shop.request("api.shop.co.kr", IdempotencyToken="one")
    assert shop.request("api.shop.co.kr", IdempotencyToken="one") == arn
    assert shop.request("api.shop.co.kr", IdempotencyToken="two") != arn
    code, message = shop.fails(
        "request_certificate", DomainName="b.shop.co.kr", ValidationMethod="DNS", IdempotencyToken="one"
    )
    assert (code, "'one'" in message) == ("InvalidParameterException", True)
    monkeypatch.setattr(shop.lb.app.acm, "now", lambda: datetime.now(UTC) + timedelta(hours=1))
    assert shop.request("api.shop.co.kr", IdempotencyToken="one") != arn


# -- on a listener -----------------------------------------------------------------------------------------------------


def test_an_issued_certificate_serves(shop: Shop) -> None:
    arn = shop.issued("api.shop.co.kr", "*.shop.co.kr")
    assert (shop.detail(arn)["InUseBy"], shop.detail(arn)["RenewalEligibility"]) == ([], "INELIGIBLE")
    use_on_https(shop.lb, arn)
    assert names_of(shown(shop.lb, "www.shop.co.kr")) == ["api.shop.co.kr", "*.shop.co.kr"]
    (balancer,) = shop.lb.configuration.load_balancers
    assert shop.detail(arn)["InUseBy"] == [balancer.arn]
    assert shop.detail(arn)["RenewalEligibility"] == "ELIGIBLE"
    assert shop.fails("delete_certificate", CertificateArn=arn) == (
        "ResourceInUseException",
        f"Certificate {arn} in account 000000000000 is in use.",
    )
    assert (shop.lb.app.acm.files.path(arn).stat().st_mode & 0o777) == 0o600


def test_a_deleted_certificate_leaves_no_key(shop: Shop) -> None:
    arn = shop.issued("api.shop.co.kr", Tags=[{"Key": "a", "Value": "1"}])
    folder = shop.lb.app.acm.files.folder
    assert [path.name for path in folder.iterdir()] == [f"{arn.rpartition('/')[2]}.pem"]
    shop.acm.delete_certificate(CertificateArn=arn)
    assert list(folder.iterdir()) == []
    assert arn not in shop.lb.app.changes.tags
    assert shop.lb.home.call(lambda: shop.lb.app.acm.certificate(arn)) is None


def test_a_renewed_certificate_is_shown_from_the_next_handshake_on(shop: Shop) -> None:
    arn = shop.issued("api.shop.co.kr")
    use_on_https(shop.lb, arn)
    before = shown(shop.lb, "api.shop.co.kr")["serialNumber"]
    renew: Callable[..., Any] = shop.lb.app.acm.issuing.renew
    shop.lb.home.run(renew(timedelta(days=89)))
    assert shown(shop.lb, "api.shop.co.kr")["serialNumber"] == before  # there is time enough
    shop.lb.home.run(renew(timedelta(days=91)))
    detail = shop.detail(arn)
    after = shown(shop.lb, "api.shop.co.kr")["serialNumber"]
    assert after != before
    assert int(detail["Serial"].replace(":", ""), 16) == int(after, 16)
    assert detail["RenewalSummary"]["RenewalStatus"] == "SUCCESS"


def test_the_file_s_certificates_are_there_too(shop: Shop) -> None:
    assert shop.listed() == []  # RSA only, unless other keys are asked for
    assert shop.listed(Includes=EVERY_KEY) == ["api.example.com"]
    (summary,) = shop.acm.list_certificates(Includes=EVERY_KEY)["CertificateSummaryList"]
    arn = summary["CertificateArn"]
    assert (summary["Status"], summary["InUse"], summary["Type"]) == ("ISSUED", True, "AMAZON_ISSUED")
    assert shop.detail(arn)["DomainName"] == "api.example.com"
    assert shop.acm.get_certificate(CertificateArn=arn)["Certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert shop.fails("delete_certificate", CertificateArn=arn)[0] == "ResourceInUseException"
    shop.acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "team", "Value": "web"}])
    assert shop.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [{"Key": "team", "Value": "web"}]


# -- imported ----------------------------------------------------------------------------------------------------------


def test_an_imported_certificate_serves_and_is_replaced_under_its_arn(shop: Shop) -> None:
    foreign = Foreign()
    arn = shop.acm.import_certificate(**foreign.pair("pay.shop.co.kr"))["CertificateArn"]
    detail = shop.detail(arn)
    assert (detail["Status"], detail["Type"], detail["DomainName"]) == ("ISSUED", "IMPORTED", "pay.shop.co.kr")
    assert "DomainValidationOptions" not in detail
    use_on_https(shop.lb, arn)
    with pytest.raises(ssl.SSLCertVerificationError):
        shown(shop.lb, "pay.shop.co.kr")
    before = shown(shop.lb, "pay.shop.co.kr", foreign.ca)["serialNumber"]

    again = shop.acm.import_certificate(CertificateArn=arn, **foreign.pair("pay.shop.co.kr", "new.shop.co.kr"))
    assert again["CertificateArn"] == arn
    assert shown(shop.lb, "pay.shop.co.kr", foreign.ca)["serialNumber"] != before
    assert names_of(shown(shop.lb, "new.shop.co.kr", foreign.ca)) == ["pay.shop.co.kr", "new.shop.co.kr"]
    assert shop.fails("delete_certificate", CertificateArn=arn)[0] == "ResourceInUseException"
    assert shop.fails("import_certificate", CertificateArn=arn, **foreign.pair("a.shop.co.kr", rsa=True))[1].startswith(
        "The key type and size of a certificate cannot change"
    )
    assert shop.fails(
        "import_certificate", CertificateArn=arn, Tags=[{"Key": "a"}], **foreign.pair("a.shop.co.kr")
    ) == ("InvalidParameterException", "Tags cannot be given when a certificate is imported again.")
    assert names_of(shown(shop.lb, "new.shop.co.kr", foreign.ca)) == ["pay.shop.co.kr", "new.shop.co.kr"]


def test_an_imported_certificate_expires_by_itself(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = shop.acm.import_certificate(**Foreign().pair("pay.shop.co.kr"))["CertificateArn"]
    after = shop.detail(arn)["NotAfter"]
    monkeypatch.setattr(shop.lb.app.acm, "now", lambda: after)
    assert shop.detail(arn)["Status"] == "EXPIRED"
    assert shop.listed(CertificateStatuses=["EXPIRED"], Includes=EVERY_KEY) == ["api.example.com", "pay.shop.co.kr"]


def _refused_pairs() -> dict[str, tuple[dict[str, bytes], str]]:
    foreign, other = Foreign(), Foreign()
    good, second = foreign.pair("pay.shop.co.kr"), foreign.pair("b.shop.co.kr")
    chain = good["CertificateChain"]
    no_chain = {key: value for key, value in good.items() if key != "CertificateChain"}
    return {
        "no certificate": ({**good, "Certificate": b"x"}, "Unable to parse certificate."),
        "a key for a certificate": ({**good, "Certificate": good["PrivateKey"]}, "Unable to parse certificate."),
        "two certificates": ({**good, "Certificate": good["Certificate"] + chain}, "contains more than one"),
        "no key": ({**good, "PrivateKey": b"x"}, "PrivateKey holds no readable private key"),
        "another's key": ({**good, "PrivateKey": second["PrivateKey"]}, "does not belong to the certificate"),
        "no chain": (no_chain, "Provided certificate is not a valid self signed."),
        "another's chain": ({**good, "CertificateChain": other.ca.cert_pem.bytes()}, "Could not validate"),
        "no certificate in the chain": ({**good, "CertificateChain": b"\0"}, "Unable to parse certificate chain."),
    }


def test_what_does_not_fit_is_not_imported(shop: Shop) -> None:
    for about, (pair, words) in _refused_pairs().items():
        code, message = shop.fails("import_certificate", **pair)
        assert code == "ValidationException", about
        assert words in message, (about, message)
        assert "PRIVATE KEY-----\n" not in message
    assert shop.listed(Includes=EVERY_KEY) == ["api.example.com"]
    assert not shop.lb.app.acm.files.folder.exists()


# -- what is refused, and how ------------------------------------------------------------------------------------------

ASKED = {"DomainName": "api.shop.co.kr", "ValidationMethod": "DNS"}
REFUSED_REQUESTS: list[tuple[dict[str, Any], str, str]] = [
    ({"ValidationMethod": "EMAIL"}, "InvalidParameterException", "set ValidationMethod to DNS"),
    ({"ValidationMethod": "HTTP"}, "InvalidParameterException", "set ValidationMethod to DNS"),
    ({"DomainName": "localhost"}, "ValidationException", "at 'domainName' failed to satisfy constraint"),
    ({"DomainName": "a_b.shop.co.kr"}, "ValidationException", "regular expression pattern"),
    ({"DomainName": f"{'a' * 60}.shop.co.kr"}, "InvalidParameterException", "no longer than 64 octets"),
    ({"SubjectAlternativeNames": [f"{n}.shop.co.kr" for n in range(10)]}, "LimitExceededException", "11 domain names"),
    ({"KeyAlgorithm": "RSA_4096"}, "InvalidParameterException", "cannot be requested"),
    ({"KeyAlgorithm": "DSA"}, "ValidationException", "enum value set"),
    ({"Options": {"Export": "ENABLED"}}, "InvalidParameterException", "not supported by simlb yet"),
    ({"CertificateAuthorityArn": f"arn:aws:acm-pca:{REGION}:0:x/y"}, "InvalidParameterException", "not supported"),
    (
        {"DomainValidationOptions": [{"DomainName": "api.shop.co.kr", "ValidationDomain": "shop.co.kr"}]},
        "InvalidDomainValidationOptionsException",
        "validates by DNS",
    ),
    ({"Tags": [{"Key": "aws:x", "Value": ""}]}, "InvalidTagException", "AWS's own"),
    ({"Tags": [{"Key": "a"}, {"Key": "a"}]}, "InvalidTagException", "more than once"),
    ({"IdempotencyToken": "a b"}, "ValidationException", "regular expression pattern"),
]
REFUSED_CALLS: list[tuple[str, dict[str, Any], str, str]] = [
    ("describe_certificate", {"CertificateArn": ELSEWHERE}, "ResourceNotFoundException", "Could not find certificate"),
    ("delete_certificate", {"CertificateArn": "x" * 30}, "ValidationException", "regular expression pattern"),
    (
        "get_certificate",
        {"CertificateArn": f"arn:aws:acm:{REGION}:000000000000:acme-endpoint/x"},
        "InvalidArnException",
        "not the ARN of a certificate",
    ),
    ("list_certificates", {"NextToken": "x"}, "ValidationException", "NextToken"),
    ("list_certificates", {"SortBy": "CREATED_AT"}, "ValidationException", "have to be given together"),
    ("list_certificates", {"CertificateStatuses": ["LOST"]}, "ValidationException", "enum value set"),
    (
        "revoke_certificate",
        {"CertificateArn": ELSEWHERE, "RevocationReason": "UNSPECIFIED"},
        "UnsupportedOperation",
        "",
    ),
    (
        "export_certificate",
        {"CertificateArn": ELSEWHERE, "Passphrase": b"word"},
        "UnsupportedOperation",
        "not supported",
    ),
    ("search_certificates", {}, "UnsupportedOperation", "not supported by simlb yet"),
    (
        "import_certificate",
        {"Certificate": b"a" * 40000, "PrivateKey": b"b"},
        "ValidationException",
        "Member must have length less than or equal to 32768",
    ),
]


def test_requests_that_cannot_be_met(shop: Shop) -> None:
    for changed, code, words in REFUSED_REQUESTS:
        found, message = shop.fails("request_certificate", **(ASKED | changed))
        assert (found, words in message) == (code, True), (changed, message)
    code, message = shop.fails("request_certificate", DomainName="api.shop.co.kr")
    assert (code, "EMAIL, which is what it is when it is not given" in message) == ("InvalidParameterException", True)
    assert shop.listed() == []


def test_calls_that_cannot_be_met(shop: Shop) -> None:
    for operation, parameters, code, words in REFUSED_CALLS:
        found, message = shop.fails(operation, **parameters)
        assert (found, words in message) == (code, True), (operation, message)


def test_renewal_by_call_and_email_are_not_for_these(shop: Shop) -> None:
    arn = shop.request("api.shop.co.kr")
    assert shop.fails("renew_certificate", CertificateArn=arn)[0] == "RequestInProgressException"
    email = {"Domain": "api.shop.co.kr", "ValidationDomain": "shop.co.kr"}
    assert shop.fails("resend_validation_email", CertificateArn=arn, **email)[0] == "InvalidStateException"
    shop.zone.add(shop.detail(arn))
    shop.tick()
    shop.lb.wait(lambda: shop.detail(arn)["Status"] == "ISSUED")
    assert "renews itself in time" in shop.fails("renew_certificate", CertificateArn=arn)[1]
    shop.acm.update_certificate_options(
        CertificateArn=arn, Options={"CertificateTransparencyLoggingPreference": "DISABLED"}
    )
    assert shop.detail(arn)["Options"]["CertificateTransparencyLoggingPreference"] == "DISABLED"
    assert shop.acm.get_account_configuration()["ExpiryEvents"] == {"DaysBeforeExpiry": 45}


# -- lists, tags, regions ----------------------------------------------------------------------------------------------


def test_lists_are_filtered_sorted_and_in_pages(shop: Shop) -> None:
    for letter in "abc":
        shop.request(f"{letter}.shop.co.kr")
    shop.issued("d.shop.co.kr")
    assert shop.listed(Includes={"keyTypes": ["EC_prime256v1"]}) == ["api.example.com", "d.shop.co.kr"]
    assert shop.listed(CertificateStatuses=["ISSUED"]) == []
    assert shop.listed(CertificateStatuses=["PENDING_VALIDATION"], SortBy="CREATED_AT", SortOrder="DESCENDING") == [
        "c.shop.co.kr",
        "b.shop.co.kr",
        "a.shop.co.kr",
    ]
    server = {"extendedKeyUsage": ["TLS_WEB_SERVER_AUTHENTICATION"]}
    assert shop.listed(Includes=server | EVERY_KEY) == ["api.example.com", "d.shop.co.kr"]
    assert shop.listed(Includes={"keyUsage": ["CERTIFICATE_SIGNING"]} | EVERY_KEY) == []
    assert shop.listed(CertificateKeyPairOrigins=["CUSTOMER_PROVIDED"], Includes=EVERY_KEY) == []
    pages = shop.acm.get_paginator("list_certificates").paginate(PaginationConfig={"PageSize": 2})
    found = [[one["DomainName"] for one in page["CertificateSummaryList"]] for page in pages]
    assert found == [["a.shop.co.kr", "b.shop.co.kr"], ["c.shop.co.kr"]]


def test_tags_come_and_go(shop: Shop) -> None:
    arn = shop.request("api.shop.co.kr", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b"}])
    shop.acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "c", "Value": "3"}])
    shop.acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b"}])
    assert shop.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [
        {"Key": "a", "Value": "2"},
        {"Key": "c", "Value": "3"},
    ]
    shop.acm.untag_resource(ResourceArn=arn, TagKeys=["c", "x"])
    shop.acm.tag_resource(ResourceArn=arn, Tags=[{"Key": "d", "Value": ""}])
    assert [tag["Key"] for tag in shop.acm.list_tags_for_resource(ResourceArn=arn)["Tags"]] == ["a", "d"]
    many = [{"Key": str(number)} for number in range(49)]
    assert shop.fails("add_tags_to_certificate", CertificateArn=arn, Tags=many)[0] == "TooManyTagsException"


def test_a_certificate_of_another_region_is_no_listener_s(shop: Shop) -> None:
    with elbv2(shop.lb.control_url, service="acm", region="us-east-1") as virginia:
        arn = virginia.request_certificate(**ASKED)["CertificateArn"]
        assert arn.startswith("arn:aws:acm:us-east-1:")
        assert len(virginia.list_certificates()["CertificateSummaryList"]) == 1
    assert shop.listed() == []
    assert shop.fails("describe_certificate", CertificateArn=arn)[0] == "ResourceNotFoundException"
    estate = AppEstate(shop.lb.app)
    assert shop.lb.home.call(lambda: estate.certificate(arn)) is None
    with pytest.raises(QueryError, match="PENDING_VALIDATION"):
        shop.lb.home.call(lambda: estate.at("us-east-1").certificate(arn))
