"""`simlb logs [-f]`."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace

from simlb.cli.accesslog import fields
from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.views import LogPage
from simlb.errors import EXIT_FINE, SimlbError

POLL_S = 0.3
PAGE_LINES = 1000
NO_ANSWER = "E603"


def logs(arguments: Namespace) -> int:
    """Print the last access-log lines; with `--follow` also those that come, until the instance ends."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        after = _print_last(client, arguments.lines, as_json=arguments.json)
        try:
            while arguments.follow:
                page = client.logs(after, PAGE_LINES)
                _print(page, as_json=arguments.json)
                after = page.next
                if len(page.lines) < PAGE_LINES:
                    sys.stdout.flush()
                    time.sleep(POLL_S)
        except SimlbError as error:
            if error.code != NO_ANSWER:
                raise
            print("simlb: the instance has stopped", file=sys.stderr)
    return EXIT_FINE


def _print_last(client: ControlClient, count: int, *, as_json: bool) -> int:
    """Print the last `count` lines; the number of the line that follows them."""
    page = client.logs(-max(count, 1), min(max(count, 1), PAGE_LINES))
    if count > 0:
        _print(page, as_json=as_json)
    printed = len(page.lines)
    while printed < count and page.lines:
        page = client.logs(page.next, min(count - printed, PAGE_LINES))
        _print(page, as_json=as_json)
        printed += len(page.lines)
    sys.stdout.flush()
    return page.next


def _print(page: LogPage, *, as_json: bool) -> None:
    if page.dropped:
        print(f"simlb: {page.dropped} lines are no longer kept", file=sys.stderr)
    for line in page.lines:
        print(json.dumps(fields(line), ensure_ascii=False) if as_json else line)
