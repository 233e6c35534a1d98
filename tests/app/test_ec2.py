"""EC2 by boto3: the default network, security groups that listeners enforce, instances that stop and start."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simlb.core import ids
from simlb.dataplane.gate import can_drop
from simlb.testing import ALB, Clock, FakeBackend
from simlb.testing.running import RunningLoadBalancer
from tests.aws import REGION, elbv2

VPC = ids.vpc_id(REGION)
OWN = ids.security_group_id(REGION, "shop")
DEFAULT = ids.default_security_group_id(REGION)
ANYWHERE = [{"CidrIp": "0.0.0.0/0"}]
AT_ONCE = {"Delay": 0, "MaxAttempts": 200}
linux_only = pytest.mark.skipif(not can_drop(), reason="a full accept queue drops SYNs on Linux only")


class Shop:
    """A load balancer with two targets, and clients of both APIs."""

    def __init__(self, lb: RunningLoadBalancer, clock: Clock, ec2: Any, aws: Any) -> None:
        self.lb = lb
        self.clock = clock
        self.ec2 = ec2
        self.aws = aws
        self.group: str = aws.describe_target_groups(Names=["web"])["TargetGroups"][0]["TargetGroupArn"]

    def fails(self, operation: str, /, **parameters: Any) -> tuple[str, str]:
        """The error's code and message."""
        with pytest.raises(ClientError) as caught:
            getattr(self.ec2, operation)(**parameters)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    def ingress(self, group_id: str, *permissions: dict[str, Any], revoke: bool = False) -> Any:
        """Open or close."""
        do = self.ec2.revoke_security_group_ingress if revoke else self.ec2.authorize_security_group_ingress
        return do(GroupId=group_id, IpPermissions=list(permissions))

    def described(self, group_id: str) -> Any:
        """A security group."""
        (group,) = self.ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
        return group

    def health(self) -> list[tuple[str, str | None, str | None]]:
        """State, reason and description of each target."""
        found = self.aws.describe_target_health(TargetGroupArn=self.group)["TargetHealthDescriptions"]
        return [
            (health["State"], health.get("Reason"), health.get("Description"))
            for health in (each["TargetHealth"] for each in found)
        ]

    def connects(self, url: str | None = None) -> bool:
        """Whether a new client gets in; by default to the file's listener."""
        port = int((url or self.lb.url).rpartition(":")[2].strip("/"))
        try:
            socket.create_connection(("127.0.0.1", port), 0.1).close()
        except TimeoutError:
            return False
        return True

    def gate(self) -> str:
        """As `simlb status` shows it."""
        (balancer,) = self.lb.app.view().load_balancers
        return balancer.listeners[0].gate


@contextmanager
def running() -> Iterator[Shop]:
    """Time stands still."""
    clock = Clock("manual")
    alb = ALB("shop", clock=clock, control=True)
    web = alb.target_group("web", FakeBackend(text="one"), FakeBackend(text="two"), "http://127.0.0.1:9", interval=30)
    alb.listen(80).forward(web)
    with (
        alb.start() as lb,
        elbv2(lb.control_url, service="ec2") as ec2,
        elbv2(lb.control_url) as aws,
    ):
        yield Shop(lb, clock, ec2, aws)


@pytest.fixture
def shop() -> Iterator[Shop]:
    """One to change."""
    with running() as found:
        yield found


@pytest.fixture(scope="module")
def still() -> Iterator[Shop]:
    """One that stays as it is."""
    with running() as found:
        yield found


def tcp(first: int, last: int | None = None, **sources: Any) -> dict[str, Any]:
    """A permission."""
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": first if last is None else last, **sources}


class TestNetwork:
    def test_the_default_vpc(self, still: Shop) -> None:
        (vpc,) = still.ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
        assert (vpc["VpcId"], vpc["CidrBlock"], vpc["IsDefault"]) == (VPC, "172.31.0.0/16", True)
        assert still.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"] == []
        assert still.ec2.describe_vpc_attribute(VpcId=VPC, Attribute="enableDnsSupport")["EnableDnsSupport"] == {
            "Value": True
        }
        assert still.fails("describe_vpcs", VpcIds=["vpc-1"]) == (
            "InvalidVpcID.NotFound",
            "The vpc ID 'vpc-1' does not exist",
        )

    def test_a_subnet_in_each_zone(self, still: Shop) -> None:
        zones = still.ec2.describe_availability_zones()["AvailabilityZones"]
        assert [zone["ZoneName"] for zone in zones] == [f"{REGION}{letter}" for letter in "abcd"]
        subnets = still.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [VPC]}])["Subnets"]
        assert [(each["AvailabilityZone"], each["CidrBlock"]) for each in subnets] == [
            (f"{REGION}a", "172.31.0.0/20"),
            (f"{REGION}b", "172.31.16.0/20"),
            (f"{REGION}c", "172.31.32.0/20"),
            (f"{REGION}d", "172.31.48.0/20"),
        ]
        (balancer,) = still.aws.describe_load_balancers()["LoadBalancers"]
        shown = {zone["SubnetId"] for zone in balancer["AvailabilityZones"]}
        assert shown <= {subnet["SubnetId"] for subnet in subnets}
        zone_c = [{"Name": "availability-zone", "Values": [f"{REGION}c", "nowhere"]}]
        assert len(still.ec2.describe_subnets(Filters=zone_c)["Subnets"]) == 1
        for name, value in {"cidr": "172.31.16.0/20", "cidrBlock": "172.31.16.0/20", "availabilityZone": "*b"}.items():
            old_name = [{"Name": name, "Values": [value]}, {"Name": "defaultForAz", "Values": ["true"]}]
            (subnet,) = still.ec2.describe_subnets(Filters=old_name)["Subnets"]
            assert subnet["AvailabilityZone"] == f"{REGION}b"
        assert still.fails("describe_subnets", Filters=[{"Name": "zone", "Values": ["c"]}]) == (
            "InvalidParameterValue",
            "The filter 'zone' is invalid",
        )

    def test_what_lies_around_it(self, still: Shop) -> None:
        (table,) = still.ec2.describe_route_tables(Filters=[{"Name": "association.main", "Values": ["true"]}])[
            "RouteTables"
        ]
        (gateway,) = still.ec2.describe_internet_gateways()["InternetGateways"]
        assert {route["GatewayId"] for route in table["Routes"]} == {"local", gateway["InternetGatewayId"]}
        assert still.ec2.describe_network_interfaces()["NetworkInterfaces"] == []
        assert still.ec2.describe_managed_prefix_lists()["PrefixLists"] == []
        (attribute,) = still.ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]
        assert attribute["AttributeValues"] == [{"AttributeValue": VPC}]
        assert REGION in {each["RegionName"] for each in still.ec2.describe_regions()["Regions"]}

    def test_pages(self, shop: Shop) -> None:
        for number in range(7):
            shop.ec2.create_security_group(GroupName=f"g{number}", Description="d")
        pages = shop.ec2.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5})
        assert [len(page["SecurityGroups"]) for page in pages] == [5, 4]
        assert shop.fails("describe_security_groups", MaxResults=1001)[0] == "InvalidParameterValue"
        assert shop.fails("describe_security_groups", NextToken="x")[0] == "InvalidNextToken"
        assert shop.fails("describe_security_groups", MaxResults=5, GroupIds=[OWN])[0] == "InvalidParameterCombination"

    def test_another_region_has_a_network_and_groups_of_its_own(self, shop: Shop) -> None:
        shop.ec2.create_security_group(GroupName="a", Description="here")
        with elbv2(shop.lb.control_url, region="us-east-1", service="ec2") as elsewhere:
            assert len(elsewhere.describe_subnets()["Subnets"]) == 6
            (only,) = elsewhere.describe_security_groups()["SecurityGroups"]
            assert (only["GroupName"], only["VpcId"]) == ("default", ids.vpc_id("us-east-1"))
            assert elsewhere.describe_instances()["Reservations"] == []
            group = elsewhere.create_security_group(GroupName="a", Description="there")["GroupId"]
            elsewhere.create_tags(Resources=[group], Tags=[{"Key": "team", "Value": "b"}])
            elsewhere.authorize_security_group_ingress(
                GroupId=group, IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": ANYWHERE}]
            )
            assert shop.fails("describe_security_groups", GroupIds=[group])[0] == "InvalidGroup.NotFound"
            assert shop.fails("delete_security_group", GroupId=group)[0] == "InvalidGroup.NotFound"
            assert shop.ec2.describe_tags()["Tags"] == []
            assert [each["ResourceId"] for each in elsewhere.describe_tags()["Tags"]] == [group]
            elsewhere.delete_security_group(GroupId=group)
            assert len(elsewhere.describe_security_groups()["SecurityGroups"]) == 1
        assert {each["GroupName"] for each in shop.ec2.describe_security_groups()["SecurityGroups"]} > {"a"}


class TestSecurityGroups:
    def test_life_of_a_group(self, shop: Shop) -> None:
        made = shop.ec2.create_security_group(
            GroupName="web",
            Description="Web servers",
            VpcId=VPC,
            TagSpecifications=[{"ResourceType": "security-group", "Tags": [{"Key": "Team", "Value": "a"}]}],
        )
        group = made["GroupId"]
        assert shop.fails("create_security_group", GroupName="web", Description="x") == (
            "InvalidGroup.Duplicate",
            f"The security group 'web' already exists for VPC '{VPC}'",
        )
        (rule,) = shop.ingress(group, tcp(8000, 9000, IpRanges=[{"CidrIp": "10.1.2.3/8", "Description": "office"}]))[
            "SecurityGroupRules"
        ]
        assert (rule["CidrIpv4"], rule["FromPort"], rule["ToPort"]) == ("10.0.0.0/8", 8000, 9000)
        assert shop.described(group)["IpPermissions"] == [
            {
                "IpProtocol": "tcp",
                "FromPort": 8000,
                "ToPort": 9000,
                "UserIdGroupPairs": [],
                "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "office"}],
                "Ipv6Ranges": [],
                "PrefixListIds": [],
            }
        ]
        assert shop.described(group)["Tags"] == [{"Key": "Team", "Value": "a"}]
        by_tag = [{"Name": "tag:Team", "Values": ["a*"]}]
        assert len(shop.ec2.describe_security_groups(Filters=by_tag)["SecurityGroups"]) == 1
        shop.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
        assert shop.described(group)["IpPermissions"] == []
        shop.ec2.delete_security_group(GroupId=group)
        assert shop.fails("describe_security_groups", GroupIds=[group]) == (
            "InvalidGroup.NotFound",
            f"The security group '{group}' does not exist",
        )
        assert shop.ec2.describe_tags()["Tags"] == []

    def test_rules_may_be_said_in_the_old_way(self, shop: Shop) -> None:
        group = shop.ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
        old: Any = {"GroupName": "web", "IpProtocol": "6", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0"}
        shop.ec2.authorize_security_group_ingress(**old)
        assert shop.fails("authorize_security_group_ingress", **old) == (
            "InvalidPermission.Duplicate",
            'the specified rule "peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW" already exists',
        )
        shop.ingress(group, tcp(80, IpRanges=ANYWHERE), revoke=True)
        with pytest.raises(ClientError, match="The specified rule does not exist in this security group"):
            shop.ingress(group, tcp(80, IpRanges=ANYWHERE), revoke=True)

    def test_a_rule_that_is_modified_stays_the_same_rule(self, shop: Shop) -> None:
        """As Terraform modifies them. What the rule said before may come back beside it."""
        group = shop.ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
        (rule,) = shop.ingress(group, tcp(80, IpRanges=ANYWHERE))["SecurityGroupRules"]
        name = rule["SecurityGroupRuleId"]
        shop.ec2.create_tags(Resources=[name], Tags=[{"Key": "a", "Value": "1"}])
        wanted = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 443, "CidrIpv4": "127.0.0.0/8", "Description": "here"}
        change: Any = {
            "GroupId": group,
            "SecurityGroupRules": [{"SecurityGroupRuleId": name, "SecurityGroupRule": wanted}],
        }
        assert shop.ec2.modify_security_group_rules(**change)["Return"] is True
        (told,) = shop.ec2.describe_security_group_rules(SecurityGroupRuleIds=[name])["SecurityGroupRules"]
        assert told.items() >= wanted.items()
        assert told["Tags"] == [{"Key": "a", "Value": "1"}]
        (again,) = shop.ingress(group, tcp(80, IpRanges=ANYWHERE))["SecurityGroupRules"]
        assert again["SecurityGroupRuleId"] not in {name, ""}
        code, message = shop.fails(
            "modify_security_group_rules",
            GroupId=group,
            SecurityGroupRules=[{"SecurityGroupRuleId": again["SecurityGroupRuleId"], "SecurityGroupRule": wanted}],
        )
        assert (code, message.partition(",")[0]) == (
            "InvalidPermission.Duplicate",
            'the specified rule "peer: 127.0.0.0/8',
        )
        of_group = {"IpProtocol": "-1", "ReferencedGroupId": OWN}
        change = [{"SecurityGroupRuleId": name, "SecurityGroupRule": of_group}]
        shop.ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=change)
        (told,) = shop.ec2.describe_security_group_rules(SecurityGroupRuleIds=[name])["SecurityGroupRules"]
        assert told["ReferencedGroupInfo"]["GroupId"] == OWN
        shop.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[name])
        (left,) = shop.described(group)["IpPermissions"]
        assert left["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]

    def test_descriptions_change_by_permissions_and_by_ids(self, shop: Shop) -> None:
        group = shop.ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
        (rule,) = shop.ingress(group, tcp(80, IpRanges=ANYWHERE))["SecurityGroupRules"]
        said = tcp(80, IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "two"}])
        shop.ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[said])
        assert shop.described(group)["IpPermissions"][0]["IpRanges"][0]["Description"] == "two"
        by_id: Any = [{"SecurityGroupRuleId": rule["SecurityGroupRuleId"]}]
        shop.ec2.update_security_group_rule_descriptions_ingress(GroupId=group, SecurityGroupRuleDescriptions=by_id)
        assert shop.described(group)["IpPermissions"][0]["IpRanges"] == ANYWHERE
        outgoing = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "out"}]}]
        shop.ec2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=outgoing)
        assert shop.described(group)["IpPermissionsEgress"][0]["IpRanges"][0]["Description"] == "out"

    @pytest.mark.parametrize(
        ("rule", "code"),
        [
            ({}, "InvalidParameterValue"),
            ({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2}, "InvalidParameterValue"),
            ({"IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8", "CidrIpv6": "::/0"}, "InvalidParameterValue"),
            ({"IpProtocol": "tcp", "FromPort": 2, "ToPort": 1, "CidrIpv4": "10.0.0.0/8"}, "InvalidParameterValue"),
            ({"IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8", "Description": "a" * 256}, "InvalidParameterValue"),
            ({"IpProtocol": "-1", "PrefixListId": "pl-1"}, "InvalidPrefixListID.NotFound"),
            ({"IpProtocol": "-1", "ReferencedGroupId": "sg-01234567"}, "InvalidGroup.NotFound"),
        ],
    )
    def test_what_a_rule_cannot_become(self, still: Shop, rule: dict[str, Any], code: str) -> None:
        (held, *_) = still.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [OWN]}])[
            "SecurityGroupRules"
        ]
        change = {"SecurityGroupRuleId": held["SecurityGroupRuleId"], "SecurityGroupRule": rule}
        assert still.fails("modify_security_group_rules", GroupId=OWN, SecurityGroupRules=[change])[0] == code

    def test_rules_that_are_not_there_are_not_changed(self, still: Shop) -> None:
        rule = {"IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8"}
        stray = [{"SecurityGroupRuleId": "sgr-00000000000000000", "SecurityGroupRule": rule}]
        code = "InvalidSecurityGroupRuleId.NotFound"
        assert still.fails("modify_security_group_rules", GroupId=OWN, SecurityGroupRules=stray)[0] == code
        twice = stray * 2
        assert still.fails("modify_security_group_rules", GroupId=OWN, SecurityGroupRules=twice)[0] == (
            "InvalidParameterValue"
        )
        describe = "update_security_group_rule_descriptions_ingress"
        by_id = [{"SecurityGroupRuleId": "sgr-00000000000000000", "Description": "x"}]
        assert still.fails(describe, GroupId=OWN, SecurityGroupRuleDescriptions=by_id)[0] == code
        permission = tcp(9, IpRanges=ANYWHERE)
        assert still.fails(describe, GroupId=OWN, IpPermissions=[permission])[0] == "InvalidPermission.NotFound"
        assert still.fails(describe, GroupId=OWN)[0] == "MissingParameter"
        assert still.lb.app.changes.security_groups == {}

    def test_groups_as_sources_are_kept_and_let_nobody_in(self, shop: Shop) -> None:
        group = shop.ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
        shop.ingress(group, tcp(80, UserIdGroupPairs=[{"GroupId": OWN}]))
        (permission,) = shop.described(group)["IpPermissions"]
        assert permission["UserIdGroupPairs"] == [{"UserId": "000000000000", "GroupId": OWN}]
        assert shop.lb.app.changes.security_groups[group].inbound == ()
        other = shop.ec2.create_security_group(GroupName="other", Description="d")["GroupId"]
        shop.ingress(group, tcp(81, UserIdGroupPairs=[{"GroupName": "other"}]))
        assert shop.fails("delete_security_group", GroupId=other)[0] == "DependencyViolation"

    def test_dry_run(self, still: Shop) -> None:
        code, message = still.fails("create_security_group", GroupName="web", Description="d", DryRun=True)
        assert (code, message) == ("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
        assert still.fails("delete_security_group", GroupId="sg-01234567", DryRun=True)[0] == "InvalidGroup.NotFound"
        assert len(still.ec2.describe_security_groups()["SecurityGroups"]) == 2

    @pytest.mark.parametrize(
        ("parameters", "code"),
        [
            ({"GroupName": "default", "Description": "d"}, "InvalidParameterValue"),
            ({"GroupName": "sg-web", "Description": "d"}, "InvalidParameterValue"),
            ({"GroupName": "a" * 256, "Description": "d"}, "InvalidParameterValue"),
            ({"GroupName": "웹", "Description": "d"}, "InvalidParameterValue"),
            ({"GroupName": "web", "Description": "<d>"}, "InvalidParameterValue"),
            ({"GroupName": "web", "Description": ""}, "MissingParameter"),
            ({"GroupName": "web", "Description": "d", "VpcId": "vpc-1"}, "InvalidVpcID.NotFound"),
        ],
    )
    def test_groups_that_cannot_be(self, still: Shop, parameters: dict[str, Any], code: str) -> None:
        assert still.fails("create_security_group", **parameters)[0] == code

    @pytest.mark.parametrize(
        ("permission", "code"),
        [
            (tcp(80, IpRanges=[{"CidrIp": "10.0.0.0"}]), "InvalidParameterValue"),
            (tcp(80, IpRanges=[{"CidrIp": "10.0.0.0/255.0.0.0"}]), "InvalidParameterValue"),
            (tcp(80, IpRanges=[{"CidrIp": "::/0"}]), "InvalidParameterValue"),
            (tcp(80, Ipv6Ranges=[{"CidrIpv6": "fe80::%1/64"}]), "InvalidParameterValue"),
            (tcp(80, 79, IpRanges=ANYWHERE), "InvalidParameterValue"),
            (tcp(0, 65536, IpRanges=ANYWHERE), "InvalidParameterValue"),
            (tcp(80, IpRanges=ANYWHERE * 2), "InvalidParameterValue"),
            ({"IpProtocol": "tcp", "IpRanges": ANYWHERE}, "InvalidParameterValue"),
            ({"IpProtocol": "http", "FromPort": 80, "ToPort": 80, "IpRanges": ANYWHERE}, "InvalidParameterValue"),
            ({"IpProtocol": "256", "IpRanges": ANYWHERE}, "InvalidParameterValue"),
            (tcp(80), "MissingParameter"),
            (tcp(80, UserIdGroupPairs=[{"GroupId": "sg-01234567"}]), "InvalidGroup.NotFound"),
            (tcp(80, UserIdGroupPairs=[{"GroupId": "web"}]), "InvalidGroupId.Malformed"),
            (tcp(80, PrefixListIds=[{"PrefixListId": "pl-1"}]), "InvalidPrefixListID.NotFound"),
            (tcp(80, IpRanges=[{"CidrIp": f"10.0.0.{number}/32"} for number in range(61)]), "RulesPerSecurityGroup"),
        ],
    )
    def test_rules_that_cannot_be(self, still: Shop, permission: dict[str, Any], code: str) -> None:
        with pytest.raises(ClientError) as caught:
            still.ingress(OWN, permission)
        assert caught.value.response["Error"]["Code"].startswith(code)
        assert still.lb.app.changes.security_groups == {}

    def test_outgoing_rules_are_all_or_nothing(self, shop: Shop) -> None:
        """What Terraform does to a group that it has created: the rule for everything goes, and comes back."""
        group = shop.ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
        everything: Any = {"GroupId": group, "IpPermissions": [{"IpProtocol": "-1", "IpRanges": ANYWHERE}]}
        shop.ec2.revoke_security_group_egress(**everything)
        assert shop.described(group)["IpPermissionsEgress"] == []
        shop.ec2.authorize_security_group_egress(**everything)
        assert len(shop.described(group)["IpPermissionsEgress"]) == 1
        code, message = shop.fails(
            "authorize_security_group_egress", GroupId=group, IpPermissions=[tcp(443, IpRanges=ANYWHERE)]
        )
        assert code == "UnsupportedOperation"
        assert "simlb does not restrict what load balancers connect to" in message

    def test_groups_that_stay(self, still: Shop) -> None:
        assert still.fails("delete_security_group", GroupId=DEFAULT)[0] == "CannotDelete"
        assert still.fails("delete_security_group", GroupId=OWN) == (
            "DependencyViolation",
            f"resource {OWN} has a dependent object",
        )

    def test_tags(self, shop: Shop) -> None:
        rule = shop.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [OWN]}])[
            "SecurityGroupRules"
        ][0]["SecurityGroupRuleId"]
        subnet = ids.subnet_id(f"{REGION}a")
        shop.ec2.create_tags(Resources=[OWN, rule, subnet], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b"}])
        kinds = {tag["ResourceType"] for tag in shop.ec2.describe_tags()["Tags"]}
        assert kinds == {"security-group", "security-group-rule", "subnet"}
        shop.ec2.delete_tags(Resources=[OWN, rule], Tags=[{"Key": "a"}, {"Key": "b", "Value": "other"}])
        assert shop.described(OWN)["Tags"] == [{"Key": "b", "Value": ""}]
        shop.ec2.delete_tags(Resources=[OWN])
        assert shop.described(OWN)["Tags"] == []
        assert shop.fails("create_tags", Resources=["ami-1"], Tags=[{"Key": "a", "Value": ""}])[0] == "InvalidID"
        reserved = shop.fails("create_tags", Resources=[OWN], Tags=[{"Key": "aws:a", "Value": ""}])
        assert reserved[0] == "InvalidParameterValue"

    @linux_only
    def test_a_gate_closes_and_opens_under_traffic(self, shop: Shop) -> None:
        assert (shop.gate(), shop.connects()) == ("open", True)
        with shop.lb.session() as kept:
            assert kept.get(shop.lb.url).status_code == 200
            everybody = {"IpProtocol": "-1", "IpRanges": ANYWHERE, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
            shop.ingress(OWN, everybody, revoke=True)
            assert (shop.gate(), shop.connects()) == ("closed", False)
            assert kept.get(shop.lb.url).status_code == 200  # who is in stays in
            assert any("the security group of load balancer shop" in note for note in shop.lb.app.view().notices)
            shop.ingress(OWN, tcp(1, 79, IpRanges=ANYWHERE), tcp(81, 65535, IpRanges=ANYWHERE))
            assert shop.connects() is False
            shop.ingress(OWN, tcp(79, 81, IpRanges=[{"CidrIp": "127.0.0.0/8"}]))
            assert (shop.gate(), shop.connects()) == ("restricted", True)
        assert shop.lb.get(shop.lb.url).status_code == 200

    @linux_only
    def test_a_load_balancer_is_created_behind_a_group(self, shop: Shop) -> None:
        """As a tutorial has it: VPC, subnets, group, load balancer, listener; and everything away again."""
        subnets = [subnet["SubnetId"] for subnet in shop.ec2.describe_subnets()["Subnets"][:2]]
        group = shop.ec2.create_security_group(GroupName="web", Description="d", VpcId=VPC)["GroupId"]
        (made,) = shop.aws.create_load_balancer(Name="new", Subnets=subnets, SecurityGroups=[group])["LoadBalancers"]
        (listener,) = shop.aws.create_listener(
            LoadBalancerArn=made["LoadBalancerArn"],
            Protocol="HTTP",
            Port=8080,
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
        )["Listeners"]
        (described,) = shop.aws.describe_tags(ResourceArns=[listener["ListenerArn"]])["TagDescriptions"]
        url = next(tag["Value"] for tag in described["Tags"] if tag["Key"] == "aws:simlb:url")
        assert not shop.connects(url)
        shop.ingress(group, tcp(8000, 9000, IpRanges=ANYWHERE))
        assert shop.connects(url)
        assert shop.fails("delete_security_group", GroupId=group)[0] == "DependencyViolation"
        shop.aws.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
        shop.ec2.delete_security_group(GroupId=group)


class TestInstances:
    def ids(self, shop: Shop) -> dict[str, str]:
        """Instance ids by the names of targets."""
        found = [each["Instances"][0] for each in shop.ec2.describe_instances()["Reservations"]]
        return {each["Tags"][0]["Value"]: each["InstanceId"] for each in found}

    def test_they_are_the_targets(self, shop: Shop) -> None:
        known = self.ids(shop)
        assert known == {name: ids.instance_id(REGION, name) for name in ("i-01", "i-02", "i-03")}
        running = [{"Name": "instance-state-name", "Values": ["running"]}, {"Name": "tag:Name", "Values": ["i-0?"]}]
        assert len(shop.ec2.describe_instances(Filters=running)["Reservations"]) == 3
        shop.ec2.create_tags(Resources=[known["i-01"]], Tags=[{"Key": "Name", "Value": "first"}])
        assert "first" in self.ids(shop)
        (status,) = shop.ec2.describe_instance_status(InstanceIds=[known["i-02"]])["InstanceStatuses"]
        assert status["InstanceStatus"]["Status"] == "ok"
        assert shop.fails("describe_instances", InstanceIds=["i-0123456789"])[0] == "InvalidInstanceID.NotFound"
        assert shop.fails("describe_instances", InstanceIds=["web"])[0] == "InvalidInstanceID.Malformed"

    def test_a_stopped_instance_is_unused_and_a_started_one_initial(self, shop: Shop) -> None:
        first = self.ids(shop)["i-01"]
        (change,) = shop.ec2.stop_instances(InstanceIds=[first])["StoppingInstances"]
        assert change["PreviousState"] == {"Code": 16, "Name": "running"}
        assert shop.health()[0] == ("unused", "Target.InvalidState", "Target is in the stopped state")
        shop.ec2.get_waiter("instance_stopped").wait(InstanceIds=[first], WaiterConfig=AT_ONCE)
        assert {shop.lb.get(shop.lb.url).text for _ in range(4)} == {"two"}
        assert shop.ec2.describe_instance_status(InstanceIds=[first])["InstanceStatuses"] == []
        shop.clock.advance(60)
        assert shop.health()[0][1] == "Target.InvalidState"
        again = shop.ec2.stop_instances(InstanceIds=[first])["StoppingInstances"][0]
        assert again["CurrentState"] == again["PreviousState"] == {"Code": 80, "Name": "stopped"}
        assert shop.fails("reboot_instances", InstanceIds=[first])[0] == "IncorrectInstanceState"

        shop.ec2.start_instances(InstanceIds=[first])
        shop.ec2.get_waiter("instance_running").wait(InstanceIds=[first], WaiterConfig=AT_ONCE)
        shop.lb.wait(lambda: shop.health()[0][0] in {"initial", "healthy"})
        shop.clock.advance(30)
        assert shop.health()[0][0] == "healthy"
        assert {shop.lb.get(shop.lb.url).text for _ in range(4)} == {"one", "two"}

    def test_a_stopped_instance_cannot_be_registered(self, shop: Shop) -> None:
        first = self.ids(shop)["i-01"]
        made = shop.aws.create_target_group(Name="new", TargetType="instance", Protocol="HTTP", Port=80, VpcId=VPC)
        target: Any = {"TargetGroupArn": made["TargetGroups"][0]["TargetGroupArn"], "Targets": [{"Id": first}]}
        shop.ec2.stop_instances(InstanceIds=[first])
        with pytest.raises(shop.aws.exceptions.InvalidTargetException, match="are not in a running state"):
            shop.aws.register_targets(**target)
        shop.ec2.get_waiter("instance_stopped").wait(InstanceIds=[first], WaiterConfig=AT_ONCE)
        shop.ec2.start_instances(InstanceIds=[first])
        shop.ec2.get_waiter("instance_running").wait(InstanceIds=[first], WaiterConfig=AT_ONCE)
        shop.aws.register_targets(**target)

    def test_a_reset_starts_them(self, shop: Shop) -> None:
        known = self.ids(shop)
        shop.ec2.stop_instances(InstanceIds=[known["i-01"], known["i-02"]], Force=True)
        assert shop.lb.get(shop.lb.url).status_code == 503
        asyncio.run_coroutine_threadsafe(shop.lb.app.reset(), shop.lb.home.loop).result(5)
        assert {state for state, _, _ in shop.health()[:2]} <= {"initial", "healthy"}
        shop.ec2.get_waiter("instance_running").wait(InstanceIds=[known["i-02"]], WaiterConfig=AT_ONCE)

    def test_processes_of_others_are_left_alone(self, still: Shop) -> None:
        known = self.ids(still)
        for operation in ("stop_instances", "start_instances", "reboot_instances"):
            code, message = still.fails(operation, InstanceIds=[known["i-01"], known["i-03"]])
            assert code == "UnsupportedOperation"
            assert "is a process that you run yourself" in message
        assert still.health()[0][0] == "healthy"
        assert still.fails("stop_instances", InstanceIds=[known["i-01"]], Hibernate=True)[0] == "UnsupportedOperation"
        assert still.fails("stop_instances", InstanceIds=[known["i-01"]], DryRun=True)[0] == "DryRunOperation"
        assert still.health()[0][0] == "healthy"

    def test_nothing_is_ever_run(self, still: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("simlb.app.moto.is_installed", lambda: False)
        code, message = still.fails("run_instances", MinCount=1, MaxCount=1, ImageId="ami-1", UserData="#!/bin/sh")
        assert code == "UnsupportedOperation"
        assert "no command is ever started on behalf of an API call" in message
        (first, *_) = self.ids(still).values()
        assert still.fails("terminate_instances", InstanceIds=[first])[0] == "UnsupportedOperation"
        code, message = still.fails("allocate_address")
        assert code == "UnsupportedOperation"
        assert message == (
            "AllocateAddress of EC2 is not emulated by simlb. With its extra, moto answers it: "
            "pip install 'simlb[aws]' (SIMLB-E845)"
        )
