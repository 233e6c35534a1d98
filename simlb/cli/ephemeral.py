"""`simlb serve --ephemeral`: an instance for one test run, for a program in any language to start, drive and forget.

Every port is a free one, the CA is in memory, and nothing is left: no state folder, no run file, no process.
docs/json-api.md describes the line that `--json` prints, and what can be asked of the control port that it names.
"""

from __future__ import annotations

import contextlib
import secrets
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.cli import loading
from simlb.cli.ephemeral_presenter import JsonPresenter, TextPresenter
from simlb.cli.serve import check_empty
from simlb.controlplane import runfile
from simlb.controlplane.paths import DEFAULT_INSTANCE
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.certs.ephemeral_files import EphemeralFiles
    from simlb.config import Compiled

SEED_BITS = 32


def serve(arguments: Namespace) -> int:
    """Serve until the parent ends, or a signal or a request says so. With `--json` failures are a line of JSON too."""
    presenter = JsonPresenter(sys.stdout, sys.stderr) if arguments.json else TextPresenter(sys.stdout)
    try:
        _check(arguments)
        with _ended_by_sigterm():
            return _serve(arguments, presenter)
    except SimlbError as error:
        if not isinstance(presenter, JsonPresenter) or presenter.is_ready:
            raise
        presenter.failed(error)
        return error.exit_status


def _check(arguments: Namespace) -> None:
    """Raise SimlbError E616 for arguments that do not go together."""
    if not arguments.ephemeral:
        raise _misuse(
            "`simlb serve` needs --ephemeral.",
            "an instance that the other commands find: simlb up        → one for a test run: simlb serve --ephemeral",
        )
    if arguments.instance != DEFAULT_INSTANCE:
        raise _misuse("An ephemeral instance has no name: nobody finds it by one.", "leave out --instance")
    if arguments.manual_clock and arguments.speed is not None:
        raise _misuse("--speed and --manual-clock exclude each other: time that is moved by hand has no speed.")
    if arguments.file == "-":
        raise _misuse(
            "Standard input cannot be the configuration: its end is what ends an ephemeral instance.",
            "write it to a file: -f FILE        → or give URLs",
        )
    check_empty(arguments, "E616")
    if arguments.urls and arguments.file is not None:
        raise _misuse("Give either URLs or a file, not both.", "in a file: targets: [{url: …}]")
    if not arguments.urls and (arguments.name is not None or arguments.health is not None):
        raise _misuse("--name and --health go with URLs.", "in a file: dns and health_check")


def _misuse(what: str, *hints: str) -> SimlbError:
    return SimlbError("E616", what, *hints)


def _serve(arguments: Namespace, presenter: JsonPresenter | TextPresenter) -> int:
    from simlb.app import AppOptions, serve
    from simlb.certs.ephemeral_files import EphemeralFiles
    from simlb.clock import ManualClock

    seed = secrets.randbits(SEED_BITS) if arguments.seed is None else arguments.seed
    token = runfile.new_token()
    let_through = _hold_back_sigterm()
    files = EphemeralFiles()
    try:
        let_through()
        presenter.owns(token=token, ca_pem=files.authority.ca_pem.decode("ascii"), seed=seed)
        options = AppOptions(
            instance="ephemeral",
            state_dir=files.folder,
            certs_dir=files.folder,
            load=_loader(arguments, files),
            speed=arguments.speed,
            control_port=0,
            keeps_traffic=True,
            seed=seed,
            issuer=files.authority,
            token=token,
            is_ephemeral=True,
        )
        return serve(options, presenter, clock=ManualClock() if arguments.manual_clock else None)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):  # tidying up has begun: impatience must not leave half of it
            signal.signal(number, signal.SIG_IGN)
        files.close()


def _loader(arguments: Namespace, files: EphemeralFiles) -> loading.Load:
    ports = loading.Ports()
    path = Path(arguments.file) if arguments.file is not None else None
    if path is None and not arguments.urls and not arguments.empty:
        path = loading.default_file()

    def load() -> Compiled:
        from simlb import config
        from simlb.app.ephemeral import on_free_ports, without_log_files, without_redirect
        from simlb.certs.ephemeral_files import EphemeralCertificates
        from simlb.config.commands import DEFAULT_REGION
        from simlb.processes.samples import sample_names

        if arguments.empty:
            region = arguments.region or DEFAULT_REGION
            certificates = EphemeralCertificates(files, region)
            compiled = config.empty(region=region, speed=arguments.speed or 1.0, certificates=certificates)
        elif path is None:
            certificates = EphemeralCertificates(files, DEFAULT_REGION)
            compiled = config.from_urls(
                arguments.urls,
                name=arguments.name,
                health_path=arguments.health or "/",
                region=DEFAULT_REGION,
                speed=arguments.speed or 1.0,
                certificates=certificates,
                signs_any_name=True,
            )
            compiled = without_log_files(without_redirect(compiled))
        else:
            samples = sample_names()
            # Certificates carry the region in their ARN, which only the file knows.
            region = config.check(path, sample_names=samples, signs_any_name=True).settings.region
            certificates = EphemeralCertificates(files, region)
            compiled = config.load(
                path,
                certificates=certificates,
                allocate_port=ports.allocate,
                sample_names=samples,
                speed=arguments.speed,
                signs_any_name=True,
            )
        return on_free_ports(compiled, certificates.notices)

    return load


def _hold_back_sigterm() -> Callable[[], object]:
    """Let a SIGTERM wait, until what it gives back is called: between a folder's making and its owner nobody tidies."""
    if sys.platform == "win32":
        return lambda: None
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    return lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let a SIGTERM that comes before or after the event loop take the way of an exit, which tidies up."""

    def leave(number: int, _: object) -> None:
        sys.exit(128 + number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
