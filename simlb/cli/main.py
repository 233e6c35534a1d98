"""The `simlb` command: finds the command's function, and turns failures into messages and exit statuses."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import cast

from simlb.cli.parser import build
from simlb.controlplane.paths import DEFAULT_INSTANCE
from simlb.errors import EXIT_FINE, SimlbError

EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""What a shell reports for a program that SIGPIPE ended."""

Command = Callable[[Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status: 0 fine, 1 expectation failed, 2 usage, 3 could not bind, 4 no steady state."""
    _forgive_encodings()
    try:
        status = _run(sys.argv[1:] if argv is None else argv)
        # A reader that has gone away shows only when the last buffer is written.
        _flush()
    except SimlbError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except SystemExit as leaving:  # argparse, after help or an error
        return leaving.code if isinstance(leaving.code, int) else EXIT_FINE
    return status


def _run(argv: Sequence[str]) -> int:
    arguments = build().parse_args(argv)
    if not hasattr(arguments, "instance"):
        arguments.instance = DEFAULT_INSTANCE
    if arguments.run is None:
        arguments = _without_command(arguments.instance)
    module, _, function = arguments.run.partition(":")
    command = cast("Command", getattr(importlib.import_module(module), function))
    return command(arguments)


def _without_command(instance: str) -> Namespace:
    """What `simlb` alone means here."""
    from simlb.controlplane import runfile
    from simlb.controlplane.paths import default_state_dir

    if runfile.read(default_state_dir(), instance) is not None:
        command = "status"
    else:
        command = "up" if Path("simlb.yaml").exists() else "demo"
    return build().parse_args([command, "--instance", instance])


def _flush() -> None:
    """Write what is left. A window that was closed reads nothing any more, which is no failure of the command."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _forgive_encodings() -> None:
    # A terminal that cannot show a sign or Korean shows '?' there, rather than a traceback.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
