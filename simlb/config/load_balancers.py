"""Load balancers, their listeners, security groups, names and certificates (reference 1.1, 1.2, 1.4)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from simlb.config import actions, binds, names
from simlb.config.context import Context, attribute_values
from simlb.config.documents import (
    CertificateEntry,
    FixedResponse,
    ForwardAction,
    InboundEntry,
    ListenerEntry,
    LoadBalancerEntry,
    RedirectAction,
)
from simlb.config.problems import NOT_YET, SCHEMA, Refused, did_you_mean, quoted
from simlb.core import ids, model
from simlb.core.attributes import LOAD_BALANCER_ATTRIBUTES, LoadBalancerAttributes

_ANYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
_CERTIFICATES_MAX = 26
"""The default certificate and 25 more (reference 1.6)."""

_ACTION_KEYS = ("default_actions", "forward", "redirect", "fixed_response")


class LoadBalancerCompiler:
    """Compiles the load balancers of one file, which share ports, names and target groups."""

    def __init__(
        self, context: Context, region: str, groups: Mapping[str, model.TargetGroup], control_port: int
    ) -> None:
        self._context = context
        self._region = region
        self._groups = groups
        self._control_port = control_port
        self._owners: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._binds: dict[tuple[str, int], str] = {}
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
        """Names of the target groups to which no listener forwards."""
        return [name for name in self._groups if name not in self._owners]

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
            listeners[listener.port] = model.Listener(
                protocol=model.Protocol(listener.protocol),
                port=listener.port,
                arn=ids.listener_arn(region, entry.name, lb_id, listener.port),
                binds=self._listener_binds(entry, listener, host),
                default_action=self._default_action(entry, listener),
                certificates=self._listener_certificates(listener, (dns_name, *further)),
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
            owner = f"listener {listener.port} of '{balancer.name}'"
            if listener.bind is not None and first.port != 0 and (first.host, first.port) in self._binds:
                raise Refused(f"{first.host}:{first.port} is already taken by {self._binds[first.host, first.port]}")
            self._binds.setdefault((first.host, first.port), owner)
            # A fallback must not take a target's own port while that target happens to be down.
            free = tuple(bind for bind in chosen if not self._is_target(bind))
            if not free:
                raise Refused(
                    f"a target is at {first.host}:{first.port}: the load balancer would forward to itself",
                    "give the listener another 'bind', or the target another port",
                )
            return free
        return ()

    def _is_target(self, bind: model.Bind) -> bool:
        targets = (target for group in self._groups.values() for target in group.targets)
        return any(binds.meets(bind, target.dial_host, target.dial_port) for target in targets)

    def _default_action(self, balancer: LoadBalancerEntry, listener: ListenerEntry) -> model.Action:
        nothing = model.FixedResponseAction(status_code=503)  # stands in where a problem has been noted
        given = [key for key in _ACTION_KEYS if getattr(listener, key) is not None]
        with self._context.at(listener, *given[1:2]):
            if not given:
                raise Refused(f"the listener needs one of {quoted(_ACTION_KEYS)}", code=SCHEMA)
            if len(given) > 1:
                raise Refused(f"{quoted(given)} exclude each other: a listener has one default action", code=SCHEMA)
        if len(given) != 1:
            return nothing
        if listener.forward is not None:
            return self._forward(balancer, listener, "forward", name=listener.forward)
        if listener.redirect is not None:
            return self._redirect_to_https(balancer, listener)
        if listener.fixed_response is not None:
            with self._context.at(listener.fixed_response, "status_code"):
                return actions.fixed_response(listener.fixed_response)
            return nothing
        return self._one_action(balancer, listener) or nothing

    def _one_action(self, balancer: LoadBalancerEntry, listener: ListenerEntry) -> model.Action | None:
        entries = listener.default_actions or []
        with self._context.at(listener, "default_actions"):
            if not entries:
                raise Refused("'default_actions' needs one action", code=SCHEMA)
            if len(entries) > 1:
                raise Refused("several default actions are not supported yet", code=NOT_YET)
        if len(entries) != 1:
            return None
        entry = entries[0]
        if isinstance(entry, ForwardAction):
            return self._forward(balancer, entry, "target_group", name=entry.target_group)
        with self._context.at(entry):
            if isinstance(entry, RedirectAction):
                action = actions.redirect(entry, listener.protocol, listener.port)
                self._warn_if_nowhere(balancer, entry, action)
                return action
            assert isinstance(entry, FixedResponse)
            return actions.fixed_response(entry)
        return None

    def _redirect_to_https(self, balancer: LoadBalancerEntry, listener: ListenerEntry) -> model.Action:
        with self._context.at(listener, "redirect"):
            if listener.protocol == "HTTPS" and str(listener.port) == actions.REDIRECT_TO_HTTPS.port:
                raise Refused("the redirect leads back to itself: this is the HTTPS listener on port 443")
            self._warn_if_nowhere(balancer, listener, actions.REDIRECT_TO_HTTPS)
        return actions.REDIRECT_TO_HTTPS

    def _warn_if_nowhere(self, balancer: LoadBalancerEntry, entry: object, action: model.RedirectAction) -> None:
        if action.host != "#{host}" or action.port == "#{port}":
            return
        if all(str(listener.port) != action.port for listener in balancer.listeners):
            what = f"the redirect leads to port {action.port}, where '{balancer.name}' has no listener"
            self._context.warn(entry, what=what)

    def _forward(self, balancer: LoadBalancerEntry, entry: object, key: str, *, name: str) -> model.Action:
        with self._context.at(entry, key):
            if name not in self._groups:
                raise names.unknown("target group", name, did_you_mean(name, self._groups))
            owner = self._owners.setdefault(name, balancer.name)
            if owner != balancer.name:
                raise Refused(
                    f"target group '{name}' already belongs to load balancer '{owner}'",
                    "a target group is used by one load balancer only (TargetGroupAssociationLimit)",
                )
        return model.ForwardAction.to(name)

    def _listener_certificates(
        self, listener: ListenerEntry, lb_names: tuple[str, ...]
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
                found.append(self._issue((*lb_names, "localhost", "127.0.0.1")))
            return tuple(found)
        if not 1 <= len(entries) <= _CERTIFICATES_MAX:
            what = f"an HTTPS listener has 1 to {_CERTIFICATES_MAX} certificates, not {len(entries)}"
            context.fail(listener, "certificates", what=what)
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
        wanted = tuple(dict.fromkeys(names.certificate_name(name) for name in written))
        if wanted not in self._certificates:
            self._certificates[wanted] = self._context.tools.certificates.issue(wanted)
        return self._certificates[wanted]


def _rules(port: int | None, sources: tuple[model.IPNetwork, ...]) -> tuple[model.InboundRule, ...]:
    return tuple(model.InboundRule(port=port, source=source) for source in sources)
