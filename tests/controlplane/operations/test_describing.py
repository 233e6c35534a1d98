"""Load balancers, listeners, rules and target groups as the API shows them (reference 1.1-1.5)."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.core import ids
from tests.aws import REGION
from tests.controlplane.operations.conftest import CREATED_AT, Api
from tests.controlplane.operations.shop import SHOP

ARN = f"arn:aws:elasticloadbalancing:{REGION}:000000000000"
UNKNOWN = {
    "LoadBalancerArn": f"{ARN}:loadbalancer/app/none/50dc6c495c0c9188",
    "ListenerArn": f"{ARN}:listener/app/none/50dc6c495c0c9188/f2f7dc8efc522ab2",
    "RuleArn": f"{ARN}:listener-rule/app/none/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee",
    "TargetGroupArn": f"{ARN}:targetgroup/none/73e2d6bc24d8a067",
    "TrustStoreArn": f"{ARN}:truststore/none/73e2d6bc24d8a067",
}


@pytest.fixture
def shop(api: Api) -> Api:
    """The API over `SHOP`."""
    api.load(SHOP)
    return api


def arns(shop: Api) -> dict[str, str]:
    """ARNs of load balancers and target groups by name, and of the shop's listeners by port."""
    configuration = shop.estate.held
    found = {balancer.name: balancer.arn for balancer in configuration.load_balancers}
    found |= {group.name: group.arn for group in configuration.target_groups.values()}
    return found | {str(each.port): each.arn for each in configuration.load_balancers[0].listeners}


async def names(shop: Api, **parameters: Any) -> list[str]:
    """Of the load balancers that it finds."""
    found = await shop("DescribeLoadBalancers", **parameters)
    return [balancer["LoadBalancerName"] for balancer in found["LoadBalancers"]]


class TestLoadBalancers:
    async def test_a_load_balancer(self, shop: Api) -> None:
        (balancer,) = (await shop("DescribeLoadBalancers", Names=["shop"]))["LoadBalancers"]
        assert balancer == {
            "LoadBalancerArn": arns(shop)["shop"],
            "DNSName": ids.dns_name(REGION, "shop", internal=False),
            "CanonicalHostedZoneId": "ZWKZPGTI48KDX",
            "CreatedTime": CREATED_AT,
            "LoadBalancerName": "shop",
            "Scheme": "internet-facing",
            "VpcId": ids.vpc_id(REGION),
            "State": {"Code": "active"},
            "Type": "application",
            "AvailabilityZones": [
                {"ZoneName": zone, "SubnetId": ids.subnet_id(zone), "LoadBalancerAddresses": []}
                for zone in ids.zones(REGION)
            ],
            "SecurityGroups": [ids.security_group_id(REGION, "shop")],
            "IpAddressType": "ipv4",
        }

    async def test_filters(self, shop: Api) -> None:
        assert await names(shop) == ["shop", "inner"]
        assert await names(shop, Names=[], LoadBalancerArns=[]) == ["shop", "inner"]
        assert await names(shop, Names=["inner", "shop", "inner"]) == ["shop", "inner"]
        assert await names(shop, LoadBalancerArns=[arns(shop)["inner"]]) == ["inner"]

    @pytest.mark.parametrize(
        ("parameters", "code", "message"),
        [
            ({"Names": ["shop", "x", "y"]}, "LoadBalancerNotFound", "Load balancers '[x, y]' not found"),
            (
                {"LoadBalancerArns": [UNKNOWN["LoadBalancerArn"]]},
                "LoadBalancerNotFound",
                "One or more load balancers not found",
            ),
            ({"LoadBalancerArns": ["shop"]}, "ValidationError", "'shop' is not a valid load balancer ARN"),
            (
                {"LoadBalancerArns": [UNKNOWN["ListenerArn"]]},
                "ValidationError",
                f"'{UNKNOWN['ListenerArn']}' is not a valid load balancer ARN",
            ),
            (
                {"LoadBalancerArns": [UNKNOWN["LoadBalancerArn"]], "Names": ["shop"]},
                "ValidationError",
                "Load balancer names and load balancer ARNs cannot be specified at the same time",
            ),
            (
                {"Names": [f"lb-{number}" for number in range(21)]},
                "ValidationError",
                "A maximum of 20 load balancers can be specified in one request",
            ),
        ],
    )
    async def test_refusals(self, shop: Api, parameters: dict[str, Any], code: str, message: str) -> None:
        assert await shop.fails("DescribeLoadBalancers", **parameters) == (code, message)

    async def test_attributes(self, shop: Api) -> None:
        def values(result: dict[str, Any]) -> dict[str, str]:
            return {attribute["Key"]: attribute["Value"] for attribute in result["Attributes"]}

        outer = values(await shop("DescribeLoadBalancerAttributes", LoadBalancerArn=arns(shop)["shop"]))
        assert len(outer) == 23
        assert outer["idle_timeout.timeout_seconds"] == "30"
        assert outer["routing.http2.enabled"] == "false"
        assert outer["client_keep_alive.seconds"] == "3600"
        assert outer["ipv6.deny_all_igw_traffic"] == "false"
        inner = values(await shop("DescribeLoadBalancerAttributes", LoadBalancerArn=arns(shop)["inner"]))
        assert inner["ipv6.deny_all_igw_traffic"] == "true"
        assert inner["idle_timeout.timeout_seconds"] == "60"

    async def test_no_capacity_is_reserved(self, shop: Api) -> None:
        result = await shop("DescribeCapacityReservation", LoadBalancerArn=arns(shop)["shop"])
        assert result == {"DecreaseRequestsRemaining": 2, "CapacityReservationState": []}


class TestListeners:
    async def test_listeners_of_a_load_balancer(self, shop: Api) -> None:
        plain, secure = (await shop("DescribeListeners", LoadBalancerArn=arns(shop)["shop"]))["Listeners"]
        assert plain == {
            "ListenerArn": arns(shop)["80"],
            "LoadBalancerArn": arns(shop)["shop"],
            "Port": 80,
            "Protocol": "HTTP",
            "DefaultActions": [
                {
                    "Type": "redirect",
                    "RedirectConfig": {
                        "Protocol": "HTTPS",
                        "Port": "443",
                        "Host": "#{host}",
                        "Path": "/#{path}",
                        "Query": "#{query}",
                        "StatusCode": "HTTP_301",
                    },
                }
            ],
        }
        certificates = shop.estate.held.load_balancers[0].listeners[1].certificates
        assert secure == {
            "ListenerArn": arns(shop)["443"],
            "LoadBalancerArn": arns(shop)["shop"],
            "Port": 443,
            "Protocol": "HTTPS",
            "Certificates": [{"CertificateArn": certificates[0].arn}],
            "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
            "MutualAuthentication": {"Mode": "off"},
            "DefaultActions": [forward(arns(shop)["web"])],
        }

    async def test_listeners_by_their_arns(self, shop: Api) -> None:
        found = await shop("DescribeListeners", ListenerArns=[arns(shop)["443"], arns(shop)["80"]])
        assert [listener["Port"] for listener in found["Listeners"]] == [80, 443]

    async def test_certificates(self, shop: Api) -> None:
        found = (await shop("DescribeListenerCertificates", ListenerArn=arns(shop)["443"]))["Certificates"]
        certificates = shop.estate.held.load_balancers[0].listeners[1].certificates
        assert [(each["CertificateArn"], each["IsDefault"]) for each in found] == [
            (certificate.arn, number == 0) for number, certificate in enumerate(certificates)
        ]
        assert len(found) > 1
        assert (await shop("DescribeListenerCertificates", ListenerArn=arns(shop)["80"]))["Certificates"] == []

    async def test_attributes(self, shop: Api) -> None:
        secure = (await shop("DescribeListenerAttributes", ListenerArn=arns(shop)["443"]))["Attributes"]
        plain = (await shop("DescribeListenerAttributes", ListenerArn=arns(shop)["80"]))["Attributes"]
        assert (len(secure), len(plain)) == (19, 11)
        assert {"Key": "routing.http.response.server.enabled", "Value": "true"} in plain
        renamed = "routing.http.request.x_amzn_mtls_clientcert_leaf.header_name"
        assert {"Key": renamed, "Value": "X-Amzn-Mtls-Clientcert-Leaf"} in secure

    @pytest.mark.parametrize(
        ("operation", "parameters", "code", "message"),
        [
            (
                "DescribeListeners",
                {},
                "ValidationError",
                "You must specify either listener ARNs or a load balancer ARN",
            ),
            (
                "DescribeListeners",
                {"LoadBalancerArn": UNKNOWN["LoadBalancerArn"], "ListenerArns": [UNKNOWN["ListenerArn"]]},
                "ValidationError",
                "Listener ARNs and a load balancer ARN cannot be specified at the same time",
            ),
            (
                "DescribeListeners",
                {"LoadBalancerArn": UNKNOWN["LoadBalancerArn"]},
                "LoadBalancerNotFound",
                "One or more load balancers not found",
            ),
            (
                "DescribeListeners",
                {"ListenerArns": [UNKNOWN["ListenerArn"]]},
                "ListenerNotFound",
                "One or more listeners not found",
            ),
            (
                "DescribeListenerCertificates",
                {"ListenerArn": UNKNOWN["ListenerArn"]},
                "ListenerNotFound",
                "One or more listeners not found",
            ),
            (
                "DescribeListenerAttributes",
                {"ListenerArn": ""},
                "ValidationError",
                "'' is not a valid listener ARN",
            ),
            (
                "DescribeCapacityReservation",
                {"LoadBalancerArn": UNKNOWN["LoadBalancerArn"]},
                "LoadBalancerNotFound",
                "One or more load balancers not found",
            ),
            (
                "DescribeRules",
                {},
                "ValidationError",
                "You must specify either listener rule ARNs or a listener ARN",
            ),
            (
                "DescribeRules",
                {"ListenerArn": UNKNOWN["ListenerArn"], "RuleArns": [UNKNOWN["RuleArn"]]},
                "ValidationError",
                "Listener rule ARNs and a listener ARN cannot be specified at the same time",
            ),
            ("DescribeRules", {"RuleArns": [UNKNOWN["RuleArn"]]}, "RuleNotFound", "One or more rules not found"),
            (
                "DescribeRules",
                {"ListenerArn": UNKNOWN["ListenerArn"]},
                "ListenerNotFound",
                "One or more listeners not found",
            ),
        ],
    )
    async def test_refusals(
        self, shop: Api, operation: str, parameters: dict[str, Any], code: str, message: str
    ) -> None:
        assert await shop.fails(operation, **parameters) == (code, message)


def forward(*groups: str, weights: tuple[int, ...] = (1,), sticky_s: int | None = None) -> dict[str, Any]:
    """A forward in the form that AWS gives it (reference 1.4)."""
    stickiness: dict[str, Any] = {"Enabled": sticky_s is not None}
    if sticky_s is not None:
        stickiness["DurationSeconds"] = sticky_s
    config = {
        "TargetGroups": [
            {"TargetGroupArn": arn, "Weight": weight} for arn, weight in zip(groups, weights, strict=True)
        ],
        "TargetGroupStickinessConfig": stickiness,
    }
    only = {"TargetGroupArn": groups[0]} if len(groups) == 1 else {}
    return {"Type": "forward", "ForwardConfig": config, **only}


class TestRules:
    async def test_rules_are_in_the_order_of_their_evaluation(self, shop: Api) -> None:
        rules = (await shop("DescribeRules", ListenerArn=arns(shop)["443"]))["Rules"]
        assert [rule["Priority"] for rule in rules] == ["20", "30", "40", "50", "60", "300", "default"]
        assert [rule["IsDefault"] for rule in rules] == [False] * 6 + [True]

    async def test_the_default_rule(self, shop: Api) -> None:
        rule = (await shop("DescribeRules", ListenerArn=arns(shop)["443"]))["Rules"][-1]
        assert rule == {
            "RuleArn": ids.default_rule_arn(arns(shop)["443"]),
            "Priority": "default",
            "Conditions": [],
            "Actions": [forward(arns(shop)["web"])],
            "IsDefault": True,
            "Transforms": [],
        }

    async def test_conditions_actions_and_transforms(self, shop: Api) -> None:
        held = arns(shop)
        found = (await shop("DescribeRules", ListenerArn=held["443"]))["Rules"]
        rules = {rule["Priority"]: (rule["Conditions"], rule["Actions"], rule["Transforms"]) for rule in found}
        del rules["default"]
        paths = ["/img/*", "/css/*"]
        assert rules == {
            "300": (
                [{"Field": "path-pattern", "Values": paths, "PathPatternConfig": {"Values": paths}}],
                [forward(held["images"])],
                [],
            ),
            "20": (
                [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Canary", "Values": ["1"]}}],
                [forward(held["web"], held["canary"], weights=(90, 10))],
                [],
            ),
            "30": (
                [
                    {
                        "Field": "host-header",
                        "Values": ["old.localhost"],
                        "HostHeaderConfig": {"Values": ["old.localhost"]},
                    }
                ],
                [
                    {
                        "Type": "redirect",
                        "RedirectConfig": {
                            "Protocol": "#{protocol}",
                            "Port": "#{port}",
                            "Host": "new.localhost",
                            "Path": "/#{path}",
                            "Query": "#{query}",
                            "StatusCode": "HTTP_302",
                        },
                    }
                ],
                [],
            ),
            "40": (
                [
                    {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["PUT", "DELETE"]}},
                    {"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.2/32"]}},
                ],
                [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403"}}],
                [],
            ),
            "50": (
                [
                    {
                        "Field": "path-pattern",
                        "RegexValues": ["^/api/v[0-9]+/"],
                        "PathPatternConfig": {"RegexValues": ["^/api/v[0-9]+/"]},
                    },
                    {
                        "Field": "query-string",
                        "QueryStringConfig": {"Values": [{"Key": "version", "Value": "beta"}, {"Value": "*debug*"}]},
                    },
                ],
                [forward(held["web"], held["canary"], weights=(2, 0), sticky_s=3600)],
                [
                    {
                        "Type": "host-header-rewrite",
                        "HostHeaderRewriteConfig": {"Rewrites": [{"Regex": "^a", "Replace": "b"}]},
                    },
                    {
                        "Type": "url-rewrite",
                        "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/api/(.*)$", "Replace": "/$1"}]},
                    },
                ],
            ),
            "60": (
                [{"Field": "path-pattern", "Values": ["/hi"], "PathPatternConfig": {"Values": ["/hi"]}}],
                [
                    {
                        "Type": "fixed-response",
                        "FixedResponseConfig": {
                            "StatusCode": "200",
                            "MessageBody": "<hi>",
                            "ContentType": "text/html",
                        },
                    }
                ],
                [],
            ),
        }

    async def test_rules_by_their_arns(self, shop: Api) -> None:
        rules = (await shop("DescribeRules", ListenerArn=arns(shop)["443"]))["Rules"]
        wanted = [rules[-1]["RuleArn"], rules[1]["RuleArn"]]
        assert (await shop("DescribeRules", RuleArns=wanted))["Rules"] == [rules[1], rules[-1]]


class TestTargetGroups:
    async def test_a_target_group(self, shop: Api) -> None:
        (group,) = (await shop("DescribeTargetGroups", Names=["web"]))["TargetGroups"]
        assert group == {
            "TargetGroupArn": arns(shop)["web"],
            "TargetGroupName": "web",
            "Protocol": "HTTP",
            "Port": 80,
            "VpcId": ids.vpc_id(REGION),
            "HealthCheckProtocol": "HTTP",
            "HealthCheckPort": "traffic-port",
            "HealthCheckEnabled": True,
            "HealthCheckIntervalSeconds": 10,
            "HealthCheckTimeoutSeconds": 5,
            "HealthyThresholdCount": 5,
            "UnhealthyThresholdCount": 2,
            "HealthCheckPath": "/health",
            "Matcher": {"HttpCode": "200-299"},
            "LoadBalancerArns": [arns(shop)["shop"]],
            "TargetType": "ip",
            "ProtocolVersion": "HTTP1",
            "IpAddressType": "ipv4",
        }

    async def test_fractions_of_seconds_are_rounded_up(self, api: Api) -> None:
        api.load(
            "strict: false\nload_balancers: [{name: a, listeners: []}]\n"
            "target_groups: [{name: web, health_check: {interval_seconds: 0.5, timeout_seconds: 0.2}}]\n"
        )
        (group,) = (await api("DescribeTargetGroups"))["TargetGroups"]
        assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (1, 1)

    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [
            ({}, ["web", "canary", "images", "api", "spare"]),
            ({"Names": ["api", "web"]}, ["web", "api"]),
            ({"TargetGroupArns": ["spare", "api"]}, ["api", "spare"]),
            ({"LoadBalancerArn": "shop"}, ["web", "canary", "images"]),
            ({"LoadBalancerArn": "inner"}, ["api"]),
        ],
    )
    async def test_filters(self, shop: Api, parameters: dict[str, Any], expected: list[str]) -> None:
        held = arns(shop)
        if "TargetGroupArns" in parameters:
            parameters = {"TargetGroupArns": [held[name] for name in parameters["TargetGroupArns"]]}
        elif "LoadBalancerArn" in parameters:
            parameters = {"LoadBalancerArn": held[parameters["LoadBalancerArn"]]}
        found = (await shop("DescribeTargetGroups", **parameters))["TargetGroups"]
        assert [group["TargetGroupName"] for group in found] == expected

    @pytest.mark.parametrize(
        ("operation", "parameters", "code", "message"),
        [
            (
                "DescribeTargetGroups",
                {"Names": ["web", "wbe"]},
                "TargetGroupNotFound",
                "One or more target groups not found",
            ),
            (
                "DescribeTargetGroups",
                {"TargetGroupArns": [UNKNOWN["TargetGroupArn"]]},
                "TargetGroupNotFound",
                "One or more target groups not found",
            ),
            (
                "DescribeTargetGroups",
                {"LoadBalancerArn": UNKNOWN["LoadBalancerArn"]},
                "LoadBalancerNotFound",
                "One or more load balancers not found",
            ),
            (
                "DescribeTargetGroups",
                {"LoadBalancerArn": UNKNOWN["LoadBalancerArn"], "Names": ["web"]},
                "ValidationError",
                "Target group names, target group ARNs, and a load balancer ARN cannot be specified at the same time",
            ),
            (
                "DescribeTargetGroupAttributes",
                {"TargetGroupArn": UNKNOWN["TargetGroupArn"]},
                "TargetGroupNotFound",
                "One or more target groups not found",
            ),
            (
                "DescribeTargetHealth",
                {"TargetGroupArn": "web"},
                "ValidationError",
                "'web' is not a valid target group ARN",
            ),
        ],
    )
    async def test_refusals(
        self, shop: Api, operation: str, parameters: dict[str, Any], code: str, message: str
    ) -> None:
        assert await shop.fails(operation, **parameters) == (code, message)

    async def test_attributes(self, shop: Api) -> None:
        found = await shop("DescribeTargetGroupAttributes", TargetGroupArn=arns(shop)["images"])
        values = {attribute["Key"]: attribute["Value"] for attribute in found["Attributes"]}
        assert values == {
            "deregistration_delay.timeout_seconds": "300",
            "load_balancing.algorithm.type": "round_robin",
            "load_balancing.algorithm.anomaly_mitigation": "off",
            "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
            "slow_start.duration_seconds": "0",
            "stickiness.enabled": "true",
            "stickiness.type": "lb_cookie",
            "stickiness.lb_cookie.duration_seconds": "86400",
            "stickiness.app_cookie.cookie_name": "",
            "stickiness.app_cookie.duration_seconds": "86400",
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
            "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
            "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
        }


class TestOtherRegions:
    """Nothing is there, whatever is asked for."""

    async def test_lists_are_empty(self, shop: Api) -> None:
        for operation, member in (
            ("DescribeLoadBalancers", "LoadBalancers"),
            ("DescribeTargetGroups", "TargetGroups"),
            ("DescribeTrustStores", "TrustStores"),
        ):
            assert (await shop(operation, region="us-east-1"))[member] == []

    async def test_what_is_named_is_not_found(self, shop: Api) -> None:
        code, _ = await shop.fails("DescribeRules", region="us-east-1", ListenerArn=arns(shop)["443"])
        assert code == "ListenerNotFound"
        assert (await shop.fails("DescribeLoadBalancers", region="us-east-1", Names=["shop"]))[0] == (
            "LoadBalancerNotFound"
        )


async def test_a_new_configuration_is_seen_at_once(shop: Api) -> None:
    assert await names(shop) == ["shop", "inner"]
    shop.estate.held = Api.load(shop, SHOP.replace("name: inner", "name: other")).held
    assert await names(shop) == ["shop", "other"]
