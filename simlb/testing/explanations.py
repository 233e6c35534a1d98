"""What a running load balancer in a test can be asked about how it stands, and about requests that are not sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from simlb.app.state_explaining import OF_LATE_S, StateExplaining
from simlb.errors import SimlbError
from simlb.explain.dry_request import DryRequest
from simlb.explain.overview import Overview
from simlb.explain.story import Story
from simlb.testing.groups import Target
from simlb.testing.life import Life


class Explained(Life):
    """Of a story, `text()` is for people (`text("ko")`: in Korean), `facts` for tests. Asking changes nothing."""

    def explain_target(self, target: str | Target, target_group: str | None = None) -> Story:
        """Why a target, or the one of that name or `address:port`, is in its state, and when it can leave it.

        Raises SimlbError E302 when there is none, E758 when it is in several groups and none of them is given.
        """
        name = target if isinstance(target, str) else target.name
        stories = self.home.call(lambda: StateExplaining(self.app).targets(name))
        found = [story for story in stories if target_group in {None, story.facts["target_group"]}]
        if len(found) != 1:
            groups = ", ".join(str(story.facts["target_group"]) for story in stories)
            raise SimlbError("E758", f"Target '{name}' is in: {groups}.", "→ explain_target(name, target_group)")
        return found[0]

    def explain_status(self, status_code: int, last_s: float = OF_LATE_S) -> Story:
        """What there was of a status code in the last real seconds, who produced it and why."""
        return self.home.call(lambda: StateExplaining(self.app).status(status_code, last_s))

    def explain_state(self) -> Overview:
        """Everything that is not as it should be right now, the worst first."""
        return self.home.call(lambda: StateExplaining(self.app).overview())

    def explain_request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        cookies: Mapping[str, str] | Sequence[str] = (),
        client_ip: str | None = None,
    ) -> Story:
        """What would happen to a request, which is not sent. A path alone is one of the first listener.

        Raises SimlbError E755 for what cannot be sent.
        """
        lines = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        pairs = (
            [f"{name}={value}" for name, value in cookies.items()] if isinstance(cookies, Mapping) else list(cookies)
        )
        whole = self.routes.url(None, url) if url.startswith("/") else url
        request = DryRequest.of(method, whole, lines, client_ip=client_ip, cookies=pairs)
        return self.home.call(lambda: StateExplaining(self.app).request(request))
