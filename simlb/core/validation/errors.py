"""What AWS refuses: its code, its sentence, and which member it is about (reference 9.2, 9.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from simlb.core.quotas import Quota

ErrorCode = Literal[
    "InvalidCaCertificatesBundle",
    "InvalidConfigurationRequest",
    "InvalidLoadBalancerAction",
    "PriorityInUse",
    "TargetGroupAssociationLimit",
    "TargetGroupNotFound",
    "TooManyActions",
    "TooManyCertificates",
    "TooManyListeners",
    "TooManyLoadBalancers",
    "TooManyRules",
    "TooManyTargetGroups",
    "TooManyTargets",
    "TooManyTrustStoreRevocationEntries",
    "TooManyTrustStores",
    "TooManyUniqueTargetGroupsPerLoadBalancer",
    "ValidationError",
]


class ElbError(Exception):
    """A value that AWS does not accept: `code`, `message`, and `path`, the way to the member from the value checked.

    The checks of this package yield these: an API call is answered with the first one, a file is told all of them.
    """

    def __init__(self, code: ErrorCode, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path: tuple[str | int, ...] = path

    def within(self, *path: str | int) -> ElbError:
        """This error, seen from what holds the value that was checked."""
        self.path = (*path, *self.path)
        return self


class NotSupportedError(ElbError):
    """What AWS accepts and simlb does not do yet, so that it is refused rather than stored and ignored."""


def invalid(message: str, *path: str | int) -> ElbError:
    """A plain ValidationError."""
    return ElbError("ValidationError", message, *path)


def constraint(member: str, value: object, broken: str, *path: str | int) -> ElbError:
    """What AWS says before it looks any further, in the words that all of its services share (reference 9.3)."""
    what = f"Value '{value}' at '{member}' failed to satisfy constraint: Member must {broken}"
    return invalid(f"1 validation error detected: {what}", *path)


def range_errors(member: str, value: int, low: int, high: int, *path: str | int) -> Iterator[ElbError]:
    """A whole number from `low` to `high`."""
    if value < low:
        yield constraint(member, value, f"have value greater than or equal to {low}", *path)
    if value > high:
        yield constraint(member, value, f"have value less than or equal to {high}", *path)


def quota_errors(quota: Quota, count: int, *path: str | int) -> Iterator[ElbError]:
    """At most `quota.limit` of something of which there are `count`."""
    if count > quota.limit:
        yield ElbError(quota.code, quota.message, *path)
