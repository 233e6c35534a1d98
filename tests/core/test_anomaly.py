"""Who fails more often than its peers, and how mitigation falls and recovers (reference 5.3)."""

from __future__ import annotations

import pytest

from simlb.core.anomaly import WEIGHT_MIN, AnomalyDetector, AnomalyResult, Peers


class Place:
    def __init__(self, name: str) -> None:
        self.name = name
        self.requests = self.outstanding = self.errors = 0
        self.anomaly = AnomalyResult.NORMAL
        self.weight = 1.0
        self.is_healthy = True


class Service:
    """Time passes in steps of five seconds; in each, every target gets `requests` and makes `errors` of them."""

    def __init__(self, names: str, *, mitigates: bool = True) -> None:
        self.places = {name: Place(name) for name in names}
        self.detector: AnomalyDetector[Place] = AnomalyDetector(0.0)
        self.mitigates = mitigates
        self.now = 0.0

    def pass_time(self, steps: int = 1, requests: int = 20, **errors: int) -> list[str]:
        changed = []
        for _ in range(steps):
            self.now += 5.0
            for place in self.places.values():
                place.requests += requests
                place.errors += errors.get(place.name, 0)
            changed = self.evaluate()
        return changed

    def evaluate(self) -> list[str]:
        places = list(self.places.values())
        healthy = [place for place in places if place.is_healthy]
        assert self.now >= self.detector.next_evaluation
        changed = self.detector.evaluate(places, healthy, self.now, mitigates=self.mitigates)
        return [place.name for place in changed]

    @property
    def anomalous(self) -> str:
        return "".join(place.name for place in self.places.values() if place.anomaly is AnomalyResult.ANOMALOUS)


@pytest.mark.parametrize(
    ("rate", "requests", "peers", "is_outlier"),
    [
        pytest.param(0.0, 100, [0.0, 0.0], False, id="nobody fails"),
        pytest.param(0.5, 100, [0.0, 0.0], True, id="half of the requests fail here, none elsewhere"),
        pytest.param(0.3, 10, [0.0, 0.0], False, id="3 of 10: could be chance"),
        pytest.param(0.4, 10, [0.0, 0.0], True, id="4 of 10: could hardly be chance"),
        pytest.param(0.04, 1000, [0.0, 0.0], False, id="4 %: less than five points above"),
        pytest.param(0.06, 1000, [0.0, 0.0], True, id="6 % beside none, over many requests"),
        pytest.param(0.5, 1000, [0.3, 0.3], False, id="not twice the peers' rate"),
        pytest.param(0.65, 1000, [0.3, 0.3], True, id="more than twice the peers' rate"),
        pytest.param(1.0, 1000, [1.0, 1.0], False, id="everybody fails"),
        pytest.param(1.0, 1000, [0.0, 1.0], False, id="one of two peers fails as well"),
        pytest.param(0.3, 1000, [0.0, 0.1, 0.2], False, id="the peers differ widely"),
        pytest.param(0.5, 1000, [0.0, 0.1, 0.2], True, id="three sigmas above peers that differ"),
        pytest.param(1.0, 1000, [0.0], False, id="one peer is not enough"),
        pytest.param(1.0, 1000, [], False, id="no peer"),
    ],
)
def test_outliers(rate: float, requests: int, peers: list[float], is_outlier: bool) -> None:
    assert Peers([rate, *peers]).is_outlier(rate, requests) is is_outlier


@pytest.mark.parametrize(
    ("names", "requests", "errors", "anomalous"),
    [
        pytest.param("abc", 20, {}, "", id="no errors"),
        pytest.param("abc", 20, {"b": 20}, "b", id="one of three always fails"),
        pytest.param("abcd", 20, {"d": 10}, "d", id="one of four fails half of the time"),
        pytest.param("ab", 20, {"b": 20}, "", id="two targets: no detection"),
        pytest.param("abc", 9, {"b": 9}, "", id="nine requests in the window are too few"),
        pytest.param("abc", 10, {"b": 10}, "b", id="ten requests suffice"),
        pytest.param("abc", 20, {"a": 2, "b": 3, "c": 2}, "", id="all fail a little"),
        pytest.param("abc", 20, {"a": 20, "b": 20, "c": 20}, "", id="all fail"),
    ],
)
def test_one_evaluation(names: str, requests: int, errors: dict[str, int], anomalous: str) -> None:
    service = Service(names)
    changed = service.pass_time(requests=requests, **errors)
    assert service.anomalous == anomalous
    assert "".join(changed) == anomalous


def test_an_unhealthy_target_is_not_judged_and_does_not_count() -> None:
    service = Service("abc")
    service.places["c"].is_healthy = False
    service.pass_time(b=20)
    assert service.anomalous == ""
    service.places["c"].is_healthy = True
    service.pass_time(b=20)
    assert service.anomalous == "b"
    service.places["b"].is_healthy = False
    service.pass_time(b=20)
    assert service.anomalous == ""


def test_requests_under_way_have_not_succeeded_yet() -> None:
    """Ten requests hang, ten have failed: that is ten of ten."""
    service = Service("abc")
    service.places["b"].outstanding = 10
    service.pass_time(requests=20, b=10)
    assert service.anomalous == "b"


def test_detection_without_mitigation_takes_no_traffic_away() -> None:
    service = Service("abc", mitigates=False)
    service.pass_time(b=20)
    assert (service.anomalous, service.places["b"].weight) == ("b", 1.0)


def test_weights_fall_at_once_and_recover_in_forty_seconds() -> None:
    service = Service("abc")
    service.pass_time(b=20)
    weight = service.places["b"].weight
    assert weight == WEIGHT_MIN
    # The errors stay in the window for a minute: 20 of 20, 20 of 40 ... then none.
    service.pass_time(steps=11)
    assert service.places["b"].weight < 1.0
    weights = []
    while service.places["b"].weight < 1.0:
        service.pass_time()
        weights.append(round(service.places["b"].weight, 3))
    assert service.anomalous == ""
    assert weights == sorted(weights), "steadily upwards"
    assert weights[-1] == 1.0


@pytest.mark.parametrize(
    ("after_s", "weight"),
    [(0, 0.05), (5, 0.075), (10, 0.1125), (15, 0.16875), (30, 0.5695), (35, 0.8543), (40, 1.0), (60, 1.0)],
)
def test_the_recovery(after_s: int, weight: float) -> None:
    service = Service("abc")
    service.places["b"].weight = WEIGHT_MIN
    service.pass_time(steps=after_s // 5)
    assert service.places["b"].weight == pytest.approx(weight, abs=0.0001)


def test_errors_are_forgotten_after_the_window() -> None:
    service = Service("abc")
    service.pass_time(b=20)
    service.pass_time(steps=12)
    assert service.anomalous == ""


def test_a_mitigated_target_with_few_requests_stays_anomalous_while_its_last_errors_are_in_the_window() -> None:
    service = Service("abc")
    service.pass_time(b=20)
    service.pass_time(steps=11, requests=0, a=0)
    assert service.anomalous == "b", "20 errors, 55 seconds ago"
    service.pass_time(requests=1, b=1)
    assert service.anomalous == "b", "1 of 1: too few to judge anew, but no sign of recovery"
    service.pass_time(steps=12, requests=0)
    assert service.anomalous == ""


def test_when_detection_is_off_nobody_is_anomalous() -> None:
    service = Service("abc")
    service.pass_time(b=20)
    service.places["c"].is_healthy = False
    service.pass_time(requests=0)
    assert service.anomalous == ""


def test_mitigation_that_is_switched_off_gives_the_traffic_back() -> None:
    service = Service("abc")
    service.pass_time(b=20)
    service.mitigates = False
    assert service.pass_time(b=20) == ["b"]
    assert (service.anomalous, service.places["b"].weight) == ("b", 1.0)


def test_what_is_remembered_stays_bounded() -> None:
    service = Service("abc")
    service.pass_time(steps=200)
    assert max(len(totals) for totals in service.detector._totals.values()) <= 14
    del service.places["c"]
    service.pass_time()
    assert len(service.detector._totals) == 2


def test_a_jump_of_the_clock_is_one_evaluation() -> None:
    service = Service("abc")
    service.pass_time(b=20)
    service.now += 3600.0
    service.pass_time()
    assert (service.anomalous, service.detector.next_evaluation) == ("", service.now + 5.0)
