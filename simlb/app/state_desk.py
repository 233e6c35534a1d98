"""How an instance stands, as plain values for the control port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simlb.app.state_explaining import StateExplaining
from simlb.explain.dry_request import DryRequest

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.controlplane.explain_state_routes import RequestBody
    from simlb.explain.story import Language


class ExplainStateDesk:
    """Implements `simlb.controlplane.explain_state_routes.StateDesk` for an application."""

    def __init__(self, app: App) -> None:
        self._explaining = StateExplaining(app)

    def overview(self, language: Language) -> dict[str, Any]:
        """What is not as it should be."""
        return self._explaining.overview().to_json(language)

    def status(self, status_code: int, last_s: float, language: Language) -> dict[str, Any]:
        """What there was of a status code."""
        return self._explaining.status(status_code, last_s).to_json(language)

    def targets(self, name: str, language: Language) -> dict[str, Any]:
        """Why a target is in its state, in each of its groups."""
        return {"stories": [story.to_json(language) for story in self._explaining.targets(name)]}

    def request(self, wanted: RequestBody, language: Language) -> dict[str, Any]:
        """What would happen to a request."""
        request = DryRequest.of(
            wanted.method, wanted.url, wanted.headers, client_ip=wanted.client_ip, cookies=wanted.cookies
        )
        return self._explaining.request(request, wanted.load_balancer).to_json(language)
