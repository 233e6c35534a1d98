"""Rules, weighted forwards and named targets for tests of routing, in as few words as a table has room for."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from simlb.core.model import (
    Action,
    Condition,
    FixedResponseAction,
    ForwardAction,
    HostHeaderCondition,
    HttpHeaderCondition,
    HttpRequestMethodCondition,
    PathPatternCondition,
    QueryStringCondition,
    QueryStringPair,
    Rewrite,
    Rule,
    SourceIpCondition,
    WeightedTargetGroup,
)
from tests.dataplane.harness import ARN, Client, Message, Rig, Script, answer

ACTIONS, REDIRECT_URL, ERROR_REASON = 22, 23, 24
PRIORITY = 20
TRANSFORMED_HOST, TRANSFORMED_URI, TRANSFORM_STATUS = 30, 31, 32
"""Places in a line of the access log, from 0 (reference 7.1 counts from 1)."""


# -- what clients and targets say --------------------------------------------------------------------------------------


def get(target: str = "/", *fields: str, host: str = "shop.test", method: str = "GET") -> bytes:
    """A request without a body."""
    return "".join(f"{line}\r\n" for line in (f"{method} {target} HTTP/1.1", f"Host: {host}", *fields, "")).encode()


def reply(body: str, *fields: str, status: str = "200 OK") -> bytes:
    """A response with a length."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "")
    return "".join(f"{line}\r\n" for line in lines).encode() + body.encode()


def says(body: str, *fields: str, status: str = "200 OK") -> Script:
    """A target that answers everything with these words."""
    return answer(reply(body, *fields, status=status))


async def ask_many(client: Client, count: int, data: bytes) -> list[str]:
    """The bodies of `count` answers on one connection; the requests are pipelined."""
    bodies = []
    for begun in range(0, count, 100):
        now = min(100, count - begun)
        client.send(data * now)
        bodies += [(await client.response()).body.decode() for _ in range(now)]
    return bodies


# -- rules -------------------------------------------------------------------------------------------------------------


def fixed(body: str, status_code: int = 200) -> FixedResponseAction:
    return FixedResponseAction(status_code=status_code, message_body=body)


def weighted(*, sticky_s: int | None = None, **weights: int) -> ForwardAction:
    """A forward to these groups."""
    groups = tuple(WeightedTargetGroup(target_group=name, weight=weight) for name, weight in weights.items())
    return ForwardAction(target_groups=groups, stickiness_duration_s=sticky_s)


def rule(
    priority: int,
    *conditions: Condition,
    action: Action | None = None,
    host: tuple[str, str] | None = None,
    url: tuple[str, str] | None = None,
) -> Rule:
    """A rule; without an action it answers with its priority. `host` and `url` are rewrites."""
    return Rule(
        priority=priority,
        arn=f"{ARN}:listener-rule/app/web/50dc6c495c0c9188/0000000000000050/{priority:016x}",
        conditions=conditions or (path("*"),),
        action=action or fixed(str(priority)),
        host_header_rewrite=None if host is None else Rewrite(regex=host[0], replace=host[1]),
        url_rewrite=None if url is None else Rewrite(regex=url[0], replace=url[1]),
    )


def path(*values: str, regex: tuple[str, ...] = ()) -> PathPatternCondition:
    return PathPatternCondition(values=values, regex_values=regex)


def host_is(*values: str, regex: tuple[str, ...] = ()) -> HostHeaderCondition:
    return HostHeaderCondition(values=values, regex_values=regex)


def header(name: str, *values: str, regex: tuple[str, ...] = ()) -> HttpHeaderCondition:
    return HttpHeaderCondition(http_header_name=name, values=values, regex_values=regex)


def method(*values: str) -> HttpRequestMethodCondition:
    return HttpRequestMethodCondition(values=values)


def query(*pairs: tuple[str | None, str]) -> QueryStringCondition:
    return QueryStringCondition(values=tuple(QueryStringPair(key=key, value=value) for key, value in pairs))


def source(*networks: str) -> SourceIpCondition:
    return SourceIpCondition(values=tuple(map(ipaddress.ip_network, networks)))


# -- a rig with rules --------------------------------------------------------------------------------------------------


async def route(rig: Rig, *rules: Rule, action: Action | None = None, **attributes: Any) -> None:
    """One HTTP listener on port 80 with these rules; its default answers "0". The groups stay as they are."""
    await rig.apply(rig.listener(action or fixed("0"), rules=rules), **attributes)
    for name in rig.load_balancer.target_group_names():
        await rig.healthy(name)


async def named(rig: Rig, *names: str) -> None:
    """Start a target for each name, which it answers with; the rig describes them as 10.0.0.1, 10.0.0.2 ..."""
    for name in names:
        await rig.target(says(name))


async def groups_of_one(rig: Rig, *names: str, **attributes: Any) -> None:
    """A group for each name, with one target that answers with it. To be put to use by `route`."""
    await named(rig, *names)
    rig.groups = {
        name: rig.group(target, name=name, **attributes) for name, target in zip(names, rig.targets, strict=True)
    }


def matched(rig: Rig) -> list[str]:
    """matched_rule_priority of every line of the access log."""
    return [line[PRIORITY] for line in rig.lines]


def bodies(messages: Iterable[Message]) -> list[str]:
    return [message.body.decode() for message in messages]
