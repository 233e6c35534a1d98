"""The journal of a run: one JSON object a line, so that report, replay, expectations and CI read the same.

`at_s` is load-balancer time since the instance started, as events and log lines have it; `real_s` the real seconds
behind it. Records stand in the order in which they were written. The first is `meta`, the last `end`, which is missing
when a run was cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from simlb.errors import SimlbError
from simlb.scenario.model import Words

FORMAT = "journal/1"


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What all records have."""

    at_s: float
    real_s: float


class Spoken(Struct, frozen=True, kw_only=True):
    """A text in both languages, its places filled."""

    en: str
    ko: str

    @classmethod
    def of(cls, words: Words) -> Spoken:
        """As it stands."""
        return cls(en=words.en, ko=words.ko)


class Meta(Record, frozen=True, kw_only=True, tag="meta"):
    """Who ran what. `started` is wall-clock time in ISO 8601, `text` the scenario's file."""

    format: str = FORMAT
    simlb: str
    scenario: str
    title: Spoken
    text: str
    speed: float
    seed: int
    started: str
    variables: dict[str, float] = {}
    groups: dict[str, tuple[str, ...]] = {}


class StepBegun(Record, frozen=True, kw_only=True, tag="step"):
    """A step's trigger has come. `elapsed_s` is since the step before."""

    step: int
    elapsed_s: float = 0.0


class StepMissed(Record, frozen=True, kw_only=True, tag="missed"):
    """A step's trigger has not come in time: the story ends here."""

    step: int
    waited_for: str
    within_s: float


class Narrated(Record, frozen=True, kw_only=True, tag="say"):
    """A sentence was shown."""

    words: Spoken


class Asked(Record, frozen=True, kw_only=True, tag="ask"):
    """A question was put."""

    question: Spoken
    choices: tuple[Spoken, ...]
    answer: int
    explanation: Spoken | None = None


class Answered(Record, frozen=True, kw_only=True, tag="answer"):
    """It was answered, and the answer revealed. `chosen` None: nobody did."""

    chosen: int | None = None
    is_right: bool = False


class Paused(Record, frozen=True, kw_only=True, tag="pause"):
    """Somebody holds the story up: no step comes until it is resumed. Load balancer and clients go on."""


class Resumed(Record, frozen=True, kw_only=True, tag="resume"):
    """The story goes on."""


class FaultInstalled(Record, frozen=True, kw_only=True, tag="fault"):
    """A fault was installed."""

    id: str
    fault: str
    on: tuple[str, ...] = ()
    parameters: dict[str, Any] = {}


class FaultHealed(Record, frozen=True, kw_only=True, tag="heal"):
    """A fault was undone, by a step or because its time was up."""

    id: str


class TargetGroupChanged(Record, frozen=True, kw_only=True, tag="change"):
    """Health check or attributes of a target group were changed."""

    group: str
    health_check: dict[str, Any] = {}
    attributes: dict[str, Any] = {}


class Registered(Record, frozen=True, kw_only=True, tag="register"):
    """Targets were registered again."""

    targets: tuple[str, ...]


class Deregistered(Record, frozen=True, kw_only=True, tag="deregister"):
    """Targets were deregistered."""

    targets: tuple[str, ...]


class StateChanged(Record, frozen=True, kw_only=True, tag="state"):
    """A target's health state or reason changed. `previous` is empty in the first record of a target.

    A target that is not registered (any more) is `unused`, `Target.NotRegistered`.
    """

    group: str
    target: str
    previous: str = ""
    state: str
    reason: str | None = None
    description: str | None = None
    evidence: str = ""


class RequestEnded(Record, frozen=True, kw_only=True, tag="request"):
    """One line of the access log: the fields of `simlb.observe.TrafficRecord` that stories are about."""

    number: int
    received_at_s: float
    load_balancer: str = ""
    port: int = 80
    client: str = ""
    method: str = "GET"
    path: str = "/"
    host: str = ""
    action: str = "forward"
    elb_status: int
    target_status: int = 0
    """0: the target gave none."""
    group: str | None = None
    target: str | None = None
    is_reused: bool = False
    failure: str | None = None
    redirect_url: str | None = None


class ClientEnded(Record, frozen=True, kw_only=True, tag="client"):
    """What one request of a load came to, as its client saw it. Times are load-balancer seconds."""

    load: str
    number: int
    started_at_s: float
    latency_s: float
    status: int = 0
    error: str | None = None
    """`connect_timeout`, `tls_name` ...: the kinds of `simlb.load.ErrorKind`."""
    target: str | None = None


class LoadChanged(Record, frozen=True, kw_only=True, tag="load"):
    """A load began, ended, or has another rate."""

    id: str
    is_running: bool
    rate_per_s: float | None = None
    users: int | None = None


class Sampled(Record, frozen=True, kw_only=True, tag="sample"):
    """How many requests each target was answering, by target."""

    in_flight: dict[str, int]


class Marked(Record, frozen=True, kw_only=True, tag="mark"):
    """A moment got a name. `start` and `end` are those of the story."""

    name: str


class SteadyStateSeen(Record, frozen=True, kw_only=True, tag="steady"):
    """What became of the steady state. `seen` are the values of its conditions, in words."""

    is_steady: bool
    seen: tuple[str, ...] = ()


class Warned(Record, frozen=True, kw_only=True, tag="warning"):
    """Something that makes the run's numbers doubtful."""

    words: Spoken


class Judged(Record, frozen=True, kw_only=True, tag="expectation"):
    """What became of an expectation."""

    id: str
    title: Spoken
    has_passed: bool
    seen: Spoken
    expected: Spoken
    lines: tuple[int, ...] = ()
    """The first few lines of the journal, from 1, that speak against it."""


class Settled(Record, frozen=True, kw_only=True, tag="settled"):
    """What an expectation is about is over, though the story is not: this is what will become of it."""

    id: str
    has_passed: bool
    seen: Spoken


Outcome = Literal["passed", "failed", "void", "missed", "interrupted", "broken"]
"""`void`: no steady state. `missed`: a step's trigger never came. `broken`: something that should work did not."""


class Ended(Record, frozen=True, kw_only=True, tag="end"):
    """The run is over."""

    outcome: Outcome
    why: str = ""


Entry = (
    Meta
    | StepBegun
    | StepMissed
    | Narrated
    | Asked
    | Answered
    | Paused
    | Resumed
    | FaultInstalled
    | FaultHealed
    | TargetGroupChanged
    | Registered
    | Deregistered
    | StateChanged
    | RequestEnded
    | ClientEnded
    | LoadChanged
    | Sampled
    | Marked
    | SteadyStateSeen
    | Warned
    | Settled
    | Judged
    | Ended
)

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


def encode(entry: Entry) -> bytes:
    """One line, with its end."""
    return _ENCODER.encode(entry) + b"\n"


def decode_lines(lines: Iterable[bytes], name: str = "journal") -> Iterator[Entry]:
    """The records of a journal. A last line that was torn by a crash is left out.

    Raises SimlbError E668 for anything else that is not a journal of this format.
    """
    torn: int | None = None
    for number, line in enumerate(lines, 1):
        if torn is not None:
            break
        try:
            entry = _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if isinstance(error, msgspec.ValidationError) and line.endswith(b"\n"):
                raise _broken(name, number, str(error)) from None
            torn = number
            continue
        if number == 1 and not isinstance(entry, Meta):
            raise _broken(name, 1, "a journal begins with its meta record")
        if isinstance(entry, Meta) and entry.format != FORMAT:
            raise _broken(name, number, f"this simlb reads {FORMAT}, not {entry.format}")
        yield entry
    else:
        return
    raise _broken(name, torn, "not a record")


def read(path: Path) -> Iterator[Entry]:
    """The records of a journal's file. Raises SimlbError E668."""
    try:
        with path.open("rb") as file:
            yield from decode_lines(file, str(path))
    except OSError as error:
        raise SimlbError("E668", f"The journal {path} cannot be read: {error.strerror}.") from error


def _broken(name: str, number: int, what: str) -> SimlbError:
    return SimlbError("E668", f"{name}:{number}: {what}.", "→ simlb scenario run writes one: --journal FILE")


def request_of(traffic: Mapping[str, Any], real_s: float) -> RequestEnded:
    """A record of traffic, from its `to_json()`."""
    return RequestEnded(
        at_s=traffic["at_s"],
        real_s=real_s,
        number=traffic["number"],
        received_at_s=traffic["received_at_s"],
        load_balancer=traffic["load_balancer"],
        port=traffic["listener_port"],
        client=traffic["client"],
        method=traffic["method"],
        path=traffic["path"],
        host=traffic["host"],
        action=traffic["action"],
        elb_status=traffic["elb_status_code"],
        target_status=traffic["target_status_code"],
        group=traffic["target_group"],
        target=traffic["target"],
        is_reused=traffic["is_reused"],
        failure=traffic["failure"],
        redirect_url=traffic["redirect_url"],
    )
