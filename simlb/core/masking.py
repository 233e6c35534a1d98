"""What must not leave the machine in reports and exports: cookies, authorisation, values of queries."""

from __future__ import annotations

import re

MASK = "***"

SECRET_FIELDS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "x-auth-token",
        "x-csrf-token",
        "x-xsrf-token",
        "x-amz-security-token",
        "x-amzn-oidc-accesstoken",
        "x-amzn-oidc-data",
    }
)
"""Header fields, in lower case, whose values are secret as a whole."""

_VALUE = re.compile(r"=[^&#]+")  # a blank, which the client should not have sent, does not end one


def mask_uri(uri: str) -> str:
    """A request target or URL with the values of its query masked: `/x?user=***&token=***`. Names stay."""
    path, mark, query = uri.partition("?")
    return path + mark + _VALUE.sub(f"={MASK}", query) if mark else uri


def is_secret(name: str) -> bool:
    """Whether a header field's value is to be masked."""
    return name.lower() in SECRET_FIELDS


def mask_field(name: str, value: str) -> str:
    """A header field's value, masked when it is secret. Names of cookies stay: `AWSALB=***; theme=***`."""
    if name.lower() in {"cookie", "set-cookie"}:
        parts = [part.strip() for part in value.split(";")]
        if name.lower() == "set-cookie":
            # Only the first part is the cookie; the rest are attributes.
            return "; ".join([_mask_pair(parts[0]), *parts[1:]])
        return "; ".join(map(_mask_pair, parts))
    if name.lower() in {"authorization", "proxy-authorization"}:
        scheme, space, _ = value.partition(" ")
        return f"{scheme} {MASK}" if space else MASK
    if name.lower() == "referer":
        return mask_uri(value)
    return MASK if is_secret(name) else value


def _mask_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={MASK}" if equals else MASK
