"""Expectations of fake backends: which request gets which answer, and what a check complains about."""

from __future__ import annotations

import pytest

from simlb.errors import SimlbError
from simlb.testing.answers import Answer, answer, answers, duration_s
from simlb.testing.expectations import Book, Expectation
from simlb.testing.messages import Headers, Request


def request(line: str, body: bytes = b"", **headers: str) -> Request:
    method, target = line.split(" ")
    fields = Headers((name.replace("_", "-"), value) for name, value in headers.items())
    made = Request(method=method, target=target, headers=fields, client=("127.0.0.1", 1), connection=1)
    made.body += body
    return made


def expect(path: str = "*", *, once: bool = False, ordered: bool = False, **given: object) -> Expectation:
    values: dict[str, object] = {"method": None, "query": None, "headers": None, "body": None, **given}
    return Expectation(path, is_once=once, is_ordered=ordered, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expected", "asked", "is_met"),
    [
        (expect(), request("GET /anything"), True),
        (expect("/x"), request("GET /x?y=1"), True),
        (expect("/x"), request("GET /X"), False),
        (expect("/x/*"), request("GET /x/1/2"), True),
        (expect("/x", method="post"), request("POST /x"), True),
        (expect("/x", method="POST"), request("GET /x"), False),
        (expect("/x", query={"a": "1"}), request("GET /x?b=2&a=1"), True),
        (expect("/x", query={"a": "1"}), request("GET /x?a=2"), False),
        (expect("/x", headers={"x-trace": "7"}), request("GET /x", X_Trace="7"), True),
        (expect("/x", headers={"x-trace": "7"}), request("GET /x"), False),
        (expect("/x", body="hi"), request("POST /x", b"hi"), True),
        (expect("/x", body=b"hi"), request("POST /x", b"ho"), False),
    ],
)
def test_matching(expected: Expectation, asked: Request, is_met: bool) -> None:
    assert expected.matches(asked) is is_met


def statuses(book: Book, *lines: str) -> list[int | None]:
    found = [book.find(request(line)) for line in lines]
    return [one.status if one is not None else None for one in found]


class TestBook:
    def test_the_first_that_matches(self) -> None:
        book = Book()
        book.add(expect("/a")).respond(201)
        book.add(expect("*")).respond(202)
        assert statuses(book, "GET /a", "GET /b", "GET /a") == [201, 202, 201]

    def test_single_ones_go_before_lasting_ones(self) -> None:
        book = Book()
        book.add(expect("/a")).respond(201)
        book.add(expect("/a", once=True)).respond(503)
        assert statuses(book, "GET /a", "GET /a") == [503, 201]

    def test_sequences_stay_at_their_last(self) -> None:
        book = Book()
        book.add(expect("/a")).respond_each(502, 503).respond(200)
        assert statuses(book, *["GET /a"] * 4) == [502, 503, 200, 200]

    def test_ordered_ones_come_in_order(self) -> None:
        book = Book()
        book.add(expect("/login", ordered=True)).respond(201)
        book.add(expect("/buy", ordered=True)).respond(202)
        assert statuses(book, "POST /login", "POST /buy") == [201, 202]
        assert book.missing() == []
        assert book.complaints == []

    def test_out_of_order(self) -> None:
        book = Book()
        book.add(expect("/login", ordered=True)).respond(201)
        book.add(expect("/buy", method="POST", ordered=True)).respond(202)
        assert statuses(book, "POST /buy") == [None]
        assert book.complaints == ["POST /buy came before any /login"]
        assert book.missing() == ["any /login never came", "POST /buy never came"]

    def test_lasting_ones_are_not_missed(self) -> None:
        book = Book()
        book.add(expect("/a"))
        book.add(expect("/b", once=True, query={"x": "1"}))
        assert book.missing() == ["any /b x='1' never came"]


class TestAnswers:
    @pytest.mark.parametrize(
        ("given", "status", "body"),
        [(502, 502, b""), ("hello", 200, b"hello"), (b"\x00", 200, b"\x00"), ({"json": {"a": 1}}, 200, b'{"a": 1}')],
    )
    def test_short_forms(self, given: object, status: int, body: bytes) -> None:
        found = answers(given)
        assert (found.status, found.body) == (status, body)

    @pytest.mark.parametrize("given", [None, True, 99, 600, 1.5, {"statsu": 200}, {"text": "a", "json": 1}])
    def test_refused(self, given: object) -> None:
        with pytest.raises(SimlbError) as caught:
            answers(given)
        assert caught.value.code == "E690"

    @pytest.mark.parametrize(
        ("written", "seconds"), [("12ms", 0.012), ("1.5s", 1.5), ("2m", 120), ("1 s", 1), (0.25, 0.25)]
    )
    def test_durations(self, written: str | float, seconds: float) -> None:
        assert duration_s(written) == pytest.approx(seconds)

    @pytest.mark.parametrize("written", ["12", "ms", "-1s", -1, float("inf"), float("nan")])
    def test_no_durations(self, written: str | float) -> None:
        with pytest.raises(SimlbError, match="duration"):
            duration_s(written)

    def test_bytes(self) -> None:
        made = answer(status=201, text="hé", headers={"X-A": "1"})
        assert made.to_bytes("GET") == (
            b"HTTP/1.1 201 Created\r\nX-A: 1\r\nContent-Length: 3\r\n"
            b"Content-Type: text/plain; charset=utf-8\r\n\r\nh\xc3\xa9"
        )
        assert made.to_bytes("HEAD").endswith(b"\r\n\r\n")
        assert Answer(status=204).to_bytes("GET") == b"HTTP/1.1 204 No Content\r\n\r\n"
        assert b"HTTP/1.1 599 " in Answer(status=599).to_bytes("GET")


def test_headers_in_any_case() -> None:
    headers = Headers([("X-Forwarded-Proto", "https"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2")])
    assert headers["x-forwarded-PROTO"] == "https"
    assert headers["Set-Cookie"] == "a=1, b=2"
    assert headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert "SET-COOKIE" in headers
    assert headers.get("cookie") is None
    assert list(headers) == ["x-forwarded-proto", "set-cookie"]
    assert len(headers) == 2
