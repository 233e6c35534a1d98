"""`config.no_redirect`: the redirect from HTTP to HTTPS was forgotten."""

from __future__ import annotations

from dataclasses import replace

from simlb.core.model import Action, Configuration, Listener, LoadBalancer, Protocol, RedirectAction
from simlb.errors import SimlbError
from simlb.faults.configuring import ConfigurationFault, with_listener
from simlb.faults.fault import FaultType, Order, Scope
from simlb.faults.site import Site


class NoRedirect(ConfigurationFault):
    """The HTTP listener does what the HTTPS listener does by default, instead of redirecting there."""

    def __init__(self, order: Order) -> None:
        super().__init__(self._forgotten)
        self._load_balancer = order.load_balancer
        self._port = int(order.place)

    async def install(self, site: Site) -> None:
        """Lay it over. Raises SimlbError E642 where nothing redirects."""
        if self._instead(site.configuration()) is None:
            raise SimlbError(
                "E642",
                f"HTTP:{self._port} does not redirect to an HTTPS listener: there is no redirect to forget.",
                "say which listener does: --on 80",
            )
        await super().install(site)

    def _forgotten(self, configuration: Configuration) -> Configuration:
        instead = self._instead(configuration)
        if instead is None:
            return configuration
        return with_listener(
            configuration, self._load_balancer, self._port, lambda listener: replace(listener, default_action=instead)
        )

    def _instead(self, configuration: Configuration) -> Action | None:
        balancer = next((item for item in configuration.load_balancers if item.name == self._load_balancer), None)
        if balancer is None:
            return None
        listener = next((item for item in balancer.listeners if item.port == self._port), None)
        secure = _secure_listener(balancer)
        action = listener.default_action if listener is not None else None
        is_redirect = isinstance(action, RedirectAction) and action.protocol == Protocol.HTTPS
        return secure.default_action if is_redirect and secure is not None else None


def _secure_listener(balancer: LoadBalancer) -> Listener | None:
    return next((listener for listener in balancer.listeners if listener.protocol is Protocol.HTTPS), None)


FAULT_TYPE = FaultType(
    name="config.no_redirect",
    scope=Scope.LISTENER,
    build=NoRedirect,
    protocol=Protocol.HTTP,
    en="The HTTP listener forwards instead of redirecting to HTTPS.",
    ko="HTTP 리스너가 HTTPS 로 리디렉션하지 않고 그대로 전달합니다.",
    consequence_en="200 without a padlock: everybody on the way can read it.",
    consequence_ko="자물쇠 없이 200 이 나옵니다. 중간에서 누구나 읽을 수 있습니다.",
)
