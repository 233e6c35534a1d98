"""`simlb events`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from simlb.cli.event_words import at_words, line
from simlb.cli.terminal import Style, latency, rate
from simlb.controlplane.client import ControlClient
from simlb.controlplane.event_client import EventStream
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.words import printable
from simlb.core.event_json import event_from_json
from simlb.core.pulse import Pulse
from simlb.errors import EXIT_FINE

ENDED = "ended"
MARKS = frozenset({"missed", "dropped", ENDED})
"""About the stream itself: shown, but not counted."""


def events(arguments: Namespace) -> int:
    """Print what happens until the instance ends, or as many events as were asked for have come."""
    style = Style.of(sys.stdout)
    left = arguments.number
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        speed = client.status().speed
        client.close()  # nothing more is asked over this connection
        with EventStream(client, types=arguments.types, history=arguments.history, pulses=arguments.pulse) as stream:
            for data in stream if left != 0 else ():
                if data.get("type") == ENDED:
                    break
                text = _json_line(data) if arguments.json else event_line(data, speed, style)
                # At once: whoever reads wants it now, and a reader that has gone shows only then.
                print(text, flush=True)
                if left is not None and data.get("type") not in MARKS:
                    left -= 1
                    if left == 0:
                        return EXIT_FINE
    if left != 0:
        print("simlb: the instance has stopped", file=sys.stderr)
    return EXIT_FINE


def event_line(data: Mapping[str, Any], speed: float, style: Style) -> str:
    """An event as the stream has it, in one line. One that this simlb does not know is shown as it came."""
    event = event_from_json(data)
    if event is None:
        return _json_line(data)
    if isinstance(event, Pulse):
        return _pulse_line(event)
    return line(event, speed=speed, style=style)


def _json_line(data: Mapping[str, Any]) -> str:
    """Names in Korean stay readable; what a terminal would take for a command is escaped."""
    text = json.dumps(data, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(data).replace("\x7f", "\\u007f")


def _pulse_line(pulse: Pulse) -> str:
    balancers = "; ".join(
        f"{printable(one.load_balancer)} {rate(one.per_second)} req/s, in flight {one.in_flight}, "
        f"p95 {latency(one.p95_s)}"
        for one in pulse.load_balancers
    )
    return f"{at_words(pulse.at_s, pulse.real_s, is_scaled=pulse.speed != 1)}  {balancers}"
