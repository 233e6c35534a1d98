"""Actions compiled once, executed per request (reference 1.4).

Which target group a forward draws, where a redirect leads, what a fixed response says.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import NamedTuple

from simlb.core.model import FixedResponseAction, ForwardAction, RedirectAction

LOCATION_MAX_BYTES = 8 * 1024
DEFAULT_PORTS = {"http": 80, "https": 443}

_PLACEHOLDER = re.compile(r"#\{(protocol|host|port|path|query)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectContext:
    """What a redirect's placeholders stand for. `host` has no port, `path` its leading slash, `query` no `?`."""

    protocol: str
    host: str
    port: int
    path: str
    query: str
    host_port: int | None
    """The port written in the request's Host, if any."""


class CompiledRedirect:
    """A redirect whose parts are split into text and placeholders in advance."""

    __slots__ = ("_host", "_keeps_host", "_path", "_port", "_protocol", "_query", "status_code")

    def __init__(self, action: RedirectAction) -> None:
        self.status_code = int(action.status_code.removeprefix("HTTP_"))
        self._protocol = action.protocol.lower()
        self._host = _compile(action.host)
        self._keeps_host = action.host == "#{host}"
        self._port = action.port
        self._path = _compile(action.path)
        self._query = _compile(action.query)

    def location(self, context: RedirectContext, published_ports: Mapping[int, int]) -> str | None:
        """The Location header, always absolute and with its port; None when it would exceed 8 kB (507).

        `published_ports` maps listener ports to where their sockets really are. A client whose Host says that it came
        through this listener's published port is sent to the published port of the sibling listener, which it can
        reach; on another host the listener's port stands.
        """
        protocol = context.protocol if self._protocol == "#{protocol}" else self._protocol
        values = {
            "protocol": context.protocol,
            "host": context.host,
            "port": str(context.port),
            "path": context.path.removeprefix("/"),
            "query": context.query,
        }
        port = context.port if self._port == "#{port}" else int(self._port)
        came_to = DEFAULT_PORTS[context.protocol] if context.host_port is None else context.host_port
        if self._keeps_host and published_ports.get(context.port, context.port) == came_to:
            port = published_ports.get(port, port)
        query = self._query(values)
        location = f"{protocol}://{self._host(values)}:{port}{self._path(values)}{'?' + query if query else ''}"
        return location if len(location.encode("latin-1", "replace")) <= LOCATION_MAX_BYTES else None


def _compile(template: str) -> Callable[[Mapping[str, str]], str]:
    parts = _PLACEHOLDER.split(template)
    if len(parts) == 1:
        return lambda values: template
    # re.split with one group alternates: text, placeholder name, text, ...
    return lambda values: "".join(values[part] if place % 2 else part for place, part in enumerate(parts))


class CompiledFixedResponse:
    """A fixed response: status, content type as sent, body bytes."""

    __slots__ = ("body", "content_type", "status_code")

    def __init__(self, action: FixedResponseAction) -> None:
        self.status_code = action.status_code
        self.content_type = f"{action.content_type or 'text/plain'}; charset=utf-8"
        self.body = action.message_body.encode()


class GroupDraw(NamedTuple):
    """Which target group a request got, and how: `number` was drawn out of 0 to `total` - 1.

    `target_group` is None when all weights are zero: 503.
    """

    target_group: str | None
    weight: int
    number: int
    total: int

    def __str__(self) -> str:
        """For explanations: `7 of 0-99: web (90)`."""
        if self.target_group is None:
            return "all weights are 0"
        return f"{self.number} of 0-{self.total - 1}: {self.target_group} ({self.weight})"


class CompiledForward:
    """A forward to one of up to five target groups, drawn by their weights whatever their health (reference 1.4)."""

    __slots__ = ("_ends", "_weights", "only", "stickiness_duration_s", "target_groups")

    def __init__(self, action: ForwardAction) -> None:
        self.target_groups = tuple(entry.target_group for entry in action.target_groups)
        """The names of the groups. A cookie may lead to any of them, also to one of weight 0."""
        self.stickiness_duration_s = action.stickiness_duration_s
        """How long a client stays with its group; None when there is no target-group stickiness."""
        self._weights = tuple(entry.weight for entry in action.target_groups)
        self._ends = tuple(accumulate(self._weights))
        is_single = len(self.target_groups) == 1 and self._weights[0] > 0
        self.only = self.target_groups[0] if is_single else None
        """The group when there is nothing to draw. None also for a single group of weight 0, which gets nothing."""

    def chances(self) -> list[tuple[str, int, float]]:
        """Each group with its weight and how likely it is drawn; all 0 when all weights are."""
        total = self._ends[-1]
        return [
            (name, weight, weight / total if total else 0.0)
            for name, weight in zip(self.target_groups, self._weights, strict=True)
        ]

    def draw_of(self, target_group: str) -> GroupDraw:
        """A draw that gives that group, whose weight is above 0: the first of its numbers."""
        place = self.target_groups.index(target_group)
        return GroupDraw(target_group, self._weights[place], self._ends[place] - self._weights[place], self._ends[-1])

    def draw(self, random: Random) -> GroupDraw:
        """Draw a group for a request without a valid cookie."""
        total = self._ends[-1]
        if total == 0:
            return GroupDraw(None, 0, 0, 0)
        number = random.randrange(total)
        place = bisect_right(self._ends, number)
        return GroupDraw(self.target_groups[place], self._weights[place], number, total)
