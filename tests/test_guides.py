"""The guides keep their word: every fault, parameter and function is described, and the examples are right."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from simlb.cli.event_words import line
from simlb.cli.parser import build
from simlb.cli.terminal import Style
from simlb.cli.top.labels import ENGLISH
from simlb.cli.top.table import DROPPED
from simlb.controlplane import event_routes
from simlb.controlplane.records import KINDS, Row, State
from simlb.controlplane.store import store_path
from simlb.core import health_check_log
from simlb.core.access_log import ConnectionFacts, ExchangeRecord
from simlb.core.access_log import format_line as access_line
from simlb.core.attributes import LogBucket
from simlb.core.connection_log import ConnectionRecord
from simlb.core.connection_log import format_line as connection_line
from simlb.core.health_check_log import ProbeRecord
from simlb.core.log_files import LogPlace
from simlb.core.log_kinds import LogKind
from simlb.core.metrics import METRICS, Metric
from simlb.core.model import HealthCheck
from simlb.explain.causes import CAUSES, Outcome, cause_of
from simlb.explain.story import Topic
from simlb.faults.fault import FaultType
from simlb.faults.types import FAULT_TYPES
from simlb.observe import event_history, event_hub, event_viewers, live, request_events
from simlb.scenario.compile import compile_text
from simlb.scenario.functions import FUNCTIONS
from simlb.scenario.whats import ERROR_KINDS, FIELDS
from tests.cli.top.pictures import KILLED, THREE, shown

DOCS = Path(__file__).parents[1] / "docs"
STATE = (DOCS / "state.md").read_text(encoding="utf-8")
FAULTS = (DOCS / "faults.md").read_text(encoding="utf-8")
EXPLAIN = (DOCS / "explain.md").read_text(encoding="utf-8")
SCENARIOS = (DOCS / "scenarios.md").read_text(encoding="utf-8")
TOP = (DOCS / "top.md").read_text(encoding="utf-8")
LOGS = (DOCS / "logs.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `([a-z_.]+)`\n(.*?)(?=^## |\Z)", FAULTS, re.MULTILINE | re.DOTALL))


def test_every_fault_has_its_section_in_order() -> None:
    assert list(SECTIONS) == [fault_type.name for fault_type in FAULT_TYPES]


@pytest.mark.parametrize("fault_type", FAULT_TYPES, ids=lambda fault_type: fault_type.name)
def test_a_fault_is_described_as_the_command_line_does(fault_type: FaultType) -> None:
    section = SECTIONS[fault_type.name]
    assert fault_type.en in section
    assert fault_type.consequence_en in section
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [item.name for item in fault_type.parameters]
    selectors = re.search(r"^Selectors: (.*)\.$", section, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", selectors[1] if selectors else "")) == fault_type.selectors


def test_every_word_of_the_scenario_language_is_described() -> None:
    words = [*FUNCTIONS, *ERROR_KINDS, *(f"log.{name}" for name in FIELDS)]
    assert [word for word in words if f"`{word}`" not in SCENARIOS] == []


def test_the_example_of_a_scenario_is_right() -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", SCENARIOS, re.MULTILINE | re.DOTALL)
    text = example.replace("ko: ..., en: ...", "ko: 이야기, en: story")
    assert compile_text(text, "example.yaml", None).id == "my-story"


def test_the_picture_of_top_is_what_it_shows() -> None:
    (picture,) = re.findall(r"^```text\n(.*?)^```$", TOP, re.MULTILINE | re.DOTALL)
    assert picture.splitlines() == shown(THREE, *KILLED)


def test_the_order_in_which_columns_go_is_the_one_described() -> None:
    names = [getattr(ENGLISH, name, name).upper() for name in DROPPED]
    described = re.search(r"in this order: (.*?)\.", TOP, re.DOTALL)
    assert described is not None
    assert re.findall(r"`([^`]+)`", described[1]) == names


def test_the_lines_of_events_are_what_is_printed() -> None:
    printed = [line(event, speed=10, style=Style(color=False)) for event in (KILLED[0], KILLED[-1])]
    assert "\n".join(printed) in TOP


def test_the_bounds_of_the_stream_of_events() -> None:
    """Its types and examples: tests/core/test_event_json.py."""
    text = " ".join((DOCS / "events.md").read_text(encoding="utf-8").split())
    assert event_routes.HISTORY_MAX == event_history.KEPT
    for sentence in (
        f"Kept are the last {event_history.KEPT:,} events that are no requests",
        f"Up to {request_events.ORDINARY_PER_S} in a real second are told one by one",
        f"{request_events.FAILED_PER_S:,} in a second are told one by one",
        f"Each viewer has a queue of {event_viewers.QUEUE_MAX:,} events",
        f"after {event_viewers.DROPPED_S:.0f} seconds without regard",
        f"There can be {event_hub.VIEWERS_MAX} viewers",
        f"at least every {event_routes.KEEP_ALIVE_S:.0f} seconds",
        f"the first {request_events.TEXT_MAX} characters",
        f"over the last {live.WINDOW_SLOTS} seconds",
    ):
        assert sentence in text, sentence


def test_every_outcome_is_described_as_a_story_tells_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+|-) \| (.*) \|$", EXPLAIN, re.MULTILINE)
    assert rows == [
        (outcome, str(CAUSES[outcome].status_code or "-"), cause_of(outcome).cause.en) for outcome in Outcome
    ]


def test_every_topic_of_a_story_about_an_exchange_is_described() -> None:
    topics = re.findall(r"^\| `([a-z ]+)` \| [^|]* \|$", EXPLAIN, re.MULTILINE)
    assert topics == [topic for topic in Topic if topic is not Topic.HEALTH]


METRICS_PAGE = (DOCS / "metrics.md").read_text(encoding="utf-8")
_SHORT = {"LoadBalancer": "LB", "TargetGroup": "TG", "AvailabilityZone": "AZ"}


def metric_row(metric: Metric) -> str:
    """A metric's row on the page."""
    dimensions = "; ".join(", ".join(_SHORT[name] for name in names) for names in metric.dimensions)
    beginning = f"| `{metric.name}` | {metric.unit} | {dimensions} |"
    if metric.why_not is not None:
        return f"{beginning} {metric.why_not} |"
    return f"{beginning} {', '.join(metric.statistics)} | {metric.meaning} |"


@pytest.mark.parametrize("has_it", [True, False])
def test_the_tables_of_metrics_are_the_tables_of_the_core(has_it: bool) -> None:
    heading = "What simlb has" if has_it else "What simlb does not have"
    section = METRICS_PAGE.split(f"## {heading}\n")[1].partition("\n## ")[0]
    listed = re.findall(r"^\| `.*\|$", section, re.MULTILINE)
    assert listed == [metric_row(metric) for metric in METRICS.values() if metric.is_available is has_it]


_FACTS = ConnectionFacts(
    elb="app/web/1",
    dns_name="web.test",
    scheme="http",
    listener_port=80,
    client_ip="127.0.0.1",
    client_port=1,
    node_ip="127.0.0.1",
)
_PROBE = ProbeRecord(
    elb="app/web/1", target_group="web", address="127.0.0.1:1", health_check=HealthCheck(), result=None, at=0
)
LINES = {
    "## Access log": access_line(ExchangeRecord(_FACTS, None, 0)),
    "## Connection log": connection_line(ConnectionRecord(_FACTS, 0)),
    "## Health check log": health_check_log.format_line(_PROBE),
}


def words(line: str) -> list[str]:
    """The fields of a line, with their quotes."""
    return re.findall(r'"[^"]*"|[^ ]+', line)


@pytest.mark.parametrize("heading", LINES)
def test_every_field_of_a_log_is_described_with_its_quotes(heading: str) -> None:
    section = LOGS.partition(f"{heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([0-9]+) \| `([^`]+)` \|", section, re.MULTILINE)
    fields = words(LINES[heading])
    assert [int(number) for number, _ in rows] == list(range(1, len(fields) + 1))
    assert [name.startswith('"') for _, name in rows] == [field.startswith('"') for field in fields]
    for example in re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
        for example_line in example.splitlines():
            assert len(words(example_line)) == len(fields)


def test_every_reason_of_a_health_check_is_described() -> None:
    reasons = re.findall(r"^\| `([A-Za-z-]+)` \|", LOGS.partition("| reason |")[2], re.MULTILINE)
    others = {"-", "ResponseCodeMismatch", "TargetError", health_check_log.INTERNAL_ERROR}
    assert set(reasons) == {*health_check_log._REASONS.values()} | others


@pytest.mark.parametrize(
    ("kind", "bucket", "digits"),
    [
        (LogKind.ACCESS, LogBucket(bucket="my-logs", prefix="web/prod"), "x7k2m9qd"),
        (LogKind.CONNECTION, LogBucket(), "h4d66un1"),
        (LogKind.HEALTH_CHECK, LogBucket(), "in4tyid8"),
    ],
)
def test_the_names_of_log_files_are_the_real_ones(kind: LogKind, bucket: LogBucket, digits: str) -> None:
    place = LogPlace(
        kind=kind,
        bucket=bucket,
        region="ap-northeast-2",
        resource="app/my-alb/50dc6c495c0c9188",
        node_ip="127.0.0.1",
    )
    folder, _, name = place.object_key(1795424700, digits).rpartition("/")  # 2026-11-23T09:05:00Z
    assert f"\ns3/{bucket.bucket}/{folder}/\n" in LOGS
    assert f"\n  {name}\n" in LOGS


def test_every_kind_of_record_is_described() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \|", STATE, re.MULTILINE)) == KINDS.keys()
    assert f"`~/.simlb/{store_path(Path('x'), 'default').name}`" in STATE


def test_the_example_of_a_record_is_one() -> None:
    (example,) = re.findall(r"^```json\n(.*?)^```$", STATE, re.MULTILINE | re.DOTALL)
    record = json.loads(example)
    (row,) = State.of([Row(**record)], "ap-northeast-2").rows("ap-northeast-2")
    assert (row.kind, row.key, row.body) == (record["kind"], record["key"], record["body"])


def test_the_commands_of_the_state_are_those_there_are() -> None:
    (listing,) = re.findall(r"^```\n(simlb state .*?)^```$", STATE, re.MULTILINE | re.DOTALL)
    for listed in listing.splitlines():
        words = listed.split("  ")[0].replace("[", "").replace("]", "").split()
        assert words[:2] == ["simlb", "state"]
        arguments = build().parse_args(words[1:])
        assert arguments.run.startswith("simlb.cli.state:")
