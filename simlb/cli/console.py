"""`simlb console`: the web page of a running instance, with the right to change things."""

from __future__ import annotations

from argparse import Namespace

from simlb.cli.browser import open_page
from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.errors import EXIT_FINE


def console(arguments: Namespace) -> int:
    """Open it in a browser, or print where it is."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        address = str(client.ask("POST", "/api/v1/console/codes")["address"])
    if arguments.page is not None:
        address += f"&to=/{arguments.page.lstrip('/')}"
    if arguments.print or not open_page(address):
        print(address)
    return EXIT_FINE
