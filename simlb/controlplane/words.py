"""Words that command line and application share."""

from __future__ import annotations

from collections.abc import Sequence


def counted(count: int, noun: str) -> str:
    """`1 target`, `3 targets`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def of_each(target_groups: Sequence[str]) -> str:
    """` of each group (web, api)`: each finds out about a target by itself. Nothing where there is only one."""
    return f" of each group ({', '.join(target_groups)})" if len(target_groups) > 1 else ""


def next_check(target_groups: Sequence[str]) -> str:
    """Who will notice that the process of a target in these groups has ended."""
    return f"The load balancer does not know yet: the next check{of_each(target_groups)} finds out."


def printable(text: str) -> str:
    """Without anything that a terminal would take for a command: names, paths and evidence may come from anybody."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "�" for character in text.replace("\n", " "))
