"""What is wrong with a configuration and where: found all at once, told in the order of the file."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from simlb.errors import ConfigError, SimlbError, arrowed

SCHEMA = "E501"
RANGE = "E502"
REFERENCE = "E503"
UNREADABLE = "E504"
NOT_YET = "E505"
ADDRESS = "E506"

# Codes of other rooms for what this one notices before them.
NOT_SIGNED = "E203"
CERTIFICATE_FILE = "E204"
UNRESOLVED = "E401"

_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said: `simlb.yaml:14` or `--health`. `line` orders the messages (0: no lines)."""

    text: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: a code of `docs/config.md`, the place, what was seen, and hints."""

    code: str
    place: Place
    what: str
    hints: tuple[str, ...] = ()


class InvalidConfigError(ConfigError):
    """A configuration with one or more problems. The first is the message; the others follow as lines of their own."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.place.line))
        first, *others = self.problems
        notes: list[str] = []
        for problem in others[: _SHOWN_MAX - 1]:
            notes.append(f"{problem.code}  {problem.place.text}: {problem.what}")
            notes += (f"  {arrowed(hint)}" for hint in problem.hints)
        if len(others) >= _SHOWN_MAX:
            notes.append(f"... and {len(others) - _SHOWN_MAX + 1} more")
        super().__init__(first.place.text, first.what, *first.hints, notes=tuple(notes), code=first.code)


class Refused(Exception):  # noqa: N818 - a verdict on a value, placed by whoever knows where the value stands
    """A value that is not accepted: what is wrong, hints, and a code. It does not know its place yet."""

    def __init__(self, what: str, *hints: str, code: str = RANGE) -> None:
        super().__init__(what)
        self.what = what
        self.hints = hints
        self.code = code


class Problems:
    """Collects problems, so that a person mends a file in one go."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, place: Place, what: str, *hints: str, code: str = RANGE) -> None:
        """Note one problem; the same one at the same place (an alias used twice) only once."""
        problem = Problem(code, place, what, hints)
        if problem not in self._found:
            self._found.append(problem)

    def at(self, place: Place) -> AbstractContextManager[None, bool]:
        """Turn a `Refused` or a coded error raised inside into a problem at `place`; what follows inside is skipped."""
        return _At(self, place)

    def raise_any(self) -> None:
        """Raise InvalidConfigError when anything was found."""
        if self._found:
            raise InvalidConfigError(self._found)


class _At:
    def __init__(self, problems: Problems, place: Place) -> None:
        self._problems = problems
        self._place = place

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Refused | SimlbError):
            return False
        self._problems.add(self._place, error.what, *error.hints, code=error.code)
        return True


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for the closest known word, or nothing."""
    import difflib  # only when something is wrong

    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def quoted(words: Iterable[str]) -> str:
    """`'a', 'b'`: a list of words as messages show them."""
    return ", ".join(f"'{word}'" for word in words)
