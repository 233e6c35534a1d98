"""boto3 against hosted zones, and DNS questions for what is in them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError
from dnslib import QTYPE, RCODE, DNSRecord

from simlb.testing import ALB, Clock, FakeBackend
from simlb.testing.running import RunningLoadBalancer
from tests.aws import authorization, elbv2

AT_ONCE = {"Delay": 0, "MaxAttempts": 2}


class Names:
    """An instance, clients of Route 53 and elbv2, and its DNS server."""

    def __init__(self, lb: RunningLoadBalancer, clock: Clock, route53: Any, elb: Any) -> None:
        self.lb = lb
        self.clock = clock
        self.aws = route53
        (self.balancer,) = elb.describe_load_balancers()["LoadBalancers"]

    def create(self, name: str = "shop.test", reference: str = "1", **more: Any) -> str:
        """A hosted zone; its id as AWS gives it."""
        created = self.aws.create_hosted_zone(Name=name, CallerReference=reference, **more)
        found: str = created["HostedZone"]["Id"]
        return found

    def change(self, zone: str, *changes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        """A batch; its ChangeInfo."""
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": records} for action, records in changes]}
        info: dict[str, Any] = self.aws.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]
        return info

    def alias(self, name: str, type_: str = "A", **changes: Any) -> dict[str, Any]:
        """A record set that leads to the load balancer."""
        target = {
            "HostedZoneId": self.balancer["CanonicalHostedZoneId"],
            "DNSName": f"dualstack.{self.balancer['DNSName']}",
            "EvaluateTargetHealth": True,
        }
        return {"Name": name, "Type": type_, "AliasTarget": target | changes}

    def status(self) -> Any:
        """As `simlb status --json`."""
        connection = http.client.HTTPConnection(self.lb.control_url.removeprefix("http://"), timeout=5)
        connection.request("GET", "/api/v1/status")
        found = json.loads(connection.getresponse().read())
        connection.close()
        return found

    def dig(self, name: str, type_: str = "A", *, tcp: bool = False) -> list[str]:
        """The records of the answer; the status alone where there are none."""
        host, _, port = self.status()["dns"].rpartition(":")
        reply = DNSRecord.parse(DNSRecord.question(name, type_).send(host, int(port), tcp=tcp, timeout=5))
        return [f"{QTYPE[each.rtype]} {each.ttl} {each.rdata}" for each in reply.rr] or [RCODE[reply.header.rcode]]

    def refused(self, operation: str, **parameters: Any) -> tuple[str, str]:
        """Code and message of a call that fails."""
        with pytest.raises(ClientError) as caught:
            getattr(self.aws, operation)(**parameters)
        return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.fixture
def names() -> Iterator[Names]:
    """Time stands still. The client's region has nothing in it otherwise."""
    clock = Clock("manual")
    alb = ALB("shop", clock=clock, control=True)
    alb.listen(80).forward(alb.target_group("web", FakeBackend()))
    with (
        alb.start() as lb,
        elbv2(lb.control_url, service="route53", region="us-east-1") as route53,
        elbv2(lb.control_url) as elb,
    ):
        yield Names(lb, clock, route53, elb)


def records(name: str, type_: str, *values: str, ttl_s: int = 300) -> dict[str, Any]:
    return {"Name": name, "Type": type_, "TTL": ttl_s, "ResourceRecords": [{"Value": value} for value in values]}


def test_a_hosted_zone_from_beginning_to_end(names: Names) -> None:
    assert names.status()["dns"] is None
    created = names.aws.create_hosted_zone(
        Name="Shop.test", CallerReference="1", HostedZoneConfig={"Comment": "the shop"}
    )
    zone = created["HostedZone"]
    assert zone["Name"] == "shop.test."
    assert zone["Config"] == {"Comment": "the shop", "PrivateZone": False}
    assert zone["ResourceRecordSetCount"] == 2
    servers = created["DelegationSet"]["NameServers"]
    assert len(set(servers)) == 4
    assert created["Location"].endswith(zone["Id"])
    assert names.aws.get_hosted_zone(Id=zone["Id"])["DelegationSet"]["NameServers"] == servers
    assert names.aws.list_hosted_zones()["HostedZones"] == [zone]
    assert names.aws.get_hosted_zone_count()["HostedZoneCount"] == 1
    assert names.aws.get_dnssec(HostedZoneId=zone["Id"])["Status"] == {"ServeSignature": "NOT_SIGNING"}
    updated = names.aws.update_hosted_zone_comment(Id=zone["Id"], Comment="closed")["HostedZone"]
    assert updated["Config"]["Comment"] == "closed"
    assert names.status()["hosted_zones"] == ["shop.test."]
    assert names.dig("shop.test", "NS") == [f"NS 172800 {server}." for server in servers]
    assert names.dig(servers[0]) == ["A 172800 127.0.0.1"]
    names.aws.delete_hosted_zone(Id=zone["Id"])
    assert names.aws.list_hosted_zones()["HostedZones"] == []
    assert names.dig("shop.test", "NS") == ["REFUSED"]


def test_an_alias_and_a_cname_lead_to_the_load_balancer(names: Names) -> None:
    zone = names.create()
    names.change(
        zone,
        ("CREATE", names.alias("api.shop.test")),
        ("CREATE", names.alias("api.shop.test", "AAAA")),
        ("CREATE", names.alias("shop.test", DNSName=names.balancer["DNSName"], EvaluateTargetHealth=False)),
        ("CREATE", records("www.shop.test", "CNAME", names.balancer["DNSName"])),
    )
    assert names.dig("api.shop.test") == names.dig("API.shop.test", tcp=True) == ["A 60 127.0.0.1"]
    assert names.dig("api.shop.test", "AAAA") == ["NOERROR"]  # the load balancer is IPv4's
    assert names.dig("shop.test") == ["A 60 127.0.0.1"]
    assert names.dig("www.shop.test") == [f"CNAME 300 {names.balancer['DNSName']}.", "A 60 127.0.0.1"]
    assert names.dig(names.balancer["DNSName"]) == ["A 60 127.0.0.1"]
    assert names.lb.get("/", headers={"Host": "api.shop.test"}).status_code == 200


def test_all_targets_unhealthy_and_the_alias_answers_all_the_same() -> None:
    clock, backend = Clock("manual"), FakeBackend()
    alb = ALB("shop", clock=clock, control=True)
    alb.listen(80).forward(alb.target_group("web", backend))
    with alb.start() as lb, elbv2(lb.control_url, service="route53") as aws, elbv2(lb.control_url) as elb:
        names = Names(lb, clock, aws, elb)
        names.change(names.create(), ("CREATE", names.alias("api.shop.test")))
        backend.crash()
        clock.advance(120)
        assert names.dig("api.shop.test") == ["A 60 127.0.0.1"]


def test_a_change_is_in_sync_after_a_while(names: Names) -> None:
    info = names.change(names.create(), ("CREATE", records("www.shop.test", "A", "192.0.2.1")))
    assert info["Status"] == "PENDING"
    waiter = names.aws.get_waiter("resource_record_sets_changed")
    with pytest.raises(WaiterError, match="Max attempts"):
        waiter.wait(Id=info["Id"], WaiterConfig=AT_ONCE)
    names.clock.advance(30)
    waiter.wait(Id=info["Id"], WaiterConfig=AT_ONCE)
    assert names.aws.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    assert names.refused("get_change", Id="C0NONE")[0] == "NoSuchChange"


def test_records_are_listed_in_order_and_in_pages(names: Names) -> None:
    zone = names.create()
    names.change(
        zone,
        ("CREATE", records("www.shop.test", "TXT", '"a"')),
        ("CREATE", records("www.shop.test", "A", "192.0.2.1", "192.0.2.2")),
        ("CREATE", records("*.shop.test", "CNAME", "www.shop.test")),
        ("CREATE", records("a.www.shop.test", "MX", "10 mail.shop.test")),
        ("CREATE", names.alias("api.shop.test")),
    )
    whole = names.aws.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [(each["Name"], each["Type"]) for each in whole] == [
        ("shop.test.", "NS"),
        ("shop.test.", "SOA"),
        ("\\052.shop.test.", "CNAME"),
        ("api.shop.test.", "A"),
        ("www.shop.test.", "A"),
        ("www.shop.test.", "TXT"),
        ("a.www.shop.test.", "MX"),
    ]
    assert whole[3]["AliasTarget"] == {
        "HostedZoneId": names.balancer["CanonicalHostedZoneId"],
        "DNSName": f"dualstack.{names.balancer['DNSName']}.",
        "EvaluateTargetHealth": True,
    }
    assert whole[4] == records("www.shop.test.", "A", "192.0.2.1", "192.0.2.2")
    pages = names.aws.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone, PaginationConfig={"PageSize": 2}
    )
    assert [each for page in pages for each in page["ResourceRecordSets"]] == whole
    later = names.aws.list_resource_record_sets(
        HostedZoneId=zone, StartRecordName="www.shop.test", StartRecordType="TXT", MaxItems="1"
    )
    assert (later["ResourceRecordSets"], later["IsTruncated"]) == ([whole[5]], True)
    assert (later["NextRecordName"], later["NextRecordType"]) == ("a.www.shop.test.", "MX")


def test_zones_are_listed_in_pages_and_by_name(names: Names) -> None:
    for number, name in enumerate(("b.test", "a.test", "a.test", "x.a.test")):
        names.create(name, str(number))
    pages = names.aws.get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 3})
    assert [zone["Name"] for page in pages for zone in page["HostedZones"]] == [
        "b.test.",
        "a.test.",
        "a.test.",
        "x.a.test.",
    ]
    first = names.aws.list_hosted_zones_by_name(MaxItems="2")
    assert [zone["Name"] for zone in first["HostedZones"]] == ["a.test.", "a.test."]
    following = {"DNSName": first["NextDNSName"], "HostedZoneId": first["NextHostedZoneId"]}
    rest = names.aws.list_hosted_zones_by_name(**following)
    assert [zone["Name"] for zone in rest["HostedZones"]] == ["x.a.test.", "b.test."]
    (found,) = names.aws.list_hosted_zones_by_name(DNSName="b.test")["HostedZones"]
    assert found["Name"] == "b.test."


def test_tags(names: Names) -> None:
    zone = names.create().rpartition("/")[2]
    where = {"ResourceType": "hostedzone", "ResourceId": zone}
    names.aws.change_tags_for_resource(**where, AddTags=[{"Key": "team", "Value": "a"}, {"Key": "env", "Value": "b"}])
    names.aws.change_tags_for_resource(**where, AddTags=[{"Key": "env", "Value": "c"}], RemoveTagKeys=["team"])
    assert names.aws.list_tags_for_resource(**where)["ResourceTagSet"]["Tags"] == [{"Key": "env", "Value": "c"}]


def test_what_goes_wrong_with_a_zone(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = names.create()
    names.change(zone, ("CREATE", records("www.shop.test", "A", "192.0.2.1")))
    again: Any = {"Name": "shop.test", "CallerReference": "1"}
    assert names.refused("create_hosted_zone", **again)[0] == "HostedZoneAlreadyExists"
    assert names.refused("delete_hosted_zone", Id=zone)[0] == "HostedZoneNotEmpty"
    assert names.refused("get_hosted_zone", Id="Z0NONE") == ("NoSuchHostedZone", "No hosted zone found with ID: Z0NONE")
    for name in ("a..test", "*.test", ".", "elb.localhost", "x.dns.localhost"):
        code, _ = names.refused("create_hosted_zone", Name=name, CallerReference="2")
        assert code == "InvalidDomainName", name
    for more in (
        {"VPC": {"VPCRegion": "us-east-1", "VPCId": "vpc-1"}},
        {"HostedZoneConfig": {"PrivateZone": True}},
        {"DelegationSetId": "N1"},
    ):
        code, message = names.refused("create_hosted_zone", Name="b.test", CallerReference="3", **more)
        assert (code, "not supported by simlb yet" in message) == ("InvalidInput", True), more
    monkeypatch.setattr("simlb.app.moto.is_installed", lambda: False)
    code, message = names.refused("create_health_check", CallerReference="1", HealthCheckConfig={"Type": "HTTP"})
    assert (code, "is not emulated by simlb. With its extra" in message) == ("UnsupportedOperation", True)
    assert names.aws.get_hosted_zone_count()["HostedZoneCount"] == 1


ROUTING: list[dict[str, Any]] = [
    {"SetIdentifier": "a", "Weight": 1},
    {"SetIdentifier": "a", "Region": "us-east-1"},
    {"SetIdentifier": "a", "GeoLocation": {"CountryCode": "KR"}},
    {"SetIdentifier": "a", "Failover": "PRIMARY"},
    {"SetIdentifier": "a", "MultiValueAnswer": True},
    {"HealthCheckId": "abc"},
]


def test_what_goes_wrong_with_a_batch(names: Names) -> None:
    zone = names.create()
    good = records("www.shop.test", "A", "192.0.2.1")

    def refused(*sets: dict[str, Any]) -> tuple[str, str]:
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": each} for each in sets]}
        return names.refused("change_resource_record_sets", HostedZoneId=zone, ChangeBatch=batch)

    assert refused(good, records("a.shop.test", "A", "1.2")) == (
        "InvalidChangeBatch",
        "[Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) "
        "encountered with '1.2'']",
    )
    assert refused(records("a..shop.test", "A", "192.0.2.1"))[0] == "InvalidChangeBatch"
    for routing in ROUTING:
        code, message = refused(good | routing)
        assert code == "InvalidInput"
        assert f"({list(routing)[-1]}) is not supported by simlb yet" in message
    assert "record type SRV" in refused(records("a.shop.test", "SRV", "1 1 80 b.test"))[1]
    assert "enum value set" in refused(records("a.shop.test", "A6", "x"))[1]
    no_values = {"Name": "a.shop.test", "Type": "A", "TTL": 60}
    assert "but found none in Change with [Action=CREATE, Name=a.shop.test" in refused(no_values)[1]
    assert "but found more than one" in refused(names.alias("a.shop.test") | {"TTL": 60})[1]
    assert "does not lie within the target zone" in refused(names.alias("a.shop.test", HostedZoneId="Z1"))[1]
    assert "that target was not found" in refused(names.alias("a.shop.test", DNSName="x.elb.localhost"))[1]
    in_zone = {"HostedZoneId": zone, "DNSName": "www.shop.test"}
    assert "that target was not found" in refused(names.alias("a.shop.test", **in_zone))[1]
    assert "alias record of type TXT" in refused(names.alias("a.shop.test", "TXT"))[1]
    assert names.aws.get_hosted_zone(Id=zone)["HostedZone"]["ResourceRecordSetCount"] == 2
    names.change(zone, ("CREATE", good), ("CREATE", names.alias("a.shop.test", **in_zone)))
    assert names.dig("a.shop.test") == ["A 300 192.0.2.1"]


@pytest.mark.parametrize("domain", ["shop.test", "shop.co.kr"])
def test_a_certificate_is_issued_once_its_record_is_in_the_zone(names: Names, domain: str) -> None:
    zone = names.create(domain)
    with elbv2(names.lb.control_url, service="acm") as acm:
        arn = acm.request_certificate(DomainName=f"api.{domain}", ValidationMethod="DNS", KeyAlgorithm="EC_prime256v1")[
            "CertificateArn"
        ]
        (option,) = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
        asked = option["ResourceRecord"]
        names.clock.advance(5)
        assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "PENDING_VALIDATION"
        names.change(zone, ("CREATE", records(asked["Name"], "CNAME", asked["Value"])))
        assert names.dig(asked["Name"], "CNAME") == [f"CNAME 300 {asked['Value']}"]
        names.clock.advance(5)
        names.lb.wait(lambda: not names.lb.app.acm.issuing.is_looking)
        assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "code"),
    [
        ("GET", "/hostedzone", {}, b"", 403, "MissingAuthenticationToken"),
        ("GET", "/hostedzone", {"Authorization": authorization(service="s3")}, b"", 400, "UnsupportedOperation"),
        ("POST", "/hostedzone", {"Authorization": authorization(service="route53")}, b"{}", 400, "InvalidInput"),
        ("POST", "/hostedzone", {"Authorization": authorization(service="route53")}, b"", 400, "InvalidInput"),
        ("POST", "/hostedzone", {"Authorization": authorization(service="route53")}, b"<" * 1_100_000, 413, None),
        ("POST", "/hostedzone", {"Origin": "http://evil.test"}, b"", 403, "AccessDenied"),
        ("DELETE", "/hostedzone/Z1?X-Amz-Credential=a/20261128/us-east-1/route53/aws4_request", {}, b"", 403, None),
        ("GET", "/hostedzone/%00%ff", {"Authorization": authorization(service="route53")}, b"", 404, None),
        (
            "DELETE",
            "/hostedzone",
            {"Authorization": authorization(service="route53")},
            b"",
            400,
            "UnsupportedOperation",
        ),
        ("GET", "/", {"Authorization": authorization(service="route53")}, b"", 400, "UnsupportedOperation"),
    ],
)
def test_hostile_and_lost_requests(
    names: Names, method: str, path: str, headers: dict[str, str], body: bytes, status: int, code: str | None
) -> None:
    connection = http.client.HTTPConnection(names.lb.control_url.removeprefix("http://"), timeout=5)
    connection.request(method, f"/2013-04-01{path}", body=body, headers=headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    assert (response.status, f"<Code>{code or ''}" in text) == (status, True), text
    assert "<ErrorResponse xmlns=" in text
