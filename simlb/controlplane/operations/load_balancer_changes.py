"""Creating, changing and deleting load balancers (reference 1.1)."""

from __future__ import annotations

from dataclasses import replace

from simlb.controlplane.operations.attributes import attribute_list, given_attributes
from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.catalog import rules_of
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.load_balancers import (
    describe_capacity_reservation,
    facts_of,
    load_balancer_result,
    shown_attributes,
    zone_list,
)
from simlb.controlplane.operations.network import (
    given_address_type,
    given_security_groups,
    given_subnets,
    look_up_groups,
    put_foreign,
    unsupported,
)
from simlb.controlplane.operations.references import LOAD_BALANCER
from simlb.controlplane.operations.tags import read_tags
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core import ids, quotas
from simlb.core.attributes import LOAD_BALANCER_ATTRIBUTES, AttributeValueError, LoadBalancerAttributes
from simlb.core.changes import LoadBalancerFacts
from simlb.core.model import IpAddressType, LoadBalancer, Scheme
from simlb.core.validation import load_balancer_name_errors, quota_errors


async def create_load_balancer(call: Call) -> Result:
    """A new load balancer without listeners; the present one, when it is the same."""
    name = call.text("Name")
    for error in load_balancer_name_errors(name):
        raise QueryError(error.code, error.message)
    _check_kind(call)
    ip_address_type = given_address_type(call) or "ipv4"
    subnets, there = await given_subnets(call)
    there = there.joined(await look_up_groups(call))
    tags = read_tags(call.parameters.get("Tags"))
    scheme = Scheme(call.text("Scheme") or Scheme.INTERNET_FACING)

    def shown(draft: Draft, balancer: LoadBalancer, facts: LoadBalancerFacts, *, is_provisioning: bool) -> Result:
        records = draft.changes.records
        return {"LoadBalancers": [load_balancer_result(balancer, facts, records, is_provisioning=is_provisioning)]}

    def create(draft: Draft) -> Result:
        groups = given_security_groups(call, draft, there, subnets) or (ids.default_security_group_id(call.region),)
        facts = LoadBalancerFacts(created_at=draft.now, subnets=subnets, security_groups=groups)
        present = next((each for each in draft.configuration.load_balancers if each.aws_name == name), None)
        if present is not None:
            held = facts_of(call.estate, draft.changes, present)
            has_tags = draft.changes.tags.get(present.arn, {}) == tags
            is_same = (present.scheme, present.ip_address_type) == (scheme, ip_address_type) and _is_same(held, facts)
            if not (is_same and has_tags):
                raise QueryError(
                    "DuplicateLoadBalancerName",
                    f"A load balancer with the same name '{name}' exists, but with different settings",
                )
            return shown(draft, present, held, is_provisioning=call.estate.is_provisioning(present.arn))
        for error in quota_errors(quotas.LOAD_BALANCERS, len(draft.configuration.load_balancers) + 1):
            raise QueryError(error.code, error.message)
        lb_id = draft.new_id()
        balancer = LoadBalancer(
            name=draft.name(name),
            id=lb_id,
            arn=ids.load_balancer_arn(call.region, name, lb_id),
            dns_name=ids.dns_name(call.region, name, internal=scheme is Scheme.INTERNAL, lb_id=lb_id),
            region=call.region,
            scheme=scheme,
            address=call.estate.address(draft.everything),
            ip_address_type=ip_address_type,
        )
        draft.put_load_balancer(balancer)
        draft.put_facts(balancer.arn, facts)
        put_foreign(draft, there)
        draft.put_tags(balancer.arn, tags)
        # Harmless should the change fail: nobody knows that ARN.
        call.estate.begin_provisioning(balancer.arn)
        return shown(draft, balancer, facts, is_provisioning=True)

    return await call.estate.change(create)


async def delete_load_balancer(call: Call) -> Result:
    """With its listeners and rules; what is under way on its connections is finished. Absent ones succeed."""
    arn = call.text("LoadBalancerArn")
    LOAD_BALANCER.check([arn])

    def delete(draft: Draft) -> Result:
        balancer = draft.catalog.load_balancers.get(arn)
        if balancer is None:
            return {}
        if balancer.attributes.deletion_protection:
            raise QueryError(
                "OperationNotPermitted",
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            )
        for listener in balancer.listeners:
            for each in (listener.arn, *(rule.arn for rule in rules_of(listener))):
                draft.put_tags(each, {})
        draft.remove_load_balancer(arn)
        return {}

    return await call.estate.change(delete)


async def modify_load_balancer_attributes(call: Call) -> Result:
    """Other attributes: all that the call names, or none when one of them cannot be."""
    given = given_attributes(call, "Load balancer", LOAD_BALANCER_ATTRIBUTES)

    def modify(draft: Draft) -> Result:
        balancer = _named(call, draft)
        try:
            attributes = LoadBalancerAttributes.from_wire({**balancer.attributes.given, **given})
        except AttributeValueError as error:
            raise QueryError(error.code, str(error)) from error
        changed = replace(balancer, attributes=attributes)
        draft.put_load_balancer(changed)
        return {"Attributes": attribute_list(shown_attributes(changed))}

    return await call.estate.change(modify)


async def set_security_groups(call: Call) -> Result:
    """Other security groups: they let clients in from now on. Connections that are there stay."""
    if call.text("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"):
        raise QueryError(
            "InvalidConfigurationRequest",
            "'EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic' goes with load balancers of type 'network' only",
        )

    there = await look_up_groups(call)

    def modify(draft: Draft) -> Result:
        balancer = _named(call, draft)
        subnets = facts_of(call.estate, draft.changes, balancer).subnets
        groups = given_security_groups(call, draft, there, subnets)
        if not groups:
            raise invalid("At least one security group must be specified")
        draft.put_facts(balancer.arn, replace(_own_facts(call, draft, balancer), security_groups=groups))
        put_foreign(draft, there)
        return {"SecurityGroupIds": list(groups)}

    return await call.estate.change(modify)


async def set_subnets(call: Call) -> Result:
    """Other zones. There is one node, wherever it is said to be. The address type may change with them."""
    ip_address_type = given_address_type(call)
    subnets, there = await given_subnets(call)

    def modify(draft: Draft) -> Result:
        balancer = _named(call, draft)
        facts = replace(_own_facts(call, draft, balancer), subnets=subnets)
        draft.put_facts(balancer.arn, facts)
        put_foreign(draft, there)
        wanted = ip_address_type or balancer.ip_address_type
        _put_address_type(draft, balancer, wanted)
        zones = zone_list(call.region, subnets, draft.changes.records)
        return {"AvailabilityZones": zones, "IpAddressType": wanted}

    return await call.estate.change(modify)


async def set_ip_address_type(call: Call) -> Result:
    """IPv4 alone, or IPv6 as well: its listeners come to be at ::1, or leave it. Connections that are there stay."""
    wanted = given_address_type(call) or "ipv4"

    def modify(draft: Draft) -> Result:
        _put_address_type(draft, _named(call, draft), wanted)
        return {"IpAddressType": wanted}

    return await call.estate.change(modify)


async def modify_ip_pools(call: Call) -> Result:
    """None can be set; to remove what is not there succeeds."""
    LOAD_BALANCER.find_one(call.catalog.load_balancers, call.text("LoadBalancerArn"))
    if call.parameters.get("IpamPools"):
        raise unsupported("IpamPools")
    return {}


async def modify_capacity_reservation(call: Call) -> Result:
    """There is no capacity to reserve; to give back what was never reserved succeeds."""
    LOAD_BALANCER.find_one(call.catalog.load_balancers, call.text("LoadBalancerArn"))
    if call.parameters.get("MinimumLoadBalancerCapacity"):
        raise unsupported("MinimumLoadBalancerCapacity")
    if not call.parameters.get("ResetCapacityReservation"):
        raise invalid("A minimum load balancer capacity or a reset of it must be specified")
    return describe_capacity_reservation(call)


def _put_address_type(draft: Draft, balancer: LoadBalancer, wanted: IpAddressType) -> None:
    if wanted != balancer.ip_address_type:
        draft.put_load_balancer(replace(balancer, ip_address_type=wanted))


def _named(call: Call, draft: Draft) -> LoadBalancer:
    return LOAD_BALANCER.find_one(draft.catalog.load_balancers, call.text("LoadBalancerArn"))


def _own_facts(call: Call, draft: Draft, balancer: LoadBalancer) -> LoadBalancerFacts:
    """Without made-up security groups, which a load balancer of the file does not take from anywhere."""
    created_at = call.estate.created_at.timestamp()
    return draft.changes.facts.get(balancer.arn) or LoadBalancerFacts(created_at=created_at)


def _is_same(held: LoadBalancerFacts, wanted: LoadBalancerFacts) -> bool:
    """By what a call that creates a load balancer can say."""
    return (set(held.subnets), set(held.security_groups)) == (set(wanted.subnets), set(wanted.security_groups))


def _check_kind(call: Call) -> None:
    kind = call.text("Type")
    if kind not in {"", "application"}:
        raise QueryError(
            "InvalidConfigurationRequest",
            f"Load balancers of type '{kind}' are not supported by simlb, which is an Application Load Balancer: "
            "see docs/parity.md",
        )
    for name in ("CustomerOwnedIpv4Pool", "IpamPools"):
        if call.given(name):
            raise unsupported(name)


HANDLERS: Handlers = {
    "CreateLoadBalancer": create_load_balancer,
    "DeleteLoadBalancer": delete_load_balancer,
    "ModifyLoadBalancerAttributes": modify_load_balancer_attributes,
    "SetSecurityGroups": set_security_groups,
    "SetSubnets": set_subnets,
    "SetIpAddressType": set_ip_address_type,
    "ModifyIpPools": modify_ip_pools,
    "ModifyCapacityReservation": modify_capacity_reservation,
}
