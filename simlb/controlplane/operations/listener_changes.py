"""Creating, changing and deleting listeners (reference 1.2)."""

from __future__ import annotations

from dataclasses import replace

from simlb.controlplane.operations.action_parameters import ActionReader, raise_first
from simlb.controlplane.operations.attributes import attribute_list, given_attributes
from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.catalog import ListenerEntry, rules_of
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.listener_parameters import (
    check_plain,
    check_unsupported,
    read_certificate,
    read_mutual_authentication,
    read_protocol,
    read_ssl_policy,
)
from simlb.controlplane.operations.listeners import attribute_rows, listener_result
from simlb.controlplane.operations.references import LISTENER, LOAD_BALANCER
from simlb.controlplane.operations.tags import read_tags
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core import ids
from simlb.core.attributes import AttributeValueError, ListenerAttributes
from simlb.core.model import Listener, Protocol
from simlb.core.ssl_policies import API_POLICY, LISTENER_POLICY
from simlb.core.trust_stores import in_region
from simlb.core.validation import load_balancer_quota_errors


async def create_listener(call: Call) -> Result:
    """Open a port. The same call again finds the listener there."""
    protocol = read_protocol(call)
    if protocol is None:
        raise invalid("A listener protocol must be specified")
    port = call.parameters.get("Port")
    if port is None:
        raise invalid("A listener port must be specified")
    check_unsupported(call)
    tags = read_tags(call.parameters.get("Tags"))

    def create(draft: Draft) -> Result:
        balancer = LOAD_BALANCER.find_one(draft.catalog.load_balancers, call.text("LoadBalancerArn"))
        reader = ActionReader(draft.catalog, balancer, protocol, port)
        wanted = Listener(
            protocol=protocol,
            port=port,
            arn=ids.new_listener_arn(balancer.arn, draft.new_id()),
            binds=(),
            default_action=reader.read(call.parameters["DefaultActions"]),
        )
        wanted = _secured(call, wanted) if protocol is Protocol.HTTPS else _plain(call, wanted)
        wanted = _mutual(call, draft, wanted)
        present = next((each for each in balancer.listeners if each.port == port), None)
        if present is not None:
            held = draft.changes.tags.get(present.arn, {})
            if not _is_same(present, wanted) or tags not in ({}, held):
                raise _duplicate(present)
            return {"Listeners": [listener_result(draft.catalog, ListenerEntry(balancer, present))]}
        wanted = replace(wanted, binds=call.estate.binds(draft.everything, balancer, port))
        balancer = replace(balancer, listeners=(*balancer.listeners, wanted))
        raise_first(load_balancer_quota_errors(balancer, draft.configuration.target_groups))
        draft.put_load_balancer(balancer)
        draft.put_tags(wanted.arn, tags)
        return _answer(draft, wanted)

    return await call.estate.change(create)


async def modify_listener(call: Call) -> Result:
    """Another port, protocol, certificate, security policy or default action. What the call does not name stays."""
    check_unsupported(call)

    def modify(draft: Draft) -> Result:
        entry = LISTENER.find_one(draft.catalog.listeners, call.text("ListenerArn"))
        present, balancer = entry.listener, entry.load_balancer
        protocol, port = read_protocol(call) or present.protocol, call.parameters.get("Port") or present.port
        others = [each for each in balancer.listeners if each.arn != present.arn]
        for other in others:
            if other.port == port:
                raise _duplicate(other)
        changed = replace(present, protocol=protocol, port=port)
        if port != present.port:
            rest = replace(balancer, listeners=tuple(others))
            changed = replace(changed, binds=call.estate.binds(draft.everything, rest, port))
        reader = ActionReader(draft.catalog, balancer, protocol, port)
        if call.given("DefaultActions"):
            changed = replace(changed, default_action=reader.read(call.parameters["DefaultActions"]))
        if (protocol, port) != (present.protocol, present.port):
            reader.check(changed)
        changed = _secured(call, changed, present) if protocol is Protocol.HTTPS else _plain(call, changed)
        changed = _mutual(call, draft, changed)
        put_listener(draft, entry, changed)
        return _answer(draft, changed)

    return await call.estate.change(modify)


async def delete_listener(call: Call) -> Result:
    """Close a port. Requests under way on it may finish."""

    def delete(draft: Draft) -> Result:
        entry = LISTENER.find_one(draft.catalog.listeners, call.text("ListenerArn"))
        for arn in (entry.arn, *(rule.arn for rule in rules_of(entry.listener))):
            draft.put_tags(arn, {})
        rest = tuple(each for each in entry.load_balancer.listeners if each.arn != entry.arn)
        draft.put_load_balancer(replace(entry.load_balancer, listeners=rest))
        return {}

    return await call.estate.change(delete)


async def modify_listener_attributes(call: Call) -> Result:
    """Other values for some attributes; the answer lists all. An empty one is the default again."""

    def modify(draft: Draft) -> Result:
        entry = LISTENER.find_one(draft.catalog.listeners, call.text("ListenerArn"))
        present = entry.listener
        rows = attribute_rows(present.protocol)
        given = {**present.attributes.given, **given_attributes(call, "Listener", rows)}
        kept = {key: value for key, value in given.items() if value}
        try:
            attributes = ListenerAttributes.from_wire(kept)
        except AttributeValueError as error:
            raise QueryError(error.code, str(error)) from error
        put_listener(draft, entry, replace(present, attributes=attributes))
        return {"Attributes": attribute_list(attributes.to_wire(rows))}

    return await call.estate.change(modify)


def put_listener(draft: Draft, entry: ListenerEntry, changed: Listener) -> None:
    """The listener as it is to be, where that keeps the load balancer within its quotas. Raises QueryError."""
    if changed == entry.listener:
        return  # not a change, and so no drift
    listeners = tuple(changed if each.arn == entry.arn else each for each in entry.load_balancer.listeners)
    balancer = replace(entry.load_balancer, listeners=listeners)
    raise_first(load_balancer_quota_errors(balancer, draft.configuration.target_groups))
    draft.put_load_balancer(balancer)


def _secured(call: Call, changed: Listener, present: Listener | None = None) -> Listener:
    """With the certificate and the policy of the call, or those that `present` has."""
    certificate, policy = read_certificate(call), read_ssl_policy(call)
    is_https = present is not None and present.protocol is Protocol.HTTPS
    if certificate is None and not is_https:
        raise invalid("A certificate must be specified for HTTPS listeners")
    if policy is None and present is not None and not is_https:
        raise invalid("An SSL policy must be specified if the protocol of a listener is changed to HTTPS")
    if certificate is not None:
        changed = replace(changed, certificates=(certificate, *changed.certificates[1:]))
    return replace(changed, ssl_policy=policy or (changed.ssl_policy if is_https else API_POLICY))


def _plain(call: Call, changed: Listener) -> Listener:
    check_plain(call)
    return replace(changed, certificates=(), ssl_policy=LISTENER_POLICY)


def _mutual(call: Call, draft: Draft, changed: Listener) -> Listener:
    stores = in_region(draft.changes.trust_stores(draft.file), call.region)
    mutual = read_mutual_authentication(call, stores, changed.mutual_authentication, changed.protocol)
    return replace(changed, mutual_authentication=mutual)


def _is_same(present: Listener, wanted: Listener) -> bool:
    """By what a call that creates a listener can say."""
    return _said(present) == _said(wanted)


def _said(one: Listener) -> tuple[object, ...]:
    return one.protocol, one.default_action, one.ssl_policy, one.certificates[:1], one.mutual_authentication


def _duplicate(present: Listener) -> QueryError:
    arn = ids.load_balancer_arn_of(present.arn)
    return QueryError("DuplicateListener", f"A listener already exists on this port for this load balancer '{arn}'")


def _answer(draft: Draft, model: Listener) -> Result:
    return {"Listeners": [listener_result(draft.catalog, draft.catalog.listeners[model.arn])]}


HANDLERS: Handlers = {
    "CreateListener": create_listener,
    "ModifyListener": modify_listener,
    "DeleteListener": delete_listener,
    "ModifyListenerAttributes": modify_listener_attributes,
}
