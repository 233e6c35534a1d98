"""Actions as calls give them, in every form that AWS takes (reference 1.4); `actions` shows them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simlb.controlplane.operations.catalog import Catalog
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core.model import (
    Action,
    FixedResponseAction,
    ForwardAction,
    Listener,
    LoadBalancer,
    RedirectAction,
    TargetGroup,
    WeightedTargetGroup,
)
from simlb.core.validation import (
    ElbError,
    action_errors,
    association_errors,
    fixed_response_errors,
    forward_errors,
    redirect_errors,
)

Values = Mapping[str, Any]

_MEMBERS = {
    "TargetGroupArn": "forward",
    "ForwardConfig": "forward",
    "RedirectConfig": "redirect",
    "FixedResponseConfig": "fixed-response",
    "AuthenticateOidcConfig": "authenticate-oidc",
    "AuthenticateCognitoConfig": "authenticate-cognito",
    "JwtValidationConfig": "jwt-validation",
}
"""What belongs to which type of action."""

REDIRECT_DEFAULTS = RedirectAction()


def raise_first(errors: Iterable[ElbError]) -> None:
    """A call is answered with the first thing that is wrong. Raises QueryError."""
    for error in errors:
        raise QueryError(error.code, error.message)


class ActionReader:
    """Reads the actions of one listener of `balancer`, whether default ones or a rule's. Raises QueryError."""

    def __init__(self, catalog: Catalog, balancer: LoadBalancer, protocol: str, port: int) -> None:
        self._catalog = catalog
        self._balancer = balancer
        self._protocol = protocol
        self._port = port

    def read(self, given: Sequence[Values]) -> Action:
        """The action of a call's `Actions` or `DefaultActions`: the only one that simlb carries out is the last."""
        raise_first(action_errors([(each["Type"], each.get("Order")) for each in given]))
        (action,) = (self._one(each, position) for position, each in enumerate(given))
        return action

    def check(self, listener: Listener) -> None:
        """Whether every redirect there fits a listener of this protocol and port, which it may not have had before."""
        for action in listener.actions():
            if isinstance(action, RedirectAction):
                self._check_redirect(action)

    def _one(self, given: Values, position: int) -> Action:
        kind = given["Type"]
        for member, belongs in _MEMBERS.items():
            if given.get(member) is not None and belongs != kind:
                raise invalid(f"The '{member}' field is not compatible with an action of type '{kind}'")
        if kind == "forward":
            return self._forward(given)
        member = "RedirectConfig" if kind == "redirect" else "FixedResponseConfig"
        config = given.get(member)
        if config is None:
            raise invalid(f"A '{member}' must be specified with '{kind}'")
        if kind == "redirect":
            return self._redirect(config, given.get("Order"))
        return _fixed_response(config, position, given.get("Order"))

    def _forward(self, given: Values) -> ForwardAction:
        config = given.get("ForwardConfig") or {}
        entries: list[Values] = list(config.get("TargetGroups") or ())
        if short := given.get("TargetGroupArn"):
            if entries and [entry.get("TargetGroupArn") for entry in entries] != [short]:
                raise invalid(
                    "You can specify only one target group using ForwardConfig together with TargetGroupArn, and it "
                    "must be the same target group specified in TargetGroupArn"
                )
            entries = entries or [{"TargetGroupArn": short}]
        stickiness = config.get("TargetGroupStickinessConfig") or {}
        is_sticky, duration_s = bool(stickiness.get("Enabled")), stickiness.get("DurationSeconds")
        groups = self._catalog.target_groups
        raise_first(
            forward_errors(
                [(entry.get("TargetGroupArn") or "", entry.get("Weight")) for entry in entries],
                stickiness_enabled=is_sticky,
                stickiness_duration_s=duration_s,
                known={arn: _stickiness(group) for arn, group in groups.items()},
            )
        )
        weighted = []
        for entry in entries:
            group = groups[entry["TargetGroupArn"]]
            self._check_association(group)
            weight = 1 if entry.get("Weight") is None else entry["Weight"]
            weighted.append(WeightedTargetGroup(target_group=group.name, weight=weight))
        return ForwardAction(
            target_groups=tuple(weighted),
            stickiness_duration_s=duration_s if is_sticky else None,
            told_duration_s=None if is_sticky else duration_s,
            order=given.get("Order"),
        )

    def _check_association(self, group: TargetGroup) -> None:
        for user in self._catalog.users.get(group.name, ()):
            raise_first(association_errors(group.arn, user.arn, self._balancer.arn))

    def _redirect(self, config: Values, order: int | None) -> RedirectAction:
        def member(name: str, default: str) -> str:
            value: str | None = config.get(name)
            return default if value is None else value

        action = RedirectAction(
            protocol=member("Protocol", REDIRECT_DEFAULTS.protocol),
            host=member("Host", REDIRECT_DEFAULTS.host),
            port=member("Port", REDIRECT_DEFAULTS.port),
            path=member("Path", REDIRECT_DEFAULTS.path),
            query=member("Query", REDIRECT_DEFAULTS.query),
            status_code=config["StatusCode"],
            order=order,
        )
        self._check_redirect(action)
        return action

    def _check_redirect(self, action: RedirectAction) -> None:
        raise_first(
            redirect_errors(
                protocol=action.protocol,
                host=action.host,
                port=action.port,
                path=action.path,
                query=action.query,
                status_code=action.status_code,
                listener_protocol=self._protocol,
                listener_port=self._port,
            )
        )


def _fixed_response(config: Values, position: int, order: int | None) -> FixedResponseAction:
    status, body, kind = config["StatusCode"], config.get("MessageBody") or "", config.get("ContentType") or None
    raise_first(fixed_response_errors(status_code=status, message_body=body, content_type=kind, position=position))
    return FixedResponseAction(status_code=int(status), message_body=body, content_type=kind, order=order)


def _stickiness(group: TargetGroup) -> str | None:
    return group.attributes.stickiness_type if group.attributes.stickiness_enabled else None
