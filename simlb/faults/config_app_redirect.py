"""`config.app_redirect`: the application redirects to https by the scheme that it sees - and sees http for ever."""

from __future__ import annotations

from simlb.dataplane.points import Asked, Treatment
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.site import Site
from simlb.faults.target_fault import Passive, on_targets


class AppRedirect(Passive):
    """Answers 301 to https, to health checks as well, unless the client came by https and the header is trusted."""

    def __init__(self, *, is_trusting: bool) -> None:
        self._is_trusting = is_trusting

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """Redirect, unless another fault has answered before."""
        if treatment.answer is not None:
            return
        if self._is_trusting and asked.header("X-Forwarded-Proto") == "https":
            return
        # Behind TLS that ends at the load balancer the application only ever sees http.
        location = f"https://{asked.header('Host') or 'localhost'}{asked.path}"
        treatment.answer = (
            f"HTTP/1.1 301 Moved Permanently\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        ).encode("latin-1", "replace")


def _make(order: Order, site: Site) -> AppRedirect:
    del site
    return AppRedirect(is_trusting=bool(order.values["trust"]))


FAULT_TYPE = FaultType(
    name="config.app_redirect",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="trust",
            kind="flag",
            default=False,
            en="the application trusts X-Forwarded-Proto",
            ko="애플리케이션이 X-Forwarded-Proto 를 믿습니다",
        ),
    ),
    en="The application redirects everything that is not https by its own eyes, health checks too.",
    ko="애플리케이션이 자기 눈에 https 가 아닌 모든 요청을 리디렉션합니다. 상태 검사도 포함됩니다.",
    consequence_en="301 to the same place without end, and unhealthy [301]. trust=true ends the loop, not the checks.",
    consequence_ko="같은 곳으로 끝없이 301 이 나고 unhealthy [301] 이 됩니다. trust=true 이면 반복만 끝납니다.",
)
