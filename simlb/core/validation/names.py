"""Names of load balancers, target groups, targets and instances, in AWS's words (reference 1.1, 1.5, 9.3)."""

from __future__ import annotations

from collections.abc import Iterator

from simlb.core.validation.errors import ElbError, invalid

NAME_CHARS_MAX = 32


def name_errors(noun: str, name: str) -> Iterator[ElbError]:
    """A name of anything. `noun` is what has it: `Load balancer`."""
    if not name:
        yield invalid(f"{noun} name '{name}' cannot be empty")
    elif len(name) > NAME_CHARS_MAX:
        yield invalid(f"{noun} name '{name}' cannot be longer than '{NAME_CHARS_MAX}' characters")
    elif name.strip("-") and not (name.isascii() and name.replace("-", "").isalnum()):
        what = "can only contain characters that are alphanumeric characters or hyphens(-)"
        yield invalid(f"{noun} name '{name}' {what}")
    elif name.startswith("-") or name.endswith("-"):
        yield invalid(f"{noun} name '{name}' cannot begin or end with '-'")


def load_balancer_name_errors(name: str) -> Iterator[ElbError]:
    """A load balancer's name."""
    yield from name_errors("Load balancer", name)
    if name.startswith("internal-"):
        yield invalid(f"Load balancer name '{name}' cannot begin with 'internal-'")


def target_group_name_errors(name: str) -> Iterator[ElbError]:
    """A target group's name: no two hyphens in a row either."""
    yield from name_errors("Target group", name)
    if "--" in name:
        yield invalid(f"Target group name '{name}' cannot contain '--'")
