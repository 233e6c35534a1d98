"""The course as people write it: one YAML file a step below `content/course`, and `course.yaml` for what they share.

`read` checks every file against these structs; `as_json` is what the page gets. Places in texts of calls:

    {name}         the value of the step's own field `name`; {6.name} that of another step's
    $GROUP         what a call has saved under that name; $SUBNETS[0] one of a list, $ZONE.Name a member of it
    {now}          milliseconds since 1970, for what has to be another one each time
    {item}         in a list that is made from another one: {each: $INSTANCES, as: {Id: "{item}"}}; {item.Name}

`#{host}` and the like are AWS's own, and stay. A text that is one place and nothing else becomes what stands there,
with its type: numbers stay numbers, lists lists.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import yaml
from msgspec import Meta, Struct

from simlb.console.learning.check_kinds import Check
from simlb.console.words import LOADER
from simlb.errors import ConfigError

FOLDER = Path(__file__).parents[1] / "content" / "course"
SHARED = "course.yaml"
LAST_STEP = 15
_Root = TypeVar("_Root", bound=Struct)

Id = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Saved = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=40)]
SavedPlace = Annotated[str, Meta(pattern=r"^\$[A-Z][A-Z0-9_]*$", max_length=41)]
StepNumber = Annotated[int, Meta(ge=0, le=LAST_STEP)]
Value = str | int | list[str]
Parameters = dict[str, Any]


class Text(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A text in both languages."""

    en: Annotated[str, Meta(min_length=1)]
    ko: Annotated[str, Meta(min_length=1)]


class Option(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One of what can be chosen. Without a label it is its value that is shown."""

    value: str
    label: Text | None = None


class Field(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """Something to fill in, as in AWS's console.

    `value` is what the course picks, `default` what AWS has by itself (None: nothing). `min` and `max` bound a number,
    the length of a text, or how many are chosen. `pattern` is a regular expression for the whole of a text. A choice
    (`select` is one of them, `checks` several) is among `options`, or among a list that was saved: `from`, and beside
    it `labels` of the same length to show.
    """

    id: Id
    label: Text
    kind: Literal["text", "number", "select", "checks"]
    value: Value
    default: Text | str | None = None
    note: Text | None = None
    min: int | None = None
    max: int | None = None
    pattern: str | None = None
    options: list[Option] = []
    source: SavedPlace | None = msgspec.field(default=None, name="from")
    labels: SavedPlace | None = None


class When(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Only where the field has that value; of `checks`, where it is among them."""

    field: Id
    value: str = msgspec.field(name="is")


class Call(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """One call of AWS's API, by boto3's names; or of the course's own client (service `client`, operation `Request`,
    parameters `Url` and `Count`), which is `POST /api/v1/learn/request` and in a terminal curl.

    Without a `region` it goes to the course's. `save` says under which names what of the answer is kept: names with
    dots between them, `[0]` for one of a list, `[Port=80]` for the first one with that member, `[]` for every one.
    `fails` is the code of the error that it is to get (`*`: any); otherwise an error ends the list of calls.
    """

    service: Literal["elbv2", "ec2", "acm", "route53", "sts", "client"]
    operation: str
    parameters: Parameters = {}
    region: str | None = None
    save: dict[Saved, str] = {}
    when: When | None = None
    fails: str | None = None


class Fault(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """A fault on demand, as `POST /api/v1/faults` takes it (`at` is its `on`, a word that YAML takes for "yes").
    Its name undoes it.
    """

    type: str
    at: list[str] = []
    parameters: dict[str, str | int | float | bool] = {}


class Observation(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What there is to see, and how simlb knows that it has happened."""

    id: Id
    text: Text
    check: Check


class Mistake(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """Something to do wrong on purpose. `do` says what, `see` what comes of it, `why`, and `read` how to tell it from
    others that look alike.

    It is tried by the step's own calls with other values (`fields`), by calls of its own, or by a fault. `after` is the
    step that has to be done before, if not this one; once the step `until` is done, there is something else to be seen.
    `undo` puts things right again; a fault is removed first.
    """

    id: Id
    title: Text
    do: Text
    see: Text
    why: Text
    read: Text
    check: Check
    fields: dict[Id, Value] = {}
    calls: list[Call] = []
    fault: Fault | None = None
    undo: list[Call] = []
    after: StepNumber | None = None
    until: StepNumber | None = None


class Wait(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What takes time in AWS: from and to, in seconds of load-balancer time."""

    text: Text
    from_s: float
    to_s: float


class Sample(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A piece of a program, as `/health` in Spring. `language` is a word for people: Python, Java."""

    language: str
    text: str


class Edit(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A file of the learner's (`file` of `GET /api/v1/learn`) that is to be changed, in an editor of theirs."""

    text: Text
    lines: str
    """To be added to it."""
    meaning: Text
    elsewhere: list[Sample] = []


class Step(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """One step. `prepare` are calls that only read: made when the step is opened, for what its fields offer.

    `calculator` names fields of this step by what the times of a health check are calculated from.
    """

    number: StepNumber
    id: Id
    part: Id
    title: Text
    why: Text
    minutes: int
    button: Text
    next: Text
    waits: list[Wait] = []
    fields: list[Field] = []
    prepare: list[Call] = []
    calls: list[Call] = []
    edit: Edit | None = None
    calculator: dict[Literal["interval_s", "timeout_s", "unhealthy", "healthy"], Id] = {}
    observe: list[Observation] = []
    mistakes: list[Mistake] = []


class Part(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A heading over some steps."""

    id: Id
    title: Text


class Price(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a load balancer costs in AWS, and on what that rests."""

    usd_per_hour: float
    assumption: Text


class Shared(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What the steps share. `lookups` are calls that only read, one for every saved name: they find it again where a
    step was done elsewhere, such as in a terminal.
    """

    title: Text
    region: str
    parts: list[Part]
    lookups: dict[Saved, Call]
    price: Price


class Course(Struct, frozen=True, kw_only=True):
    """All of it."""

    title: Text
    region: str
    parts: list[Part]
    lookups: dict[Saved, Call]
    price: Price
    steps: list[Step]


def read(folder: Path = FOLDER) -> Course:
    """The course. Raises ConfigError E840 with file and place for what is not as it should be."""
    shared = _read(folder / SHARED, Shared)
    steps = [_read(path, Step) for path in sorted(folder.glob("[0-9]*.yaml"))]
    for number, step in enumerate(steps):
        if step.number != number:
            raise ConfigError(
                SHARED, f"the step {step.id} has number {step.number} in the place of {number}", code="E840"
            )
    parts = {part.id for part in shared.parts}
    for step in steps:
        if step.part not in parts:
            raise ConfigError(f"{step.number:02}", f"there is no part '{step.part}'", code="E840")
    return Course(
        title=shared.title,
        region=shared.region,
        parts=shared.parts,
        lookups=shared.lookups,
        price=shared.price,
        steps=steps,
    )


def as_json(course: Course) -> bytes:
    """The same, for the page."""
    return msgspec.json.encode(course)


def _read(path: Path, root: type[_Root]) -> _Root:
    try:
        return msgspec.convert(yaml.load(path.read_bytes(), Loader=LOADER), root)  # noqa: S506  both are safe loaders
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigError(path.name, str(error), code="E840") from error
