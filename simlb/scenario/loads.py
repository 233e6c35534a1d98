"""The loads of a scenario file, as plans of `simlb.load`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simlb.config.decode import Places
from simlb.config.names import duration_s
from simlb.config.problems import Problems, Refused, did_you_mean
from simlb.core.model import Configuration
from simlb.load.plan import LoadPlan
from simlb.scenario.model import Load
from simlb.scenario.schema import LoadEntry

LATER = "later"

_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?/ ?(s|m)")
_PER_S = {"s": 1.0, "m": 1 / 60}

_DURATIONS: Mapping[str, str] = {
    "over": "over_s",
    "after": "peak_at_s",
    "for_": "peak_for_s",
    "think": "think_s",
    "timeout": "timeout_s",
    "connect_timeout": "connect_timeout_s",
    "lasts": "duration_s",
}
_RATES: Mapping[str, str] = {"rate": "rate_per_s", "to": "to_rate_per_s", "peak": "peak_rate_per_s"}
_SAME = (
    "users",
    "arrivals",
    "method",
    "path",
    "body_bytes",
    "load_balancer",
    "port",
    "host",
    "insecure",
    "keep_alive",
    "requests",
)


def compile_loads(
    entries: list[LoadEntry], places: Places, problems: Problems, configuration: Configuration, seed: int
) -> tuple[Load, ...]:
    """All loads that have no problems; the others' have been noted."""
    loads: dict[str, Load] = {}
    for number, entry in enumerate(entries):
        with problems.at(places.at(entry, "id")):
            if entry.id in loads:
                raise Refused(f"there are two loads '{entry.id}'")
        with problems.at(places.at(entry)):
            # Each load draws by itself, so that one more does not change the others.
            loads[entry.id] = _load(entry, places, problems, configuration, seed + number)
    return tuple(loads.values())


def rate_per_s(written: str) -> float:
    """Requests per second from `20/s` or `90/m`. Raises Refused."""
    match = _RATE.fullmatch(written)
    if match is None:
        raise Refused(f"'{written}' is not a rate such as 20/s")
    return float(match[1]) * _PER_S[match[2]]


def _load(entry: LoadEntry, places: Places, problems: Problems, configuration: Configuration, seed: int) -> Load:
    plan: dict[str, Any] = {"id": entry.id, "kind": _kind(entry), "seed": seed}
    for key, name in _DURATIONS.items():
        if (written := getattr(entry, key)) is not None:
            with problems.at(places.at(entry, key.rstrip("_"))):
                plan[name] = duration_s(written)
    for key, name in _RATES.items():
        if (written := getattr(entry, key)) is not None:
            with problems.at(places.at(entry, key)):
                plan[name] = rate_per_s(written)
    for key in _SAME:
        if (value := getattr(entry, key)) is not None:
            plan[key] = value
    if entry.headers:
        plan["headers"] = dict(entry.headers)
    if plan["kind"] != "closed" and entry.rate is None:
        raise Refused(f"load '{entry.id}' has neither a rate nor users", "rate: 20/s, or users: 10 and think: 5s")
    if plan["kind"] == "closed" and entry.rate is not None:
        raise Refused(f"load '{entry.id}' has either a rate or users")
    _resolve_listener(entry, places, problems, configuration, plan)
    LoadPlan.from_json(plan)
    starts_at_s = None
    if entry.starts not in {None, LATER}:
        assert entry.starts is not None
        with problems.at(places.at(entry, "starts")):
            starts_at_s = duration_s(entry.starts)
    return Load(id=entry.id, plan=plan, starts_at_s=starts_at_s, is_waiting=entry.starts == LATER)


def _kind(entry: LoadEntry) -> str:
    kinds = {"closed": entry.users, "ramp": entry.to, "spike": entry.peak}
    found = [kind for kind, value in kinds.items() if value is not None]
    if len(found) > 1:
        raise Refused(f"load '{entry.id}' is either closed (users), a ramp (to) or a spike (peak)")
    return found[0] if found else "constant"


def _resolve_listener(
    entry: LoadEntry, places: Places, problems: Problems, configuration: Configuration, plan: dict[str, Any]
) -> None:
    balancers = {balancer.name: balancer for balancer in configuration.load_balancers}
    name = entry.load_balancer or next(iter(balancers))
    if name not in balancers:
        what = f"there is no load balancer '{name}'{did_you_mean(name, balancers)}"
        problems.add(places.at(entry, "load_balancer"), what)
        return
    ports = [listener.port for listener in balancers[name].listeners]
    port = entry.port if entry.port is not None else next(iter(ports), None)
    if port not in ports:
        shown = ", ".join(map(str, ports)) or "none"
        problems.add(places.at(entry, "port"), f"'{name}' has no listener {port}: there are {shown}")
        return
    plan |= {"load_balancer": name, "port": port}
