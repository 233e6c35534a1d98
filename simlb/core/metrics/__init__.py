"""CloudWatch's metrics of an Application Load Balancer: their table, what is kept of them, and how they are asked for.

Reference 7.4, namespace `AWS/ApplicationELB`. `table` has every metric, `store` keeps numbers by second and by minute,
`query` answers ListMetrics and GetMetricStatistics from it. Nothing here knows the time: it is handed in.
"""

from simlb.core.metrics.connections import ConnectionCounts, GroupConnections
from simlb.core.metrics.statistics import StatisticSet
from simlb.core.metrics.store import MetricStore
from simlb.core.metrics.table import METRICS, NAMESPACE, Kind, Metric

__all__ = [
    "METRICS",
    "NAMESPACE",
    "ConnectionCounts",
    "GroupConnections",
    "Kind",
    "Metric",
    "MetricStore",
    "StatisticSet",
]
