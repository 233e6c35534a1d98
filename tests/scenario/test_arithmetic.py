"""The dry run: AWS's arithmetic, row by row (ranges, means and what they come to at a speed)."""

from __future__ import annotations

import pytest

from simlb.errors import SimlbError
from simlb.scenario.arithmetic import dry_run
from tests.scenario.files import TEXT, changed, compiled


def estimates(text: str = TEXT) -> dict[str, object]:
    return {each.id: (each.low, each.high, each.mean) for each in dry_run(compiled(text)).estimates}


def test_aws_defaults_with_20_requests_a_second_and_4_targets() -> None:
    found = estimates(changed("count: 3", "count: 4"))
    assert found == {
        "detect": (30, 60, 45),
        "detect_hang": (35, 65, 50),
        "back": (120, 150, None),
        "new": (0, 30, None),
        "lost": (150, 300, 225),
        "drain": (0, 300, None),
    }


@pytest.mark.parametrize(
    ("health", "detect", "back"),
    [
        ("interval: 10s, timeout: 2s, unhealthy: 3, healthy: 2", (20, 30, 25), (10, 20, None)),
        ("interval: 5s, timeout: 2s, unhealthy: 2, healthy: 2", (5, 10, 7.5), (5, 10, None)),
        ("interval: 300s, timeout: 120s, unhealthy: 10, healthy: 10", (2700, 3000, 2850), (2700, 3000, None)),
    ],
)
def test_other_health_checks(health: str, detect: tuple[float, float, float], back: tuple[float, float, None]) -> None:
    found = estimates(changed("interval: 30s, timeout: 5s, unhealthy: 2, healthy: 5", health))
    assert (found["detect"], found["back"]) == (detect, back)


def test_a_target_that_hangs_is_noticed_before_the_first_504() -> None:
    text = changed("count: 3", "count: 4").replace("type: target.crash", "type: target.hang")
    found = estimates(text)
    assert found["hang_first"] == (60, 60, None)
    assert found["hang_last"] == (95, 125, None)
    assert found["hang_in_flight"] == (175, 300, None)


def test_attributes_count() -> None:
    attributes = "attributes: {idle_timeout.timeout_seconds: 30}\n  listeners:"
    found = {each.title.en: each.aws_s for each in dry_run(compiled(changed("listeners:", attributes))).timeouts}
    assert found["idle timeout"] == 30
    text = changed("latency: 12ms", "attributes: {deregistration_delay.timeout_seconds: 5}")
    assert estimates(text)["drain"] == (0, 5, None)


def test_expectations_before_a_run() -> None:
    text = TEXT + '  - {id: never, that: count(504), below: "count(2xx) / count(502)"}\n'
    found = {each.expectation.id: each for each in dry_run(compiled(text)).expected}
    assert found["detect"].bounds == (30.0, 62.0)
    assert found["share"].words is not None
    assert found["share"].words.en == "0.333 ± 0.05"
    assert found["never"].words is None


def test_the_speed_is_the_scenarios_or_a_flags_up_to_its_maximum() -> None:
    scenario = compiled()
    assert [dry_run(scenario, speed).speed for speed in (None, 25)] == [10, 25]
    with pytest.raises(SimlbError) as error:
        dry_run(scenario, 26)
    assert error.value.code == "E664"


def test_timeouts_that_become_short() -> None:
    assert {each.title.en: (each.real_s, each.is_short) for each in dry_run(compiled(), 25).timeouts} == {
        "health check timeout": (0.2, True),
        "connect to a target": (0.4, False),
        "idle timeout": (2.4, False),
        "patience of 'users'": (2.8, False),
    }
    assert not any(each.is_short for each in dry_run(compiled(), 10).timeouts)


def test_how_long_it_takes_at_most() -> None:
    assert dry_run(compiled()).lasts_s == 10 + 65 + 20
