"""Load balancers that are stopped after the test, as the plugin's fixtures do it, without the plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simlb.testing import ALB


@pytest.fixture
def new_alb() -> Iterator[Callable[..., ALB]]:
    """Makes load balancers."""
    made: list[ALB] = []

    def make(*given: Any, **named: Any) -> ALB:
        made.append(ALB(*given, **named))
        return made[-1]

    yield make
    for alb in made:
        alb.stop()
        alb.check_inside()


@pytest.fixture
def alb(new_alb: Callable[..., ALB]) -> ALB:
    """One of them."""
    return new_alb()
