"""What a load balancer is made of: immutable descriptions in elbv2's words.

Everything here is configuration. What is alive (health, outstanding requests, cursors) lives in
`simlb.core.target_group`, which refers to these objects and survives their replacement.
"""

from simlb.core.model.action import (
    Action,
    FixedResponseAction,
    ForwardAction,
    RedirectAction,
    WeightedTargetGroup,
)
from simlb.core.model.instance import Instance, InstancePort
from simlb.core.model.load_balancer import (
    Bind,
    Certificate,
    Configuration,
    InboundRule,
    IpAddressType,
    Listener,
    LoadBalancer,
    Scheme,
    SecurityGroup,
    TargetProcess,
)
from simlb.core.model.mutual_authentication import MutualAuthentication, Revocation, TrustStore
from simlb.core.model.rule import (
    FIELDS,
    Condition,
    HostHeaderCondition,
    HttpHeaderCondition,
    HttpRequestMethodCondition,
    IPNetwork,
    PathPatternCondition,
    QueryStringCondition,
    QueryStringPair,
    Rewrite,
    Rule,
    SourceIpCondition,
)
from simlb.core.model.target_group import (
    TRAFFIC_PORT,
    HealthCheck,
    Protocol,
    Target,
    TargetGroup,
    TargetType,
)

__all__ = [
    "FIELDS",
    "TRAFFIC_PORT",
    "Action",
    "Bind",
    "Certificate",
    "Condition",
    "Configuration",
    "FixedResponseAction",
    "ForwardAction",
    "HealthCheck",
    "HostHeaderCondition",
    "HttpHeaderCondition",
    "HttpRequestMethodCondition",
    "IPNetwork",
    "InboundRule",
    "Instance",
    "InstancePort",
    "IpAddressType",
    "Listener",
    "LoadBalancer",
    "MutualAuthentication",
    "PathPatternCondition",
    "Protocol",
    "QueryStringCondition",
    "QueryStringPair",
    "RedirectAction",
    "Revocation",
    "Rewrite",
    "Rule",
    "Scheme",
    "SecurityGroup",
    "SourceIpCondition",
    "Target",
    "TargetGroup",
    "TargetProcess",
    "TargetType",
    "TrustStore",
    "WeightedTargetGroup",
]
