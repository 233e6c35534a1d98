"""The routing row: a hundred rules and a thousand targets beside one rule and three, under the same requests.

Rules of five kinds take turns. Each request is for one rule, drawn evenly, so that the median one matches at rule 50,
and its path is new each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RULES = 100
GROUPS = 5
TARGETS = 1000
SCRIPT = "rules.lua"
COST_GOAL = 1.15
"""How many times the CPU per request of one rule and three targets it may be."""


def _condition(number: int) -> str:
    name = f"svc-{number:02}"
    kinds = (
        f'path: "/{name}/*"',
        f"host: {name}.shop.localhost",
        f"header: {{X-Service: {name}}}",
        f"query: {{service: {name}}}",
        f'path: "/{name}/*", method: GET',
    )
    return kinds[number % len(kinds)]


def rules() -> str:
    """The hundred rules, taking turns over the groups, as a further member of a listener in YAML's flow style."""
    entries = [
        f"{{priority: {number + 1}, {_condition(number)}, forward: g{number % GROUPS}}}" for number in range(RULES)
    ]
    return f", rules: [{', '.join(entries)}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a configuration routes to where, in YAML: the default action's group, rules (or ""), target groups."""

    default: str
    rules: str
    groups: str


def no_rules(ports: Sequence[int]) -> Layout:
    """Everything to one group with a target at each port."""
    return Layout(default="web", rules="", groups=_group("web", ports, first=0))


def one_rule(ports: Sequence[int]) -> Layout:
    """One rule, which every request matches."""
    return Layout(
        default="web", rules=', rules: [{priority: 1, path: "*", forward: web}]', groups=_group("web", ports, first=0)
    )


def hundred_rules(ports: Sequence[int]) -> Layout:
    """All rules, and the targets spread over the groups."""
    share = len(ports) // GROUPS
    groups = [
        _group(f"g{number}", ports[number * share : (number + 1) * share], first=number * share)
        for number in range(GROUPS)
    ]
    return Layout(default="g0", rules=rules(), groups="".join(groups))


def _group(name: str, ports: Sequence[int], *, first: int) -> str:
    targets = "".join(
        f'      - {{url: "http://127.0.0.1:{port}", name: t{first + place}}}\n' for place, port in enumerate(ports)
    )
    return f"  - name: {name}\n    health_check: {{path: /}}\n    targets:\n{targets}"
