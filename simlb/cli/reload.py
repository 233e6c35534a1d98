"""`simlb reload`."""

from __future__ import annotations

from argparse import Namespace

from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.errors import EXIT_FINE


def reload(arguments: Namespace) -> int:
    """Have the running instance read its configuration again."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        print(client.reload())
    return EXIT_FINE
