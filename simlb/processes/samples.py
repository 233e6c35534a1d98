"""The sample targets that simlb ships (`sample: echo`): their names, and the command that runs one.

They are ASGI programs in `backends/`, run by uvicorn, each alone in its process.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from simlb.errors import SimlbError

# Measured on the way to these flags (Python 3.11, two cores, one sample): 0.12 s from the start to the first 200,
# 28 MB. Leaving out WebSocket support where a sample has none saves 20 ms and 3 MB.
_FLAGS = (
    "--no-access-log",
    "--no-use-colors",
    "--lifespan=off",
    "--workers=1",  # or else WEB_CONCURRENCY decides
    "--no-proxy-headers",  # the samples show what arrives, not what uvicorn makes of it
    # Longer than the load balancer's idle time-out (60 s): the load balancer, not the target, must be the one that
    # closes an idle connection, or else a request can meet a closing connection and become a 502.
    "--timeout-keep-alive=75",
)

# Sample -> flags of its own.
_SAMPLES: Mapping[str, tuple[str, ...]] = {
    "echo": ("--ws=none",),
    "slow": ("--ws=none",),
    "starter": ("--ws=none", "--reload", "--timeout-graceful-shutdown=1"),
    "stream": ("--ws=websockets-sansio",),
}


def sample_names() -> tuple[str, ...]:
    """The samples there are, in alphabetical order."""
    return tuple(_SAMPLES)


def backends_directory() -> Path:
    """Where the sample programs are: inside the installed package, or at the top of a checkout.

    Raises:
        SimlbError: E703, the installation is not complete.
    """
    package = Path(__file__).resolve().parent.parent
    for directory in (package / "backends", package.parent / "backends"):
        if (directory / "echo.py").is_file():
            return directory
    raise SimlbError(
        "E703", f"The sample targets are missing: no backends folder in {package}.", "→ install simlb again"
    )


def sample_command(
    name: str, port: int, options: Sequence[str] = (), *, directory: Path | None = None, host: str = "127.0.0.1"
) -> list[str]:
    """The command that runs sample `name` on `host`:`port`.

    `options` are further uvicorn options. A `directory` that holds a `<name>.py` is used in place of simlb's own: that
    is how a copied `starter` is run and edited.

    Raises:
        SimlbError: E702, there is no such sample.
    """
    if name not in _SAMPLES:
        import difflib

        near = difflib.get_close_matches(name, _SAMPLES, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(_SAMPLES)}"
        raise SimlbError("E702", f"There is no sample target '{name}'.", hint)
    if directory is None or not (directory / f"{name}.py").is_file():
        directory = backends_directory()
    flags = [*_FLAGS, *_SAMPLES[name]]
    if "--reload" in flags:
        flags.append(f"--reload-dir={directory}")
    # -P: without it Python would look for modules in the working directory first, and a user's folder may hold a
    # `logging.py` or `uvicorn.py` of its own.
    program = [sys.executable, "-P", "-m", "uvicorn", f"{name}:app", "--app-dir", os.fspath(directory)]
    return [*program, "--host", host, "--port", str(port), *flags, *options]


def copy_starter(destination: Path) -> Path:
    """Put a copy of the `starter` sample where the user can edit it, and return the file's path.

    `destination` is a folder (made when missing). An edited copy that is already there is left alone and returned: the
    lesson goes on where it was.

    Raises:
        SimlbError: E704, the copy cannot be written.
    """
    copy = destination / "starter.py"
    try:
        destination.mkdir(parents=True, exist_ok=True)
        if not copy.exists():
            shutil.copyfile(backends_directory() / "starter.py", copy)
    except OSError as error:
        raise SimlbError("E704", f"Cannot write {copy}: {error.strerror}.") from error
    return copy
