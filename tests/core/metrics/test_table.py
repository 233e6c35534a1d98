"""The table has every metric of reference 7.4, with its unit and dimensions, and no other."""

from __future__ import annotations

import pytest

from simlb.core.metrics import METRICS
from simlb.core.metrics.statistics import STATISTICS, percent_of

A = "LB; AZ LB"
B = "LB; AZ LB; TG LB; TG AZ LB"
GROUP = "TG LB; TG AZ LB"
GROUP_ALONE = "TG LB; TG AZ LB; TG; TG AZ"
REFERENCE = {
    A: """ActiveConnectionCount NewConnectionCount RejectedConnectionCount ClientTLSNegotiationErrorCount
        IPv6RequestCount IPv6ProcessedBytes ProcessedBytes
        HTTPCode_ELB_3XX_Count HTTPCode_ELB_4XX_Count HTTPCode_ELB_5XX_Count
        HTTPCode_ELB_500_Count HTTPCode_ELB_502_Count HTTPCode_ELB_503_Count HTTPCode_ELB_504_Count
        HTTP_Fixed_Response_Count HTTP_Redirect_Count HTTP_Redirect_Url_Limit_Exceeded_Count
        DesyncMitigationMode_NonCompliant_Request_Count NonStickyRequestCount AppCookieNonStickinessCount
        ExcessiveLowReputationPackets LowReputationPacketsDropped LowReputationRequestsDenied
        ELBAuthError ELBAuthFailure ELBAuthSuccess ELBAuthRefreshTokenSuccess ELBAuthUserClaimsSizeExceeded
        ELBAuthLatency
        JWTValidationFailureCount TargetControlRequestCount TargetControlRequestRejectCount
        TargetControlActiveChannelCount TargetControlNewChannelCount TargetControlChannelErrorCount
        TargetControlWorkQueueLength TargetControlProcessedBytes""",
    B: """RequestCount HTTPCode_Target_2XX_Count HTTPCode_Target_3XX_Count HTTPCode_Target_4XX_Count
        HTTPCode_Target_5XX_Count TargetResponseTime TargetConnectionErrorCount TargetTLSNegotiationErrorCount""",
    "LB": "RuleEvaluations ConsumedLCUs PeakLCUs ReservedLCUs LambdaTargetProcessedBytes",
    "AZ LB": "DroppedInvalidHeaderRequestCount ForwardedInvalidHeaderRequestCount",
    GROUP: """BYoIPUtilPercentage HealthyHostCount UnHealthyHostCount AnomalousHostCount MitigatedHostCount
        ActiveZonalShiftHostCount HealthyStateDNS HealthyStateRouting UnhealthyStateDNS UnhealthyStateRouting
        UnhealthyRoutingRequestCount""",
    GROUP_ALONE: "GrpcRequestCount RequestCountPerTarget",
    "TG; TG LB": "LambdaInternalError LambdaUserError",
}
UNITS = {
    "ProcessedBytes": "Bytes",
    "IPv6ProcessedBytes": "Bytes",
    "LambdaTargetProcessedBytes": "Bytes",
    "TargetControlProcessedBytes": "Bytes",
    "BYoIPUtilPercentage": "Percent",
    "TargetResponseTime": "Seconds",
    "ELBAuthLatency": "Milliseconds",
}
_SHORT = {"LB": "LoadBalancer", "AZ": "AvailabilityZone", "TG": "TargetGroup"}
BEST = {
    "TargetResponseTime": "Average",
    "BYoIPUtilPercentage": "Average",
    "HealthyHostCount": "Average",
    "UnHealthyHostCount": "Average",
    "HealthyStateRouting": "Maximum",
    "UnhealthyStateRouting": "Minimum",
    "RequestCount": "Sum",
    "RequestCountPerTarget": "Sum",
}


def test_every_metric_of_the_reference_and_no_other() -> None:
    names = [name for block in REFERENCE.values() for name in block.split()]
    assert len(names) == len(set(names)) == 67
    assert set(METRICS) == set(names)


@pytest.mark.parametrize("shape", REFERENCE)
def test_dimensions(shape: str) -> None:
    sets = {frozenset(_SHORT[word] for word in part.split()) for part in shape.split(";")}
    for name in REFERENCE[shape].split():
        assert {frozenset(names) for names in METRICS[name].dimensions} == sets, name


def test_units() -> None:
    assert {name: metric.unit for name, metric in METRICS.items() if metric.unit != "Count"} == UNITS


def test_statistics() -> None:
    for metric in METRICS.values():
        assert all(word in STATISTICS or percent_of(word) is not None for word in metric.statistics), metric
        assert metric.statistics[0] == BEST.get(metric.name, metric.statistics[0])


def test_what_simlb_does_not_have() -> None:
    missing = {name for name, metric in METRICS.items() if not metric.is_available}
    families = ("ELBAuth", "Lambda", "TargetControl", "LowReputation", "ExcessiveLow", "JWT")
    alone = "ReservedLCUs GrpcRequestCount AppCookieNonStickinessCount BYoIPUtilPercentage ActiveZonalShiftHostCount"
    assert {name for name in missing if not name.startswith(families)} == {
        *alone.split(),
        "HealthyStateDNS",
        "UnhealthyStateDNS",
    }
