"""Journals for the tests: a story told in a few calls."""

from __future__ import annotations

from collections.abc import Sequence

from simlb.scenario.expression_check import Scope
from simlb.scenario.history import History
from simlb.scenario.journal import (
    ClientEnded,
    Entry,
    FaultHealed,
    FaultInstalled,
    Marked,
    Meta,
    RequestEnded,
    Sampled,
    Spoken,
    StateChanged,
)

GROUPS: dict[str, tuple[str, ...]] = {"web": ("i-01", "i-02", "i-03", "i-04")}
VARIABLES = {"I": 30.0, "U": 2.0, "H": 5.0, "T": 5.0, "N": 4.0, "R": 20.0}
SCOPE = Scope(groups=GROUPS, faults=("crash", "later"), marks=("switch",), loads=("users", "others"))


def meta() -> Meta:
    """The first line of a journal."""
    return Meta(
        at_s=0,
        real_s=0,
        simlb="0",
        scenario="s",
        title=Spoken(en="t", ko="t"),
        text="",
        speed=10,
        seed=1,
        started="2026-01-01T00:00:00Z",
        variables=VARIABLES,
        groups=GROUPS,
    )


def request(
    at_s: float,
    status: int,
    target: str | None = "i-01",
    *,
    target_status: int | None = None,
    port: int = 80,
    took_s: float = 0.0,
    reused: bool = False,
) -> RequestEnded:
    """A log line. Without `target_status`, 502, 503 and 504 are the load balancer's own, other codes the target's."""
    own = target is None or status in {502, 503, 504}
    return RequestEnded(
        at_s=at_s,
        real_s=at_s / 10,
        number=0,
        received_at_s=at_s - took_s,
        port=port,
        elb_status=status,
        target_status=(0 if own else status) if target_status is None else target_status,
        group=None if target is None else "web",
        target=target,
        is_reused=reused,
    )


def client(started_at_s: float, latency_s: float, outcome: int | str, load: str = "users") -> ClientEnded:
    """A client's result, written when it was over."""
    is_error = isinstance(outcome, str)
    return ClientEnded(
        at_s=started_at_s + latency_s,
        real_s=0,
        load=load,
        number=0,
        started_at_s=started_at_s,
        latency_s=latency_s,
        status=0 if isinstance(outcome, str) else outcome,
        error=str(outcome) if is_error else None,
    )


def state(at_s: float, target: str, now: str, before: str = "", reason: str | None = None) -> StateChanged:
    """A target's state changed."""
    return StateChanged(at_s=at_s, real_s=0, group="web", target=target, previous=before, state=now, reason=reason)


def fault(at_s: float, name: str = "crash") -> FaultInstalled:
    """A fault was installed."""
    return FaultInstalled(at_s=at_s, real_s=0, id=name, fault="target.crash", on=("i-03",))


def healed(at_s: float, name: str = "crash") -> FaultHealed:
    """A fault was undone."""
    return FaultHealed(at_s=at_s, real_s=0, id=name)


def mark(at_s: float, name: str) -> Marked:
    """A moment got a name."""
    return Marked(at_s=at_s, real_s=0, name=name)


def sample(at_s: float, **in_flight: int) -> Sampled:
    """Requests in flight: `i_03=2`."""
    return Sampled(
        at_s=at_s, real_s=0, in_flight={name.replace("_", "-"): number for name, number in in_flight.items()}
    )


def crash() -> Sequence[Entry]:
    """i-03 of four dies at 10, is out at 50, runs again at 70, is back at 200; a request a second to each in turn."""
    entries: list[Entry] = [state(-5, f"i-0{number}", "healthy") for number in range(1, 5)]
    entries += [mark(0, "start"), fault(10), healed(70), mark(210, "end")]
    entries.append(state(50, "i-03", "unhealthy", "healthy", "Target.FailedHealthChecks"))
    entries.append(state(200, "i-03", "healthy", "unhealthy"))
    for second in range(210):
        target = f"i-0{second % 4 + 1}"
        if target == "i-03" and 50 <= second < 200:
            target = "i-01"
        lost = target == "i-03" and 10 <= second < 50
        entries.append(request(second + 0.5, 502 if lost else 200, target))
        entries.append(client(second + 0.5, 1.0 if lost else 0.012 * (second % 4 + 1), 502 if lost else 200))
    return [meta(), *sorted(entries, key=lambda entry: entry.at_s)]


def crashed() -> History:
    """The history of that story."""
    return History(crash())
