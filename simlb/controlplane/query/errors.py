"""What an API call is answered with when it fails: AWS's code, a sentence, an HTTP status (reference 9.2)."""

from __future__ import annotations

from collections.abc import Mapping

COMMON_STATUS: Mapping[str, int] = {
    "AccessDenied": 403,
    "IncompleteSignature": 400,
    "InvalidAction": 400,
    "MalformedInput": 400,
    "MalformedQueryString": 400,
    "MissingAction": 400,
    "MissingAuthenticationToken": 403,
    "NoSuchVersion": 400,
    "RequestEntityTooLarge": 413,
    "RequestTimeout": 408,
    "SignatureDoesNotMatch": 403,
    "ServiceUnavailable": 503,
    "UnsupportedCertificate": 400,
    "UnsupportedOperation": 400,
    "ValidationError": 400,
}
"""Codes that no service model lists, since every service has them."""


class QueryError(Exception):
    """A call that fails. `code` is one of the service model or of `COMMON_STATUS`; `message` is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> QueryError:
    """A plain ValidationError."""
    return QueryError("ValidationError", message)
