"""Which action a request gets: rules in ascending priority, then the default rule (reference 1.3).

There are no rules besides the default one yet; the table's shape is what they will go into.
"""

from __future__ import annotations

from simlb.core.actions import CompiledFixedResponse, CompiledForward, CompiledRedirect
from simlb.core.model import Action, ForwardAction, RedirectAction

CompiledAction = CompiledForward | CompiledRedirect | CompiledFixedResponse

DEFAULT_RULE_PRIORITY = 0
"""What the access log shows for the default rule."""


class Decision:
    """The action for a request and the priority of the rule that gave it."""

    __slots__ = ("action", "priority")

    def __init__(self, action: CompiledAction, priority: int) -> None:
        self.action = action
        self.priority = priority


class RuleTable:
    """The compiled rules of one listener."""

    __slots__ = ("default",)

    def __init__(self, default_action: Action) -> None:
        self.default = Decision(_compile(default_action), DEFAULT_RULE_PRIORITY)

    def evaluate(self) -> Decision:
        """The decision for a request; with the default rule alone, the same for all."""
        return self.default


def _compile(action: Action) -> CompiledAction:
    if isinstance(action, ForwardAction):
        return CompiledForward(action)
    if isinstance(action, RedirectAction):
        return CompiledRedirect(action)
    return CompiledFixedResponse(action)
