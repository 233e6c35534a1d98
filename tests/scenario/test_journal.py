"""Journals: written, read back, torn by a crash, or not journals at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from simlb.errors import SimlbError
from simlb.scenario.history import History
from simlb.scenario.journal import (
    Answered,
    Asked,
    Ended,
    Judged,
    LoadChanged,
    Narrated,
    Spoken,
    SteadyStateSeen,
    StepBegun,
    StepMissed,
    decode_lines,
    encode,
    read,
    request_of,
)
from tests.scenario.stories import crash, meta, request

HELLO = Spoken(en="Hello", ko="안녕하세요")


def test_every_record_comes_back_as_it_was() -> None:
    entries = [
        *crash()[:30],
        StepBegun(at_s=1, real_s=0.1, step=2, elapsed_s=4.5),
        StepMissed(at_s=1, real_s=0.1, step=2, waited_for="healthy(web) == 4", within_s=30),
        Narrated(at_s=1, real_s=0.1, words=HELLO),
        Asked(at_s=1, real_s=0.1, question=HELLO, choices=(HELLO, HELLO), answer=1),
        Answered(at_s=1, real_s=0.1, chosen=1, is_right=True),
        LoadChanged(at_s=1, real_s=0.1, id="users", is_running=True, rate_per_s=20),
        SteadyStateSeen(at_s=1, real_s=0.1, is_steady=True, seen=("healthy(web) = 4",)),
        Judged(at_s=1, real_s=0.1, id="quiet", title=HELLO, has_passed=False, seen=HELLO, expected=HELLO, lines=(3, 4)),
        Ended(at_s=1, real_s=0.1, outcome="failed"),
    ]
    assert list(decode_lines(map(encode, entries))) == entries


def test_a_line_is_plain_json_that_other_programs_can_read() -> None:
    line = encode(Narrated(at_s=12.5, real_s=1.25, words=HELLO))
    assert line == '{"type":"say","at_s":12.5,"real_s":1.25,"words":{"en":"Hello","ko":"안녕하세요"}}\n'.encode()


def test_a_history_from_a_journal_is_the_history() -> None:
    first, again = History(crash()), History(decode_lines(map(encode, crash())))
    assert (first.lines, first.now_s, first.variables) == (again.lines, again.now_s, again.variables)


@pytest.mark.parametrize("torn", [b"", b"{", b'{"type":"req', b'{"type":"say","at_s":1}', b"\xff\xfe"])
def test_a_torn_last_line_is_left_out(torn: bytes) -> None:
    lines = [encode(meta()), encode(request(1, 200)), torn]
    assert len(list(decode_lines(lines))) == 2


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([b"{\n", encode(meta())], "journal:1: not a record"),
        ([encode(meta()), b"nonsense\n", encode(request(1, 200))], "journal:2: not a record"),
        ([encode(request(1, 200))], "journal:1: a journal begins with its meta record"),
        ([encode(structs.replace(meta(), format="journal/9"))], "this simlb reads journal/1, not journal/9"),
        ([encode(meta()), b'{"type":"unheard-of","at_s":1,"real_s":1}\n'], "Invalid value 'unheard-of'"),
    ],
)
def test_what_is_no_journal(lines: list[bytes], complaint: str) -> None:
    with pytest.raises(SimlbError) as error:
        list(decode_lines(lines))
    assert error.value.code == "E668"
    assert complaint in error.value.what


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(encode(meta()) + encode(request(1, 200)))
    assert len(list(read(path))) == 2
    with pytest.raises(SimlbError, match="cannot be read"):
        list(read(tmp_path / "none.jsonl"))


def test_a_log_line_is_made_of_a_record_of_traffic() -> None:
    traffic = {
        "at_s": 12.0,
        "number": 7,
        "received_at_s": 11.0,
        "load_balancer": "my-alb",
        "listener_port": 443,
        "client": "127.0.0.1:5000",
        "method": "GET",
        "path": "/a",
        "host": "x.test",
        "action": "forward",
        "elb_status_code": 502,
        "target_status_code": 0,
        "target_group": "web",
        "target": "i-03",
        "is_reused": True,
        "failure": "connection refused",
        "redirect_url": None,
        "query": "",
    }
    line = request_of(traffic, real_s=1.2)
    assert (line.port, line.elb_status, line.target, line.is_reused, line.real_s) == (443, 502, "i-03", True, 1.2)
