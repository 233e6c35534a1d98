"""Listeners and rules of a load balancer under test, built call by call."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from simlb.errors import SimlbError
from simlb.testing.groups import TargetGroup, TargetLike
from simlb.testing.values import call, listed, some

if TYPE_CHECKING:
    from simlb.testing.alb import ALB
    from simlb.testing.running import RunningLoadBalancer

Group = TargetGroup | str


class _Actions:
    """What listeners and rules have in common: exactly one action. A later one takes an earlier one's place."""

    def __init__(self, alb: ALB, values: dict[str, Any]) -> None:
        self.alb = alb
        self.values = values
        """Its entry of the configuration."""

    def _set(self, key: str, value: object) -> None:
        self.alb.refuse_if_running(f"{key}()")
        for other in ("forward", "redirect", "fixed_response", "default_actions", "actions"):
            self.values.pop(other, None)
        self.values[key] = value

    def _forward(
        self, long_key: str, to: Group | Mapping[Any, int], targets: tuple[TargetLike, ...], sticky_s: int | None
    ) -> None:
        if isinstance(to, Mapping):
            if targets:
                raise SimlbError("E690", "forward({...}) by weight takes groups, no targets beside them.")
            weights: dict[str, int] | str = {self._name(group): weight for group, weight in to.items()}
        elif targets:
            if not isinstance(to, str):
                raise SimlbError("E690", f"{to!r} is a group already: its targets are added with .add(...).")
            weights = self.alb.target_group(to, *targets).name
        else:
            weights = self._name(to)
        if sticky_s is None:
            self._set("forward", weights)
            return
        entries = weights.items() if isinstance(weights, dict) else [(weights, 1)]
        action = {
            "type": "forward",
            "target_groups": [{"target_group": name, "weight": weight} for name, weight in entries],
            "target_group_stickiness_config": {"enabled": True, "duration_seconds": sticky_s},
        }
        self._set(long_key, [action])

    @staticmethod
    def _name(group: object) -> str:
        if isinstance(group, TargetGroup):
            return group.name
        if isinstance(group, str):
            return group
        raise SimlbError(
            "E690", f"{group!r} is no target group.", "a group of alb.target_group(...), its name, or {group: weight}"
        )

    def _redirect(self, to: str | None, members: dict[str, Any]) -> None:
        if to is not None:
            if members:
                raise SimlbError(
                    "E690", "redirect('https') stands for itself: for more, name each part (protocol=...)."
                )
            self._set("redirect", to)
            return
        status = members.pop("status", 301)
        self._set("redirect", {"status_code": f"HTTP_{status}", **members})

    def _fixed(self, status: int, text: str, content_type: str | None) -> None:
        self._set("fixed_response", some(status_code=status, message_body=text or None, content_type=content_type))


class Listener(_Actions):
    """A listener: `alb.listen(80).redirect("https")`. The load balancer's own calls can follow on it."""

    def __init__(self, alb: ALB, values: dict[str, Any], position: int) -> None:
        super().__init__(alb, values)
        self._position = position

    def __repr__(self) -> str:
        return f"<listener {self.values['protocol']}:{self.values['port']}>"

    def forward(self, to: Group | Mapping[Any, int], *targets: TargetLike, sticky_s: int | None = None) -> Listener:
        """Forward to a group, groups by weight (`{web: 90, canary: 10}`), or to a new one (`forward("web", backend)`).

        `sticky_s` keeps a client with its group for so many seconds.
        """
        self._forward("default_actions", to, targets, sticky_s)
        return self

    def redirect(
        self,
        to: str | None = None,
        *,
        protocol: str | None = None,
        host: str | None = None,
        port: int | str | None = None,
        path: str | None = None,
        query: str | None = None,
        status: int | None = None,
    ) -> Listener:
        """`redirect("https")`, or the parts of the Location; what is not given stays the request's."""
        self._redirect(to, some(protocol=protocol, host=host, port=port, path=path, query=query, status=status))
        return self

    def fixed(self, status: int, text: str = "", *, content_type: str | None = None) -> Listener:
        """Answer by itself."""
        self._fixed(status, text, content_type)
        return self

    def rule(
        self,
        *,
        path: str | list[str] | None = None,
        host: str | list[str] | None = None,
        method: str | list[str] | None = None,
        header: Mapping[str, str | list[str]] | None = None,
        query: Mapping[str, str | list[str]] | None = None,
        source_ip: str | list[str] | None = None,
        priority: int | None = None,
    ) -> Rule:
        """A rule, whose action is called next. Without `priority` it comes after the rules so far."""
        self.alb.refuse_if_running("rule()")
        rules: list[dict[str, Any]] = self.values.setdefault("rules", [])
        given = some(
            path=listed(path),
            host=listed(host),
            method=listed(method),
            header=dict(header) if header is not None else None,
            query=dict(query) if query is not None else None,
            source_ip=listed(source_ip),
        )
        chosen = priority
        if chosen is None:
            chosen = max((rule["priority"] for rule in rules), default=0) + 1
        values = {"priority": chosen, **given}
        steps = ("load_balancers", 0, "listeners", self._position, "rules", len(rules))
        self.alb.calls[steps] = f"listen({self.values['port']}).{call('rule', **given, priority=priority)}"
        rules.append(values)
        return Rule(self, values)

    # -- the load balancer's, so that calls can be chained -------------------------------------------------------------

    def listen(self, port: int, **options: Any) -> Listener:
        """Another listener of the same load balancer."""
        return self.alb.listen(port, **options)

    def target_group(self, name: str, *targets: TargetLike, **options: Any) -> TargetGroup:
        """A target group of the same load balancer."""
        return self.alb.target_group(name, *targets, **options)

    def start(self) -> RunningLoadBalancer:
        """Start the load balancer."""
        return self.alb.start()

    async def __aenter__(self) -> RunningLoadBalancer:
        return await self.alb.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.alb.__aexit__(kind, error, trace)


class Rule(_Actions):
    """A rule without its action yet. What gives it one returns the listener."""

    def __init__(self, listener: Listener, values: dict[str, Any]) -> None:
        super().__init__(listener.alb, values)
        self._listener = listener

    def forward(self, to: Group | Mapping[Any, int], *targets: TargetLike, sticky_s: int | None = None) -> Listener:
        """As a listener's."""
        self._forward("actions", to, targets, sticky_s)
        return self._listener

    def redirect(
        self,
        to: str | None = None,
        *,
        protocol: str | None = None,
        host: str | None = None,
        port: int | str | None = None,
        path: str | None = None,
        query: str | None = None,
        status: int | None = None,
    ) -> Listener:
        """As a listener's."""
        self._redirect(to, some(protocol=protocol, host=host, port=port, path=path, query=query, status=status))
        return self._listener

    def fixed(self, status: int, text: str = "", *, content_type: str | None = None) -> Listener:
        """As a listener's."""
        self._fixed(status, text, content_type)
        return self._listener

    def rewrite(self, *, url: tuple[str, str] | None = None, host: tuple[str, str] | None = None) -> Rule:
        """Change the request on its way: a regular expression and what stands for its match, of URL and Host."""
        self.alb.refuse_if_running("rewrite()")
        self.values["transforms"] = [
            {"type": kind, "rewrites": [{"regex": given[0], "replace": given[1]}]}
            for kind, given in (("url-rewrite", url), ("host-header-rewrite", host))
            if given is not None
        ]
        return self
