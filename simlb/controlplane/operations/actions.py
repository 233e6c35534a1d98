"""Actions as the API shows them (reference 1.4)."""

from __future__ import annotations

from simlb.controlplane.operations.call import Result
from simlb.controlplane.operations.catalog import Catalog
from simlb.core.model import Action, FixedResponseAction, ForwardAction, RedirectAction


def action_list(catalog: Catalog, action: Action) -> list[Result]:
    """The actions of a rule. simlb has no authentication yet, so that there is just one."""
    if isinstance(action, ForwardAction):
        shown = _forward(catalog, action)
    elif isinstance(action, RedirectAction):
        shown = _redirect(action)
    else:
        shown = _fixed_response(action)
    return [shown if action.order is None else shown | {"Order": action.order}]


def _forward(catalog: Catalog, action: ForwardAction) -> Result:
    groups = [
        {"TargetGroupArn": catalog.arns_of_groups[entry.target_group], "Weight": entry.weight}
        for entry in action.target_groups
    ]
    stickiness: Result = {"Enabled": action.stickiness_duration_s is not None}
    if action.stickiness_duration_s is not None:
        stickiness["DurationSeconds"] = action.stickiness_duration_s
    elif action.told_duration_s is not None:
        stickiness["DurationSeconds"] = action.told_duration_s
    result: Result = {"Type": "forward"}
    if len(groups) == 1:
        result["TargetGroupArn"] = groups[0]["TargetGroupArn"]
    return result | {"ForwardConfig": {"TargetGroups": groups, "TargetGroupStickinessConfig": stickiness}}


def _redirect(action: RedirectAction) -> Result:
    return {
        "Type": "redirect",
        "RedirectConfig": {
            "Protocol": action.protocol,
            "Port": action.port,
            "Host": action.host,
            "Path": action.path,
            "Query": action.query,
            "StatusCode": action.status_code,
        },
    }


def _fixed_response(action: FixedResponseAction) -> Result:
    return {
        "Type": "fixed-response",
        "FixedResponseConfig": {
            "MessageBody": action.message_body or None,
            "StatusCode": str(action.status_code),
            "ContentType": action.content_type,
        },
    }
