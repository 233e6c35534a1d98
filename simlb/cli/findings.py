"""What `simlb doctor` finds: one thing looked at, the verdict, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["fine", "warning", "failure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor's. A failure keeps simlb from working; a warning is worth knowing."""

    check: str
    verdict: Verdict
    text: str
    hints: tuple[str, ...] = ()


def fine(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check=check, verdict="fine", text=text)


def warning(check: str, text: str, *hints: str) -> Finding:
    """Works, with a limit worth knowing."""
    return Finding(check=check, verdict="warning", text=text, hints=hints)


def failure(check: str, text: str, *hints: str) -> Finding:
    """Does not work."""
    return Finding(check=check, verdict="failure", text=text, hints=hints)
