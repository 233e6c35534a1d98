"""Where the contents of trust stores are at the control port."""

from __future__ import annotations

PREFIX = "/api/v1/trust-stores"


def bundle_path(arn: str) -> str:
    """The bundle of a trust store."""
    return f"{PREFIX}/{_place(arn)}/ca-certificates-bundle.pem"


def revocation_path(arn: str, revocation_id: int) -> str:
    """A revocation list of a trust store."""
    return f"{PREFIX}/{_place(arn)}/revocations/{revocation_id}.pem"


def _place(arn: str) -> str:
    """Region, name and id."""
    parts = arn.split(":", 5)
    return f"{parts[3]}/{parts[5].partition('/')[2]}"
