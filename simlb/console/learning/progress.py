"""What a learner has done so far, and the file that keeps it.

The file is replaced as a whole, is its owner's only, and outlives the instance. One that cannot be read is set aside
under another name, never overwritten.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from simlb.certs.files import PRIVATE_MODE, write_atomically
from simlb.console.learning.checks import Tick
from simlb.errors import SimlbError

FOLDER_MODE = 0o700
ASIDE_MAX = 1000


class StepProgress(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One step. Times are ISO 8601, by the ids of observations and mistakes."""

    begun_at: str | None = None
    ticks: dict[str, str] = {}
    mistakes: dict[str, str] = {}


class Progress(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True, tag_field="simlb", tag="learn/1"):
    """All of it. `steps` are by number. `balancer_s` is for how long the course's load balancers have been there, all
    together, in load-balancer time.
    """

    begun_at: str | None = None
    last_at: str | None = None
    step: int = 0
    steps: dict[str, StepProgress] = {}
    balancer_s: float = 0.0

    def of(self, step: int) -> StepProgress:
        """That of a step, which may be none yet."""
        return self.steps.setdefault(str(step), StepProgress())

    def tick(self, tick: Tick, at: str) -> None:
        """Note what has been seen. What was seen before keeps its time."""
        step = self.of(tick.step)
        (step.mistakes if tick.is_mistake else step.ticks).setdefault(tick.item, at)
        self.last_at = at

    def ticks(self) -> Iterator[Tick]:
        """What has been seen."""
        for number, step in self.steps.items():
            for items, is_mistake in ((step.ticks, False), (step.mistakes, True)):
                for item in items:
                    yield Tick(int(number), item, is_mistake)


def progress_path(state_dir: Path, name: str) -> Path:
    """Where an instance's is kept."""
    return state_dir / "learn" / f"{name}.json"


def read(path: Path) -> Progress | None:
    """What was kept; None where nothing was. Raises SimlbError E841, after setting aside what cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
        raise SimlbError(
            "E841", f"What you have done of the course cannot be read: {path}: {error}.", _set_aside(path)
        ) from error


def write(path: Path, progress: bytes) -> None:
    """Keep it, in the form that `encoded` gives. Raises SimlbError E842."""
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        write_atomically(path, progress, mode=PRIVATE_MODE)
    except OSError as error:
        raise SimlbError(
            "E842",
            f"What you have done of the course cannot be kept: {path}: {error.strerror}.",
            "it counts as long as this instance runs; make room, or permit writing there",
        ) from error


def remove(path: Path) -> None:
    """Forget it. Raises SimlbError E842."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise SimlbError("E842", f"{path} cannot be removed: {error.strerror}.", "remove it by hand") from error


def encoded(progress: Progress) -> bytes:
    """For `write`, at this moment."""
    return msgspec.json.format(msgspec.json.encode(progress), indent=1)


def _set_aside(path: Path) -> str:
    """Move it out of the way, and say where."""
    for number in range(1, ASIDE_MAX):
        aside = path.with_name(f"{path.name}.unreadable-{number}")
        if aside.exists():
            continue
        with contextlib.suppress(OSError):
            path.rename(aside)
            return f"it lies in {aside} now; the course begins anew"
        break
    return "the course begins anew, and is kept nowhere until you move that file away"
