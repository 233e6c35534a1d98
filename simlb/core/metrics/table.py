"""Every CloudWatch metric of an Application Load Balancer, and whether simlb has it (reference 7.4).

What simlb cannot have is in the table and says why; it is never reported, not even as 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

NAMESPACE = "AWS/ApplicationELB"
LOAD_BALANCER = "LoadBalancer"
TARGET_GROUP = "TargetGroup"
AVAILABILITY_ZONE = "AvailabilityZone"

DimensionSet = tuple[str, ...]
_LB: DimensionSet = (LOAD_BALANCER,)
_AZ_LB: DimensionSet = (AVAILABILITY_ZONE, LOAD_BALANCER)
_TG_LB: DimensionSet = (TARGET_GROUP, LOAD_BALANCER)
_TG_AZ_LB: DimensionSet = (TARGET_GROUP, AVAILABILITY_ZONE, LOAD_BALANCER)
_TG: DimensionSet = (TARGET_GROUP,)
_TG_AZ: DimensionSet = (TARGET_GROUP, AVAILABILITY_ZONE)

_OF_LOAD_BALANCERS = (_LB, _AZ_LB)
_OF_BOTH = (*_OF_LOAD_BALANCERS, _TG_LB, _TG_AZ_LB)
_OF_GROUPS = (_TG_LB, _TG_AZ_LB)
_OF_GROUPS_ALONE = (*_OF_GROUPS, _TG, _TG_AZ)

_SUM = ("Sum",)
_ALL = ("Average", "Minimum", "Maximum", "Sum")


class Kind(Enum):
    """What one sample of a metric is, and so how samples make up a period."""

    EACH = "each"  # one that counts 1: a request
    TOTAL = "total"  # how much there was in a period, one sample for each period and node
    GAUGE = "gauge"  # how many there are, looked at every now and then
    PEAK = "peak"  # the most that there were at one time in a period, one sample for each period and node
    TIME = "time"  # a duration, with its distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric. `statistics` are those that make sense, the most useful one first.

    `is_always_reported`: also when it is 0; the others have no data then. `why_not` says why simlb does not have it.
    """

    name: str
    kind: Kind
    dimensions: tuple[DimensionSet, ...]
    meaning: str
    unit: str = "Count"
    statistics: tuple[str, ...] = _SUM
    is_always_reported: bool = False
    why_not: str | None = None

    @property
    def is_available(self) -> bool:
        """simlb has it."""
        return self.why_not is None

    @property
    def is_of_load_balancers(self) -> bool:
        """It has values of a whole load balancer."""
        return any(TARGET_GROUP not in names for names in self.dimensions)

    @property
    def is_of_groups(self) -> bool:
        """It has values of a target group."""
        return any(TARGET_GROUP in names for names in self.dimensions)


def _each(name: str, meaning: str, dimensions: tuple[DimensionSet, ...] = _OF_LOAD_BALANCERS) -> Metric:
    return Metric(name=name, kind=Kind.EACH, dimensions=dimensions, meaning=meaning)


def _total(
    name: str, meaning: str, dimensions: tuple[DimensionSet, ...] = _OF_LOAD_BALANCERS, unit: str = "Count"
) -> Metric:
    return Metric(name=name, kind=Kind.TOTAL, dimensions=dimensions, meaning=meaning, unit=unit)


def _gauge(name: str, meaning: str, *statistics: str) -> Metric:
    return Metric(
        name=name,
        kind=Kind.GAUGE,
        dimensions=_OF_GROUPS,
        meaning=meaning,
        statistics=statistics,
        is_always_reported=True,
    )


def _missing(
    why: str,
    names: str,
    dimensions: tuple[DimensionSet, ...] = _OF_LOAD_BALANCERS,
    *,
    unit: str = "Count",
    kind: Kind = Kind.EACH,
    statistics: tuple[str, ...] = _SUM,
) -> list[Metric]:
    return [
        Metric(
            name=name,
            kind=kind,
            dimensions=dimensions,
            meaning="-",
            unit=unit,
            statistics=statistics,
            why_not=why,
        )
        for name in names.split()
    ]


_ROWS = [
    # -- connections
    Metric(
        name="ActiveConnectionCount",
        kind=Kind.PEAK,
        dimensions=_OF_LOAD_BALANCERS,
        meaning="open connections of clients and to targets: the most at one time",
    ),
    _total("NewConnectionCount", "connections that clients and the load balancer have opened"),
    _total("RejectedConnectionCount", "connections of clients for which there was no room"),
    _total("ClientTLSNegotiationErrorCount", "TLS handshakes of clients that failed"),
    # -- requests
    _each("RequestCount", "requests for which a target was chosen", _OF_BOTH),
    _each("IPv6RequestCount", "requests of clients with an IPv6 address, whatever came of them"),
    _total("ProcessedBytes", "bytes of requests and responses between clients and the load balancer", unit="Bytes"),
    _total("IPv6ProcessedBytes", "those of clients with an IPv6 address", unit="Bytes"),
    _total("RuleEvaluations", "rules that were tried, default rules not counted", (_LB,)),
    *(
        _each(f"HTTPCode_ELB_{code}_Count", f"responses of the load balancer's own with a status of {words}")
        for code, words in (
            ("3XX", "300 to 399"),
            ("4XX", "400 to 499"),
            ("5XX", "500 to 599"),
            ("500", "500"),
            ("502", "502"),
            ("503", "503"),
            ("504", "504"),
        )
    ),
    _each("HTTP_Fixed_Response_Count", "fixed responses"),
    _each("HTTP_Redirect_Count", "redirects"),
    _each("HTTP_Redirect_Url_Limit_Exceeded_Count", "redirects to more than 8 kB (507)"),
    _each("DesyncMitigationMode_NonCompliant_Request_Count", "requests that break the rules of HTTP"),
    _each("DroppedInvalidHeaderRequestCount", "requests that lost invalid header fields on their way", (_AZ_LB,)),
    Metric(
        name="ForwardedInvalidHeaderRequestCount",
        kind=Kind.EACH,
        dimensions=(_AZ_LB,),
        meaning="requests that were forwarded with invalid header fields",
        is_always_reported=True,
    ),
    _each("NonStickyRequestCount", "requests to a sticky group that no cookie led back to a target"),
    # -- targets
    *(
        _each(f"HTTPCode_Target_{digit}XX_Count", f"responses of targets with a status of {words}", _OF_BOTH)
        for digit, words in ((2, "200 to 299"), (3, "300 to 399"), (4, "400 to 499"), (5, "500 to 599"))
    ),
    Metric(
        name="TargetResponseTime",
        kind=Kind.TIME,
        dimensions=_OF_BOTH,
        meaning="from the request's leaving to the response's header",
        unit="Seconds",
        statistics=("Average", "Minimum", "Maximum", "p50", "p95", "p99"),
    ),
    _total("TargetConnectionErrorCount", "connections to targets that could not be opened", _OF_BOTH),
    _total("TargetTLSNegotiationErrorCount", "TLS handshakes with targets that failed", _OF_BOTH),
    _total("RequestCountPerTarget", "requests, divided by the number of healthy targets", _OF_GROUPS_ALONE),
    # -- target groups
    _gauge("HealthyHostCount", "healthy targets", "Average", "Minimum", "Maximum"),
    _gauge("UnHealthyHostCount", "unhealthy targets", "Average", "Minimum", "Maximum"),
    _gauge("AnomalousHostCount", "targets with more errors than the others", "Maximum", "Minimum"),
    _gauge("MitigatedHostCount", "targets that get less because of their errors", "Maximum", "Minimum"),
    _gauge("HealthyStateRouting", "zones in which enough targets are healthy to route to these only", "Maximum"),
    _gauge("UnhealthyStateRouting", "zones in which too few are: all registered targets get requests", "Minimum"),
    _each("UnhealthyRoutingRequestCount", "requests that were routed to all because too few were healthy", _OF_GROUPS),
    # -- capacity
    Metric(
        name="ConsumedLCUs",
        kind=Kind.TOTAL,
        dimensions=(_LB,),
        meaning="load-balancer capacity units: the sum of an hour is what AWS would bill",
        statistics=_ALL,
        is_always_reported=True,
    ),
    Metric(
        name="PeakLCUs",
        kind=Kind.PEAK,
        dimensions=(_LB,),
        meaning="capacity units that the busiest second would take if it went on",
        statistics=("Maximum",),
        is_always_reported=True,
    ),
    # -- what simlb does not have
    *_missing("capacity is not reserved", "ReservedLCUs", (_LB,)),
    *_missing("gRPC is not served", "GrpcRequestCount", _OF_GROUPS_ALONE),
    *_missing("AWS does not say what it counts", "AppCookieNonStickinessCount"),
    *_missing(
        "there is no DDoS protection",
        "ExcessiveLowReputationPackets LowReputationPacketsDropped LowReputationRequestsDenied",
    ),
    *_missing(
        "addresses are this machine's", "BYoIPUtilPercentage", _OF_GROUPS, unit="Percent", statistics=("Average",)
    ),
    *_missing("zonal shift is not emulated", "ActiveZonalShiftHostCount", _OF_GROUPS, kind=Kind.GAUGE),
    *_missing("its node does not leave DNS", "HealthyStateDNS", _OF_GROUPS, kind=Kind.GAUGE, statistics=("Maximum",)),
    *_missing("its node does not leave DNS", "UnhealthyStateDNS", _OF_GROUPS, kind=Kind.GAUGE, statistics=("Minimum",)),
    *_missing("there are no Lambda targets", "LambdaInternalError LambdaUserError", (_TG, _TG_LB)),
    *_missing("there are no Lambda targets", "LambdaTargetProcessedBytes", (_LB,), unit="Bytes"),
    *_missing(
        "authenticating actions are not emulated",
        "ELBAuthError ELBAuthFailure ELBAuthSuccess ELBAuthRefreshTokenSuccess ELBAuthUserClaimsSizeExceeded",
    ),
    *_missing(
        "authenticating actions are not emulated",
        "ELBAuthLatency",
        unit="Milliseconds",
        kind=Kind.TIME,
        statistics=("Average", "Minimum", "Maximum"),
    ),
    *_missing("tokens are not validated", "JWTValidationFailureCount"),
    *_missing(
        "there is no target optimizer",
        "TargetControlRequestCount TargetControlRequestRejectCount TargetControlActiveChannelCount "
        "TargetControlNewChannelCount TargetControlChannelErrorCount TargetControlWorkQueueLength",
    ),
    *_missing("there is no target optimizer", "TargetControlProcessedBytes", unit="Bytes"),
]

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ROWS}
"""By name."""
assert len(METRICS) == len(_ROWS)
