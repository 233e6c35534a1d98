"""`simlb rules`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from simlb.cli.terminal import Style, columns, line_width
from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.views import InstanceView, RuleView
from simlb.errors import EXIT_FINE

_HEADERS = ("PRIORITY", "CONDITIONS", "ACTION")


def rules(arguments: Namespace) -> int:
    """Print the rules of every listener of the running instance."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        view = client.status()
    if arguments.json:
        print(json.dumps(_as_json(view), ensure_ascii=False, indent=2))
    else:
        print("\n".join(listing(view, Style.of(sys.stdout), width=line_width(sys.stdout))))
    return EXIT_FINE


def listing(view: InstanceView, style: Style, *, width: int | None = None) -> Iterator[str]:
    """Every listener's rules. Listeners have headings when there are several, load balancers too."""
    several_load_balancers = len(view.load_balancers) > 1
    listeners = [
        (f"{load_balancer.name}  {listener.name}" if several_load_balancers else listener.name, listener)
        for load_balancer in view.load_balancers
        for listener in load_balancer.listeners
    ]
    if not listeners:
        yield "no listeners yet"
    for number, (heading, listener) in enumerate(listeners):
        if len(listeners) > 1:
            if number:
                yield ""
            yield style.bold(heading)
        yield from rule_lines(listener.rules, style, width=width)


def rule_lines(rules: Sequence[RuleView], style: Style, *, width: int | None = None) -> Iterator[str]:
    """A table of rules, their transforms below them; where that is too wide, a line for each condition and action."""
    rows = [(rule.priority, " and ".join(rule.conditions) or "-", f"→ {rule.action}") for rule in rules]
    header, *lines = columns([_HEADERS, *rows])
    if width is not None and max(map(len, lines)) > width:
        yield from _stacked(rules, style)
        return
    yield style.dim(header)
    indent = " " * (len(_HEADERS[0]) + 2)
    for rule, line in zip(rules, lines, strict=True):
        yield line
        yield from (f"{indent}{transform}" for transform in rule.transforms)


def _stacked(rules: Sequence[RuleView], style: Style) -> Iterator[str]:
    yield style.dim(f"{_HEADERS[0]}  CONDITIONS → ACTION")
    indent = " " * (len(_HEADERS[0]) + 2)
    for rule in rules:
        parts = [*rule.conditions, *rule.transforms, f"→ {rule.action}"]
        yield f"{rule.priority:<{len(_HEADERS[0])}}  {parts[0]}"
        yield from (f"{indent}{part}" for part in parts[1:])


def _as_json(view: InstanceView) -> list[dict[str, object]]:
    return [
        {"load_balancer": load_balancer.name, "listener": listener.name, **asdict(rule)}
        for load_balancer in view.load_balancers
        for listener in load_balancer.listeners
        for rule in listener.rules
    ]
