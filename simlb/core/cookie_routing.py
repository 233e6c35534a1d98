"""Where weights and cookies send one request: to which target group, and to which target in it (reference 5.5, 5.6)."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from simlb.core.actions import CompiledForward, GroupDraw
from simlb.core.conditions import RoutedRequest
from simlb.core.stickiness import AppCookies, GroupCookies, StickinessVerdict, group_error_reason
from simlb.core.stickiness_cookies import cookies_set_by, find_cookies, needs_same_site_none
from simlb.core.target_group import TargetGroupState, TargetState


class Routed(NamedTuple):
    """What came of weights and cookies: all that is kept of a `CookieRouting`, which holds the whole request."""

    draw: GroupDraw | None
    group_verdict: StickinessVerdict
    target_verdict: StickinessVerdict


class CookieRouting:
    """How one request was led, and what its response says about that.

    Only requests whose action has weights or whose groups are sticky have one. `now` is load-balancer seconds.
    """

    __slots__ = ("_cookies", "_forward", "_kept", "_request", "draw", "group_verdict", "target_verdict")

    def __init__(self, request: RoutedRequest, forward: CompiledForward) -> None:
        self._request = request
        self._forward = forward
        self._cookies: Mapping[bytes, bytes] | None = None
        self._kept: TargetState | None = None
        self.draw: GroupDraw | None = None
        """How the weights decided; None when a cookie did, or when there is one group only."""
        self.group_verdict = StickinessVerdict.OFF
        self.target_verdict = StickinessVerdict.OFF

    def choose_group(self, sealed: GroupCookies, now: float, random: Random) -> str | None:
        """The group that the request's cookie or the weights say; None when all weights are zero."""
        forward = self._forward
        if forward.stickiness_duration_s is not None:
            name, self.group_verdict = sealed.find(
                self._found(), forward.target_groups, forward.stickiness_duration_s, now
            )
            if name is not None:
                return name
        if forward.only is not None:
            return forward.only
        self.draw = forward.draw(random)
        return self.draw.target_group

    def choose_target(self, group: TargetGroupState, now: float, random: Random) -> TargetState | None:
        """The target that the request's cookie says, if it may be used; else as the group's algorithm says."""
        self._kept, self.target_verdict = group.find_sticky(self._found(), now)
        return self._kept or group.choose(now, random)

    @property
    def routed(self) -> Routed:
        """What is to be kept of it."""
        return Routed(self.draw, self.group_verdict, self.target_verdict)

    @property
    def error_reason(self) -> str | None:
        """What the access log says of a group cookie that could not be read."""
        return group_error_reason(self.group_verdict)

    def set_lines(
        self,
        sealed: GroupCookies,
        group: TargetGroupState,
        target: TargetState,
        response_lines: bytes,
        now: float,
        wall: float,
        random: Random,
        *,
        is_https: bool,
    ) -> bytes:
        """The Set-Cookie lines of a response of `target` of `group`, which itself has the field lines given."""
        lines = b""
        if self._forward.stickiness_duration_s is not None:
            lines = sealed.set_lines(group.group.name, now, wall, random, is_https=is_https)
        cookies = group.stickiness
        if cookies is None:
            return lines
        key = target.target.key
        if not isinstance(cookies, AppCookies):
            return lines + cookies.set_lines(key, now, wall, random, is_https=is_https)
        agents = self._request.header_values(b"user-agent")
        return lines + cookies.set_lines(
            key,
            cookies_set_by(response_lines),
            now,
            wall,
            random,
            is_kept=target is self._kept,
            is_same_site_none=needs_same_site_none(
                has_origin=bool(self._request.header_values(b"origin")), user_agent=agents[0] if agents else None
            ),
        )

    def _found(self) -> Mapping[bytes, bytes]:
        if self._cookies is None:
            self._cookies = find_cookies(self._request.header_values(b"cookie"))
        return self._cookies
