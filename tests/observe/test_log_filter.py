"""The filter of `simlb logs`: what holds for which line, and what is said of a wrong one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.log_kinds import LogKind
from simlb.errors import SimlbError
from simlb.observe.log_fields import Entry, split
from simlb.observe.log_filter import compile_filter
from tests.observe.test_log_fields import ACCESS, CONNECTION, HEALTH_CHECK, UNREADABLE

# Of a GET that target 10.0.0.1:80 answered with 200, in 0.001 s; and of bytes that were no request: 400, no target.
WELL, BAD = "well", "bad"
FILTERS = [
    ("status==200", WELL),
    ("status != 200", BAD),
    ("status>=400 and target=='-'", BAD),
    ("elb_status_code >= 400", BAD),
    ("target:port == 10.0.0.1:80", WELL),
    ("target == -", BAD),
    ("target != '-'", WELL),
    ("target_status == '-'", BAD),
    # Nothing is neither more nor less than anything, but it is something else than 500.
    ("target_status < 500", WELL),
    ("target_status >= 0 or target_status < 0", WELL),
    ("target_status != 500", WELL + BAD),
    ("target", WELL),
    ("not target", BAD),
    ("status == 2xx", WELL),
    ("status == '4XX'", BAD),
    ("status in (200, 5xx)", WELL),
    ("status not in (200, 201)", BAD),
    ("target_status in ('-', 500)", BAD),
    ("method in (GET, POST)", WELL),
    ("seconds <= 1ms", WELL),
    ("seconds < 0.0005s", ""),
    ("request_time == -1", BAD),
    ("received < 1k", WELL + BAD),
    ("path contains '/b'", WELL),
    ("path not contains b", BAD),
    ("path like '/a/*'", WELL),
    ("path like /a", ""),
    ("path matches '/^.A.B$/i'", WELL),
    ("path ~ '^/a'", WELL),
    ("path ~ '/A/'", ""),
    ("host like *.example.com and query contains 'x=1'", WELL),
    ("agent == curl/7.46.0", WELL),
    ("time >= 2018-07-02T22:23 and time < '2018-07-02T22:24'", WELL + BAD),
    ("number == 0", WELL),
    # Precedence: or below and below not; brackets.
    ("status==200 or status==400 and target", WELL),
    ("(status==200 or status==400) and not target", BAD),
    ("not status==200 and status==400", BAD),
    ("not (status==200 or status==400)", ""),
    ("NOT target AND status==400", BAD),
]


@pytest.mark.parametrize(("text", "expected"), FILTERS)
def test_what_a_filter_lets_through(text: str, expected: str) -> None:
    holds = compile_filter(text, LogKind.ACCESS)
    lines = {WELL: Entry(split(ACCESS), 0), BAD: Entry(split(UNREADABLE), 1)}
    assert "".join(name for name, entry in lines.items() if holds(entry)) == expected


def test_the_other_logs_have_fields_of_their_own() -> None:
    connection, probe = Entry(split(CONNECTION)), Entry(split(HEALTH_CHECK))
    assert compile_filter("verify==Success and seconds > 4s and tls like TLSv1.*", LogKind.CONNECTION)(connection)
    assert compile_filter("status==FAIL and code==5xx and reason==TargetError", LogKind.HEALTH_CHECK)(probe)
    assert not compile_filter("result==PASS", LogKind.HEALTH_CHECK)(probe)


# A wrong filter, the character it is about, words of the message, and words of the hint.
WRONG = [
    ("statsu==5", 1, "no field 'statsu'", "did you mean 'status'?"),
    ("status==200 and pth=='/'", 17, "no field 'pth'", "did you mean 'path'?"),
    ("STATUS==5", 1, "no field 'STATUS'", "write it as status"),
    ("qqqqqq==5", 1, "no field 'qqqqqq'", "--columns help"),
    ("tls_verify_status==Success", 1, "no field", "--connections"),
    ("reason_code==TimedOut", 1, "no field", "--health-checks"),
    ("status=500", 7, "'=' is no operator", "=="),
    ("status==500 && target", 13, "'&&' is no operator", "write and"),
    ("!target", 1, "'!' is no operator", "write not"),
    ("status==", None, "a value was expected", ""),
    ("status 500", 8, "an operator was expected", "such as =="),
    ("status==500 target", 13, "'and' or 'or' is missing", ""),
    ("(status==500", None, "')' is missing", ""),
    ("status==500)", 12, "never opened", ""),
    ("status in 500", 11, "'(' is missing", ""),
    ("status in (500", None, "',' or ')' is missing", ""),
    ("status==abc", 9, "'elb_status_code' is a number", "5xx, 502"),
    ("status==5s", 9, "is a number", "5xx"),
    ("seconds>5k", 9, "is a number", "300ms"),
    ("status contains 5", 8, "is a number", "in (502, 504)"),
    ("status > 5xx", 10, "class of codes", "status==5xx"),
    ("target < '-'", 10, "neither more nor less", "=="),
    ("path ~ '(?=x)'", 8, "bad regular expression", "RE2"),
    ("path == 'x", 9, "never closed", ""),
    ("'path'=='x'", 1, "without quotes", ""),
    ("target not == 5", 12, "'in', 'contains'", ""),
    ("", None, "a field was expected", ""),
    ("(" * 60 + "status", 42, "nested more than 40 deep", ""),
    ("not " * 60 + "status", 165, "nested more than 40 deep", ""),
]


@pytest.mark.parametrize(("text", "character", "words", "hint"), WRONG)
def test_a_wrong_filter_is_told_with_the_place(text: str, character: int | None, words: str, hint: str) -> None:
    with pytest.raises(SimlbError) as caught:
        compile_filter(text, LogKind.ACCESS)
    error = caught.value
    assert error.code == "E740"
    assert words in error.what
    assert ("at its end" if character is None else f"at character {character}:") in error.what
    assert hint in " ".join(error.hints)
    shown, marker = error.notes
    at = len(text) if character is None else character - 1
    place = marker.index("^")
    assert shown[place:].removesuffix("...") == text[at : at + 30]


def test_the_place_in_a_long_filter_is_shown_with_what_is_around_it() -> None:
    with pytest.raises(SimlbError) as caught:
        compile_filter("status==200 and " * 10 + "nope==1" + " and status==200" * 10, LogKind.ACCESS)
    shown, marker = caught.value.notes
    assert len(shown) < 100
    assert shown[marker.index("^") :].startswith("nope==1")


@pytest.mark.parametrize("text", ["a" * 5000, "status " * 500])
def test_what_is_too_long_is_refused_before_it_costs_anything(text: str) -> None:
    with pytest.raises(SimlbError, match="more than"):
        compile_filter(text, LogKind.ACCESS)


def test_no_escape_of_a_filter_comes_back_in_a_message() -> None:
    for text in ("\x1b[31mx==1", "status==200 and \x1b]0;x\x07", "path ~ '\x1b('"):
        with pytest.raises(SimlbError) as caught:
            compile_filter(text, LogKind.ACCESS)
        assert caught.value.render().replace("\n", "").isprintable()


WORDS = "status path == != < ~ ( ) , in not and or '-' 5xx /x/ contains like 'a"


@settings(max_examples=60)
@given(st.lists(st.sampled_from(WORDS.split(" ")), max_size=12).map(" ".join))
def test_whatever_is_written_is_a_filter_or_refused(text: str) -> None:
    try:
        holds = compile_filter(text, LogKind.ACCESS)
    except SimlbError as error:
        code = error.code
    else:
        code = "E740" if holds(Entry(split(ACCESS))) in {True, False} else ""
    assert code == "E740"
