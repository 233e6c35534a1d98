"""Live target groups for tests: targets are letters, `P` and `F` are probes that passed or failed."""

from __future__ import annotations

from random import Random
from typing import Any

from simlb.core.attributes import TargetGroupAttributes
from simlb.core.health import ProbeOutcome, ProbeResult
from simlb.core.model import Target, TargetGroup
from simlb.core.target_group import TargetGroupState, TargetState

PASS = ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=200)
FAIL = ProbeResult(outcome=ProbeOutcome.REFUSED)


def target(name: str, dial_port: int = 9000) -> Target:
    return Target(id=f"i-{name}", port=80, dial_host="127.0.0.1", dial_port=dial_port, name=name)


class Group:
    """A group whose time is moved by hand; attributes are those of `TargetGroupAttributes`."""

    def __init__(self, names: str, *, cookie_key: bytes = bytes(32), in_use: bool = True, **attributes: Any) -> None:
        self.now = 0.0
        self.random = Random(1)
        self.attributes = attributes
        self.state = TargetGroupState(self.described(names), 0.0, cookie_key=cookie_key, in_use=in_use)

    def described(self, names: str) -> TargetGroup:
        return TargetGroup(
            name="web",
            arn="arn",
            targets=tuple(target(name) for name in names),
            attributes=TargetGroupAttributes(**self.attributes),
        )

    def __getitem__(self, name: str) -> TargetState:
        return self.state.targets[f"i-{name}", 80]

    def register(self, names: str, *, in_use: bool = True, **attributes: Any) -> None:
        """From now on these are the registered targets, and these attributes differ."""
        self.attributes |= attributes
        self.state.reconcile(self.described(names), self.now, in_use=in_use)

    def probe(self, **letters: str) -> None:
        for name, results in letters.items():
            for letter in results:
                self.state.on_probe(self[name], PASS if letter == "P" else FAIL, self.now)

    def choose(self) -> str:
        chosen = self.state.choose(self.now, self.random)
        return "-" if chosen is None else chosen.target.name

    def serve(self, count: int) -> str:
        return "".join(self.choose() for _ in range(count))

    @property
    def candidates(self) -> str:
        return "".join(one.target.name for one in self.state.candidates)

    @property
    def ramping(self) -> str:
        return "".join(one.target.name for one in self.state.targets.values() if one.ramping_since is not None)
