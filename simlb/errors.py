"""What goes wrong in a file, a flag or the environment: one coded message, an exit status, no traceback.

Codes: E1xx sockets, E2xx certificates, E3xx targets, E4xx names, E5xx configuration, E6xx the running instance, E7xx
processes and files, E8xx what the API keeps and answers. `docs/messages.md` lists them.
"""

from __future__ import annotations

EXIT_FINE = 0
EXIT_EXPECTATION_FAILED = 1
EXIT_USAGE = 2
EXIT_CANNOT_BIND = 3
EXIT_NOT_STEADY = 4


class SimlbError(Exception):
    """A failure that the user can mend: a code such as `E101`, what was seen, and what to do next (one hint a line).

    `notes` are lines below the hints that are shown as they are: further failures, consequences.
    """

    def __init__(
        self, code: str, what: str, *hints: str, notes: tuple[str, ...] = (), exit_status: int = EXIT_USAGE
    ) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.hints = hints
        self.notes = notes
        self.exit_status = exit_status
        for line in (*map(arrowed, hints), *notes):
            self.add_note(line)  # where there is a traceback after all, as in a user's test, it says what to do too

    def render(self) -> str:
        """The message as a person reads it, without colour."""
        below = (*map(arrowed, self.hints), *self.notes)
        return "\n".join((f"SIMLB-{self.code}  {self.what}", *(f"            {line}" for line in below)))


class ConfigError(SimlbError):
    """A wrong configuration: where (`simlb.yaml:14`), what, and how to mend it."""

    def __init__(self, where: str, what: str, *hints: str, notes: tuple[str, ...] = (), code: str = "E501") -> None:
        super().__init__(code, f"{where}: {what}", *hints, notes=notes)
        self.where = where


class BindError(SimlbError):
    """A port that cannot be opened."""

    def __init__(self, code: str, what: str, *hints: str) -> None:
        super().__init__(code, what, *hints, exit_status=EXIT_CANNOT_BIND)


def arrowed(hint: str) -> str:
    """A hint as it is printed: `→ did you mean 'web'?`. One that has several arrows brings them along."""
    return hint if hint.startswith("→") else f"→ {hint}"
