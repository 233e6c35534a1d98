"""`simlb explain` on states, status codes and requests that are not sent: what is asked for, and every line."""

from __future__ import annotations

import pytest

from simlb.cli.explain_states import folded
from simlb.controlplane.explain_state_routes import RequestBody
from tests.cli.conftest import Run, Running
from tests.cli.test_explain import LINES
from tests.controlplane.explains import finding

STATUS_LINES = """\
 41 × 502 in the last 60 s, all produced by the load balancer (target code "-").
   41  i-03  connection refused
      → Nothing listens at 127.0.0.1:9003.
 i-03 counts as healthy still.
 → Start it again: simlb target restart i-03
"""
OVERVIEW_LINES = """\
 So it stands.

 ✗ i-03: It is out.
   It is so.
     Client 127.0.0.1:5000 to listener HTTP:80 of web.
     Rule 20 decides.
   → Start it.
   → Look at it.

 ! i-02: It is out.
   It is so.
     Client 127.0.0.1:5000 to listener HTTP:80 of web.
     Rule 20 decides.
   → Start it.
   → Look at it.

 · i-01: It is out.
     Client 127.0.0.1:5000 to listener HTTP:80 of web.
     Rule 20 decides.
   → Start it.
   → Look at it.
"""


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


def test_a_status_code_looks_as_in_the_design(run: Run, running: Running) -> None:
    assert run("explain", "502") == (0, STATUS_LINES, "")


def test_an_overview_has_the_worst_first(run: Run, running: Running) -> None:
    running.standing.findings = [finding("error", "i-03"), finding("warning", "i-02"), finding("info", "i-01", None)]
    assert run("explain") == (0, OVERVIEW_LINES, "")


def test_nothing_is_wrong(run: Run, running: Running) -> None:
    assert run("explain") == (0, " ✔ So it stands.\n", "")


def test_a_target_of_several_groups(run: Run, running: Running) -> None:
    assert run("explain", "target", "i-03") == (0, f"{LINES}\n{LINES}", "")


A_REQUEST = RequestBody(url="https://shop.test/img/1", method="GET")


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ([], ("overview", "en")),
        (["--lang", "ko"], ("overview", "ko")),
        (["502"], ("status", 502, 60.0, "en")),
        (["502", "--last", "5m"], ("status", 502, 300.0, "en")),
        (["--last", "1.5s", "200"], ("status", 200, 1.5, "en")),
        (["502", "--last", "2h", "--lang", "ko"], ("status", 502, 7200.0, "ko")),
        (["target", "127.0.0.1:9003"], ("target", "127.0.0.1:9003", "en")),
        (["target", "a/b%"], ("target", "a/b%", "en")),
        (["GET", "https://shop.test/img/1"], ("request", A_REQUEST, "en")),
        (["get", "https://shop.test/img/1"], ("request", A_REQUEST, "en")),
        (
            ["POST", "-H", "X-Canary: 1", "http://a/", "--header", "X:y", "--from", "203.0.113.9", "--cookie", "a=b"],
            (
                "request",
                RequestBody(
                    url="http://a/",
                    method="POST",
                    headers=[("X-Canary", "1"), ("X", "y")],
                    cookies=["a=b"],
                    client_ip="203.0.113.9",
                ),
                "en",
            ),
        ),
        (
            ["GET", "http://a/", "--load-balancer", "b"],
            ("request", RequestBody(url="http://a/", load_balancer="b"), "en"),
        ),
    ],
)
def test_what_is_asked_for(run: Run, running: Running, words: list[str], call: tuple[object, ...]) -> None:
    assert run("explain", *words)[0] == 0
    assert running.standing.calls == [call]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["502", "503"], "E751", "One word too many: '503'."),
        (["target"], "E751", "Explain which target?"),
        (["target", "a", "b"], "E751", "One word too many: 'b'."),
        (["GET"], "E755", "GET of what?"),
        (["GET", "http://a/", "x"], "E751", "One word too many: 'x'."),
        (["GET", "http://a/", "-H", "X"], "E755", "-H 'X' is no header: it has no colon."),
        (["502", "--last", "5"], "E757", "--last 5 is no span of time."),
        (["502", "--last", "0s"], "E757", "--last 0s is no span of time."),
        (["502", "-H", "A: b"], "E751", "-H says nothing about what is to be explained."),
        (["target", "i-03", "--last", "5m"], "E751", "--last says nothing about what is to be explained."),
        (["last", "--from", "1.2.3.4"], "E751", "--from says nothing about what is to be explained."),
        (["--unmasked"], "E751", "--unmasked says nothing about what is to be explained."),
    ],
)
def test_errors(run: Run, running: Running, words: list[str], code: str, said: str) -> None:
    status, _, error = run("explain", *words)
    assert status == 2
    assert error.startswith(f"SIMLB-{code}  {said}")
    assert running.standing.calls == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (" one two", [" one two"]),
        (" one two three", [" one two", "  three"]),
        ("   12  i-03", ["   12  i-03"]),
        ("한글 두 칸", ["한글 두", "  칸"]),
        ("unbreakable-word", ["unbreakable-word"]),
        ("", [""]),
    ],
)
def test_folding(text: str, lines: list[str]) -> None:
    assert list(folded(text, 12 if "한" not in text else 8, "  ")) == lines
