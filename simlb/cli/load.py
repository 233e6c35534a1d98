"""`simlb load start | stop | ls | status`."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from simlb.cli.load_arguments import MEMBERS
from simlb.cli.terminal import Style, columns
from simlb.controlplane import load_client
from simlb.controlplane.client import ControlClient
from simlb.controlplane.durations import both_times
from simlb.controlplane.load_views import LoadView
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.words import counted
from simlb.errors import EXIT_FINE, SimlbError

PATIENCE_S = 1.0
"""How long `stop` waits to show the last figures: what is not in flight has ended long before."""
POLL_S = 0.02
_COLUMNS = ("LOAD", "STATE", "RATE", "SENT", "IN-FLIGHT", "P50 MS", "P95 MS", "P99 MS", "LAG MS")
_LAG_WORTH_A_WORD_MS = 20.0


def start(arguments: Namespace) -> int:
    """Start a load and say what it does."""
    wanted = _plan(arguments)
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        try:
            view = load_client.start_load(client, wanted)
        except SimlbError as error:
            raise _with_flag(error) from None
    if arguments.json:
        print(json.dumps(view.to_json(), ensure_ascii=False, indent=2))
    else:
        print(f"{view.id} goes to {where_words(view)}: {plan_words(view)}.")
        print(f"watch it: simlb load ls        stop it: simlb load stop {view.id}")
    return EXIT_FINE


def stop(arguments: Namespace) -> int:
    """Stop one load, or all that run, and show what became of them."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        if arguments.id is not None:
            names = [arguments.id]
        else:
            names = [view.id for view in load_client.loads(client) if not view.is_over]
            if not names:
                raise SimlbError("E655", "No load runs.", "→ start one: simlb load start --rate 20/s")
        for name in names:
            load_client.stop_load(client, name)
        views = _after_the_end(client, names)
    _show(views, arguments)
    return EXIT_FINE


def ls(arguments: Namespace) -> int:
    """Show every load."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        views = load_client.loads(client)
    _show(views, arguments)
    return EXIT_FINE


def _show(views: Sequence[LoadView], arguments: Namespace) -> None:
    if arguments.json:
        print(json.dumps([view.to_json() for view in views], ensure_ascii=False, indent=2))
    else:
        print("\n".join(load_lines(views, Style.of(sys.stdout))))


def _after_the_end(client: ControlClient, names: Sequence[str]) -> list[LoadView]:
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        views = [view for view in load_client.loads(client) if view.id in names]
        if all(view.is_over for view in views) or time.monotonic() > give_up_at:
            return views
        time.sleep(POLL_S)


# -- what is asked for -------------------------------------------------------------------------------------------------


def _plan(arguments: Namespace) -> dict[str, Any]:
    """The members that were given. A kind that was not follows from them."""
    wanted: dict[str, Any] = {}
    for member in MEMBERS:
        value = getattr(arguments, member, None)
        if value is not None and value is not False:
            wanted[member] = value
    if arguments.no_keep_alive:
        wanted["keep_alive"] = False
    if arguments.cacert is not None:
        wanted["ca_pem"] = _pem(arguments.cacert)
    if "kind" not in wanted:
        meant = {"ramp": "to_rate_per_s", "spike": "peak_rate_per_s", "closed": "users"}
        kinds = [kind for kind, member in meant.items() if member in wanted]
        if len(kinds) > 1:
            flags = " and ".join(MEMBERS[meant[kind]] for kind in kinds)
            raise SimlbError("E651", f"{flags} do not go together.", f"→ a load is one of: {', '.join(kinds)}")
        wanted["kind"] = kinds[0] if kinds else "constant"
    return wanted


def _pem(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no PEM file"
        raise SimlbError("E658", f"{path} cannot be read: {reason}.", "→ the CA's certificate, in PEM") from None


def _with_flag(error: SimlbError) -> SimlbError:
    """What an instance says of a member, with the flag that sets it."""
    member, colon, _ = error.what.partition(":")
    flag = MEMBERS.get(member)
    if error.code != "E651" or not colon or flag is None:
        return error
    hints = (f"→ the flag is {flag}", *error.hints)
    return SimlbError(error.code, error.what, *hints, notes=error.notes, exit_status=error.exit_status)


# -- words -------------------------------------------------------------------------------------------------------------


def rate_words(rate_per_s: float, speed: float) -> str:
    """`20/s`, and what that is in real seconds: `20/s, which is 200/s real at speed 10`."""
    return f"{rate_per_s:g}/s" + ("" if speed == 1 else f", which is {rate_per_s * speed:g}/s real at speed {speed:g}")


def plan_words(view: LoadView) -> str:
    """What a load sends and for how long."""
    plan, speed = view.plan, view.speed
    rate = rate_words(plan["rate_per_s"], speed)
    match view.kind:
        case "closed":
            think = both_times(plan["think_s"], speed)
            words = f"{counted(plan['users'], 'user')}, each asking again {think} after the answer"
        case "ramp":
            to = rate_words(plan["to_rate_per_s"], speed)
            words = f"{rate}, going to {to} within {both_times(plan['over_s'], speed)}"
        case "spike":
            peak = rate_words(plan["peak_rate_per_s"], speed)
            at, lasting = both_times(plan["peak_at_s"], speed), both_times(plan["peak_for_s"], speed)
            words = f"{rate}, and after {at} {peak} for {lasting}"
        case _:
            words = rate
    if plan["arrivals"] == "poisson":
        words += " (Poisson)"
    if plan["requests"] is not None:
        words += f", {counted(plan['requests'], 'request')}"
    if plan["duration_s"] is not None:
        words += f", for {both_times(plan['duration_s'], speed)}"
    return words


def where_words(view: LoadView) -> str:
    """`my-alb HTTPS:443 (GET /items/{n}, Host shop.localhost:8443)`."""
    plan = view.plan
    return f"{view.listener} ({plan['method']} {plan['path']}, Host {view.host})"


def load_lines(views: Sequence[LoadView], style: Style) -> Iterator[str]:
    """A table of loads; below each what it sends, and what became of it."""
    if not views:
        yield style.dim("(no loads: simlb load start --rate 20/s)")
        return
    header, *lines = columns([_COLUMNS, *map(_cells, views)], right=frozenset(range(3, len(_COLUMNS))))
    yield style.dim(header)
    for view, line in zip(views, lines, strict=True):
        yield line
        yield style.dim(f"    {where_words(view)}: {plan_words(view)}")
        outcomes = [*_outcomes(view, style)]
        if outcomes:
            yield f"    {'   '.join(outcomes)}"
        for warning in _warnings(view):
            yield style.yellow(f"    ! {warning}")
    speed = views[-1].speed
    if speed != 1:
        yield style.dim(
            f"P50 to P99 are load-balancer time: at speed {speed:g}, {speed:g} ms of it are 1 ms here. LAG is real."
        )


def _cells(view: LoadView) -> tuple[str, ...]:
    if view.is_over:
        rate = "-"
    elif view.kind == "closed":
        rate = counted(view.plan["users"], "user")
    else:
        rate = f"{view.rate_per_s:g}/s" + ("" if view.speed == 1 else f" ({view.rate_per_s * view.speed:g}/s here)")
    percentiles = (view.p50_ms, view.p95_ms, view.p99_ms)
    return (
        view.id,
        view.state,
        rate,
        str(view.sent),
        str(view.in_flight),
        *("-" if value is None else f"{value:.1f}" for value in percentiles),
        f"{view.lag_max_ms:.1f}",
    )


def _outcomes(view: LoadView, style: Style) -> Iterator[str]:
    """Answers by code and by who made them, then what got none."""
    for status, count in view.statuses.items():
        made_here = view.elb_statuses.get(status, 0)
        if count > made_here:
            yield f"{status} ×{count - made_here}"
        if made_here:
            text = f"{status} ×{made_here} by the load balancer"
            yield style.red(text) if status.startswith("5") else text
    for kind, count in view.errors.items():
        yield style.red(f"{kind} ×{count}")


def _warnings(view: LoadView) -> Iterator[str]:
    if view.failure is not None:
        yield f"its worker ended by itself: {view.failure}"
    if view.state == "stopping" and view.in_flight:
        left = both_times(view.plan["timeout_s"], view.speed)
        yield f"{counted(view.in_flight, 'request')} in flight may take up to {left}; stop it again not to wait"
    if view.dropped_by_cap:
        dropped = counted(view.dropped_by_cap, "request")
        yield f"{dropped} not sent: {view.in_flight_max} were in flight, which is the cap (--uncapped)"
    if view.held_by_cap:
        cap = f"{view.real_rate_max_per_s:g}" if view.real_rate_max_per_s is not None else "-"
        yield f"users waited {view.held_by_cap} times: {cap} requests in a real second are the cap (--uncapped)"
    if view.lag_max_ms > _LAG_WORTH_A_WORD_MS:
        lag = f"{view.lag_max_ms:.0f} ms"
        yield f"the generator itself was up to {lag} late: the machine is busy, and latencies show it"
    if exhausted := view.errors.get("exhausted"):
        yield f"{counted(exhausted, 'request')} found no free port or descriptor: that is this machine, not the targets"
