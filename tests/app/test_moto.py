"""moto behind the control port, by boto3: what simlb does not have, and a load balancer in a VPC of moto's."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simlb.app.moto import is_installed
from simlb.core import ids
from simlb.testing import ALB, Clock, FakeBackend
from simlb.testing.running import RunningLoadBalancer
from tests.aws import REGION, elbv2

pytestmark = pytest.mark.slow
VPC = ids.vpc_id(REGION)
TRUST = '{"Version": "2012-10-17", "Statement": []}'


class Cloud:
    """A load balancer of the file, and clients of several services, all of the same instance."""

    def __init__(self, lb: RunningLoadBalancer, clients: dict[str, Any]) -> None:
        self.lb = lb
        self.ec2 = clients["ec2"]
        self.elbv2 = clients["elbv2"]
        self.iam = clients["iam"]
        self.sts = clients["sts"]
        self.route53 = clients["route53"]

    def network(self) -> tuple[str, list[str], str]:
        """A VPC of moto's: its id, two subnets, a security group."""
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = []
        for number, zone in enumerate((f"{REGION}c", f"{REGION}a")):
            made = self.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)
            subnets.append(made["Subnet"]["SubnetId"])
        group = self.ec2.create_security_group(GroupName="web", Description="Web", VpcId=vpc)["GroupId"]
        return vpc, subnets, group


def code(call: Any, **parameters: Any) -> str:
    """The code of a call that fails."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    found: str = caught.value.response["Error"]["Code"]
    return found


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """One for all tests of this file: moto takes a second or two to start."""
    if not is_installed():
        pytest.fail("moto is not installed: pip install -e '.[dev]' brings it")
    alb = ALB("shop", clock=Clock("manual"), control=True)
    alb.listen(80).forward(alb.target_group("web", FakeBackend()))
    with alb.start() as lb, ExitStack() as stack:
        names = ("ec2", "elbv2", "iam", "sts", "route53")
        yield Cloud(lb, {name: stack.enter_context(elbv2(lb.control_url, service=name)) for name in names})


def test_identities_and_what_lies_beside(cloud: Cloud) -> None:
    role = cloud.iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=TRUST)["Role"]
    assert role["Arn"] == "arn:aws:iam::000000000000:role/deploy"
    cloud.iam.attach_role_policy(RoleName="deploy", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess")
    assumed = cloud.sts.assume_role(RoleArn=role["Arn"], RoleSessionName="ci")
    assert assumed["AssumedRoleUser"]["Arn"] == "arn:aws:sts::000000000000:assumed-role/deploy/ci"
    assert cloud.sts.get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:user/simlb"
    assert code(cloud.iam.get_role, RoleName="none") == "NoSuchEntity"
    check = cloud.route53.create_health_check(
        CallerReference="1", HealthCheckConfig={"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": 80}
    )
    (listed,) = cloud.route53.list_health_checks()["HealthChecks"]
    assert listed["Id"] == check["HealthCheck"]["Id"]
    zone = cloud.route53.create_hosted_zone(Name="a.test", CallerReference="1")["HostedZone"]["Id"]
    assert code(cloud.route53.list_vpc_association_authorizations, HostedZoneId=zone) == "UnsupportedOperation"


def test_lists_show_what_both_have(cloud: Cloud) -> None:
    cloud.ec2.allocate_address()
    (default,) = cloud.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    assert default["VpcId"] == VPC
    vpc, subnets, group = cloud.network()
    assert {VPC, vpc} <= {each["VpcId"] for each in cloud.ec2.describe_vpcs()["Vpcs"]}
    assert [each["VpcId"] for each in cloud.ec2.describe_vpcs(VpcIds=[vpc, VPC])["Vpcs"]] == [VPC, vpc]
    (only,) = cloud.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert (only["CidrBlock"], only["IsDefault"]) == ("10.0.0.0/16", False)
    in_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    assert {each["SubnetId"] for each in cloud.ec2.describe_subnets(Filters=in_vpc)["Subnets"]} == set(subnets)
    groups = cloud.ec2.describe_security_groups(Filters=in_vpc)["SecurityGroups"]
    assert {each["GroupName"] for each in groups} == {"default", "web"}
    cloud.ec2.create_tags(Resources=[group], Tags=[{"Key": "team", "Value": "shop"}])
    tags = cloud.ec2.describe_tags(Filters=[{"Name": "key", "Values": ["team"]}])["Tags"]
    assert [tag["ResourceId"] for tag in tags] == [group]
    pages = cloud.ec2.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5})
    shown = [each["GroupId"] for page in pages for each in page["SecurityGroups"]]
    assert {group, ids.default_security_group_id(REGION)} <= set(shown)
    assert len(shown) == len(set(shown))
    by_arn = [{"Name": "subnet-arn", "Values": ["*"]}]
    assert code(cloud.ec2.describe_subnets, Filters=by_arn) == "UnsupportedOperation", "moto has no such filter"
    own = ids.subnet_id(f"{REGION}a")
    assert len(cloud.ec2.describe_subnets(Filters=by_arn, SubnetIds=[own])["Subnets"]) == 1
    assert code(cloud.ec2.describe_subnets, SubnetIds=["subnet-12345678"]) == "InvalidSubnetID.NotFound"


def test_what_simlb_has_is_not_for_moto_to_change(cloud: Cloud) -> None:
    cloud.ec2.allocate_address()
    assert code(cloud.ec2.create_subnet, VpcId=VPC, CidrBlock="172.31.99.0/24") == "UnsupportedOperation"
    assert code(cloud.ec2.delete_vpc, VpcId=VPC) == "UnsupportedOperation"
    assert code(cloud.ec2.run_instances, MinCount=1, MaxCount=1, ImageId="ami-1") == "UnsupportedOperation"
    assert code(cloud.ec2.request_spot_instances) == "UnsupportedOperation"
    assert code(cloud.ec2.create_default_vpc) == "UnsupportedOperation"
    assert code(cloud.ec2.describe_verified_access_groups) == "UnsupportedOperation"


def test_a_load_balancer_in_a_vpc_of_motos(cloud: Cloud) -> None:
    vpc, subnets, group = cloud.network()
    other, _, _ = cloud.network()
    create = cloud.elbv2.create_load_balancer
    own = [ids.subnet_id(f"{REGION}{letter}") for letter in "ab"]
    assert code(create, Name="net", Subnets=[subnets[0], own[0]]) == "InvalidConfigurationRequest"
    assert code(create, Name="net", Subnets=own, SecurityGroups=[group]) == "InvalidConfigurationRequest"
    assert code(create, Name="net", Subnets=[subnets[0], "subnet-12345678"]) == "SubnetNotFound"
    (made,) = create(Name="net", Subnets=subnets, SecurityGroups=[group])["LoadBalancers"]
    arn = made["LoadBalancerArn"]
    (again,) = create(Name="net", Subnets=subnets, SecurityGroups=[group])["LoadBalancers"]
    (shown,) = cloud.elbv2.describe_load_balancers(Names=["net"])["LoadBalancers"]
    assert again["LoadBalancerArn"] == arn
    for balancer in (made, shown):
        assert (balancer["VpcId"], balancer["SecurityGroups"]) == (vpc, [group])
        assert [(zone["ZoneName"], zone["SubnetId"]) for zone in balancer["AvailabilityZones"]] == [
            (f"{REGION}a", subnets[1]),
            (f"{REGION}c", subnets[0]),
        ]
    new_group = {"Name": "in-net", "Protocol": "HTTP", "Port": 80}
    (targets,) = cloud.elbv2.create_target_group(**new_group, VpcId=vpc)["TargetGroups"]
    assert targets["VpcId"] == vpc
    assert cloud.elbv2.describe_target_groups(Names=["in-net"])["TargetGroups"][0]["VpcId"] == vpc
    assert code(cloud.elbv2.create_target_group, **new_group, VpcId=other) == "DuplicateTargetGroupName"

    answer = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]
    cloud.elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=8080, DefaultActions=answer)

    def gate() -> str:
        balancer = next(each for each in cloud.lb.app.view().load_balancers if each.name == "net")
        return balancer.listeners[0].gate

    closed = gate()
    rule = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "127.0.0.0/8"}]}
    cloud.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    assert gate() != closed
    cloud.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])
    assert gate() == closed

    for call, name in (
        (cloud.ec2.delete_vpc, {"VpcId": vpc}),
        (cloud.ec2.delete_subnet, {"SubnetId": subnets[0]}),
        (cloud.ec2.delete_security_group, {"GroupId": group}),
    ):
        assert code(call, **name) == "DependencyViolation"
    cloud.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    cloud.elbv2.delete_target_group(TargetGroupArn=targets["TargetGroupArn"])
    assert not [kind for kind in cloud.lb.app.changes.records if "foreign" in kind]
    cloud.ec2.delete_security_group(GroupId=group)
    for subnet in subnets:
        cloud.ec2.delete_subnet(SubnetId=subnet)
    cloud.ec2.delete_vpc(VpcId=vpc)


def test_nobody_else_is_answered(cloud: Cloud) -> None:
    cloud.ec2.allocate_address()
    process = cloud.lb.app.moto._process
    assert process is not None
    host, port = process.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 5) as sock:
        sock.sendall(b"POST / HTTP/1.0\r\nOrigin: http://evil.test\r\nContent-Length: 17\r\n\r\nAction=CreateVpc")
        answer = b""
        while part := sock.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"Access-Control" not in answer
