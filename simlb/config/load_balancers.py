"""Load balancers, their listeners, security groups, names and certificates (reference 1.1, 1.2)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from simlb.config import binds, names
from simlb.config.actions import ActionCompiler, ListenerScope
from simlb.config.context import Context, attribute_values
from simlb.config.documents import CertificateEntry, InboundEntry, ListenerEntry, LoadBalancerEntry
from simlb.config.mutual_authentication import TrustStoreCompiler
from simlb.config.problems import NOT_YET, REFERENCE, SCHEMA, Refused, did_you_mean
from simlb.config.rules import RuleCompiler
from simlb.core import ids, model, ssl_policies
from simlb.core.attributes import (
    HTTP_LISTENER_ATTRIBUTES,
    HTTPS_LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES,
    ListenerAttributes,
    LoadBalancerAttributes,
)

_ANYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


class _Taken(NamedTuple):
    """A listener that is to be somewhere."""

    load_balancer: str
    listener: ListenerEntry

    @property
    def words(self) -> str:
        return f"listener {self.listener.port} of '{self.load_balancer}'"


class LoadBalancerCompiler:
    """Compiles the load balancers of one file, which share ports, names and target groups."""

    def __init__(
        self,
        context: Context,
        region: str,
        groups: Mapping[str, model.TargetGroup],
        control_port: int,
    ) -> None:
        self._context = context
        self._region = region
        self._groups = groups
        self._control_port = control_port
        self._actions = ActionCompiler(context, groups)
        self._rules = RuleCompiler(context, region, self._actions)
        self._trust_stores = TrustStoreCompiler(context, region)
        self._names: dict[str, str] = {}
        self._binds: dict[tuple[str, int], list[_Taken]] = {}
        self._bind_ports: set[int] = set()
        self._certificates: dict[tuple[str, ...], model.Certificate] = {}

    def compile(self, entries: list[LoadBalancerEntry]) -> tuple[model.LoadBalancer, ...]:
        """All load balancers, in the order of the file."""
        # Ports that somebody asked for are no fallback for others.
        self._bind_ports = {
            binds.port_of(listener.bind)
            for entry in entries
            for listener in entry.listeners
            if listener.bind is not None
        }
        built: dict[str, model.LoadBalancer] = {}
        for index, entry in enumerate(entries):
            with self._context.at(entry, "name"):
                names.load_balancer_name(entry.name)
                if entry.name in built:
                    raise Refused(f"there are two load balancers named '{entry.name}'")
            built[entry.name] = self._load_balancer(entry, index)
        return tuple(built.values())

    def unused_groups(self) -> list[str]:
        """Names of the target groups to which no listener and no rule forwards."""
        return self._actions.unused_groups()

    def _load_balancer(self, entry: LoadBalancerEntry, index: int) -> model.LoadBalancer:
        context = self._context
        region = self._region
        lb_id = ids.resource_id(region, "lb", entry.name)
        dns_name = ids.dns_name(region, entry.name, internal=entry.scheme == "internal")
        values = attribute_values(context, entry, entry.attributes, LOAD_BALANCER_ATTRIBUTES)
        further = self._further_names(entry)
        security_group = self._security_group(entry)
        host = binds.default_host(index, context.tools.expose)
        if not entry.listeners:
            context.warn(entry, "listeners", what=f"load balancer '{entry.name}' has no listeners: nothing can connect")
        listeners: dict[int, model.Listener] = {}
        for listener in entry.listeners:
            if listener.port in listeners:
                what = f"A listener already exists on this port for this load balancer '{entry.name}'"
                context.fail(listener, "port", what=what)
                continue
            if not security_group.networks_for(listener.port):
                what = f"no inbound rule of the security group lets anybody in to port {listener.port}"
                context.warn(listener, "port", what=what)
            scope = ListenerScope(entry, listener)
            listeners[listener.port] = model.Listener(
                protocol=model.Protocol(listener.protocol),
                port=listener.port,
                arn=ids.listener_arn(region, entry.name, lb_id, listener.port),
                binds=self._listener_binds(entry, listener, host),
                default_action=self._actions.compile(scope, listener),
                certificates=self._listener_certificates(listener, (dns_name, *further), _own_addresses(entry, host)),
                ssl_policy=self._ssl_policy(listener),
                rules=self._rules.compile(scope, lb_id),
                attributes=self._listener_attributes(listener),
                mutual_authentication=self._trust_stores.compile(listener),
            )
        return model.LoadBalancer(
            name=entry.name,
            id=lb_id,
            arn=ids.load_balancer_arn(region, entry.name, lb_id),
            dns_name=dns_name,
            region=region,
            scheme=model.Scheme(entry.scheme),
            attributes=LoadBalancerAttributes.from_wire(values),
            security_group=security_group,
            names=further,
            address=host,
            ip_address_type=entry.ip_address_type,
            listeners=tuple(listeners.values()),
        )

    def _further_names(self, entry: LoadBalancerEntry) -> tuple[str, ...]:
        further = []
        for position, written in enumerate(entry.dns):
            with self._context.at(entry, "dns", position):
                name = names.dns_name(written)
                if name in self._names:
                    raise Refused(f"'{name}' already leads to load balancer '{self._names[name]}'")
                self._names[name] = entry.name
                further.append(name)
        return tuple(further)

    def _security_group(self, entry: LoadBalancerEntry) -> model.SecurityGroup:
        if entry.security_group is None:
            return model.SecurityGroup(inbound=_rules(None, _ANYWHERE))
        inbound: list[model.InboundRule] = []
        for position, rule in enumerate(entry.security_group.inbound):
            if not isinstance(rule, InboundEntry):
                inbound += _rules(rule, _ANYWHERE)
                continue
            with self._context.at(entry.security_group, "inbound", position, "source"):
                source = _ANYWHERE if rule.source is None else (names.network(rule.source),)
                inbound += _rules(rule.port, source)
        return model.SecurityGroup(inbound=tuple(inbound))

    def _listener_binds(
        self, balancer: LoadBalancerEntry, listener: ListenerEntry, host: str
    ) -> tuple[model.Bind, ...]:
        with self._context.at(listener, "bind" if listener.bind is not None else "port"):
            chosen: tuple[model.Bind, ...]
            if listener.bind is not None:
                chosen = (binds.given(listener.bind, host, self._context.tools.expose),)
            else:
                taken = {other.port for other in balancer.listeners} | {self._control_port} | self._bind_ports
                chosen = binds.candidates(host, listener.port, taken)
            first = chosen[0]
            taken_by = self._binds.setdefault((first.host, first.port), [])
            if listener.bind is not None and first.port != 0:
                self._check_sharing(balancer, listener, first, taken_by)
            taken_by.append(_Taken(balancer.name, listener))
            # A fallback must not take a target's own port while that target happens to be down.
            is_dualstack = balancer.ip_address_type == "dualstack"
            free = tuple(bind for bind in chosen if not self._is_target(bind, is_dualstack=is_dualstack))
            if not free:
                raise Refused(
                    f"a target is at {first.host}:{first.port}: the load balancer would forward to itself",
                    "give the listener another 'bind', or the target another port",
                )
            return free
        return ()

    def _check_sharing(
        self, balancer: LoadBalancerEntry, listener: ListenerEntry, bind: model.Bind, present: Iterable[_Taken]
    ) -> None:
        """Listeners of several load balancers may have one place; what a connection says then decides between them."""
        for other in present:
            what = f"{bind.host}:{bind.port} is already taken by {other.words}"
            if other.load_balancer == balancer.name:
                raise Refused(what, "only listeners of different load balancers can share an address and port")
            if other.listener.protocol != listener.protocol:
                raise Refused(f"{what}, which speaks {other.listener.protocol}")

    def _is_target(self, bind: model.Bind, *, is_dualstack: bool) -> bool:
        targets = (target for group in self._groups.values() for target in group.targets)
        return any(
            binds.meets(bind, target.dial_host, target.dial_port, is_dualstack=is_dualstack) for target in targets
        )

    def _listener_attributes(self, listener: ListenerEntry) -> ListenerAttributes:
        rows = HTTPS_LISTENER_ATTRIBUTES if listener.protocol == "HTTPS" else HTTP_LISTENER_ATTRIBUTES
        return ListenerAttributes.from_wire(attribute_values(self._context, listener, listener.attributes, rows))

    def _ssl_policy(self, listener: ListenerEntry) -> str:
        name = listener.ssl_policy
        if name is None:
            return ssl_policies.LISTENER_POLICY
        with self._context.at(listener, "ssl_policy"):
            if listener.protocol == "HTTP":
                raise Refused("an HTTP listener has no security policy", code=SCHEMA)
            if name not in ssl_policies.POLICIES:
                raise Refused(
                    f"Policy {name} not found (SSLPolicyNotFound){did_you_mean(name, ssl_policies.POLICIES)}",
                    code=REFERENCE,
                )
            if why := ssl_policies.refusal(name):
                raise Refused(f"policy {name} is not supported by simlb: {why}", code=NOT_YET)
            return name
        return ssl_policies.LISTENER_POLICY

    def _listener_certificates(
        self, listener: ListenerEntry, lb_names: tuple[str, ...], addresses: tuple[str, ...]
    ) -> tuple[model.Certificate, ...]:
        context = self._context
        entries = listener.certificates
        if listener.protocol == "HTTP":
            if entries is not None:
                context.fail(listener, "certificates", what="an HTTP listener has no certificates", code=SCHEMA)
            return ()
        if entries is None:
            found: list[model.Certificate] = []
            with context.at(listener):
                found.append(self._issue((*lb_names, "localhost", "127.0.0.1", *addresses)))
            return tuple(found)
        if not entries:
            context.fail(listener, "certificates", what="an HTTPS listener has at least one certificate")
            return ()
        certificates = []
        for position, entry in enumerate(entries):
            with context.at(listener, "certificates", position):
                certificates.append(self._issue((entry,)) if isinstance(entry, str) else self._certificate(entry))
        return tuple(certificates)

    def _certificate(self, entry: CertificateEntry) -> model.Certificate:
        pair = (entry.certificate_file, entry.key_file)
        if entry.names is not None and pair == (None, None):
            if not entry.names:
                raise Refused("a certificate needs at least one name")
            return self._issue(tuple(entry.names))
        if entry.names is not None or entry.certificate_file is None or entry.key_file is None:
            raise Refused("a certificate has either 'names', or 'certificate_file' and 'key_file'", code=SCHEMA)
        tools = self._context.tools
        return tools.certificates.load(self._context.path(entry.certificate_file), self._context.path(entry.key_file))

    def _issue(self, written: tuple[str, ...]) -> model.Certificate:
        tools = self._context.tools
        wanted = tuple(
            dict.fromkeys(
                names.certificate_name(name, signs_any=tools.signs_any_name, domains=tools.permitted_domains)
                for name in written
            )
        )
        if wanted not in self._certificates:
            self._certificates[wanted] = tools.certificates.issue(wanted)
        return self._certificates[wanted]


def _own_addresses(entry: LoadBalancerEntry, host: str) -> tuple[str, ...]:
    """Loopback addresses by which clients reach it: names under .localhost do not lead to further ones."""
    own = (host,) if names.is_address(host) and ipaddress.ip_address(host).is_loopback else ()
    return own if entry.ip_address_type == "ipv4" else (*own, "::1")


def _rules(port: int | None, sources: tuple[model.IPNetwork, ...]) -> tuple[model.InboundRule, ...]:
    return tuple(model.InboundRule(port=port, source=source) for source in sources)
