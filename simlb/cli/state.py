"""`simlb state export | import | reset`: what API calls and commands have made, beyond the configuration file."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from simlb.controlplane import runfile
from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import check_instance_name, default_state_dir
from simlb.errors import EXIT_EXPECTATION_FAILED, EXIT_FINE, SimlbError

PRIVATE_MODE = 0o600
TIMEOUT_S = 120.0
STANDARD = "-"


def export(arguments: Namespace) -> int:
    """Write the running instance's state as JSON, to a file or to standard output."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        document = client.ask("POST", "/api/v1/state/export", {"with_keys": arguments.with_keys})
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if arguments.file == STANDARD:
        print(text)
        return EXIT_FINE
    path = Path(arguments.file)
    try:
        # It may hold private keys, and is nobody else's business without them.
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_MODE), "w", encoding="utf-8"
        ) as file:
            if arguments.with_keys:
                path.chmod(PRIVATE_MODE)  # also of a file that was there, and others could read
            file.write(f"{text}\n")
    except OSError as error:
        raise SimlbError("E514", f"{path} cannot be written: {error.strerror}.") from error
    print(f"{path} written: {len(document['records'])} records.")
    return EXIT_FINE


def bring_in(arguments: Namespace) -> int:
    """Have the running instance serve and keep what a file of an export holds."""
    document = _document(arguments.file)
    body = {"document": document, "replace": arguments.replace}
    with ControlClient.for_instance(default_state_dir(), arguments.instance, timeout_s=TIMEOUT_S) as client:
        print(client.ask("POST", "/api/v1/state/import", body)["message"])
    return EXIT_FINE


def reset(arguments: Namespace) -> int:
    """Forget everything, of an instance that runs or of one that does not."""
    from simlb.controlplane.store import store_files

    state_dir = default_state_dir()
    files = store_files(state_dir, check_instance_name(arguments.instance))
    path = files[0]
    record = runfile.read(state_dir, arguments.instance)
    if record is None and not path.exists():
        print(f"Instance '{arguments.instance}' has no state.")
        return EXIT_FINE
    if not arguments.yes and not _confirmed(arguments.instance):
        print("Nothing was changed.")
        return EXIT_EXPECTATION_FAILED
    if record is not None:
        with ControlClient(record) as client:
            print(client.ask("POST", "/api/v1/state/reset")["message"])
        return EXIT_FINE
    try:
        # What a kill has left beside it goes too: it would be taken for a part of the next file.
        for each in files:
            each.unlink(missing_ok=True)
    except OSError as error:
        raise SimlbError("E813", f"{path} cannot be removed: {error.strerror}.") from error
    print(f"{path} removed: the next start of '{arguments.instance}' knows only its file.")
    return EXIT_FINE


def _confirmed(instance: str) -> bool:
    print(f"Everything that API calls and commands have made in instance '{instance}' will be forgotten.")
    if not sys.stdin.isatty():
        raise SimlbError("E816", "Nobody is there to be asked.", "simlb state reset --yes")
    return input("Forget it? [y/N] ").strip().lower() in {"y", "yes"}


def _document(file: str) -> Any:
    try:
        text = sys.stdin.read() if file == STANDARD else Path(file).read_text(encoding="utf-8")
        document = json.loads(text)
    except OSError as error:
        raise SimlbError("E814", f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SimlbError(
            "E814", f"{file} is no JSON: {error}.", "one is written by: simlb state export FILE"
        ) from error
    if not isinstance(document, dict):
        raise SimlbError("E814", f"{file} is no state of simlb's.", "one is written by: simlb state export FILE")
    return document
