"""Tags, quotas, security policies, trust stores."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.core.ids import default_rule_arn
from tests.controlplane.operations.conftest import Api
from tests.controlplane.operations.shop import SHOP
from tests.controlplane.operations.test_describing import UNKNOWN, arns


@pytest.fixture
def shop(api: Api) -> Api:
    """The API over `SHOP`."""
    api.load(SHOP)
    return api


async def test_a_listener_has_its_real_url_as_a_tag(shop: Api) -> None:
    held = arns(shop)
    resources = [held["443"], held["shop"], held["web"], default_rule_arn(held["443"]), held["80"]]
    found = (await shop("DescribeTags", ResourceArns=resources))["TagDescriptions"]
    assert [each["ResourceArn"] for each in found] == resources
    assert [each["Tags"] for each in found] == [
        [{"Key": "aws:simlb:url", "Value": "https://shop.test:8443/"}],
        [],
        [],
        [],
        [{"Key": "aws:simlb:url", "Value": "http://shop.test:8080/"}],
    ]


@pytest.mark.parametrize(
    ("resources", "code", "message"),
    [
        ([UNKNOWN["LoadBalancerArn"]], "LoadBalancerNotFound", "One or more load balancers not found"),
        ([UNKNOWN["ListenerArn"]], "ListenerNotFound", "One or more listeners not found"),
        ([UNKNOWN["RuleArn"]], "RuleNotFound", "One or more rules not found"),
        ([UNKNOWN["TargetGroupArn"]], "TargetGroupNotFound", "One or more target groups not found"),
        ([UNKNOWN["TrustStoreArn"]], "TrustStoreNotFound", "One or more trust stores not found"),
        (["web"], "ValidationError", "'web' is not a valid resource ARN"),
        ([], "ValidationError", "At least one resource ARN must be specified"),
        (
            [f"{UNKNOWN['TargetGroupArn'][:-2]}{number}" for number in range(10, 31)],
            "ValidationError",
            "A maximum of 20 resource ARNs can be specified in one request",
        ),
    ],
)
async def test_tags_of_what_is_not_there(shop: Api, resources: list[str], code: str, message: str) -> None:
    assert await shop.fails("DescribeTags", ResourceArns=resources) == (code, message)


async def test_account_limits(shop: Api) -> None:
    limits = {each["Name"]: each["Max"] for each in (await shop("DescribeAccountLimits"))["Limits"]}
    assert limits == {
        "application-load-balancers": "50",
        "target-groups": "3000",
        "targets-per-application-load-balancer": "1000",
        "listeners-per-application-load-balancer": "50",
        "rules-per-application-load-balancer": "100",
        "condition-values-per-alb-rule": "5",
        "condition-wildcards-per-alb-rule": "6",
        "target-groups-per-application-load-balancer": "100",
        "target-groups-per-action-on-application-load-balancer": "5",
        "certificates-per-application-load-balancer": "25",
        "targets-per-target-group": "1000",
    }


async def test_the_policy_that_listeners_have(shop: Api) -> None:
    (listener,) = (await shop("DescribeListeners", ListenerArns=[arns(shop)["443"]]))["Listeners"]
    (policy,) = (await shop("DescribeSSLPolicies", Names=[listener["SslPolicy"]]))["SslPolicies"]
    assert policy == {
        "Name": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        "SslProtocols": ["TLSv1.3", "TLSv1.2"],
        "Ciphers": [
            {"Name": "TLS_AES_128_GCM_SHA256", "Priority": 1},
            {"Name": "TLS_AES_256_GCM_SHA384", "Priority": 2},
            {"Name": "TLS_CHACHA20_POLY1305_SHA256", "Priority": 3},
            {"Name": "ECDHE-ECDSA-AES128-GCM-SHA256", "Priority": 4},
            {"Name": "ECDHE-RSA-AES128-GCM-SHA256", "Priority": 5},
            {"Name": "ECDHE-ECDSA-AES256-GCM-SHA384", "Priority": 6},
            {"Name": "ECDHE-RSA-AES256-GCM-SHA384", "Priority": 7},
        ],
        "SupportedLoadBalancerTypes": ["application", "network"],
    }


async def test_policies_by_name_and_type(shop: Api) -> None:
    for kind, count in (("application", 42), ("network", 42), ("gateway", 0)):
        found = (await shop("DescribeSSLPolicies", LoadBalancerType=kind))["SslPolicies"]
        assert len(found) == count, kind
    assert await shop.fails("DescribeSSLPolicies", Names=["ELBSecurityPolicy-1999"]) == (
        "SSLPolicyNotFound",
        "Policy ELBSecurityPolicy-1999 not found",
    )


async def test_there_are_no_trust_stores(shop: Api) -> None:
    assert (await shop("DescribeTrustStores"))["TrustStores"] == []


TRUST_STORE: dict[str, Any] = {"TrustStoreArn": UNKNOWN["TrustStoreArn"]}
NO_TRUST_STORE = ("TrustStoreNotFound", "One or more trust stores not found")


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("DescribeTrustStores", {"Names": ["mine"]}, NO_TRUST_STORE),
        ("DescribeTrustStores", {"TrustStoreArns": [UNKNOWN["TrustStoreArn"]]}, NO_TRUST_STORE),
        ("DescribeTrustStoreAssociations", TRUST_STORE, NO_TRUST_STORE),
        ("DescribeTrustStoreRevocations", TRUST_STORE, NO_TRUST_STORE),
        ("GetTrustStoreCaCertificatesBundle", TRUST_STORE, NO_TRUST_STORE),
        ("GetTrustStoreRevocationContent", TRUST_STORE | {"RevocationId": 1}, NO_TRUST_STORE),
        (
            "DescribeTrustStoreRevocations",
            {"TrustStoreArn": "mine"},
            ("ValidationError", "'mine' is not a valid trust store ARN"),
        ),
        (
            "GetResourcePolicy",
            {"ResourceArn": UNKNOWN["TrustStoreArn"]},
            ("ResourceNotFound", f"The resource '{UNKNOWN['TrustStoreArn']}' has no resource policy"),
        ),
    ],
)
async def test_whatever_asks_about_one_fails(
    shop: Api, operation: str, parameters: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert await shop.fails(operation, **parameters) == expected
