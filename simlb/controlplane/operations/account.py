"""What holds for the whole account: quotas and security policies (reference 1.6, 6.2)."""

from __future__ import annotations

from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.paging import paged
from simlb.controlplane.query.errors import QueryError
from simlb.core.quotas import NAMED
from simlb.core.ssl_policies import POLICIES, SslPolicy


def describe_account_limits(call: Call) -> Result:
    """The quotas that simlb holds load balancers to."""
    return paged(
        call,
        "Limits",
        NAMED.items(),
        lambda item: {"Name": item[0], "Max": str(item[1].limit)},
        lambda item: item[0],
    )


def describe_ssl_policies(call: Call) -> Result:
    """All security policies, or those of given names. simlb's listeners have one of them."""
    names = call.texts("Names")
    if missing := [name for name in names if name not in POLICIES]:
        raise QueryError("SSLPolicyNotFound", f"Policy {missing[0]} not found")
    kind = call.text("LoadBalancerType")
    found = [
        policy
        for policy in POLICIES.values()
        if (not names or policy.name in names) and (not kind or kind in policy.load_balancer_types)
    ]
    return paged(call, "SslPolicies", found, _ssl_policy, lambda policy: policy.name)


def _ssl_policy(policy: SslPolicy) -> Result:
    return {
        "SslProtocols": policy.protocols,
        "Ciphers": [{"Name": name, "Priority": place} for place, name in enumerate(policy.ciphers, 1)],
        "Name": policy.name,
        "SupportedLoadBalancerTypes": policy.load_balancer_types,
    }


HANDLERS: Handlers = {
    "DescribeAccountLimits": describe_account_limits,
    "DescribeSSLPolicies": describe_ssl_policies,
}
