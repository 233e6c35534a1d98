"""What a call of Route 53 is answered with when it fails."""

from __future__ import annotations

from collections.abc import Mapping

from simlb.controlplane.query.errors import COMMON_STATUS
from simlb.controlplane.route53 import xml

STATUS: Mapping[str, int] = {
    "HostedZoneAlreadyExists": 409,
    "HostedZoneNotEmpty": 400,
    "InvalidChangeBatch": 400,
    "InvalidDomainName": 400,
    "InvalidInput": 400,
    "NoSuchChange": 404,
    "NoSuchHostedZone": 404,
    "ServiceUnavailable": 503,
    "TooManyHostedZones": 400,
    "UnsupportedOperation": 400,
}


class Route53Error(Exception):
    """A call that fails: a code of `STATUS`, and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid_input(message: str) -> Route53Error:
    """Parameters that cannot be."""
    return Route53Error("InvalidInput", message)


def not_supported(what: str) -> Route53Error:
    """What AWS has and simlb has not."""
    return invalid_input(f"{what} is not supported by simlb yet: nothing was changed.")


def status_of(code: str) -> int:
    """The HTTP status of a code, Route 53's own or one that every service has."""
    return STATUS.get(code) or COMMON_STATUS.get(code, 400)


def document(code: str, message: str, request_id: str) -> bytes:
    """The body of an answer that tells an error."""
    kind = "Sender" if status_of(code) < 500 else "Receiver"
    return xml.write(
        "ErrorResponse",
        {"Error": {"Type": str, "Code": str, "Message": str}, "RequestId": str},
        {"Error": {"Type": kind, "Code": code, "Message": message}, "RequestId": request_id},
    )
