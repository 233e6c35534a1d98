"""Rules by calls: what comes back from DescribeRules, what is refused in which words, and how priorities change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.controlplane.operations.conftest import Api
from tests.controlplane.operations.shop import SHOP
from tests.controlplane.operations.test_listener_changes import Shop

PATH = [{"Field": "path-pattern", "Values": ["/a/*"]}]
FIXED = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]


class Rules(Shop):
    """The rules of its HTTPS listener."""

    async def rule(self, **given: Any) -> dict[str, Any]:
        base: dict[str, Any] = {"ListenerArn": self.https.arn, "Priority": 1000, "Conditions": PATH, "Actions": FIXED}
        (rule,) = (await self.api("CreateRule", **(base | given)))["Rules"]
        return dict(rule)

    async def rule_fails(self, **given: Any) -> tuple[str, str]:
        base = {"ListenerArn": self.https.arn, "Priority": 1000, "Conditions": PATH, "Actions": FIXED}
        return await self.fails("CreateRule", **(base | given))

    async def rules(self) -> dict[str, dict[str, Any]]:
        """By their priorities, in order."""
        found = await self.api("DescribeRules", ListenerArn=self.https.arn)
        return {rule["Priority"]: rule for rule in found["Rules"]}

    def arn(self, priority: int) -> str:
        (listener,) = (each for each in self.balancer().listeners if each.arn == self.https.arn)
        return next(rule.arn for rule in listener.rules if rule.priority == priority)

    def forward(self, *names: str, **config: Any) -> dict[str, Any]:
        groups = [{"TargetGroupArn": self.groups[name], "Weight": 1} for name in names]
        return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups, **config}}


@pytest.fixture
def shop(api: Api) -> Rules:
    return Rules(api, api.load(SHOP))


async def test_a_new_rule_is_there_as_it_was_given(shop: Rules) -> None:
    made = await shop.rule(Priority=35, Tags=[{"Key": "a", "Value": "b"}])
    assert made == {
        "RuleArn": made["RuleArn"],
        "Priority": "35",
        "Conditions": [
            {"Field": "path-pattern", "Values": ["/a/*"], "PathPatternConfig": {"Values": ["/a/*"]}},
        ],
        "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
        "IsDefault": False,
        "Transforms": [],
    }
    assert made["RuleArn"].startswith(shop.https.arn.replace(":listener/", ":listener-rule/") + "/")
    assert list(await shop.rules()) == ["20", "30", "35", "40", "50", "60", "300", "default"]
    assert (await shop.rules())["35"] == made
    (tags,) = (await shop.api("DescribeTags", ResourceArns=[made["RuleArn"]]))["TagDescriptions"]
    assert tags["Tags"] == [{"Key": "a", "Value": "b"}]


# -- conditions --------------------------------------------------------------------------------------------------------

CONDITIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"Field": "host-header", "Values": ["*.a.com"]},
        {"Field": "host-header", "Values": ["*.a.com"], "HostHeaderConfig": {"Values": ["*.a.com"]}},
    ),
    (
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.com", "b.com"]}},
        {"Field": "host-header", "Values": ["a.com", "b.com"], "HostHeaderConfig": {"Values": ["a.com", "b.com"]}},
    ),
    (
        {"Field": "host-header", "RegexValues": [r"^(.*)\.a\.com$"]},
        {
            "Field": "host-header",
            "RegexValues": [r"^(.*)\.a\.com$"],
            "HostHeaderConfig": {"RegexValues": [r"^(.*)\.a\.com$"]},
        },
    ),
    (
        {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/api/"]}},
        {"Field": "path-pattern", "RegexValues": ["^/api/"], "PathPatternConfig": {"RegexValues": ["^/api/"]}},
    ),
    (
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "User-Agent", "Values": ["*Chrome*"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "User-Agent", "Values": ["*Chrome*"]}},
    ),
    (
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}},
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}},
    ),
    (
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1"}, {"Value": "*x*"}]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1"}, {"Value": "*x*"}]}},
    ),
    (
        {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8", "2001:db8::/32"]}},
        {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8", "2001:db8::/32"]}},
    ),
]


@pytest.mark.parametrize(("given", "shown"), CONDITIONS)
async def test_conditions_come_back_as_aws_shows_them(
    shop: Rules, given: dict[str, Any], shown: dict[str, Any]
) -> None:
    made = await shop.rule(Conditions=[given])
    assert made["Conditions"] == (await shop.rules())["1000"]["Conditions"] == [shown]


WRONG_CONDITIONS: list[tuple[dict[str, Any], str]] = [
    (
        {"Field": "host", "Values": ["a.com"]},
        "Condition field 'host' must be one of '[path-pattern, host-header, http-header, http-request-method, "
        "query-string, source-ip]'",
    ),
    (
        {"Field": "http-request-method", "Values": ["GET"]},
        "The 'Values' field is not compatible with 'http-request-method'",
    ),
    ({"Field": "source-ip"}, "A 'SourceIpConfig' must be specified with 'source-ip'"),
    ({"Field": "query-string"}, "A 'QueryStringConfig' must be specified with 'query-string'"),
    ({"Field": "http-header"}, "A 'HttpHeaderConfig' must be specified with 'http-header'"),
    ({"Field": "source-ip", "SourceIpConfig": {"Values": []}}, "A 'source-ip' value must be specified"),
    ({"Field": "path-pattern"}, "A condition value must be specified"),
    (
        {"Field": "path-pattern", "Values": ["/a", "/b"]},
        "The 'path-pattern' field contains too many values; the limit is '1'",
    ),
    (
        {"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/a"]}},
        "You cannot provide both Values and 'PathPatternConfig' for a condition of type 'path-pattern'",
    ),
    (
        {"Field": "path-pattern", "HostHeaderConfig": {"Values": ["a.com"]}},
        "The 'HostHeaderConfig' field is not compatible with 'path-pattern'",
    ),
    (
        {"Field": "path-pattern", "Values": ["/" + "a" * 128]},
        "The 'path-pattern' value is too long; the limit is '128'",
    ),
    (
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "a"}]}},
        "A 'Value' must be specified in 'QueryStringKeyValuePair'",
    ),
    (
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["get"]}},
        "The 'http-request-method' value is invalid; the allowed characters are A-Z, hyphen and underscore",
    ),
    (
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "a" * 41, "Values": ["b"]}},
        "The 'HttpHeaderName' value is too long; the limit is '40'",
    ),
    (
        {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"], "IpAddressType": "ipv4"}},
        "The 'IpAddressType' of a 'source-ip' condition is not supported by simlb yet",
    ),
]


@pytest.mark.parametrize(("given", "message"), WRONG_CONDITIONS)
async def test_conditions_that_are_refused(shop: Rules, given: dict[str, Any], message: str) -> None:
    assert await shop.rule_fails(Conditions=[given]) == ("ValidationError", message)


# -- actions -----------------------------------------------------------------------------------------------------------


async def test_a_forward_in_each_of_its_forms(shop: Rules) -> None:
    images = shop.groups["images"]
    config = {
        "TargetGroups": [{"TargetGroupArn": images, "Weight": 1}],
        "TargetGroupStickinessConfig": {"Enabled": False},
    }
    shown = [{"Type": "forward", "TargetGroupArn": images, "ForwardConfig": config}]
    forms: list[dict[str, Any]] = [
        {"TargetGroupArn": images},
        {"ForwardConfig": {"TargetGroups": [{"TargetGroupArn": images}]}},
        {"TargetGroupArn": images, "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": images, "Weight": 1}]}},
    ]
    for number, form in enumerate(forms, 1000):
        assert (await shop.rule(Priority=number, Actions=[{"Type": "forward", **form}]))["Actions"] == shown
    ordered = await shop.rule(Priority=1, Actions=[{"Type": "forward", "TargetGroupArn": images, "Order": 7}])
    assert ordered["Actions"] == [shown[0] | {"Order": 7}]
    other = {"TargetGroupArn": images, "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": shop.groups["web"]}]}}
    code, message = await shop.rule_fails(Priority=2, Actions=[{"Type": "forward", **other}])
    assert (code, "must be the same target group" in message) == ("ValidationError", True)


async def test_weights_and_stickiness_of_groups(shop: Rules) -> None:
    sticky = {"Enabled": True, "DurationSeconds": 60}
    action = shop.forward("web", "canary", TargetGroupStickinessConfig=sticky)
    action["ForwardConfig"]["TargetGroups"][1]["Weight"] = 0
    assert (await shop.rule(Actions=[action]))["Actions"] == [action]
    off = shop.forward("web", "canary", TargetGroupStickinessConfig={"Enabled": False, "DurationSeconds": 60})
    assert (await shop.rule(Priority=1, Actions=[off]))["Actions"] == [off]


async def test_a_redirect_s_members_have_defaults(shop: Rules) -> None:
    given = {"Host": "new.com", "Query": "", "StatusCode": "HTTP_302"}
    made = await shop.rule(Actions=[{"Type": "redirect", "RedirectConfig": given}])
    defaults = {"Protocol": "#{protocol}", "Port": "#{port}", "Path": "/#{path}"}
    assert made["Actions"] == [{"Type": "redirect", "RedirectConfig": defaults | given}]


async def test_a_fixed_response_s_members(shop: Rules) -> None:
    given = {"StatusCode": "503", "MessageBody": "<b>later</b>", "ContentType": "text/html"}
    made = await shop.rule(Actions=[{"Type": "fixed-response", "FixedResponseConfig": given}])
    assert made["Actions"] == [{"Type": "fixed-response", "FixedResponseConfig": given}]


JWT = {"JwksEndpoint": "https://a.test", "Issuer": "a"}
WRONG_ACTIONS: list[tuple[list[dict[str, Any]], str, str]] = [
    (
        [],
        "InvalidLoadBalancerAction",
        "Exactly one of the actions 'forward, redirect, fixed-response' must be specified",
    ),
    (
        [{"Type": "jwt-validation", "Order": 1, "JwtValidationConfig": JWT}, {**FIXED[0], "Order": 2}],
        "InvalidLoadBalancerAction",
        "Action type 'jwt-validation' is not supported by simlb yet",
    ),
    (
        [FIXED[0] | {"Order": 1}, FIXED[0] | {"Order": 2}],
        "InvalidLoadBalancerAction",
        "Exactly one of the actions 'forward, redirect, fixed-response' must be specified",
    ),
    ([{"Type": "redirect"}], "ValidationError", "A 'RedirectConfig' must be specified with 'redirect'"),
    ([{"Type": "forward"}], "ValidationError", "A target group must be specified"),
    (
        [FIXED[0] | {"TargetGroupArn": "a"}],
        "ValidationError",
        "The 'TargetGroupArn' field is not compatible with an action of type 'fixed-response'",
    ),
    (
        [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "ContentType": "text/xml"}}],
        "InvalidLoadBalancerAction",
        "The ContentType must be one of:'text/html', 'application/json', 'application/javascript', 'text/css', "
        "'text/plain'",
    ),
    (
        [{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Protocol": "HTTP"}}],
        "InvalidLoadBalancerAction",
        "A redirect from HTTPS to HTTP is not allowed",
    ),
]


@pytest.mark.parametrize(("given", "code", "message"), WRONG_ACTIONS)
async def test_actions_that_are_refused(shop: Rules, given: list[dict[str, Any]], code: str, message: str) -> None:
    assert await shop.rule_fails(Actions=given) == (code, message)


async def test_a_sticky_group_among_several_needs_sticky_groups(shop: Rules) -> None:
    code, message = await shop.rule_fails(Actions=[shop.forward("web", "images")])
    assert code == "InvalidConfigurationRequest"
    assert shop.groups["images"] in message


# -- transforms --------------------------------------------------------------------------------------------------------

URL = {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/a/(.*)$", "Replace": "/$1"}]}}
HOST = {"Type": "host-header-rewrite", "HostHeaderRewriteConfig": {"Rewrites": [{"Regex": "^a", "Replace": "b"}]}}


async def test_transforms_are_given_kept_and_reset(shop: Rules) -> None:
    arn = (await shop.rule(Transforms=[HOST, URL]))["RuleArn"]
    assert (await shop.rules())["1000"]["Transforms"] == [HOST, URL]
    await shop.api("ModifyRule", RuleArn=arn, Actions=FIXED)
    assert (await shop.rules())["1000"]["Transforms"] == [HOST, URL]
    await shop.api("ModifyRule", RuleArn=arn, Transforms=[URL])
    assert (await shop.rules())["1000"]["Transforms"] == [URL]
    both = await shop.fails("ModifyRule", RuleArn=arn, Transforms=[URL], ResetTransforms=True)
    assert both == ("ValidationError", "You cannot specify both 'Transforms' and 'ResetTransforms'")
    await shop.api("ModifyRule", RuleArn=arn, ResetTransforms=True)
    assert (await shop.rules())["1000"]["Transforms"] == []
    code, message = await shop.rule_fails(Priority=1, Transforms=[URL, URL])
    assert (code, message) == ("ValidationError", "A rule can only have one 'url-rewrite' transform")
    crossed = {"Type": "url-rewrite", "HostHeaderRewriteConfig": HOST["HostHeaderRewriteConfig"]}
    code, message = await shop.rule_fails(Priority=1, Transforms=[crossed])
    assert "is not compatible with a transform of type 'url-rewrite'" in message


# -- changing, ordering, deleting --------------------------------------------------------------------------------------


async def test_a_priority_that_is_taken(shop: Rules) -> None:
    assert await shop.rule_fails(Priority=40) == ("PriorityInUse", "The specified priority is in use.")
    code, _ = await shop.rule_fails(Priority=50001)
    assert code == "ValidationError"


async def test_conditions_and_actions_are_replaced_whole(shop: Rules) -> None:
    before = (await shop.rules())["60"]
    (changed,) = (await shop.api("ModifyRule", RuleArn=shop.arn(60), Conditions=PATH))["Rules"]
    assert changed == before | {"Conditions": changed["Conditions"]}
    assert changed["Conditions"][0]["Values"] == ["/a/*"]
    await shop.api("ModifyRule", RuleArn=shop.arn(60), Actions=FIXED)
    assert (await shop.rules())["60"] == changed | {"Actions": FIXED}
    nothing = await shop.fails("ModifyRule", RuleArn=shop.arn(60))
    assert nothing == ("ValidationError", "Either conditions or actions must be specified")


async def test_the_default_rule_is_the_listener_s(shop: Rules) -> None:
    arn = (await shop.rules())["default"]["RuleArn"]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("ModifyRule", {"RuleArn": arn, "Actions": FIXED}),
        ("DeleteRule", {"RuleArn": arn}),
        ("SetRulePriorities", {"RulePriorities": [{"RuleArn": arn, "Priority": 1}]}),
    ]
    for operation, given in calls:
        code, message = await shop.fails(operation, **given)
        assert (code, message.partition("' cannot be ")[0]) == ("OperationNotPermitted", f"Default rule '{arn}")


async def test_a_deleted_rule_is_gone_with_its_tags(shop: Rules) -> None:
    arn = (await shop.rule(Tags=[{"Key": "a", "Value": "b"}]))["RuleArn"]
    await shop.api("DeleteRule", RuleArn=arn)
    assert "1000" not in await shop.rules()
    assert arn not in shop.held.changes.tags
    for operation in ("DeleteRule", "ModifyRule"):
        given = {"Actions": FIXED} if operation == "ModifyRule" else {}
        assert (await shop.fails(operation, RuleArn=arn, **given))[0] == "RuleNotFound"


async def test_priorities_are_swapped_and_arns_stay(shop: Rules) -> None:
    first, second = shop.arn(20), shop.arn(30)
    pairs = [{"RuleArn": first, "Priority": 30}, {"RuleArn": second, "Priority": 20}]
    result = await shop.api("SetRulePriorities", RulePriorities=pairs)
    assert [(rule["RuleArn"], rule["Priority"]) for rule in result["Rules"]] == [(second, "20"), (first, "30")]
    assert (shop.arn(20), shop.arn(30)) == (second, first)
    await shop.rule(Priority=25)
    assert list(await shop.rules())[:3] == ["20", "25", "30"]


async def test_priorities_are_checked_as_a_whole(shop: Rules) -> None:
    first, second = shop.arn(20), shop.arn(30)

    async def fails(*pairs: tuple[str, int]) -> tuple[str, str]:
        given = [{"RuleArn": arn, "Priority": priority} for arn, priority in pairs]
        return await shop.fails("SetRulePriorities", RulePriorities=given)

    assert await fails((first, 7), (second, 7)) == ("ValidationError", "Priority '7' was provided multiple times")
    assert (await fails((first, 7), (first, 8)))[1] == f"Rule '{first}' was provided multiple times"
    assert (await fails((first, 7), (second, 40)))[0] == "PriorityInUse"
    assert (await fails((first, 7), (second + "0", 8)))[0] == "RuleNotFound"
    made = await shop.api(
        "CreateListener", LoadBalancerArn=shop.shop.arn, Protocol="HTTP", Port=81, DefaultActions=FIXED
    )
    elsewhere = (await shop.rule(ListenerArn=made["Listeners"][0]["ListenerArn"]))["RuleArn"]
    assert (await fails((first, 7), (elsewhere, 8)))[1] == "All rules must belong to the same listener"
    assert list(await shop.rules())[:2] == ["20", "30"]


async def test_a_hundred_rules(shop: Rules) -> None:
    for priority in range(1001, 1095):
        await shop.rule(Priority=priority)
    code, message = await shop.rule_fails()
    assert (code, message) == ("TooManyRules", "You've reached the limit on the number of rules per load balancer")


async def test_a_rule_of_a_listener_that_is_not_there(shop: Rules) -> None:
    assert (await shop.rule_fails(ListenerArn=shop.https.arn + "0"))[0] == "ListenerNotFound"


async def test_an_owner_s_group_of_another_load_balancer(shop: Rules) -> None:
    code, _ = await shop.rule_fails(Actions=[shop.forward("api")])
    assert code == "TargetGroupAssociationLimit"
