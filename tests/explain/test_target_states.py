"""Why a target is in its state: playbooks of probes, and the sentences that have to be there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from simlb.core.anomaly import AnomalyResult
from simlb.core.health import ProbeOutcome, ProbeResult
from simlb.explain.durations import Times
from simlb.explain.story import Story
from simlb.explain.target_facts import ProcessFacts, TargetFacts
from simlb.explain.target_states import target_story
from tests.core.groups import Group

HANGUL = re.compile("[가-힣]")
LETTERS = {
    "P": ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=200, latency_s=0.002),
    "F": ProbeResult(outcome=ProbeOutcome.REFUSED),
    "T": ProbeResult(outcome=ProbeOutcome.TIMED_OUT),
    "R": ProbeResult(outcome=ProbeOutcome.RESET),
    "M": ProbeResult(outcome=ProbeOutcome.MALFORMED),
    "U": ProbeResult(outcome=ProbeOutcome.UNREACHABLE),
    "S": ProbeResult(outcome=ProbeOutcome.TLS_FAILED, detail="WRONG_VERSION_NUMBER"),
    "4": ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=404, latency_s=0.002),
    "3": ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=302, latency_s=0.002),
    "5": ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=500, latency_s=0.002),
}
RUNS = ProcessFacts(pid=4121, last_status=None)
KILLED = ProcessFacts(pid=None, last_status=-9)


def told(group: Group, name: str = "a", *, speed: float = 1, **more: Any) -> Story:
    facts = {"next_check_at": group.now + 12.0} | more
    return target_story(TargetFacts(group=group.state, state=group[name], now=group.now, times=Times(speed), **facts))


def after(probes: str, others: str = "P", **attributes: Any) -> Group:
    """Targets a and b of a group; a has met these probes, b the others."""
    group = Group("ab", **attributes)
    for name, letters in (("a", probes), ("b", others)):
        for letter in letters:
            group.state.on_probe_started(group[name], group.now)
            group.state.on_probe(group[name], LETTERS[letter], group.now)
    return group


def sentences(story: Story) -> str:
    return "\n".join([story.outcome.en, *[step.words.en for step in story.steps]])


PLAYBOOKS = [
    ("", "No check has had its result yet."),
    ("", "A new target needs one pass, whatever the healthy threshold says; 2 failures in a row make it unhealthy."),
    ("F", "2 failures in a row make it unhealthy. 1 failed so far."),
    ("P", "1 passes in a row; 2 failures in a row would make it unhealthy."),
    ("PF", "Fail 1 of 2: 2 in a row make it unhealthy (unhealthy threshold)."),
    ("PF", "The next check goes out in 12 s. If that fails too, it leaves the rotation."),
    ("PFF", "unhealthy (Target.FailedHealthChecks: Health checks failed) for 0 s."),
    (
        "PFF",
        "2 failures in a row; 2 were enough (unhealthy threshold). It needs 5 passes in a row (healthy threshold).",
    ),
    ("PFF", "If all pass, it is back in 132 s at the earliest (12 s + 4 × 30 s)."),
    ("PFFPP", "2 of 5 passes in a row that bring it back (healthy threshold)."),
    ("PFFPPPP", "If it passes, the target is back."),
    ("PTT", "unhealthy (Target.Timeout: Request timed out) for 0 s."),
    ("P44", "unhealthy (Target.ResponseCodeMismatch: Health checks failed with these codes: [404]) for 0 s."),
    ("PFF", "Clients: no new request goes there; the other 1 of the group share them."),
    ("P", "Clients: it gets requests as one of 2; 0 in flight now."),
]


@pytest.mark.parametrize(("probes", "sentence"), PLAYBOOKS)
def test_sentences(probes: str, sentence: str) -> None:
    assert sentence in sentences(told(after(probes)))


CAUSES = [
    ("PF", None, "Nothing listens at 127.0.0.1:9000: the process is down, or it listens on another port."),
    ("PFF", KILLED, "Nothing listens at 127.0.0.1:9000: its process was killed by SIGKILL."),
    ("PTT", RUNS, "No answer within 5 s: the application hangs or is slow; on AWS most often the target's security"),
    ("PRR", RUNS, "The target takes the connection and ends it without an answer"),
    ("PMM", RUNS, "What came back is no HTTP"),
    ("PUU", None, "There is no way to 127.0.0.1:9000 on this network."),
    ("PSS", None, "The TLS handshake with the target fails"),
    ("P44", RUNS, "The application answers the health check with 404, and the matcher lets only 200 pass."),
    ("P33", RUNS, "The application answers the health check with 302, and the matcher lets only 200 pass."),
    ("P", KILLED, "Its process was killed by SIGKILL. The load balancer does not know yet"),
]
STEPS = [
    ("PFF", KILLED, "Start it again: simlb target restart a"),
    ("PFF", None, "Start the application, or correct the target's port."),
    ("PTT", None, "On AWS: let the target's security group admit the load balancer's on the target's port."),
    ("P44", None, "Nothing answers at /: add that path to the application or correct the health check path."),
    ("P33", None, "Redirects are not followed: 302 fails unless the matcher lists it"),
    ("P55", None, "Look into the application's log: why does it not answer the health check with 200?"),
    ("P55", None, "Ask it as the load balancer does: curl -i http://127.0.0.1:9000/"),
    ("P", KILLED, "Start it again: simlb target restart a"),
]


@pytest.mark.parametrize(("probes", "process", "cause"), CAUSES)
def test_causes(probes: str, process: ProcessFacts | None, cause: str) -> None:
    found = told(after(probes), process=process).cause
    assert found is not None
    assert found.en.startswith(cause)
    assert HANGUL.search(found.ko)


@pytest.mark.parametrize(("probes", "process", "step"), STEPS)
def test_next_steps(probes: str, process: ProcessFacts | None, step: str) -> None:
    assert any(one.en.startswith(step) for one in told(after(probes), process=process).next_steps)


@pytest.mark.parametrize("probes", ["", "F", "P", "PP", "FFP", "PFFPPPPP"])
def test_nothing_is_to_be_done_where_nothing_is_wrong(probes: str) -> None:
    story = told(after(probes), process=RUNS)
    if probes != "F":
        assert (story.cause, story.next_steps) == (None, ())


def test_a_fault_is_the_first_thing_to_look_at() -> None:
    story = told(after("P44"), faults=("status-1: health.status code=404",))
    assert "Faults installed on it: status-1: health.status code=404." in sentences(story)
    assert "undo it with simlb fault rm NAME" in "\n".join(step.en for step in story.next_steps[:2])


def test_all_unhealthy_is_fail_open() -> None:
    assert "requests go to all of them (fail open), to this one too" in sentences(told(after("PFF", "PFF")))


def test_all_initial_is_503() -> None:
    assert "no target of the group has passed a check yet, so all get 503" in sentences(told(after("", "")))


def test_draining() -> None:
    group = after("P")
    group.now = 100.0
    group.register("b")
    group.now = 130.0
    story = told(group, next_check_at=None)
    assert "Nobody checks a target that drains. It is gone in 270 s (deregistration delay)." in sentences(story)
    assert "no new request goes there, 0 in flight may finish" in sentences(story)
    assert story.facts["draining_left_s"] == 270


def test_unused() -> None:
    group = after("P")
    group.register("ab", in_use=False)
    story = told(group, next_check_at=None)
    assert "no listener or rule forwards to its target group" in sentences(story)


def test_slow_start_and_anomalies() -> None:
    group = Group("ab", slow_start_s=100)
    group.probe(a="P", b="P")
    group.register("abc")
    group.probe(c="P")
    group.now = 40.0
    story = told(group, "c")
    assert "Slow start: it gets 40% of a full share now, and all of it in 60 s." in sentences(story)
    group["b"].anomaly = AnomalyResult.ANOMALOUS
    assert "Mitigation is off: it gets its full share all the same." in sentences(told(group, "b"))
    group["b"].weight = 0.05
    assert "Mitigation is on: it gets 5% of its share until that is over." in sentences(told(group, "b"))


def test_both_times() -> None:
    story = told(after("PFF"), speed=10)
    assert "back in 132 s (13 s here) at the earliest (12 s + 4 × 30 s)" in sentences(story)


def test_what_exactly_was_sent() -> None:
    details = [detail.en for step in told(after("P")).steps for detail in step.details]
    assert "sent: GET / HTTP/1.1, Host: i-a, to 127.0.0.1:9000" in details
    assert "passes: status code 200 within 5 s" in details


def test_a_process_that_does_not_listen_yet() -> None:
    group = Group("a")
    assert "Its process does not listen yet" in sentences(told(group, next_check_at=None, process=RUNS))


@pytest.mark.parametrize("probes", ["", "F", "P", "PF", "PFF", "PFFP", "PTT", "P44"])
def test_all_of_it_in_korean(probes: str) -> None:
    story = told(after(probes), process=RUNS)
    said = [story.outcome.ko, *[step.words.ko for step in story.steps], *[step.ko for step in story.next_steps]]
    assert all(HANGUL.search(text) for text in said)


@pytest.mark.parametrize(
    ("process", "words"),
    [
        (RUNS, "its process runs (pid 4121)"),
        (KILLED, "its process was killed by SIGKILL"),
        (ProcessFacts(pid=None, last_status=3), "its process has ended by itself with status 3"),
        (ProcessFacts(pid=None, last_status=None), "its process has not been started"),
        (ProcessFacts(pid=None, last_status=-250), "its process was killed by signal 250"),
    ],
)
def test_processes(process: ProcessFacts, words: str) -> None:
    assert process.words.en == words
    assert HANGUL.search(process.words.ko)
