"""A journal as a run writes it, made by hand: what reports, JUnit files, terminals and replays are tested with."""

from __future__ import annotations

from simlb.scenario.journal import (
    Answered,
    Asked,
    ClientEnded,
    Ended,
    Entry,
    FaultHealed,
    FaultInstalled,
    Judged,
    LoadChanged,
    Marked,
    Meta,
    Narrated,
    Outcome,
    RequestEnded,
    Sampled,
    Spoken,
    StateChanged,
    SteadyStateSeen,
    StepMissed,
    Warned,
)
from simlb.scenario.stage import Times

SPEED = 10.0
HOSTILE = '<script src="https://evil.example/x.js">alert("1")</script> & <b>'
META = Meta(
    at_s=0.0,
    real_s=0.0,
    simlb="0.1.0",
    scenario="target-crash",
    title=Spoken(en="One server crashes", ko="서버 한 대가 죽었을 때"),
    text="simlb: scenario/1\n",
    speed=SPEED,
    seed=7,
    started="2026-11-24T10:42:07+00:00",
    variables={"I": 30.0, "U": 2.0},
    groups={"web": ("i-01", "i-02")},
)


def spoken(text: str) -> Spoken:
    """The same in both languages, told apart."""
    return Spoken(en=text, ko=f"{text} (한국어)")


def request(at_s: float, elb: int, target: int, number: int = 0) -> RequestEnded:
    """A log line; `target` 0: the load balancer made the answer."""
    return RequestEnded(
        at_s=at_s, real_s=at_s / SPEED, number=number, received_at_s=at_s - 0.02, elb_status=elb, target_status=target
    )


def client(started_at_s: float, latency_s: float, status: int = 200, error: str | None = None) -> ClientEnded:
    """What a client saw."""
    ended_s = started_at_s + latency_s
    return ClientEnded(
        at_s=ended_s,
        real_s=ended_s / SPEED,
        load="users",
        number=0,
        started_at_s=started_at_s,
        latency_s=latency_s,
        status=0 if error else status,
        error=error,
    )


def state(at_s: float, target: str, previous: str, now: str, reason: str | None = None) -> StateChanged:
    """A change of state in the group web."""
    return StateChanged(
        at_s=at_s, real_s=at_s / SPEED, group="web", target=target, previous=previous, state=now, reason=reason
    )


def judged(name: str, *, passed: bool = True, lines: tuple[int, ...] = ()) -> Judged:
    """What became of an expectation."""
    return Judged(
        at_s=60.0,
        real_s=6.0,
        id=name,
        title=spoken(f"title of {name}"),
        has_passed=passed,
        seen=Spoken(en="38.5 s", ko="38.5초"),
        expected=Spoken(en="from 30 s to 62 s", ko="30초부터 62초까지"),
        lines=lines,
    )


def at(at_s: float) -> Times:
    """Both times."""
    return {"at_s": at_s, "real_s": at_s / SPEED}


def a_run(outcome: Outcome = "failed", *, meta: Meta = META, words: str = "i-02 is dead.") -> list[Entry]:
    """Half a minute of a story that begins at 5 s, with everything in it that a journal can hold."""
    return [
        meta,
        state(0.0, "i-01", "", "initial"),
        state(0.0, "i-02", "", "initial"),
        state(0.5, "i-01", "initial", "healthy"),
        state(0.5, "i-02", "initial", "healthy"),
        LoadChanged(**at(1.0), id="users", is_running=True, rate_per_s=20.0),
        *(request(1.0 + number, 200, 200, number) for number in range(10)),
        *(client(1.0 + number, 0.02) for number in range(10)),
        SteadyStateSeen(**at(5.0), is_steady=True, seen=("healthy(web) == 2 (2)",)),
        Marked(**at(5.0), name="start"),
        Asked(
            **at(14.0),
            question=spoken("What share will fail?"),
            choices=(spoken("0 %"), spoken("50 %"), spoken("100 %")),
            answer=1,
            explanation=spoken("One of two."),
        ),
        Answered(**at(16.0), chosen=2, is_right=False),
        FaultInstalled(**at(16.0), id="crash", fault="target.crash", on=("i-02",)),
        Narrated(**at(16.0), words=spoken(words)),
        Sampled(**at(17.0), in_flight={"i-01": 1, "i-02": 3}),
        request(17.0, 502, 0, 10),
        request(18.0, 500, 500, 11),
        client(17.5, 0.5, error="connect_timeout"),
        state(40.0, "i-02", "healthy", "unhealthy", "Target.FailedHealthChecks"),
        Sampled(**at(41.0), in_flight={"i-01": 2, "i-02": 0}),
        FaultHealed(**at(45.0), id="crash"),
        Warned(**at(46.0), words=spoken("A busy machine.")),
        StepMissed(**at(55.0), step=4, waited_for="health(web/2) == healthy", within_s=10.0),
        Marked(**at(55.0), name="end"),
        judged("detect"),
        judged("quiet", passed=False, lines=(30, 31)),
        Ended(**at(60.0), outcome=outcome),
    ]
