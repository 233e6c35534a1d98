"""Which action a request gets: rules in ascending priority, then the default rule (reference 1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simlb.core.actions import CompiledFixedResponse, CompiledForward, CompiledRedirect
from simlb.core.model import Action, ForwardAction, RedirectAction, Rule

CompiledAction = CompiledForward | CompiledRedirect | CompiledFixedResponse

DEFAULT_RULE_PRIORITY = 0
"""What the access log shows for the default rule."""


class RoutedRequest(Protocol):
    """What rules look at. All values are as the client sent them."""

    method: bytes

    @property
    def named_host(self) -> bytes | None:
        """The host without port, lower case; None when the request names none."""

    @property
    def path(self) -> bytes:
        """The path, not normalised, without the query."""

    @property
    def query(self) -> bytes:
        """The query without its question mark."""

    def header_values(self, name: bytes) -> tuple[bytes, ...]:
        """The values of every field `name` (lower case), in the order received, without surrounding white space."""


class Decision:
    """The action for a request and the priority of the rule that gave it."""

    __slots__ = ("action", "priority")

    def __init__(self, action: CompiledAction, priority: int) -> None:
        self.action = action
        self.priority = priority


class RuleTable:
    """The compiled rules of one listener."""

    __slots__ = ("default",)

    def __init__(self, default_action: Action, rules: Sequence[Rule] = ()) -> None:
        self.default = Decision(_compile(default_action), DEFAULT_RULE_PRIORITY)

    def evaluate(self, request: RoutedRequest, client_ip: str) -> Decision:
        """The decision for a request of a client at `client_ip`."""
        return self.default


def _compile(action: Action) -> CompiledAction:
    if isinstance(action, ForwardAction):
        return CompiledForward(action)
    if isinstance(action, RedirectAction):
        return CompiledRedirect(action)
    return CompiledFixedResponse(action)
