"""From a target process's description to what the system is asked to start: arguments, environment, folder."""

from __future__ import annotations

import errno
import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simlb.core.model import TargetProcess
from simlb.errors import SimlbError
from simlb.processes.samples import sample_command

_SHELL_OPERATORS = frozenset({"|", "||", "&", "&&", ";", ">", ">>", "<", "<<", "2>", "2>&1", "&>"})
_RAW_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+""", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is started. `shown` is the command as the user wrote it, for messages."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: Path
    shown: str


def build_command(process: TargetProcess, environment: Mapping[str, str], default_directory: Path) -> Command:
    """The command of `process`.

    `run` is split as a POSIX shell splits words (quotes and backslashes; on Windows it is passed whole, as Windows
    does), but no shell runs it: no variables, wildcards or pipes - `sh -c '...'` has them. Every `{port}` becomes the
    port. Programs are looked up on PATH, at last in the folder of simlb's own Python, so that `uvicorn shop:app` works
    when simlb was started from a virtual environment that is not activated.

    The environment is that of simlb, then `environment`, then PORT, SIMLB_TARGET_NAME and PYTHONUNBUFFERED=1 (a log
    that can be followed), then what the process's own description says.

    Raises:
        SimlbError: E701, `run` cannot be understood or the folder does not exist; E702, no such sample.
    """
    shown = process.run if process.run is not None else f"sample: {process.sample}"
    directory = Path(process.working_directory) if process.working_directory is not None else default_directory
    if not directory.is_dir():
        raise cannot_start(process, shown, f"the folder {directory} does not exist", "→ check working_directory")
    if process.run is not None:
        arguments = _split(process, process.run.replace("{port}", str(process.port)))
    else:
        assert process.sample is not None, "a target process has a command or a sample"
        arguments = sample_command(process.sample, process.port, directory=directory)
    variables = {
        **os.environ,
        **environment,
        "PORT": str(process.port),
        "SIMLB_TARGET_NAME": process.name,
        "PYTHONUNBUFFERED": "1",
        **process.environment,
    }
    variables["PATH"] = os.pathsep.join((variables.get("PATH", os.defpath), str(Path(sys.executable).parent)))
    return Command(arguments=tuple(arguments), environment=variables, working_directory=directory, shown=shown)


def cannot_start(process: TargetProcess, shown: str, reason: str, *hints: str) -> SimlbError:
    """E701 with the target, the command and the reason."""
    return SimlbError("E701", f"Target {process.name}: cannot start '{shown}': {reason}.", *hints)


def explain_errno(process: TargetProcess, command: Command, number: int) -> SimlbError:
    """E701 for a command that the system refused to start, with what to do about it."""
    program = command.arguments[0]
    if number == errno.ENOENT:
        return cannot_start(process, command.shown, *_why_missing(program, command.working_directory))
    hints = {
        errno.EACCES: (f"→ chmod +x {program}",),
        errno.ENOEXEC: ("→ its first line should name its interpreter, for example #!/bin/sh",),
    }
    return cannot_start(process, command.shown, os.strerror(number), *hints.get(number, ()))


def _why_missing(program: str, directory: Path) -> tuple[str, str]:
    """Reason and hint for a program that the system did not find."""
    if "=" in program:
        return f"'{program}' is not a program", "→ put variables under environment:"
    if os.sep not in program:
        return f"there is no program '{program}' on PATH", "→ is it installed?"
    if (directory / program).exists():
        return f"the interpreter of '{program}' does not exist", "→ check its first line (#!)"
    return f"there is no program '{program}'", f"it was looked for from {directory}"


def _split(process: TargetProcess, run: str) -> list[str]:
    if sys.platform == "win32":
        return [run]
    try:
        arguments = shlex.split(run)
    except ValueError as error:
        raise cannot_start(process, run, str(error).lower()) from error
    # Words with their quotes on: a quoted '|' is an argument, a bare one was meant for a shell.
    operators = _SHELL_OPERATORS.intersection(_RAW_WORD.findall(run))
    if operators:
        quoted = shlex.quote(run)
        reason = f"no shell runs it, so '{min(operators)}' would be handed to the program as it is"
        raise cannot_start(process, run, reason, f"→ run: sh -c {quoted}")
    if not arguments:
        raise cannot_start(process, run, "the command is empty")
    return arguments
