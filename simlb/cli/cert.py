"""`simlb cert path`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from simlb.controlplane import runfile
from simlb.controlplane.paths import default_certs_dir, default_state_dir
from simlb.errors import EXIT_FINE, SimlbError

CA_FILE = "ca.pem"


def path(arguments: Namespace) -> int:
    """Print where the CA's certificate lies: the running instance's, else the one the next start will use."""
    found = ca_path(arguments.instance)
    if not found.is_file():
        raise missing(found)
    print(found)
    return EXIT_FINE


def ca_path(instance: str) -> Path:
    """Where the CA's certificate lies, or will lie."""
    state_dir = default_state_dir()
    record = runfile.read(state_dir, instance)
    return Path(record.ca_path) if record is not None and record.ca_path else default_certs_dir(state_dir) / CA_FILE


def missing(found: Path) -> SimlbError:
    """There is none yet."""
    return SimlbError(
        "E211",
        f"There is no local CA yet: {found} does not exist.",
        "→ it is made by the first start with an HTTPS listener: simlb demo, or simlb up",
    )
