"""Metrics for Prometheus: names in its style, and in each HELP which CloudWatch metric that is.

Load balancers and groups go by their names here. Nothing is kept between two scrapes but the sums themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from simlb.core.metrics.buckets import BOUNDS
from simlb.observe.metrics import MetricSink

LE_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""The buckets of the histogram: each is the end of one of the finer ones."""
_PLACES = tuple(BOUNDS.index(bound) for bound in LE_S)

_LB = ("load_balancer",)
_GROUP = ("load_balancer", "target_group")
_REQUEST = (*_GROUP, "target", "elb_status_code", "target_status_code", "produced_by")

COUNTERS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "RejectedConnectionCount": ("simlb_rejected_connections", _LB, "Clients for whom there was no room"),
    "ClientTLSNegotiationErrorCount": (
        "simlb_client_tls_negotiation_errors",
        _LB,
        "TLS handshakes of clients that failed",
    ),
    "TargetConnectionErrorCount": (
        "simlb_target_connection_errors",
        _GROUP,
        "Connections to targets that could not be opened",
    ),
    "TargetTLSNegotiationErrorCount": (
        "simlb_target_tls_negotiation_errors",
        _GROUP,
        "TLS handshakes with targets that failed",
    ),
    "ProcessedBytes": ("simlb_processed_bytes", _LB, "Bytes of requests and responses between clients and simlb"),
    "IPv6RequestCount": ("simlb_ipv6_requests", _LB, "Requests of IPv6 clients"),
    "IPv6ProcessedBytes": ("simlb_ipv6_processed_bytes", _LB, "Bytes between IPv6 clients and simlb"),
    "RuleEvaluations": ("simlb_rule_evaluations", _LB, "Rules that were tried, default rules not counted"),
    "HTTP_Fixed_Response_Count": ("simlb_fixed_responses", _LB, "Fixed responses"),
    "HTTP_Redirect_Count": ("simlb_redirects", _LB, "Redirects"),
    "HTTP_Redirect_Url_Limit_Exceeded_Count": (
        "simlb_redirect_url_limit_exceeded",
        _LB,
        "Redirects to more than 8 kB (507)",
    ),
    "DesyncMitigationMode_NonCompliant_Request_Count": (
        "simlb_non_compliant_requests",
        _LB,
        "Requests that break the rules of HTTP",
    ),
    "DroppedInvalidHeaderRequestCount": (
        "simlb_dropped_invalid_header_requests",
        _LB,
        "Requests that lost invalid header fields",
    ),
    "ForwardedInvalidHeaderRequestCount": (
        "simlb_forwarded_invalid_header_requests",
        _LB,
        "Requests that were forwarded with invalid header fields",
    ),
    "NonStickyRequestCount": ("simlb_non_sticky_requests", _LB, "Requests to a sticky group that no cookie led back"),
    "UnhealthyRoutingRequestCount": (
        "simlb_unhealthy_routing_requests",
        _GROUP,
        "Requests that were routed to all targets because too few were healthy",
    ),
}
"""What is one sum of the sink: by CloudWatch's name, the name here, its labels, and what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNow:
    """A target group as it stands. `in_flight` are requests by target; `probes` health checks since the start."""

    load_balancer: str
    target_group: str
    healthy: int
    unhealthy: int
    anomalous: int
    mitigated: int
    is_routing_healthy: bool
    in_flight: Mapping[str, int] = field(default_factory=dict)
    probes: Mapping[tuple[str, bool], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerNow:
    """A load balancer as it stands. Connections are those of clients and those to targets: open, and opened so far."""

    load_balancer: str
    active: tuple[int, int]
    opened: tuple[int, int]
    lcus: float
    lcu_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What is not in the sink. `started_at_s` is seconds since 1970."""

    version: str
    instance: str
    started_at_s: float
    speed: float
    load_balancers: Sequence[LoadBalancerNow]
    groups: Sequence[GroupNow]
    log_lines: int
    log_lines_lost: int
    ring_bytes: int
    ring_exchanges: int


def expose(sink: MetricSink, now: Now, accept: str) -> tuple[bytes, str]:
    """The page and its content type, in the format that suits a request with that Accept field."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Page(sink, now))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def families(sink: MetricSink, now: Now) -> Iterator[Family]:
    """Everything that there is to scrape."""
    yield InfoMetricFamily("simlb_build", "Version of simlb", {"version": now.version, "name": now.instance})
    yield _single(GaugeMetricFamily, "simlb_start_time_seconds", "Start, in seconds since 1970", now.started_at_s)
    yield _single(GaugeMetricFamily, "simlb_time_speed_ratio", "How much faster its time runs", now.speed)
    yield from _requests(sink)
    places: dict[tuple[str, ...], dict[tuple[str, ...], float]] = {
        _LB: {(balancer.load_balancer,): 0.0 for balancer in now.load_balancers},
        _GROUP: {_of(group): 0.0 for group in now.groups},
    }
    for name, (exposed, labels, help_) in COUNTERS.items():
        # From 0 on, so that the first one of a kind is an increase.
        values = dict(places[labels])
        for key, total in sink.totals.items():
            if key.metric == name and (key.target_group is None) == (labels is _LB):
                values[_names(sink, key.load_balancer, key.target_group)] = total
        yield _counter(exposed, f"{help_}. CloudWatch: {name}.", labels, values.items())
    yield from _of_load_balancers(now.load_balancers)
    yield from _of_groups(now.groups)
    for kind, name, help_, value in (
        (CounterMetricFamily, "simlb_access_log_lines", "Exchanges that are over, each a log line", now.log_lines),
        (CounterMetricFamily, "simlb_access_log_lines_lost", "Lines that could not be written", now.log_lines_lost),
        (GaugeMetricFamily, "simlb_exchange_ring_bytes", "Memory of the kept exchanges, about", now.ring_bytes),
        (GaugeMetricFamily, "simlb_exchange_ring_exchanges", "Exchanges that are kept", now.ring_exchanges),
    ):
        yield _single(kind, name, help_, value)


def _requests(sink: MetricSink) -> Iterator[Family]:
    counted: dict[tuple[str, ...], float] = {}
    for outcome, count in sink.requests.items():
        labels = (
            *_names(sink, outcome.load_balancer, outcome.target_group),
            outcome.target or "-",
            _code(outcome.elb_status_code),
            _code(outcome.target_status_code),
            "target" if outcome.target_status_code else "load balancer",
        )
        counted[labels] = counted.get(labels, 0) + count
    yield _counter(
        "simlb_requests",
        "Requests by what they came to, - where there is nothing. CloudWatch: RequestCount (those with a target), "
        "HTTPCode_ELB_*, HTTPCode_Target_*.",
        _REQUEST,
        counted.items(),
    )
    times = HistogramMetricFamily(
        "simlb_target_response_seconds",
        "From a request's leaving to the header of the target's response. CloudWatch: TargetResponseTime.",
        labels=_GROUP,
    )
    for key, found in sink.times.items():
        assert found.buckets is not None
        below = list(accumulate(found.buckets))
        ends = [(str(bound), below[place]) for bound, place in zip(LE_S, _PLACES, strict=True)]
        names = _names(sink, key.load_balancer, key.target_group)
        times.add_metric(names, [*ends, ("+Inf", found.samples)], found.sum)
    yield times


def _of_load_balancers(balancers: Sequence[LoadBalancerNow]) -> Iterator[Family]:
    sides = (*_LB, "side")
    active: list[tuple[tuple[str, str], int]] = []
    opened: list[tuple[tuple[str, str], int]] = []
    for balancer in balancers:
        for place, side in enumerate(("client", "target")):
            active.append(((balancer.load_balancer, side), balancer.active[place]))
            opened.append(((balancer.load_balancer, side), balancer.opened[place]))
    yield _gauge("simlb_active_connections", "Open connections. CloudWatch: ActiveConnectionCount.", sides, active)
    yield _counter("simlb_new_connections", "Opened connections. CloudWatch: NewConnectionCount.", sides, opened)
    lcus = [((balancer.load_balancer,), balancer.lcus) for balancer in balancers]
    hours = [((balancer.load_balancer,), balancer.lcu_hours) for balancer in balancers]
    yield _gauge("simlb_lcus", "Capacity units that the last second would take. CloudWatch: PeakLCUs.", _LB, lcus)
    yield _counter("simlb_consumed_lcus", "Capacity units used for an hour. CloudWatch: ConsumedLCUs.", _LB, hours)


def _of_groups(groups: Sequence[GroupNow]) -> Iterator[Family]:
    for name, cloudwatch, help_ in (
        ("healthy", "HealthyHostCount", "Healthy targets"),
        ("unhealthy", "UnHealthyHostCount", "Unhealthy targets"),
        ("anomalous", "AnomalousHostCount", "Targets with more errors than the others"),
        ("mitigated", "MitigatedHostCount", "Targets that get less because of their errors"),
    ):
        values = [(_of(group), getattr(group, name)) for group in groups]
        yield _gauge(f"simlb_{name}_hosts", f"{help_}. CloudWatch: {cloudwatch}.", _GROUP, values)
    yield _gauge(
        "simlb_healthy_state_routing",
        "1 while enough targets are healthy, 0 while all get requests. CloudWatch: HealthyStateRouting.",
        _GROUP,
        [(_of(group), int(group.is_routing_healthy)) for group in groups],
    )
    yield _gauge(
        "simlb_requests_in_flight",
        "Requests that a target has not answered yet",
        (*_GROUP, "target"),
        [((*_of(group), target), count) for group in groups for target, count in group.in_flight.items()],
    )
    yield _counter(
        "simlb_probes",
        "Health checks by what they met",
        (*_GROUP, "outcome", "result"),
        [
            ((*_of(group), outcome, "pass" if is_pass else "fail"), count)
            for group in groups
            for (outcome, is_pass), count in group.probes.items()
        ],
    )


class _Page(Collector):
    def __init__(self, sink: MetricSink, now: Now) -> None:
        self._sink = sink
        self._now = now

    def collect(self) -> Iterable[Family]:
        return families(self._sink, self._now)


_Values = Iterable[tuple[Sequence[str], float]]


def _gauge(name: str, help_: str, labels: Sequence[str], values: _Values) -> Family:
    return _filled(GaugeMetricFamily(name, help_, labels=labels), values)


def _counter(name: str, help_: str, labels: Sequence[str], values: _Values) -> Family:
    return _filled(CounterMetricFamily(name, help_, labels=labels), values)


def _single(kind: type[GaugeMetricFamily | CounterMetricFamily], name: str, help_: str, value: float) -> Family:
    return _filled(kind(name, help_, labels=()), [((), value)])


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: _Values) -> Family:
    for labels, value in values:
        family.add_metric(labels, value)
    return family


def _names(sink: MetricSink, load_balancer: str, target_group: str | None) -> tuple[str, ...]:
    """`app/shop/50dc6c495c0c9188` and `targetgroup/web/73e2d6bc24d8a067` as `shop` and `web`."""
    names = sink.store.names
    name = names.of(load_balancer)
    return (name,) if target_group is None else (name, names.of(target_group) if target_group else "-")


def _of(group: GroupNow) -> tuple[str, str]:
    return group.load_balancer, group.target_group


def _code(status_code: int) -> str:
    return str(status_code) if status_code else "-"
