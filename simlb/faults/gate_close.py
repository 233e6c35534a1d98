"""`gate.close`: the security group does not let anybody in to a listener's port."""

from __future__ import annotations

from dataclasses import replace

from simlb.core.model import Configuration, InboundRule, LoadBalancer, SecurityGroup
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.site import Site


class GateClose:
    """Takes the port out of the security group's inbound rules. Connections that exist stay, as in AWS."""

    def __init__(self, order: Order) -> None:
        self._load_balancer = order.load_balancer
        self._port = int(order.place)

    async def install(self, site: Site) -> None:
        """Close it."""
        await site.change(self._closed)

    async def remove(self, site: Site) -> None:
        """Open it as far as it was."""
        await site.undo(self._closed)

    def _closed(self, configuration: Configuration) -> Configuration:
        balancers = tuple(
            replace(balancer, security_group=self._without_port(balancer))
            if balancer.name == self._load_balancer
            else balancer
            for balancer in configuration.load_balancers
        )
        return replace(configuration, load_balancers=balancers)

    def _without_port(self, balancer: LoadBalancer) -> SecurityGroup:
        others = [listener.port for listener in balancer.listeners if listener.port != self._port]
        inbound: list[InboundRule] = []
        for rule in balancer.security_group.inbound:
            if rule.covers(self._port):  # a rule for several ports is now for every other one of them
                inbound += (InboundRule(port=port, source=rule.source) for port in others if rule.covers(port))
            else:
                inbound.append(rule)
        return SecurityGroup(inbound=tuple(inbound))


FAULT_TYPE = FaultType(
    name="gate.close",
    scope=Scope.LISTENER,
    build=GateClose,
    parameters=(
        Parameter(
            name="ports",
            kind="text",
            is_optional=True,
            en="the listeners' ports, as `on` may name them too: 80,443",
            ko="리스너 포트입니다. `on` 으로 써도 같습니다: 80,443",
        ),
    ),
    names_ports_by="ports",
    en="The security group lets nobody in to a listener. Connections that exist stay.",
    ko="보안 그룹이 리스너로 들어오는 연결을 막습니다. 이미 맺은 연결은 그대로입니다.",
    consequence_en="Clients see a connect time-out, the access log sees nothing.",
    consequence_ko="클라이언트는 연결 시간 초과를 겪고, 액세스 로그에는 아무것도 남지 않습니다.",
)
