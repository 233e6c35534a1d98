"""Sent by clients == lines == counters, exactly, under load, faults, reloads and with targets dying.

Whatever is counted in several places has to come to the same sums, or nobody can trust any of them.
"""

from __future__ import annotations

from collections import Counter

import pytest

from simlb.cli.accesslog import fields
from simlb.controlplane.client import ControlClient
from tests.e2e import processes
from tests.e2e.counting_client import Books, CountingClients
from tests.e2e.harness import Instance, Workshop, wait_until
from tests.survival.measure import FIXED, PLAIN, every_kind

REDIRECT = 80
SENT_BETWEEN = 60
"""How many requests at least pass between two things that happen."""


def configuration(*targets: str) -> str:
    """Every kind of listener in front of these targets."""
    return every_kind(*targets, check="path: /health, interval: 5s, timeout: 2s", delay_s=1)


def counting(instance: Instance) -> CountingClients:
    """Clients of all habits on all kinds of listeners."""
    plain, tls = instance.client(PLAIN), instance.client(443)
    return CountingClients(
        [
            (plain, "ask"),
            (plain, "upload"),
            (plain, "cut"),
            (tls, "ask"),
            (tls, "cut"),
            (instance.client(FIXED), "ask"),
            (instance.client(REDIRECT), "ask"),
        ]
    )


def more(clients: CountingClients) -> None:
    """Let further requests pass."""
    seen = clients.sent
    wait_until(lambda: clients.sent >= seen + SENT_BETWEEN, "more traffic")


def do(simlb: Workshop, clients: CountingClients, *arguments: str) -> None:
    """One command, and traffic after it."""
    finished = simlb.run(*arguments)
    assert finished.returncode == 0, finished.stderr
    more(clients)


def kept_lines(instance: Instance) -> list[str]:
    """Every line that the control port gives."""
    with ControlClient.for_instance(instance.workshop.home, instance.name) as client:
        lines: list[str] = []
        after = 0
        while (page := client.logs(after, 1000)).lines:
            assert not page.dropped
            lines += page.lines
            after = page.next
    return lines


def sums_of(lines: list[str]) -> Counter[str]:
    """What CloudWatch would count for these lines (reference 7.4)."""
    sums: Counter[str] = Counter()
    for line in map(fields, lines):
        elb, target, action = line["elb_status_code"], line["target_status_code"], line["actions_executed"]
        assert isinstance(elb, int)
        if line["target:port"]:
            sums["RequestCount"] += 1
        if isinstance(target, int):
            sums[f"HTTPCode_Target_{target // 100}XX_Count"] += 1
            continue
        sums["HTTP_Redirect_Count"] += action == "redirect"
        sums["HTTP_Fixed_Response_Count"] += action == "fixed-response"
        if elb >= 300:
            sums[f"HTTPCode_ELB_{elb // 100}XX_Count"] += 1
        if elb in {500, 502, 503, 504}:
            sums[f"HTTPCode_ELB_{elb}_Count"] += 1
    return +sums


def is_of_who_left(line: str) -> bool:
    """It is about a request whose client did not wait for the answer."""
    return "/left HTTP/" in line


def check(books: Books, lines: list[str], counters: Counter[str]) -> None:
    """Clients, lines and counters agree: in sum, by status, and by who made it."""
    assert books.unanswered == 0
    assert books.sent == books.answered.total() + books.cut
    assert len(lines) == books.sent
    left = [line for line in lines if is_of_who_left(line)]
    assert len(left) == books.cut
    answered = Counter(fields(line)["elb_status_code"] for line in lines if not is_of_who_left(line))
    assert answered == books.answered
    assert counters.pop("access_log_lines") == len(lines)
    assert counters == sums_of(lines)


def counters_of(instance: Instance) -> Counter[str]:
    return Counter(instance.view().counters)


def test_everything_that_is_counted_agrees(simlb: Workshop) -> None:
    three = ("sample: echo", "sample: echo", "sample: slow")
    instance = simlb.serve(configuration(*three), "--speed", "10")
    instance.wait_healthy()
    with counting(instance) as clients:
        more(clients)
        do(simlb, clients, "fault", "add", "http.abort", "--on", "i-01", "status=503", "--every", "3")
        do(simlb, clients, "fault", "add", "link.reset", "--on", "i-02", "--every", "4")
        do(simlb, clients, "target", "kill", "i-02")
        instance.wait_state("i-02", "unhealthy")
        simlb.write(configuration(*three, "sample: echo"))
        do(simlb, clients, "reload")
        do(simlb, clients, "target", "restart", "i-02")
        instance.wait_state("i-02", "healthy")
        do(simlb, clients, "fault", "clear")
        simlb.write(configuration(*three[:2]))
        do(simlb, clients, "reload")
    books = clients.books
    lines = kept_lines(instance)
    check(books, lines, counters_of(instance))
    assert {200, 301, 502, 503} <= set(books.answered), "everything that was meant to happen did"
    assert "460" in {str(fields(line)["elb_status_code"]) for line in lines}
    assert instance.access_log.splitlines() == lines
    assert simlb.run("down").returncode == 0
    assert instance.wait() == 0
    assert instance.access_log.splitlines() == lines, "the end adds none and loses none"


@pytest.mark.skipif(not processes.HAS_PROC, reason="RLIMIT_FSIZE of another process needs Linux")
def test_lines_lost_to_a_full_disk_are_counted(simlb: Workshop) -> None:
    import resource

    instance = simlb.serve(configuration("sample: echo"), "--speed", "10")
    instance.wait_healthy()
    with counting(instance) as clients:
        more(clients)
        hard = resource.prlimit(instance.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(instance.pid, resource.RLIMIT_FSIZE, (20_000, hard))
        wait_until(lambda: counters_of(instance)["access_log_lines_lost"] > SENT_BETWEEN, "lines are lost")
        resource.prlimit(instance.pid, resource.RLIMIT_FSIZE, (hard, hard))
        instance.wait_output("is written again")
        more(clients)
    counters = counters_of(instance)
    lost = counters.pop("access_log_lines_lost")
    lines = kept_lines(instance)
    check(clients.books, lines, counters)
    whole = [line for line in instance.access_log.splitlines() if line in set(lines)]
    assert len(whole) + lost == clients.books.sent
