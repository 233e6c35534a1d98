"""What AWS accepts, with AWS's codes and sentences (reference 9.2, 9.3): one validator for every way in.

Each function checks plain values and yields an `ElbError` for everything that is wrong with them, or nothing.
"""

from simlb.core.validation.actions import (
    NOT_SUPPORTED_ACTION_TYPES,
    action_errors,
    association_errors,
    fixed_response_errors,
    forward_errors,
    redirect_errors,
)
from simlb.core.validation.conditions import (
    GivenCondition,
    build_condition,
    condition_errors,
    rule_condition_errors,
)
from simlb.core.validation.errors import ElbError, ErrorCode, NotSupportedError, quota_errors
from simlb.core.validation.load_balancers import load_balancer_quota_errors
from simlb.core.validation.mutual_authentication import mutual_authentication_errors, only_with_verify
from simlb.core.validation.names import load_balancer_name_errors, name_errors, target_group_name_errors
from simlb.core.validation.rules import priority_errors
from simlb.core.validation.transforms import GivenTransform, transform_errors

__all__ = [
    "NOT_SUPPORTED_ACTION_TYPES",
    "ElbError",
    "ErrorCode",
    "GivenCondition",
    "GivenTransform",
    "NotSupportedError",
    "action_errors",
    "association_errors",
    "build_condition",
    "condition_errors",
    "fixed_response_errors",
    "forward_errors",
    "load_balancer_name_errors",
    "load_balancer_quota_errors",
    "mutual_authentication_errors",
    "name_errors",
    "only_with_verify",
    "priority_errors",
    "quota_errors",
    "redirect_errors",
    "rule_condition_errors",
    "target_group_name_errors",
    "transform_errors",
]
