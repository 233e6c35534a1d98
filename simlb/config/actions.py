"""Actions of listeners and of rules: their long forms and shorthands, and which load balancer has a target group.

What AWS accepts is `simlb.core.validation`'s to say; here its errors find their places in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simlb.config.context import Context
from simlb.config.documents import ListenerEntry, LoadBalancerEntry
from simlb.config.problems import SCHEMA, Refused, did_you_mean, quoted
from simlb.config.rule_documents import (
    ActionEntry,
    FixedResponse,
    FixedResponseAction,
    Redirect,
    RedirectAction,
    RuleEntry,
    TargetGroupStickinessEntry,
)
from simlb.core import model, validation

REDIRECT_TO_HTTPS = Redirect(protocol="HTTPS", port=443, status_code="HTTP_301")
"""What the shorthand `redirect: https` stands for."""

_NOTHING = model.FixedResponseAction(status_code=503)
"""Stands in where a problem has been noted."""

Holder = ListenerEntry | RuleEntry
"""What has an action: a listener its default one, a rule its own."""


@dataclass(frozen=True, slots=True)
class ListenerScope:
    """The listener whose actions are compiled, and its load balancer."""

    balancer: LoadBalancerEntry
    entry: ListenerEntry


@dataclass(frozen=True, slots=True)
class _Group:
    """A target group that a forward names, its weight if given, and the keys that lead to it."""

    name: str
    weight: int | None
    keys: tuple[str | int, ...]


class ActionCompiler:
    """Compiles the actions of one file, whose load balancers must not share target groups."""

    def __init__(self, context: Context, groups: Mapping[str, model.TargetGroup]) -> None:
        self._context = context
        self._groups = groups
        self._owners: dict[str, str] = {}

    def unused_groups(self) -> list[str]:
        """Names of the target groups to which no action forwards."""
        return [name for name in self._groups if name not in self._owners]

    def compile(self, listener: ListenerScope, holder: Holder) -> model.Action:
        """The action of a listener or of one of its rules."""
        long, owner = ("default_actions", "listener") if isinstance(holder, ListenerEntry) else ("actions", "rule")
        keys = (long, "forward", "redirect", "fixed_response")
        given = [key for key in keys if getattr(holder, key) is not None]
        with self._context.at(holder, *given[1:2]):
            if not given:
                raise Refused(f"the {owner} needs one of {quoted(keys)}", code=SCHEMA)
            if len(given) > 1:
                raise Refused(f"{quoted(given)} exclude each other: a {owner} has one action", code=SCHEMA)
        if len(given) != 1:
            return _NOTHING
        if holder.forward is not None:
            return self._forward(listener, holder, _weighted(holder.forward))
        if isinstance(holder.redirect, Redirect):
            return self._redirect(listener, holder.redirect, holder.redirect)
        if holder.redirect is not None:
            return self._redirect(listener, REDIRECT_TO_HTTPS, holder, "redirect")
        if holder.fixed_response is not None:
            return self._fixed_response(holder.fixed_response)
        return self._listed(listener, holder, long, getattr(holder, long))

    def _listed(
        self, listener: ListenerScope, holder: Holder, key: str, entries: Sequence[ActionEntry]
    ) -> model.Action:
        kinds = [(str(type(entry).__struct_config__.tag), entry.order) for entry in entries]
        for error in validation.action_errors(kinds):
            self._context.refuse(error, holder, key, *error.path)
        actions = [self._one(listener, entry, position) for position, entry in enumerate(entries)]
        return actions[-1] if actions else _NOTHING

    def _one(self, listener: ListenerScope, entry: ActionEntry, position: int) -> model.Action:
        if isinstance(entry, RedirectAction):
            return self._redirect(listener, entry, entry)
        if isinstance(entry, FixedResponseAction):
            return self._fixed_response(entry, position)
        if entry.target_group is not None and entry.target_groups is not None:
            what = "'target_group' and 'target_groups' exclude each other: give one of them"
            self._context.fail(entry, "target_groups", what=what, code=SCHEMA)
            return _NOTHING
        groups = [
            _Group(group.target_group, group.weight, ("target_groups", index))
            for index, group in enumerate(entry.target_groups or ())
        ]
        if entry.target_group is not None:
            groups = [_Group(entry.target_group, None, ())]
        return self._forward(listener, entry, groups, entry.target_group_stickiness_config)

    def _forward(
        self,
        listener: ListenerScope,
        entry: object,
        groups: Sequence[_Group],
        stickiness: TargetGroupStickinessEntry | None = None,
    ) -> model.Action:
        context = self._context
        is_sticky = stickiness is not None and stickiness.enabled
        duration_s = stickiness.duration_seconds if stickiness is not None else None
        errors = validation.forward_errors(
            [(group.name, group.weight) for group in groups],
            stickiness_enabled=is_sticky,
            stickiness_duration_s=duration_s,
            known={
                name: group.attributes.stickiness_type if group.attributes.stickiness_enabled else None
                for name, group in self._groups.items()
            },
        )
        for error in errors:
            match error.path:
                case ("target_groups", int(index), *member):
                    name = groups[index].name
                    close = did_you_mean(name, self._groups).strip(" ()")
                    hints = [close] if close and error.code == "TargetGroupNotFound" else []
                    context.refuse(error, entry, *groups[index].keys, *member, hints=hints)
                case _:
                    context.refuse(error, entry, *error.path)
        if groups and all(group.weight == 0 for group in groups):
            context.warn(entry, what="all weights are 0: its requests will get 503")
        for group in groups:
            if group.name in self._groups:
                self._associate(listener.balancer.name, entry, group)
        weighted = tuple(
            model.WeightedTargetGroup(target_group=group.name, weight=1 if group.weight is None else group.weight)
            for group in groups
        )
        return model.ForwardAction(target_groups=weighted, stickiness_duration_s=duration_s if is_sticky else None)

    def _associate(self, balancer: str, entry: object, group: _Group) -> None:
        owner = self._owners.setdefault(group.name, balancer)
        for error in validation.association_errors(group.name, owner, balancer):
            hint = f"it belongs to load balancer '{owner}' already"
            self._context.refuse(error, entry, *group.keys, hints=[hint])

    def _redirect(
        self, listener: ListenerScope, redirect: Redirect, entry: object, *keys: str | int
    ) -> model.RedirectAction:
        errors = validation.redirect_errors(
            protocol=redirect.protocol,
            host=redirect.host,
            port=str(redirect.port),
            path=redirect.path,
            query=redirect.query,
            status_code=redirect.status_code,
            listener_protocol=listener.entry.protocol,
            listener_port=listener.entry.port,
        )
        for error in errors:
            self._context.refuse(error, entry, *keys, *error.path)
        if redirect.host == "#{host}" and str(redirect.port) != "#{port}":
            self._warn_if_nowhere(listener.balancer, str(redirect.port), entry)
        return model.RedirectAction(
            protocol=redirect.protocol,
            host=redirect.host,
            port=str(redirect.port),
            path=redirect.path,
            query=redirect.query,
            status_code=redirect.status_code,
        )

    def _warn_if_nowhere(self, balancer: LoadBalancerEntry, port: str, entry: object) -> None:
        if all(str(listener.port) != port for listener in balancer.listeners):
            what = f"the redirect leads to port {port}, where '{balancer.name}' has no listener"
            self._context.warn(entry, what=what)

    def _fixed_response(self, entry: FixedResponse, position: int = 0) -> model.Action:
        errors = list(
            validation.fixed_response_errors(
                status_code=str(entry.status_code),
                message_body=entry.message_body,
                content_type=entry.content_type,
                position=position,
            )
        )
        for error in errors:
            self._context.refuse(error, entry, *error.path)
        if errors:
            return _NOTHING
        return model.FixedResponseAction(
            status_code=int(entry.status_code), message_body=entry.message_body, content_type=entry.content_type
        )


def _weighted(forward: str | Mapping[str, int]) -> list[_Group]:
    """The groups of the shorthand: `forward: web` or `forward: {web: 90, canary: 10}`."""
    if isinstance(forward, str):
        return [_Group(forward, None, ("forward",))]
    return [_Group(name, weight, ("forward", name)) for name, weight in forward.items()]
