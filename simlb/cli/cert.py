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
    state_dir = default_state_dir()
    record = runfile.read(state_dir, arguments.instance)
    ca_path = Path(record.ca_path) if record is not None and record.ca_path else default_certs_dir(state_dir) / CA_FILE
    if not ca_path.is_file():
        raise SimlbError(
            "E211",
            f"There is no local CA yet: {ca_path} does not exist.",
            "→ it is made by the first start with an HTTPS listener: simlb demo, or simlb up",
        )
    print(ca_path)
    return EXIT_FINE
