"""What ARNs and names in parameters lead to, and what is said when they lead nowhere (reference 9.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from simlb.controlplane.operations.call import Call
from simlb.controlplane.operations.catalog import ListenerEntry, RuleEntry
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core.model import LoadBalancer, TargetGroup

REFERENCES_MAX = 20
"""Load balancers or resources named in one call (reference 9)."""

_PREFIX = r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:"
_ID = "[0-9a-z]+"
_NAME = "[A-Za-z0-9-]+"

T = TypeVar("T")


class Kind:
    """A kind of resource: how its ARN looks after the account, its name, and the code for one that is not there."""

    def __init__(self, noun: str, code: str, form: str) -> None:
        self.noun = noun
        self.code = code
        self._form = re.compile(_PREFIX + form)

    def fits(self, arn: str) -> bool:
        """Whether that is an ARN of such a resource, there or not."""
        return self._form.fullmatch(arn) is not None

    def check(self, arns: Iterable[str]) -> None:
        """Raise QueryError ValidationError for the first one that is no ARN of the kind."""
        for arn in arns:
            if not self.fits(arn):
                raise invalid(f"'{arn}' is not a valid {self.noun} ARN")

    def missing(self) -> QueryError:
        """`One or more load balancers not found`."""
        return QueryError(self.code, f"One or more {self.noun}s not found")

    def find(self, held: Mapping[str, T], arns: Iterable[str]) -> list[T]:
        """What the ARNs name, in the order of `held`. Raises QueryError when one is no such ARN, or not there."""
        wanted = set(arns)
        self.check(wanted)
        if not wanted <= held.keys():
            raise self.missing()
        if len(wanted) == 1:
            return [held[arn] for arn in wanted]
        return [held[arn] for arn in held if arn in wanted]

    def find_one(self, held: Mapping[str, T], arn: str) -> T:
        """What the ARN names. Raises as `find`."""
        self.check((arn,))
        if arn not in held:
            raise self.missing()
        return held[arn]


_LB = f"app/{_NAME}/{_ID}"
LOAD_BALANCER = Kind("load balancer", "LoadBalancerNotFound", f"loadbalancer/{_LB}")
LISTENER = Kind("listener", "ListenerNotFound", f"listener/{_LB}/{_ID}")
RULE = Kind("rule", "RuleNotFound", f"listener-rule/{_LB}/{_ID}/{_ID}")
TARGET_GROUP = Kind("target group", "TargetGroupNotFound", f"targetgroup/{_NAME}/{_ID}")
TRUST_STORE = Kind("trust store", "TrustStoreNotFound", f"truststore/{_NAME}/{_ID}")
KINDS = (LOAD_BALANCER, LISTENER, RULE, TARGET_GROUP, TRUST_STORE)


def load_balancer(call: Call, parameter: str = "LoadBalancerArn") -> LoadBalancer:
    """The one that the call names."""
    return LOAD_BALANCER.find_one(call.catalog.load_balancers, call.text(parameter))


def listener(call: Call) -> ListenerEntry:
    """The one that the call names."""
    return LISTENER.find_one(call.catalog.listeners, call.text("ListenerArn"))


def target_group(call: Call) -> TargetGroup:
    """The one that the call names."""
    return TARGET_GROUP.find_one(call.catalog.target_groups, call.text("TargetGroupArn"))


def rules(call: Call, arns: Iterable[str]) -> list[RuleEntry]:
    """Those of these ARNs."""
    return RULE.find(call.catalog.rules, arns)


def check_count(count: int, what: str) -> None:
    """Raise QueryError ValidationError when more are named than one call may name."""
    if count > REFERENCES_MAX:
        raise invalid(f"A maximum of {REFERENCES_MAX} {what} can be specified in one request")


def check_exclusive(call: Call, *names: str, message: str) -> None:
    """Raise QueryError ValidationError when more than one of these parameters is given."""
    if len(call.given(*names)) > 1:
        raise invalid(message)
