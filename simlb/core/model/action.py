"""What a rule does with the requests it matches (reference 1.4).

`order` is the place that was given among the actions of a rule. As simlb carries out one of them, it is only shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedTargetGroup:
    """A target group among those of a forward, named by its name, and its weight (0-999)."""

    target_group: str
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardAction:
    """`forward` to one to five target groups.

    `stickiness_duration_s` (1-604800, load-balancer seconds) is `TargetGroupStickinessConfig`; None when it is off.
    `told_duration_s` is a duration that was given although it is off: it is shown again, and nothing else.
    """

    target_groups: tuple[WeightedTargetGroup, ...]
    stickiness_duration_s: int | None = None
    told_duration_s: int | None = None
    order: int | None = None

    @classmethod
    def to(cls, target_group: str) -> ForwardAction:
        """A forward to one target group."""
        return cls(target_groups=(WeightedTargetGroup(target_group=target_group),))


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectAction:
    """`redirect`; members may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}`, `#{query}` (reference 1.4)."""

    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"
    status_code: Literal["HTTP_301", "HTTP_302"] = "HTTP_301"
    order: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedResponseAction:
    """`fixed-response` (reference 1.4). `content_type` None is sent as `text/plain; charset=utf-8`."""

    status_code: int
    message_body: str = ""
    content_type: str | None = None
    order: int | None = None


Action = ForwardAction | RedirectAction | FixedResponseAction
