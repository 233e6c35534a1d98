"""Sent by clients == log lines == metrics == events, exactly, under load, faults, reloads and with targets dying.

Whatever is counted in several places has to come to the same sums, or nobody can trust any of them.
"""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from collections import Counter
from typing import Any

import pytest

from simlb.controlplane.client import ControlClient
from simlb.core.log_kinds import LogKind
from simlb.observe.log_fields import Entry, Value, as_json, split
from tests.e2e import processes
from tests.e2e.counting_client import Books, CountingClients
from tests.e2e.harness import DEADLINE_S, SIMLB, Instance, Workshop, wait_until
from tests.survival.measure import FIXED, PLAIN, every_kind

REDIRECT = 80
SENT_BETWEEN = 60
"""How many requests at least pass between two things that happen."""
PAGE = 1000
REQUEST_METRICS = frozenset(
    [
        "RequestCount",
        "HTTP_Redirect_Count",
        "HTTP_Fixed_Response_Count",
        *(f"HTTPCode_{producer}_{hundreds}XX_Count" for producer in ("Target", "ELB") for hundreds in range(2, 6)),
        *(f"HTTPCode_ELB_{status}_Count" for status in (500, 502, 503, 504)),
    ]
)
"""Those that requests are counted in one by one."""


def configuration(*targets: str) -> str:
    """Every kind of listener in front of these targets."""
    return every_kind(*targets, check="path: /health, interval: 5s, timeout: 2s", delay_s=1)


class Course:
    """Clients of all habits on all kinds of listeners, from `with` to its end, and the log lines that come of it."""

    def __init__(self, simlb: Workshop, instance: Instance) -> None:
        self.simlb = simlb
        self.instance = instance
        self._lines: list[str] = []
        plain, tls = instance.client(PLAIN), instance.client(443)
        self._clients = CountingClients(
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

    def __enter__(self) -> Course:
        self._clients.__enter__()
        return self

    def __exit__(self, *reason: object) -> None:
        self._clients.__exit__(*reason)

    def more(self) -> None:
        """Let further requests pass."""
        seen = self._clients.sent
        wait_until(lambda: self._clients.sent >= seen + SENT_BETWEEN, "more traffic")
        self.lines()

    def do(self, *arguments: str) -> None:
        """One command, and traffic after it."""
        finished = self.simlb.run(*arguments)
        assert finished.returncode == 0, finished.stderr
        self.more()

    def reload(self, *targets: str) -> None:
        """A file with other targets."""
        self.simlb.write(configuration(*targets))
        self.do("reload")

    def lines(self) -> list[str]:
        """Every line so far, from the control port. Asked for often enough, none is forgotten before."""
        with ControlClient.for_instance(self.simlb.home, self.instance.name) as client:
            while (page := client.logs(len(self._lines), PAGE)).lines:
                assert not page.dropped
                self._lines += page.lines
        return self._lines

    @property
    def books(self) -> Books:
        """What the clients sent and got, after the end."""
        return self._clients.books


class Subscriber:
    """`simlb events --json` in a process of its own, from now until the instance ends."""

    def __init__(self, simlb: Workshop) -> None:
        self._path = simlb.folder / "events.jsonl"
        with self._path.open("wb") as output:
            self._process = subprocess.Popen(
                [*SIMLB, "events", "--json", "--history", "1000"],
                env=simlb.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
            )
        wait_until(lambda: self._path.stat().st_size, "it is there")

    def events(self) -> list[dict[str, Any]]:
        """All that came, when the instance has ended."""
        assert self._process.wait(DEADLINE_S) == 0
        return [json.loads(line) for line in self._path.read_text().splitlines()]


def test_everything_that_is_counted_agrees(simlb: Workshop) -> None:
    three = ("sample: echo", "sample: echo", "sample: slow")
    instance = simlb.serve(configuration(*three), "--speed", "10")
    instance.wait_healthy()
    subscriber = Subscriber(simlb)
    with Course(simlb, instance) as course:
        course.more()
        course.do("fault", "add", "http.abort", "--on", "i-01", "status=503", "--every", "3")
        course.do("fault", "add", "link.reset", "--on", "i-02", "--every", "4")
        course.do("target", "kill", "i-02")
        instance.wait_state("i-02", "unhealthy")
        course.reload(*three, "sample: echo")
        course.do("target", "restart", "i-02")
        instance.wait_state("i-02", "healthy")
        course.do("fault", "clear")
        course.reload(*three[:2])
    books, lines = course.books, course.lines()
    check(books, lines, counters_of(instance))
    assert {200, 301, 502, 503} <= set(books.answered), "everything that was meant to happen did"
    assert 460 in {fields(line)["elb_status_code"] for line in lines}
    check_metrics(instance, books, lines)
    assert instance.access_log.splitlines() == lines
    assert simlb.run("down").returncode == 0
    assert instance.wait() == 0
    assert instance.access_log.splitlines() == lines, "what is delivered at the end is the same"
    events = subscriber.events()
    check_events(events, lines)
    happened = Counter(event["type"] for event in events)
    assert happened["fault_installed"] == happened["fault_removed"] == 2
    assert happened["target_state_changed"] > 2
    assert happened["process_exited"] >= 1


@pytest.mark.skipif(not processes.HAS_PROC, reason="RLIMIT_FSIZE of another process needs Linux")
def test_lines_lost_to_a_full_disk_are_counted(simlb: Workshop) -> None:
    """A file that may not grow is the full disk that needs no administrator."""
    import resource

    instance = simlb.serve(configuration("sample: echo"), "--speed", "10")
    instance.wait_healthy()
    with Course(simlb, instance) as course:
        course.more()
        hard = resource.prlimit(instance.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(instance.pid, resource.RLIMIT_FSIZE, (20_000, hard))
        wait_until(lambda: counters_of(instance)["access_log_lines_lost"] > SENT_BETWEEN, "lines are lost")
        resource.prlimit(instance.pid, resource.RLIMIT_FSIZE, (hard, hard))
        instance.wait_output("is written again")
        course.more()
    lines = course.lines()
    written = instance.access_log.splitlines()
    counters = counters_of(instance)
    lost = counters.pop("access_log_lines_lost")
    check(course.books, lines, counters)
    assert len(written) + lost == course.books.sent
    assert set(written) < set(lines), "none is torn"
    assert simlb.run("down").returncode == 0
    assert instance.wait() == 0
    assert sorted(instance.access_log.splitlines()) == sorted(written), "the end delivers them"


def fields(line: str) -> dict[str, Value]:
    """An access-log line by the names of its fields."""
    return as_json(Entry(split(line)), LogKind.ACCESS)


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
    assert {name: count for name, count in counters.items() if name in REQUEST_METRICS} == sums_of(lines)
    moved = sum(int(line["received_bytes"] or 0) + int(line["sent_bytes"] or 0) for line in map(fields, lines))
    assert counters["ProcessedBytes"] == moved


def check_metrics(instance: Instance, books: Books, lines: list[str]) -> None:
    """The same in CloudWatch's statistics and on the page for Prometheus."""
    with ControlClient.for_instance(instance.workshop.home, instance.name) as client:
        for name, count in sums_of(lines).items():
            assert statistic(client, name, "Sum") == count, name
        from_targets = [line for line in map(fields, lines) if line["target_status_code"]]
        assert client.logs(-1, 1, LogKind.CONNECTION).next == books.connections
        assert statistic(client, "TargetResponseTime", "SampleCount") == len(from_targets)
    with urllib.request.urlopen(f"http://{instance.view().control}/metrics", timeout=DEADLINE_S) as response:
        page = response.read().decode()
    scraped: Counter[tuple[str, str]] = Counter()
    for labels, value in re.findall(r"^simlb_requests_total\{(.*)\} (.*)$", page, re.MULTILINE):
        label = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        scraped[label["elb_status_code"], label["target_status_code"]] += int(float(value))
    assert scraped == Counter(tuple(line.split(" ")[8:10]) for line in lines)
    (opened,) = re.findall(r'^simlb_new_connections_total\{.*side="client".*\} (.*)$', page, re.MULTILINE)
    assert float(opened) == books.connections


def statistic(client: ControlClient, name: str, statistic: str) -> float:
    """One statistic of a metric over everything that there is of it."""
    answer = client.ask("GET", f"/api/v1/metrics/statistics?MetricName={name}&Statistics={statistic}")
    return sum(float(point[statistic]) for point in answer["Datapoints"])


def is_of_who_left(line: str) -> bool:
    """It is about a request whose client did not wait for the answer."""
    return "/left HTTP/" in line


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


def counters_of(instance: Instance) -> Counter[str]:
    """What the instance itself has counted."""
    return Counter(instance.view().counters)


def check_events(events: list[dict[str, Any]], lines: list[str]) -> None:
    """Told one by one or counted, each request is in the stream exactly once, with its status."""
    assert not [event for event in events if event["type"] in {"missed", "dropped"}]
    told = [event for event in events if event["type"] == "request_finished"]
    counted = [event for event in events if event["type"] == "requests_counted"]
    assert counted, "there was so much traffic that not every request was told"
    statuses: Counter[tuple[int, int]] = Counter()
    for event in (*told, *counted):
        statuses[event["elb_status_code"], event["target_status_code"]] += event.get("count", 1)
    assert statuses == Counter(
        (line["elb_status_code"], line["target_status_code"] or 0) for line in map(fields, lines)
    )
    assert len({event["number"] for event in told}) == len(told)
