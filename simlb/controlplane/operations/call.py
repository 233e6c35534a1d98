"""One call of an operation, as the operations see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simlb.controlplane.operations.catalog import Catalog
from simlb.controlplane.operations.estate import Estate
from simlb.controlplane.query.protocol import Answer, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An operation's name, its checked parameters, and where it is made.

    `estate` is seen from `region`, and `catalog` holds what there is there.
    """

    operation: str
    parameters: Values
    region: str
    estate: Estate
    catalog: Catalog

    def given(self, *names: str) -> tuple[str, ...]:
        """Which of these parameters are given; empty lists and texts are as good as none."""
        return tuple(name for name in names if self.parameters.get(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings, each once; empty when it is not given."""
        return tuple(dict.fromkeys(self.parameters.get(name) or ()))

    def text(self, name: str) -> str:
        """A string; empty when it is not given."""
        return self.parameters.get(name) or ""


Handler = Callable[[Call], Answer]
Handlers = Mapping[str, Handler]
Result = dict[str, Any]
