"""`simlb down`."""

from __future__ import annotations

import time
from argparse import Namespace

from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.errors import EXIT_EXPECTATION_FAILED, EXIT_FINE, SimlbError

POLL_S = 0.02


def down(arguments: Namespace) -> int:
    """Ask for the graceful stop and wait until the process is gone."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        record = client.record
        client.stop()
    deadline = time.monotonic() + arguments.timeout
    while record.is_alive:
        if time.monotonic() >= deadline:
            raise SimlbError(
                "E610",
                f"simlb (pid {record.pid}) is still stopping after {arguments.timeout:g} s.",
                "→ it finishes what is in flight; wait again: simlb down --timeout 300",
                f"→ or end it yourself: process {record.pid}; the processes it started end with it",
                exit_status=EXIT_EXPECTATION_FAILED,
            )
        time.sleep(POLL_S)
    print(f"simlb stopped (pid {record.pid}, instance '{record.instance}').")
    return EXIT_FINE
