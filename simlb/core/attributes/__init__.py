"""Every attribute of a load balancer, a listener and a target group: key, type, default, range - one table each."""

from simlb.core.attributes.listener import (
    HTTP_LISTENER_ATTRIBUTES,
    HTTPS_LISTENER_ATTRIBUTES,
    ListenerAttributes,
)
from simlb.core.attributes.load_balancer import (
    LOAD_BALANCER_ATTRIBUTES,
    DesyncMode,
    LoadBalancerAttributes,
    XffMode,
)
from simlb.core.attributes.log_bucket import DEFAULT_BUCKET, LogBucket
from simlb.core.attributes.table import Attribute, AttributeValueError, ErrorCode, Kind, resolve
from simlb.core.attributes.target_group import (
    TARGET_GROUP_ATTRIBUTES,
    AlgorithmType,
    StickinessType,
    TargetGroupAttributes,
    check_combinations,
)

__all__ = [
    "DEFAULT_BUCKET",
    "HTTPS_LISTENER_ATTRIBUTES",
    "HTTP_LISTENER_ATTRIBUTES",
    "LOAD_BALANCER_ATTRIBUTES",
    "TARGET_GROUP_ATTRIBUTES",
    "AlgorithmType",
    "Attribute",
    "AttributeValueError",
    "DesyncMode",
    "ErrorCode",
    "Kind",
    "ListenerAttributes",
    "LoadBalancerAttributes",
    "LogBucket",
    "StickinessType",
    "TargetGroupAttributes",
    "XffMode",
    "check_combinations",
    "resolve",
]
