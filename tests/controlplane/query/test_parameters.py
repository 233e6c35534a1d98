"""Parameters of a call: what botocore writes is read back, and what is wrong is told in AWS's words."""

from __future__ import annotations

import pytest

from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.model import elbv2
from simlb.controlplane.query.parameters import PARAMETERS_MAX, read_form, read_parameters
from tests.controlplane.query.botocore_model import form
from tests.controlplane.query.values import Values

OPERATIONS = elbv2().operations


def read(operation: str, text: str) -> dict[str, object]:
    return read_parameters(read_form(text), OPERATIONS[operation].input)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_botocore_sends_is_read_back(operation: str) -> None:
    values = Values(operation, is_input=True)
    for _ in range(12):
        sent = values.structure(OPERATIONS[operation].input)
        assert read(operation, form(operation, sent)) == sent


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("Names=", {"Names": []}),  # how an empty list is written
        ("Names.member.2=b&Names.member.1=a", {"Names": ["a", "b"]}),
        ("Names.member.10=b&Names.member.9=a", {"Names": ["a", "b"]}),  # by number, not by sign
        ("Names.member.7=a&Names.member.999999999=b", {"Names": ["a", "b"]}),  # gaps are closed up
        ("Names.member.0=a", {"Names": ["a"]}),
        ("PageSize=17", {"PageSize": 17}),
        ("PageSize=%2B17", {"PageSize": 17}),
        ("Marker=", {"Marker": ""}),
        ("Marker=a%00b+c%26", {"Marker": "a\0b c&"}),
        ("names.member.1=a&Nmaes.member.1=a&Filter=x&a..b=1&.=2", {}),  # what there is not is passed over
        ("&".join(["Names.member.1=a", "x." * 30 + "x=1"]), {"Names": ["a"]}),
    ],
)
def test_forms(text: str, expected: dict[str, object]) -> None:
    assert read("DescribeLoadBalancers", text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Names=a",
        "Names.1=a",
        "Names.member=a",
        "Names.member.a=a",
        "Names.member.-1=a",
        "Names.member.01=a",
        "Names.member.1=a&Names.member.01=b",
        "Names.member.9999999999=a",
        "Names.member.1.x=a",
        "Names=&Names.member.1=a",
        "PageSize.member.1=5",
        "PageSize=5&PageSize.x=5",
        "Marker.a=5",
    ],
)
def test_wrong_structures_are_malformed(text: str) -> None:
    with pytest.raises(QueryError, match="cannot be read") as caught:
        read("DescribeLoadBalancers", text)
    assert caught.value.code == "MalformedInput"


@pytest.mark.parametrize(
    "text",
    ["Marker=a&Marker=b", "Marker=%ff", "Marker=\udcff", "&".join(f"a{n}=1" for n in range(PARAMETERS_MAX + 1))],
)
def test_forms_that_cannot_be_read(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        read("DescribeLoadBalancers", text)
    assert caught.value.code == "MalformedQueryString"


RULE = "ListenerArn=l&Priority=1&Conditions.member.1.Field=path-pattern"


@pytest.mark.parametrize(
    ("operation", "text", "told"),
    [
        ("DescribeRules", "PageSize=0", ["'0' at 'pageSize' …: Member must have value greater than or equal to 1"]),
        ("DescribeRules", "PageSize=401", ["'401' at 'pageSize' …: Member must have value less than or equal to 400"]),
        ("DescribeRules", "PageSize=ten", ["'ten' at 'pageSize' …: Member must be an integer"]),
        ("DescribeRules", "PageSize=٣", ["'٣' at 'pageSize' …: Member must be an integer"]),
        ("DescribeRules", "PageSize=1" + "0" * 30, ["'1" + "0" * 30 + "' at 'pageSize' …: Member must be an integer"]),
        ("DescribeTags", "", ["null at 'resourceArns' …: Member must not be null"]),
        (
            "DescribeSSLPolicies",
            "LoadBalancerType=classic",
            ["'classic' at 'loadBalancerType' …: Member must satisfy enum value set: [application, network, gateway]"],
        ),
        (
            "CreateLoadBalancer",
            "IpAddressType=ipv5",
            [
                "null at 'name' …: Member must not be null",
                "'ipv5' at 'ipAddressType' …: "
                "Member must satisfy enum value set: [ipv4, dualstack, dualstack-without-public-ipv4]",
            ],
        ),
        (
            "AddTags",
            "ResourceArns.member.1=a&Tags.member.1.Key=&Tags.member.2.Value=" + "v" * 257 + "&Tags.member.2.Key=a%21",
            [
                "'' at 'tags.1.member.key' …: Member must have length greater than or equal to 1",
                "'a!' at 'tags.2.member.key' …: Member must satisfy regular expression pattern: "
                r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$",
                "'" + "v" * 257 + "' at 'tags.2.member.value' …: Member must have length less than or equal to 256",
            ],
        ),
        (
            "CreateRule",
            f"{RULE}&Actions.member.1.Type=fixed-response&Actions.member.1.FixedResponseConfig.StatusCode=600",
            [
                "'600' at 'actions.1.member.fixedResponseConfig.statusCode' …: "
                r"Member must satisfy regular expression pattern: ^(2|4|5)\d\d$"
            ],
        ),
        (
            "CreateRule",
            f"{RULE}&Actions.member.3.Type=forward&Actions.member.5.Order=1",
            ["null at 'actions.2.member.type' …: Member must not be null"],
        ),
        (
            "CreateTargetGroup",
            "Name=a&HealthCheckEnabled=yes&Matcher=",
            ["'yes' at 'healthCheckEnabled' …: Member must be a boolean: true or false"],
        ),
    ],
)
def test_constraints_are_told_in_aws_words(operation: str, text: str, told: list[str]) -> None:
    with pytest.raises(QueryError) as caught:
        read(operation, text)
    noun = "error" if len(told) == 1 else "errors"
    sentences = [f"Value {sentence}".replace("…", "failed to satisfy constraint") for sentence in told]
    assert caught.value.code == "ValidationError"
    assert caught.value.message == f"{len(told)} validation {noun} detected: {'; '.join(sentences)}"


def test_thousands_of_errors_make_no_long_answer() -> None:
    text = "TargetGroupArn=t&" + "&".join(f"Targets.member.{n}.Port=x" for n in range(2000))
    with pytest.raises(QueryError, match="4000 validation errors detected") as caught:
        read("RegisterTargets", text)
    assert len(caught.value.message) < 20_000
