"""simlb: a local, offline AWS Application Load Balancer.

Importing this package is cheap on purpose: command-line answers and target wrappers start with it. What tests build
with (`simlb.ALB` and its companions) is imported when it is first asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers understand it, without the cost of importing typing
if TYPE_CHECKING:
    from simlb.testing import ALB as ALB
    from simlb.testing import Clock as Clock
    from simlb.testing import FakeBackend as FakeBackend
    from simlb.testing import HealthCheck as HealthCheck

__version__ = "0.1.0"

_FOR_TESTS = ("ALB", "Clock", "FakeBackend", "HealthCheck")


def __getattr__(name: str) -> object:
    if name not in _FOR_TESTS:
        raise AttributeError(f"module 'simlb' has no attribute '{name}'")
    from simlb import testing

    return getattr(testing, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_FOR_TESTS])
