"""The course's files: complete, in both languages, and with calls that AWS has."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import botocore.session
import msgspec
import pytest
from botocore.validate import ParamValidator

from simlb.console.learning import check_kinds, course
from simlb.console.learning.course import FOLDER, Call, Course, Field, Step, Text
from simlb.controlplane.operations.table import HANDLERS
from simlb.errors import ConfigError
from simlb.faults.types import BY_NAME
from tests.console.learning.places import filled

COURSE = course.read()
HANGUL = re.compile(r"[\uac00-\ud7a3]")
SAMPLES = {"INSTANCES": ["i-1", "i-2", "i-3"], "SUBNETS": ["subnet-1", "subnet-2"]}
PROOF = {"Name": "_a.test", "Type": "CNAME", "Value": "_b"}


def calls() -> Iterator[tuple[Step, Call]]:
    for step in COURSE.steps:
        for group in (step.prepare, step.calls):
            yield from ((step, call) for call in group)
        for mistake in step.mistakes:
            yield from ((step, call) for call in (*mistake.calls, *mistake.undo))
    for lookup in COURSE.lookups.values():
        yield COURSE.steps[15], lookup


def checks() -> Iterator[check_kinds.Check]:
    for step in COURSE.steps:
        yield from (item.check for item in step.observe)
        yield from (mistake.check for mistake in step.mistakes)


ALL = list(calls())
IDS = [f"{step.number}-{call.operation}-{number}" for number, (step, call) in enumerate(ALL)]


def texts(value: Any) -> Iterator[Text]:
    if isinstance(value, Text):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from texts(getattr(value, name))
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def field(step: Step, name: str) -> Field:
    number, dot, rest = name.partition(".")
    where = COURSE.steps[int(number)] if dot else step
    (found,) = (one for one in where.fields if one.id == (rest if dot else name))
    return found


def value(step: Step, name: str) -> Any:
    number, dot, _ = name.partition(".")
    return filled(
        field(step, name).value, lambda inner: value(COURSE.steps[int(number)] if dot else step, inner), saved
    )


def saved(name: str) -> Any:
    if name == "PROOFS":
        return [PROOF]
    return SAMPLES.get(name, "arn:aws:saved:0123456789")


def test_sixteen_steps_in_their_order() -> None:
    assert [step.number for step in COURSE.steps] == list(range(16))
    used = [step.part for step in COURSE.steps]
    assert list(dict.fromkeys(used)) == [part.id for part in COURSE.parts]


@pytest.mark.parametrize("step", COURSE.steps, ids=lambda step: step.id)
def test_a_step_has_both_languages_and_ids_of_their_own(step: Step) -> None:
    for text in texts(step):
        assert not HANGUL.search(text.en), text
        assert text.en.strip() == text.en
        assert text.ko.strip() == text.ko
        has_words = re.search(r"[a-z]{2,} [a-z]{2,}", text.en) is not None
        assert not has_words or HANGUL.search(text.ko), text
    for group in (step.fields, step.observe, step.mistakes):
        names = [one.id for one in group]
        assert len(set(names)) == len(names)
    assert step.observe, "there is something to see in every step"
    assert step.mistakes or step.number == 0
    assert 2 <= len(re.findall(r"[.!?:](?:\s|$)", step.why.en)) <= 5, step.why.en
    for mistake in step.mistakes:
        assert mistake.calls or mistake.fault or mistake.fields
        assert mistake.after is None or mistake.after >= step.number or step.number == 15
        assert mistake.until is None or mistake.until > (mistake.after or step.number)
        if mistake.fault is not None:
            assert mistake.fault.type in BY_NAME
            known = {parameter.name for parameter in BY_NAME[mistake.fault.type].parameters}
            assert set(mistake.fault.parameters) <= known


@pytest.mark.parametrize(("step", "call"), ALL, ids=IDS)
def test_a_call_is_one_that_aws_has(step: Step, call: Call, models: dict[str, Any]) -> None:
    """Its operation, its parameters with their types, and what is taken from its answer."""
    parameters = filled(call.parameters, lambda name: value(step, name), saved)
    if call.service == "client":
        assert call.operation == "Request"
        assert set(parameters) <= {"Url", "Count"}
        assert re.match(r"https?://", parameters["Url"])
        return
    if call.service == "elbv2":
        assert call.operation in HANDLERS
    operation = models[call.service].operation_model(call.operation)
    for change in parameters.get("ChangeBatch", {}).get("Changes", ()):
        alias = change["ResourceRecordSet"].get("AliasTarget")
        if alias is not None:
            alias["EvaluateTargetHealth"] = alias["EvaluateTargetHealth"] in (True, "true")
    if operation.input_shape is not None:
        problems = ParamValidator().validate(parameters, operation.input_shape)
        assert not problems.has_errors(), problems.generate_report()
    else:
        assert not parameters
    for path in call.save.values():
        shape = operation.output_shape
        for name in re.findall(r"(?:^|\.)([A-Za-z]+)", re.sub(r"\[[^\]]*\]", "", path)):
            shape = shape.member if shape.type_name == "list" else shape
            shape = shape.members[name]


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    session = botocore.session.get_session()
    return {name: session.get_service_model(name) for name in ("elbv2", "ec2", "acm", "route53", "sts")}


def test_every_saved_name_can_be_looked_up() -> None:
    """A step that was done in a terminal is gone on with on the page."""
    written = json.dumps(msgspec.to_builtins(COURSE))
    used = set(re.findall(r"\$([A-Z][A-Z0-9_]*)", written))
    assert used <= set(COURSE.lookups)
    for name, lookup in COURSE.lookups.items():
        assert name in lookup.save
        assert lookup.operation.startswith(("Describe", "List", "Get"))
    assert set().union(*(call.save for _, call in ALL)) <= set(COURSE.lookups)


def test_what_prepares_a_step_only_reads() -> None:
    for step in COURSE.steps:
        assert all(call.operation.startswith(("Describe", "List", "Get")) for call in step.prepare)


@pytest.mark.parametrize("step", [step for step in COURSE.steps if step.fields], ids=lambda step: step.id)
def test_what_the_course_picks_can_be_picked(step: Step) -> None:
    for one in step.fields:
        picked = value(step, one.id)
        if one.kind in {"select", "checks"} and one.source is None:
            known = {option.value for option in one.options}
            assert (set(picked) if one.kind == "checks" else {picked}) <= known
        if one.kind == "number":
            assert isinstance(picked, int)
            assert one.min is None or one.max is None or one.min <= picked <= one.max
        if one.kind == "text" and isinstance(picked, str) and not picked.startswith("arn:"):
            assert one.pattern is None or re.fullmatch(one.pattern, picked), one.id
            assert one.max is None or len(picked) <= one.max
        assert (one.source is None) == (one.labels is None)


def test_the_calculator_has_its_four_fields() -> None:
    (step,) = (step for step in COURSE.steps if step.calculator)
    assert set(step.calculator) == {"interval_s", "timeout_s", "unhealthy", "healthy"}
    assert [value(step, name) for name in step.calculator.values()] == [30, 5, 2, 5]


def test_regions_of_checks_are_the_courses() -> None:
    assert {getattr(check, "region", None) for check in checks()} == {None, COURSE.region, "us-east-1"}


def test_every_kind_of_check_is_one_of_the_closed_set() -> None:
    used = {type(check) for check in checks()}
    assert used <= {*get_args(check_kinds.Check)}


BROKEN = [
    ("01-region.yaml", "minutes: 2", "minutes: two", r"01-region\.yaml: Expected `int`, got `str` - at `\$\.minutes`"),
    ("01-region.yaml", "minutes: 2", "minuts: 2", r"01-region\.yaml: Object contains unknown field `minuts`"),
    ("01-region.yaml", "  ko: >-", "  kr: >-", r"01-region\.yaml: .* - at `\$\.why`"),
    ("01-region.yaml", "kind: called", "kind: call", r"01-region\.yaml: Invalid value 'call' - at `\$\.observe"),
    ("01-region.yaml", "service: ec2", "service: s3", r"01-region\.yaml: Invalid enum value 's3' - at `\$\.calls"),
    ("01-region.yaml", "number: 1", "number: 3", r"has number 3 in the place of 1"),
    ("01-region.yaml", "part: basics", "part: other", r"01: there is no part 'other'"),
    ("01-region.yaml", "why:", "why: [", r"01-region\.yaml: while scanning"),
    ("course.yaml", "region:", "regions:", r"course\.yaml: "),
]


@pytest.mark.parametrize(("file", "good", "bad", "message"), BROKEN)
def test_what_is_wrong_in_a_file_is_told_with_its_place(
    tmp_path: Path, file: str, good: str, bad: str, message: str
) -> None:
    folder = tmp_path / "course"
    shutil.copytree(FOLDER, folder)
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert good in text
    path.write_text(text.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as refused:
        course.read(folder)
    assert refused.value.code == "E840"


def test_the_page_gets_all_of_it() -> None:
    content = json.loads(course.as_json(COURSE))
    assert isinstance(COURSE, Course)
    assert [step["id"] for step in content["steps"]] == [step.id for step in COURSE.steps]
    assert content["steps"][4]["fields"][1]["from"] == "$SUBNETS"
    assert content["steps"][5]["calls"][1]["when"] == {"field": "ports", "is": "80"}
