"""Rules of a listener, with their conditions and transforms (reference 1.3)."""

from __future__ import annotations

from collections.abc import Iterable

from simlb.controlplane.operations.actions import action_list
from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.catalog import Catalog, RuleEntry, rules_of
from simlb.controlplane.operations.paging import paged
from simlb.controlplane.operations.references import RULE, check_exclusive, listener
from simlb.controlplane.query.errors import invalid
from simlb.core.model import (
    FIELDS,
    Condition,
    HostHeaderCondition,
    HttpHeaderCondition,
    HttpRequestMethodCondition,
    PathPatternCondition,
    QueryStringCondition,
    Rewrite,
    Rule,
)


def describe_rules(call: Call) -> Result:
    """Those of a listener, or of given ARNs: by ascending priority, the default rule last."""
    check_exclusive(
        call,
        "RuleArns",
        "ListenerArn",
        message="Listener rule ARNs and a listener ARN cannot be specified at the same time",
    )
    found: Iterable[RuleEntry]
    if call.given("ListenerArn"):
        found = rules_of(listener(call).listener)
    elif call.given("RuleArns"):
        found = RULE.find(call.catalog.rules, call.texts("RuleArns"))
    else:
        raise invalid("You must specify either listener rule ARNs or a listener ARN")
    return paged(call, "Rules", found, lambda entry: rule_result(call.catalog, entry), lambda entry: entry.arn)


def rule_result(catalog: Catalog, entry: RuleEntry) -> Result:
    """A rule as the API shows it."""
    rule = entry.rule
    if rule is None:
        return {
            "RuleArn": entry.arn,
            "Priority": "default",
            "Conditions": [],
            "Actions": action_list(catalog, entry.listener.default_action),
            "IsDefault": True,
            "Transforms": [],
        }
    return {
        "RuleArn": entry.arn,
        "Priority": str(rule.priority),
        "Conditions": [_condition(condition) for condition in rule.conditions],
        "Actions": action_list(catalog, rule.action),
        "IsDefault": False,
        "Transforms": _transforms(rule),
    }


def _condition(condition: Condition) -> Result:
    """The two oldest kinds are shown in their old form too (reference 1.3)."""
    result: Result = {"Field": FIELDS[type(condition)]}
    if isinstance(condition, HostHeaderCondition):
        return result | _both_forms("HostHeaderConfig", condition)
    if isinstance(condition, PathPatternCondition):
        return result | _both_forms("PathPatternConfig", condition)
    if isinstance(condition, HttpHeaderCondition):
        return result | {
            "HttpHeaderConfig": {"HttpHeaderName": condition.http_header_name, **_values(condition)},
        }
    if isinstance(condition, HttpRequestMethodCondition):
        return result | {"HttpRequestMethodConfig": {"Values": condition.values}}
    if isinstance(condition, QueryStringCondition):
        pairs = [{"Key": pair.key, "Value": pair.value} for pair in condition.values]
        return result | {"QueryStringConfig": {"Values": pairs}}
    return result | {"SourceIpConfig": {"Values": [str(network) for network in condition.values]}}


def _both_forms(member: str, condition: HostHeaderCondition | PathPatternCondition) -> Result:
    values = _values(condition)
    return {**values, member: values}


def _values(condition: HostHeaderCondition | PathPatternCondition | HttpHeaderCondition) -> Result:
    if condition.regex_values:
        return {"RegexValues": condition.regex_values}
    return {"Values": condition.values}


def _transforms(rule: Rule) -> list[Result]:
    kinds = (
        ("host-header-rewrite", "HostHeaderRewriteConfig", rule.host_header_rewrite),
        ("url-rewrite", "UrlRewriteConfig", rule.url_rewrite),
    )
    return [{"Type": kind, member: {"Rewrites": [_rewrite(found)]}} for kind, member, found in kinds if found]


def _rewrite(rewrite: Rewrite) -> Result:
    return {"Regex": rewrite.regex, "Replace": rewrite.replace}


HANDLERS: Handlers = {"DescribeRules": describe_rules}
