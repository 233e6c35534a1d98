"""Where ids that are not simlb's are looked up: moto, the endpoint of the file, what is kept, or nowhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import TYPE_CHECKING

import aiohttp

from simlb.controlplane.ec2.foreign import LookupFailedError, question, read_groups, read_subnets, read_vpcs
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.credentials import Scope, header_of
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.protocol import FORM, OK, QueryRequest
from simlb.core import foreign, ids
from simlb.core.changes import Changes
from simlb.core.events import Notice
from simlb.core.foreign import Foreign, Origin

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.app.elbv2 import AppEstate

ANSWER_S = 5.0
ANSWER_BYTES_MAX = 4 * 1024 * 1024
Ask = Callable[[bytes], Awaitable[bytes]]


async def look_up(
    app: App,
    region: str,
    *,
    subnets: Collection[str],
    zones: Iterable[str],
    security_groups: Collection[str],
    vpcs: Collection[str],
) -> Foreign:
    """See `Estate.look_up`. The first place that has an id counts."""
    found = Foreign()
    settings = app.compiled.settings
    places: list[tuple[Origin, Ask]] = []
    if app.moto.has_begun:
        places.append(("moto", lambda body: _ask_moto(app, region, body)))
    if settings.foreign_endpoint is not None:
        endpoint = settings.foreign_endpoint
        places.append(("endpoint", lambda body: _ask_endpoint(endpoint, region, body)))
    for origin, ask in places:
        found = found.joined(await _asked(origin, ask, _rest(subnets, security_groups, vpcs, found)))
    rest = _rest(subnets, security_groups, vpcs, found)
    found = found.joined(_kept(app.changes, region, rest))
    if settings.foreign_ids == "accept":
        rest = _rest(subnets, security_groups, vpcs, found)
        taken = [*zones, *(subnet.zone for subnet in found.subnets.values())]
        found = found.joined(_accepted(app, region, rest, taken))
    return found


async def look_up_again(app: App, estate: AppEstate) -> None:
    """The rules of moto's security groups that load balancers name, as they are now."""
    held = app.changes.records.get(foreign.SECURITY_GROUP, {})
    before = {one: foreign.group_of(one, body) for one, body in held.items() if body["origin"] == "moto"}
    if not before:
        return
    region = estate.region
    wanted: tuple[Collection[str], ...] = ((), list(before), ())
    now = (await _asked("moto", lambda body: _ask_moto(app, region, body), wanted)).security_groups
    changed = [group for group in now.values() if group != before[group.id]]

    def keep(draft: Draft) -> None:
        for group in changed:
            if group.id in draft.changes.records.get(foreign.SECURITY_GROUP, {}):
                draft.put_record(foreign.SECURITY_GROUP, group.id, foreign.group_body(group))

    if changed:
        await estate.change(keep)


def _rest(
    subnets: Collection[str], security_groups: Collection[str], vpcs: Collection[str], found: Foreign
) -> tuple[Collection[str], ...]:
    return (
        [one for one in subnets if one not in found.subnets],
        [one for one in security_groups if one not in found.security_groups],
        [one for one in vpcs if one not in found.vpcs],
    )


async def _asked(origin: Origin, ask: Ask, wanted: tuple[Collection[str], ...]) -> Foreign:
    subnets, security_groups, vpcs = wanted
    try:
        return Foreign(
            subnets=read_subnets(await ask(question("DescribeSubnets", "subnet-id", subnets)), subnets, origin)
            if subnets
            else {},
            security_groups=read_groups(
                await ask(question("DescribeSecurityGroups", "group-id", security_groups)), security_groups, origin
            )
            if security_groups
            else {},
            vpcs=read_vpcs(await ask(question("DescribeVpcs", "vpc-id", vpcs)), vpcs) if vpcs else frozenset(),
        )
    except LookupFailedError as error:
        where = "moto" if origin == "moto" else "the foreign_endpoint"
        raise QueryError(
            "ServiceUnavailable", f"An id that is not simlb's could not be looked up at {where}: {error}. (SIMLB-E849)"
        ) from error


async def _ask_moto(app: App, region: str, body: bytes) -> bytes:
    reply = await app.moto.ask(
        QueryRequest(body=body, content_type=FORM, authorization=_signed(region)), "looking up an id"
    )
    if reply.status != OK:
        raise LookupFailedError(f"it answers with status {reply.status}")
    return reply.body


async def _ask_endpoint(endpoint: str, region: str, body: bytes) -> bytes:
    headers = {
        "Authorization": _signed(region),
        "Content-Type": FORM,
    }
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    try:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout) as client,
            client.post(endpoint, data=body, headers=headers, allow_redirects=False) as response,
        ):
            answer = await response.content.read(ANSWER_BYTES_MAX + 1)
            while len(answer) <= ANSWER_BYTES_MAX and (part := await response.content.read(ANSWER_BYTES_MAX)):
                answer += part
    except TimeoutError as error:
        raise LookupFailedError(f"{endpoint} does not answer within {ANSWER_S:g} s") from error
    except aiohttp.ClientConnectorError as error:
        raise LookupFailedError(f"nothing listens at {endpoint}") from error
    except aiohttp.ClientError as error:
        raise LookupFailedError(f"{endpoint}: {error or type(error).__name__}") from error
    if len(answer) > ANSWER_BYTES_MAX:
        raise LookupFailedError(f"{endpoint} answers with more than {ANSWER_BYTES_MAX} bytes")
    if response.status != OK:
        raise LookupFailedError(f"{endpoint} answers with status {response.status}")
    return answer


def _signed(region: str) -> str:
    return header_of(Scope(region, "ec2", in_header=True))


def _kept(changes: Changes, region: str, wanted: tuple[Collection[str], ...]) -> Foreign:
    """As something of the region names it already: moto may have been started anew since."""
    subnets, security_groups, vpcs = wanted
    records = changes.records
    facts = [facts for arn, facts in changes.facts.items() if ids.region_of(arn) == region]
    used = {one for each in facts for one in (*each.subnets, *each.security_groups)}
    held, groups = (
        {one: body for one, body in records.get(kind, {}).items() if one in used}
        for kind in (foreign.SUBNET, foreign.SECURITY_GROUP)
    )
    of_targets = {
        body["vpc"] for arn, body in records.get(foreign.TARGET_GROUP, {}).items() if ids.region_of(arn) == region
    }
    of_subnets = {body["vpc"] for body in held.values()}
    return Foreign(
        subnets={one: foreign.subnet_of(one, held[one]) for one in subnets if one in held},
        security_groups={one: foreign.group_of(one, groups[one]) for one in security_groups if one in groups},
        vpcs=frozenset(vpcs) & (of_targets | of_subnets),
    )


def _accepted(app: App, region: str, wanted: tuple[Collection[str], ...], taken: Iterable[str]) -> Foreign:
    subnets, security_groups, vpcs = wanted
    for one in security_groups:
        app.narrator.notice(
            Notice(
                level="warning",
                code="E850",
                text=f"Security group {one} is unknown here and accepted as it is (foreign_ids): it lets everybody in.",
            )
        )
    held = app.changes.records.get(foreign.SUBNET, {})
    here = [one for one in subnets if one not in held or held[one]["zone"][:-1] == region]  # no id is of two regions
    given = foreign.accepted_subnets(region, here, taken, app.changes.records)
    return Foreign(
        subnets={subnet.id: subnet for subnet in given},
        security_groups={one: foreign.accepted_group(one) for one in security_groups},
        vpcs=frozenset(one for one in vpcs if one != ids.vpc_id(region)),
    )
