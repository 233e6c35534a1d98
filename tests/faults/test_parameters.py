"""How a fault is asked for: what is understood, and what is said about every wrong word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.errors import SimlbError
from simlb.faults.fault import Fault, FaultType, Kind, Order, Parameter, Scope
from simlb.faults.parameters import Written, find_type, read_duration, read_parameters, read_selection
from simlb.faults.types import BY_NAME


def no_fault(order: Order) -> Fault:
    raise NotImplementedError


def of(kind: Kind, **more: object) -> FaultType:
    parameter = Parameter(name="x", kind=kind, en="what it is", ko="설명", **more)  # type: ignore[arg-type]
    return FaultType(
        name="some.fault",
        scope=Scope.TARGET,
        build=no_fault,
        parameters=(parameter,),
        selectors=frozenset({"match", "percent", "count", "every", "pattern"}),
        en="",
        ko="",
        consequence_en="",
        consequence_ko="",
    )


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("duration", "300ms", 0.3),
        ("duration", "20s", 20.0),
        ("duration", "1.5s", 1.5),
        ("duration", "2m", 120.0),
        ("duration", "1h", 3600.0),
        ("duration", "0", 0.0),
        ("duration", 0, 0.0),
        ("duration", " 20s ", 20.0),
        ("number", "0.5", 0.5),
        ("number", 2, 2.0),
        ("whole", "3", 3),
        ("whole", 3, 3),
        ("bytes", "500", 500),
        ("bytes", "64k", 65536),
        ("bytes", "1M", 1048576),
        ("flag", "true", True),
        ("flag", "off", False),
        ("flag", True, True),
        ("codes", "503", "503"),
        ("codes", 503, "503"),
        ("codes", "500-503", "500-503"),
        ("text", "/a b", "/a b"),
        ("text", 81, "81"),
    ],
)
def test_what_is_understood(kind: Kind, written: Written, value: Written) -> None:
    read = read_parameters(of(kind), {"x": written})["x"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("kind", "more", "written", "message"),
    [
        ("duration", {}, "20", "some.fault: x is 20, without a unit. write 20ms or 20s"),
        ("duration", {}, 20, "some.fault: x is 20, without a unit. write 20ms or 20s"),
        ("duration", {}, 1.5, "some.fault: x is 1.5, without a unit. write 1.5ms or 1.5s"),
        ("duration", {}, "20 sec", "some.fault: x is '20 sec', which is no duration. write it as 300ms, 20s or 2m"),
        ("duration", {}, "-5s", "some.fault: x is '-5s', which is no duration. write it as 300ms, 20s or 2m"),
        ("duration", {}, "", "some.fault: x is '', which is no duration. write it as 300ms, 20s or 2m"),
        ("duration", {"minimum": 1.0}, "300ms", "some.fault: x is 300ms. it may be 1 s or more"),
        ("duration", {"minimum": 0.0, "maximum": 60.0}, "2m", "some.fault: x is 2m. it may be 0-60 s"),
        ("number", {}, "many", "some.fault: x is 'many', which is no number."),
        ("number", {}, "nan", "some.fault: x is 'nan', which is no number."),
        ("number", {"maximum": 1.0}, "2", "some.fault: x is 2. it may be up to 1"),
        ("whole", {}, "1.5", "some.fault: x is '1.5', which is no whole number."),
        ("whole", {}, 1.5, "some.fault: x is '1.5', which is no whole number."),
        ("whole", {"minimum": 1}, "0", "some.fault: x is 0. it may be 1 or more"),
        ("bytes", {}, "64kB", "some.fault: x is '64kB', which is no size. write it as 500, 64k or 1m"),
        ("flag", {}, "maybe", "some.fault: x is 'maybe'. it is true or false"),
        ("codes", {}, "700", "some.fault: x is '700', which is no status code. write it as 503 or 500-503"),
        ("codes", {}, "503-500", "some.fault: x is '503-500', which runs backwards. write 500-503"),
        ("text", {}, "", "some.fault: x is empty. such as x=text"),
        ("choice", {"choices": ("connect", "body")}, "conect", "some.fault: x is 'conect'. did you mean connect?"),
        ("choice", {"choices": ("connect", "body")}, "zzz", "some.fault: x is 'zzz'. there are: connect, body"),
    ],
)  # fmt: skip
def test_what_is_said_about_a_wrong_value(kind: Kind, more: dict[str, object], written: Written, message: str) -> None:
    with pytest.raises(SimlbError) as caught:
        read_parameters(of(kind, **more), {"x": written})
    assert caught.value.code == "E632"
    assert " ".join((caught.value.what, *caught.value.hints)) == message


@pytest.mark.parametrize(
    ("given_parameters", "code", "message"),
    [
        ({"y": 1}, "E631", "some.fault has no parameter 'y'. there are: x"),
        ({"xx": 1}, "E631", "some.fault has no parameter 'xx'. did you mean x?"),
        ({}, "E633", "some.fault needs x: what it is. such as x=300ms"),
    ],
)
def test_unknown_and_missing_parameters(given_parameters: dict[str, Written], code: str, message: str) -> None:
    with pytest.raises(SimlbError) as caught:
        read_parameters(of("duration"), given_parameters)
    assert (caught.value.code, " ".join((caught.value.what, *caught.value.hints))) == (code, message)


def test_what_is_optional_or_has_a_default_may_be_left_out() -> None:
    assert read_parameters(of("duration", default=5.0), {}) == {"x": 5.0}
    assert read_parameters(of("text", is_optional=True), {}) == {}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("target.crsh", "did you mean target.crash?"),
        ("crash", "did you mean target.crash?"),
        ("zzzzzz", "simlb fault types lists them"),
    ],
)
def test_an_unknown_type(name: str, hint: str) -> None:
    with pytest.raises(SimlbError) as caught:
        find_type(name, BY_NAME)
    assert (caught.value.code, caught.value.hints) == ("E630", (hint,))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"percent": "150%"}, "Percent is 150%. it may be above 0, up to 100"),
        ({"percent": 0}, "Percent is 0. it may be above 0, up to 100"),
        ({"percent": "half"}, "Percent is 'half'. such as 50%"),
        ({"count": 0}, "Count is 0. it is at least 1"),
        ({"count": "two"}, "Count is 'two'. it is a whole number: 1, 2, 3 ..."),
        ({"every": -1}, "Every is '-1'. it is a whole number: 1, 2, 3 ..."),
        ({"pattern": "FXS"}, "The pattern is 'FXS'. F fails, S does not, in turns: FFS"),
        ({"pattern": "SSS"}, "The pattern 'SSS' never fails. F fails, S does not, in turns: FFS"),
        ({"pattern": ""}, "The pattern is ''. F fails, S does not, in turns: FFS"),
        ({"match_path": "api"}, "The path 'api' matches nothing: paths begin with /. write /api"),
        ({"match_method": "GET /"}, "'GET /' is no request method. such as GET"),
        ({"match_headers": {"X A": "1"}}, "'X A' is no header name. such as X-Canary"),
    ],
)
def test_what_is_said_about_a_wrong_selector(asked: dict[str, Written], message: str) -> None:
    with pytest.raises(SimlbError) as caught:
        read_selection(of("text"), **asked)  # type: ignore[arg-type]
    assert caught.value.code == "E637"
    assert " ".join((caught.value.what, *caught.value.hints)) == message


def test_selectors_that_a_fault_does_not_take() -> None:
    with pytest.raises(SimlbError, match=r"target.crash takes no percent\."):
        read_selection(BY_NAME["target.crash"], percent="50%")


def test_a_selection() -> None:
    selection = read_selection(
        of("text"), match_method="get", match_path="/api/*", percent="50%", count=2, every="3", pattern="ffs"
    )
    assert (selection.percent, selection.count, selection.every, selection.pattern) == (50.0, 2, 3, "FFS")
    assert selection.match.method == "GET"
    assert selection.match.path is not None
    assert selection.match.path.matches(b"/api/x")


@settings(derandomize=True, max_examples=200)
@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_one_clear_error(text: str) -> None:
    try:
        outcome: float | SimlbError = read_duration("for", text)
    except SimlbError as error:
        outcome = error
    if isinstance(outcome, SimlbError):
        assert outcome.code == "E632"
        assert outcome.what.startswith("for is ")
    else:
        assert outcome >= 0
