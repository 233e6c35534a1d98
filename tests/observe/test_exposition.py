"""The page for Prometheus, and the Grafana dashboard over it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from simlb.cli.metrics import dashboard
from simlb.core.metrics import METRICS
from simlb.core.metrics.store import Key
from simlb.observe.exposition import COUNTERS, GroupNow, LoadBalancerNow, Now, expose, families
from tests.observe.records import Records
from tests.observe.test_metrics import ARN, GROUP, LB, REACHED

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
ROOT = Path(__file__).resolve().parents[2]
NOW = Now(
    version="0.1.0",
    instance="default",
    started_at_s=1_795_867_200.5,
    speed=10.0,
    load_balancers=[LoadBalancerNow(load_balancer="web", active=(3, 2), opened=(9, 4), lcus=0.5, lcu_hours=0.01)],
    groups=[
        GroupNow(
            load_balancer="web",
            target_group="web",
            healthy=2,
            unhealthy=1,
            anomalous=0,
            mitigated=0,
            is_routing_healthy=True,
            in_flight={"i-01": 1, "i-02": 0},
            probes={("answered", True): 7, ("connection refused", False): 2},
        )
    ],
    log_lines=6,
    log_lines_lost=1,
    ring_bytes=900,
    ring_exchanges=6,
)
# As a scrape finds them: a counter's name has its ending by then.
Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


@pytest.fixture
async def records() -> Records:
    records = Records()
    for milliseconds in (1, 1, 30, 20_000_000):
        records.record(**REACHED, target_status_code=200, target_processing_time=milliseconds / 1000)
    records.record(**REACHED, elb_status_code=502)
    records.record(elb_status_code=503, target_group_arn=ARN, received_bytes=10)
    records.record(elb_status_code=400, action="-")
    records.metrics.count(Key("TargetConnectionErrorCount", LB), 1, 1)
    records.metrics.count(Key("TargetConnectionErrorCount", LB, GROUP), 1, 1)
    records.close()
    records.metrics.settle()
    return records


def scrape(records: Records, now: Now = NOW) -> Samples:
    found: Samples = {}
    content, content_type = expose(records.metrics, now, "")
    assert content_type.startswith("text/plain; version=")
    for family in text_string_to_metric_families(content.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def labels(**values: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(values.items()))


async def test_requests_by_what_they_came_to(records: Records) -> None:
    reached = {"load_balancer": "web", "target_group": "web", "target": "10.0.0.1:80"}
    nowhere = {"load_balancer": "web", "target": "-", "target_status_code": "-", "produced_by": "load balancer"}
    assert scrape(records)["simlb_requests_total"] == {
        labels(**reached, elb_status_code="200", target_status_code="200", produced_by="target"): 4,
        labels(**reached, elb_status_code="502", target_status_code="-", produced_by="load balancer"): 1,
        labels(**nowhere, target_group="web", elb_status_code="503"): 1,
        labels(**nowhere, target_group="-", elb_status_code="400"): 1,
    }


async def test_response_times_are_a_histogram(records: Records) -> None:
    found = scrape(records)
    of = {"load_balancer": "web", "target_group": "web"}
    below = {dict(key)["le"]: value for key, value in found["simlb_target_response_seconds_bucket"].items()}
    assert {end: below[end] for end in ("0.001", "0.025", "0.05", "60.0", "+Inf")} == {
        "0.001": 2,
        "0.025": 2,
        "0.05": 3,
        "60.0": 3,
        "+Inf": 4,
    }
    assert found["simlb_target_response_seconds_count"] == {labels(**of): 4}
    assert found["simlb_target_response_seconds_sum"][labels(**of)] == pytest.approx(20_000.032)


async def test_counters_begin_at_0(records: Records) -> None:
    found = scrape(records)
    group = labels(load_balancer="web", target_group="web")
    assert found["simlb_target_connection_errors_total"] == {group: 1}
    assert found["simlb_target_tls_negotiation_errors_total"] == {group: 0}
    assert found["simlb_rejected_connections_total"] == {labels(load_balancer="web"): 0}
    assert found["simlb_processed_bytes_total"] == {labels(load_balancer="web"): 10}


async def test_how_it_stands(records: Records) -> None:
    found = scrape(records)
    group = {"load_balancer": "web", "target_group": "web"}
    assert found["simlb_healthy_hosts"] == {labels(**group): 2}
    assert found["simlb_requests_in_flight"][labels(**group, target="i-01")] == 1
    assert found["simlb_probes_total"] == {
        labels(**group, outcome="answered", result="pass"): 7,
        labels(**group, outcome="connection refused", result="fail"): 2,
    }
    assert found["simlb_active_connections"] == {
        labels(load_balancer="web", side="client"): 3,
        labels(load_balancer="web", side="target"): 2,
    }
    assert found["simlb_build_info"] == {labels(version="0.1.0", name="default"): 1}
    assert found["simlb_access_log_lines_lost_total"] == {(): 1}


async def test_names_with_quotes_and_line_ends_are_escaped(records: Records) -> None:
    records.record(target_address='a"b\\c\nd', target_group_arn=ARN, target_status_code=200)
    records.flush()
    records.metrics.settle()
    assert 'a"b\\c\nd' in {dict(key)["target"] for key in scrape(records)["simlb_requests_total"]}


async def test_every_help_names_metrics_that_there_are(records: Records) -> None:
    named = set()
    for family in families(records.metrics, NOW):
        assert family.documentation, family.name
        _, _, cloudwatch = family.documentation.partition("CloudWatch: ")
        named |= set(re.findall(r"\w+(?=[,. (*])", cloudwatch.replace("(those with a target)", "")))
    assert {name for name in named if not name.endswith("_")} <= set(METRICS)
    assert set(COUNTERS) <= named


async def test_the_guide_has_every_name(records: Records) -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    endings = re.compile(r"_(bucket|count|sum)$")
    names = {endings.sub("", name) for name in scrape(records)}
    assert set(re.findall(r"`(simlb_\w+)`", page)) == names


async def test_no_label_is_one_of_prometheus_own(records: Records) -> None:
    assert not {"instance", "job"} & set().union(*exported(records).values())


async def test_openmetrics_to_those_who_ask_for_it(records: Records) -> None:
    content, content_type = expose(records.metrics, NOW, OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text")
    assert content.endswith(b"# EOF\n")


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of Prometheus' promtool. Where it is missing the test is skipped, except under CI on Linux."""
    path = shutil.which("promtool") or shutil.which("promtool", path=ROOT / ".tools")
    if path is None:
        if os.environ.get("CI") and sys.platform == "linux":
            pytest.fail("promtool is missing, and CI must not go without it: make test-tools")
        pytest.skip("promtool is missing (make test-tools): nobody has checked what Prometheus thinks of the page")
    return path


async def test_promtool_has_nothing_to_say(records: Records, promtool: str) -> None:
    content, _ = expose(records.metrics, NOW, "")
    ended = subprocess.run([promtool, "check", "metrics"], input=content, capture_output=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, b"")


async def test_promtool_understands_the_dashboards_queries(promtool: str, tmp_path: Path) -> None:
    queries = [expression for expression in EXPRESSIONS if not expression.startswith("label_values")]
    rules = [
        {"record": f"simlb:query:{number}", "expr": query.replace("$__rate_interval", "1m")}
        for number, query in enumerate(queries)
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    ended = subprocess.run([promtool, "check", "rules", file], capture_output=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


# -- Grafana -----------------------------------------------------------------------------------------------------------

BOARD: dict[str, Any] = json.loads(dashboard())
EXPRESSIONS = [target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", [])]
EXPRESSIONS += [item["query"] for item in BOARD["templating"]["list"] if item["type"] == "query"]
_SELECTOR = re.compile(r"\b(simlb_\w+)(?:\{([^}]*)\})?")
_GROUPED = re.compile(r"\bby \(([^)]*)\)")
_LEGEND = re.compile(r"\{\{(\w+)\}\}")


def exported(records: Records) -> dict[str, set[str]]:
    """The labels of every name that is scraped."""
    return {name: {label for key in samples for label, _ in key} for name, samples in scrape(records).items()}


@pytest.mark.parametrize("expression", EXPRESSIONS)
async def test_a_query_names_what_is_scraped(records: Records, expression: str) -> None:
    names = exported(records)
    selectors = _SELECTOR.findall(expression)
    assert selectors
    known: set[str] = set()
    for name, matchers in selectors:
        assert name in names
        known |= names[name]
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) <= names[name]
    for group in _GROUPED.findall(expression):
        assert {label.strip() for label in group.split(",")} <= known
    if expression.startswith("label_values"):
        assert expression.rpartition(", ")[2].removesuffix(")") in known


async def test_a_legend_names_labels_that_are_left(records: Records) -> None:
    names = exported(records)
    for panel in BOARD["panels"]:
        for target in panel.get("targets", []):
            grouped = _GROUPED.search(target["expr"])
            left = {label.strip() for label in grouped[1].split(",")} if grouped else set()
            if not grouped and "sum(" not in target["expr"]:
                left = names[_SELECTOR.findall(target["expr"])[0][0]]
            assert set(_LEGEND.findall(target["legendFormat"])) <= left, target


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids)) > 10
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells, panel["title"]
        taken |= cells


def test_every_panel_asks_the_data_source_that_is_chosen() -> None:
    (source,) = [item for item in BOARD["templating"]["list"] if item["type"] == "datasource"]
    assert source["query"] == "prometheus"
    sources = [target["datasource"] for panel in BOARD["panels"] for target in panel.get("targets", [])]
    assert {item["uid"] for item in sources} == {"${" + source["name"] + "}"}
