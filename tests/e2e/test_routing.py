"""Rules, weights, stickiness and transforms of a real instance, from its file to its log; reloads under traffic."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.dataplane.tls_targets import self_signed_pem
from tests.e2e.client import Response, Traffic, exchange
from tests.e2e.conftest import opened
from tests.e2e.harness import Instance, Workshop, wait_until

REQUESTS = 1000
RULES = """
          - {priority: 10, path: "/split", forward: {blue: 80, green: 20}}
          - priority: 20
            path: "/sticky*"
            actions:
              - type: forward
                target_groups: [{target_group: blue, weight: 1}, {target_group: green, weight: 1}]
                target_group_stickiness_config: {enabled: true, duration_seconds: 60}
          - priority: 30
            host: ["*.shop.localhost"]
            path: "/dp/*"
            transforms:
              - {type: url-rewrite, rewrites: [{regex: "^/dp/([A-Za-z0-9]+)/?$", replace: "/product.php?id=$1"}]}
              - {type: host-header-rewrite, rewrites: [{regex: '^(.+)\\.shop\\.localhost$', replace: "$1.inner.test"}]}
            forward: secure
          - {priority: 40, header: {X-Canary: ["yes", "1"]}, query: {version: v2}, forward: green}
          - {priority: 50, path: "/old/*", redirect: {path: "/new/#{path}", status_code: HTTP_302}}
          - {priority: 60, source_ip: 127.0.0.2/32, method: GET, fixed_response: {status_code: 403, message_body: no}}
          - {priority: 70, path: "/session", forward: pair}
"""


def configuration(workshop: Workshop, rules: str) -> str:
    """Groups of one target each (blue, green, secure), and a sticky one of two (pair)."""
    ports = {name: workshop.target_server(name) for name in ("blue", "green", "left", "right")}
    server = Path(__file__).with_name("secure_target_server.py")
    return f"""\
simlb: config/1
control_port: 0
load_balancers:
  - name: shop
    dns: [shop.localhost, www.shop.localhost]
    attributes: {{access_logs.s3.enabled: true}}
    listeners:
      - protocol: HTTPS
        port: 443
        bind: "127.0.0.1:0"
        forward: blue
        rules:{rules}
target_groups:
  - name: blue
    targets: [{{url: "http://127.0.0.1:{ports["blue"]}", name: blue}}]
  - name: green
    targets: [{{url: "http://127.0.0.1:{ports["green"]}", name: green}}]
  - name: pair
    attributes: {{stickiness.enabled: true, load_balancing.algorithm.type: least_outstanding_requests}}
    targets:
      - {{url: "http://127.0.0.1:{ports["left"]}", name: left}}
      - {{url: "http://127.0.0.1:{ports["right"]}", name: right}}
  - name: secure
    protocol: HTTPS
    health_check: {{protocol: HTTPS}}
    targets: [{{run: "{sys.executable} -I -S {server} secure {{port}} {workshop.here / "target.pem"}", name: secure}}]
"""


def start(workshop: Workshop, rules: str = RULES) -> tuple[Instance, str]:
    """A running instance and its file."""
    (workshop.here / "target.pem").write_bytes(self_signed_pem(ec.generate_private_key(ec.SECP256R1())))
    text = configuration(workshop, rules)
    instance = workshop.serve(text)
    instance.wait_healthy()
    return instance, text


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    for workshop in opened(tmp_path_factory.mktemp("routing")):
        yield start(workshop)[0]


def served_by(connection: HTTPConnection, path: str, count: int) -> Counter[str | None]:
    """Who answers so many requests."""
    return Counter(exchange(connection, "GET", path).target for _ in range(count))


def log_of(instance: Instance, path: str) -> list[dict[str, Any]]:
    """What `simlb logs` shows of the last requests for a path."""

    def found() -> list[dict[str, Any]]:
        finished = instance.workshop.run("logs", "--json", "-n", "200", "--instance", instance.name)
        assert finished.returncode == 0, finished.stderr
        lines = [json.loads(line) for line in finished.stdout.splitlines()]
        return [line for line in lines if path in line["request"]]

    return wait_until(found, f"{path} in the log")


# -- what the rules do -------------------------------------------------------------------------------------------------


def test_weights_share_out_a_thousand_requests(shop: Instance) -> None:
    connection = shop.client().connect()
    served = served_by(connection, "/split", REQUESTS)
    connection.close()
    assert set(served) == {"blue", "green"}
    # Five standard deviations: exceeded once in two million runs.
    assert served["green"] == pytest.approx(200, abs=63)
    line = log_of(shop, "/split")[-1]
    assert (line["matched_rule_priority"], line["actions_executed"]) == (10, "forward")


def cookies(response: Response) -> str:
    """The last Set-Cookie line as a Cookie field: AWSALBTGCORS or AWSALBCORS, which suffice."""
    return response.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize(("path", "targets"), [("/sticky", {"blue", "green"}), ("/session", {"left", "right"})])
def test_clients_stay_with_their_group_or_target(shop: Instance, path: str, targets: set[str]) -> None:
    client = shop.client()
    homes = set()
    for _ in range(40):
        first = client.get(path)
        homes.add(first.target)
        if homes == targets:
            break
    else:
        pytest.fail(f"all of 40 new clients were sent to {homes}")
    assert cookies(first).startswith("AWSALBTGCORS=" if path == "/sticky" else "AWSALBCORS=")
    assert first.headers["set-cookie"].endswith("; Path=/; SameSite=None; Secure")
    assert {client.get(path, Cookie=cookies(first)).target for _ in range(6)} == {first.target}


def test_a_rewritten_request_to_a_target_with_a_certificate_of_its_own(shop: Instance) -> None:
    client = shop.client(name="www.shop.localhost")
    response = client.get("/dp/B09")
    assert (response.status, response.target) == (200, "secure")
    seen = {name: response.headers[f"x-seen-{name}"] for name in ("path", "host", "proto", "server-name")}
    assert seen == {
        "path": "/product.php?id=B09",
        "host": "www.inner.test",
        "proto": "https",
        "server-name": "www.inner.test",
    }
    line = log_of(shop, "/dp/B09")[-1]
    assert line["matched_rule_priority"] == 30
    assert line["actions_executed"] == "rewrite,forward"
    assert line["transformed_host"] == "www.inner.test"
    assert line["transformed_uri"] == "/product.php?id=B09"
    assert line["request_transform_status"] == "TransformSuccess"
    assert shop.client().get("/dp/B09").target == "blue", "another host, another rule"


def test_conditions_redirects_and_fixed_responses(shop: Instance) -> None:
    client = shop.client()
    assert client.get("/?version=V2", **{"X-Canary": "YES"}).target == "green"
    assert client.get("/?version=v1", **{"X-Canary": "yes"}).target == "blue"
    moved = client.get("/old/a/b?c=d")
    assert (moved.status, moved.headers["location"]) == (302, f"https://shop.localhost:{client.port}/new/old/a/b?c=d")
    refused = shop.client(source="127.0.0.2").get("/who")
    assert (refused.status, refused.body) == (403, b"no")
    assert [line["matched_rule_priority"] for line in log_of(shop, "/who")] == [60]


def test_the_rules_are_listed(shop: Instance) -> None:
    finished = shop.workshop.run("rules", "--json", "--instance", shop.name)
    assert finished.returncode == 0, finished.stderr
    listed = {item["priority"]: item for item in json.loads(finished.stdout)}
    assert list(listed) == ["10", "20", "30", "40", "50", "60", "70", "default"]
    assert "blue" in listed["10"]["action"]
    assert "80" in listed["10"]["action"]
    assert len(listed["30"]["transforms"]) == 2
    assert len(listed["40"]["conditions"]) == 2


# -- reloads -----------------------------------------------------------------------------------------------------------

MOVING = """
          - {{priority: {priority}, path: "/moving", forward: {group}}}
          - {{priority: 500, path: "/others", forward: {{blue: 1, green: 1}}}}
          - {{priority: 501, path: "/session", forward: pair}}
          - {{priority: 502, path: "/dp/*", forward: secure}}
"""


def targets_since(traffic: Traffic, moment: float) -> set[str | None]:
    """Who answered what began after `moment`, five requests at least."""
    wait_until(lambda: len(traffic.since(moment)) >= 5, "traffic")
    return {outcome.target for outcome in traffic.since(moment)}


def test_rules_change_under_traffic_and_no_request_fails(simlb: Workshop) -> None:
    """Both groups are in use all the time. From the end of a reload on nothing goes where it went before."""
    instance, text = start(simlb, MOVING.format(priority=1, group="blue"))
    client = instance.client()
    with Traffic(client, "/moving") as kept, Traffic(client, "/moving", keep_alive=False) as fresh:
        both = (kept, fresh)
        for number in range(1, 5):
            group = "green" if number % 2 else "blue"
            before = MOVING.format(priority=number, group="blue" if number % 2 else "green")
            after = MOVING.format(priority=number + 1, group=group)
            assert before in text
            text = text.replace(before, after)
            simlb.write(text)
            finished = simlb.run("reload")
            assert finished.returncode == 0, finished.stderr
            reloaded = time.monotonic()
            assert [targets_since(traffic, reloaded) for traffic in both] == [{group}, {group}]
    assert not kept.problems
    assert not fresh.problems
    served = Counter(outcome.target for traffic in both for outcome in traffic.outcomes)
    assert set(served) == {"blue", "green"}
    for line in log_of(instance, "/moving"):
        group = "blue" if line["matched_rule_priority"] % 2 else "green"
        assert f":targetgroup/{group}/" in line["target_group_arn"]


def test_a_sticky_client_stays_over_a_reload_that_takes_its_groups_weight(simlb: Workshop) -> None:
    instance, text = start(simlb)
    client = instance.client()
    first = client.get("/sticky")
    home, other = (first.target, "green") if first.target == "blue" else (first.target, "blue")
    weights = {home: 0, other: 1}
    entries = ", ".join(f"{{target_group: {name}, weight: {weights[name]}}}" for name in ("blue", "green"))
    old = "[{target_group: blue, weight: 1}, {target_group: green, weight: 1}]"
    assert old in text
    simlb.write(text.replace(old, f"[{entries}]"))
    assert simlb.run("reload").returncode == 0
    assert {client.get("/sticky").target for _ in range(5)} == {other}
    assert {client.get("/sticky", Cookie=cookies(first)).target for _ in range(5)} == {home}
    bad = client.get("/sticky/bad", Cookie="AWSALBTG=nonsense")
    assert (bad.status, bad.target) == (200, other)
    assert log_of(instance, "/sticky/bad")[-1]["error_reason"] == "AWSALBTGCookieInvalid"
