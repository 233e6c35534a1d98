"""Where a call is meant for: region and service, from the scope of its signature.

The signature itself is not checked, and nothing of it is kept: any key is as good as any other here. That there is one
matters all the same. It is what AWS clients send and web pages cannot: a page of another origin may not set the
Authorization header without being asked first, and nobody here says yes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from simlb.controlplane.query.errors import QueryError
from simlb.core.regions import is_region

_ALGORITHM = "AWS4-HMAC-SHA256"
PAGE_KEY = "simlb-page"
"""The key of what the console's page asks for itself, to know what there is: nobody has made those calls."""

_CREDENTIAL = re.compile(r"[^/\s,]+/[0-9]{8}/([a-z0-9-]{1,64})/([a-z0-9_.-]{1,64})/aws4_request")


@dataclass(frozen=True, slots=True)
class Scope:
    """Region and service of a credential scope; `in_header` tells a signed request from a signed URL."""

    region: str
    service: str
    in_header: bool


def read_scope(authorization: str | None, query: Mapping[str, str]) -> Scope:
    """The scope of a request, by its Authorization header, else by the `X-Amz-Credential` of its URL.

    Raises QueryError MissingAuthenticationToken without either, IncompleteSignature when it cannot be read.
    """
    if authorization is None:
        credential = query.get("X-Amz-Credential")
        if credential is None:
            raise QueryError(
                "MissingAuthenticationToken",
                "Request is missing Authentication Token. simlb checks no signature, but the request needs one: any "
                "keys will do, see simlb env.",
            )
        return _scope(credential, in_header=False)
    algorithm, _, rest = authorization.strip().partition(" ")
    if algorithm != _ALGORITHM:
        raise QueryError("IncompleteSignature", f"The Authorization header has to begin with {_ALGORITHM}.")
    parts = (part.strip().partition("=") for part in rest.split(","))
    credential = next((value for name, _, value in parts if name == "Credential"), None)
    if credential is None:
        raise QueryError("IncompleteSignature", "Authorization header requires 'Credential' parameter.")
    return _scope(credential, in_header=True)


def check_region(scope: Scope) -> None:
    """For what is kept by region. Raises QueryError SignatureDoesNotMatch, as AWS, for what cannot be a region."""
    if not is_region(scope.region):
        raise QueryError(
            "SignatureDoesNotMatch", f"Credential should be scoped to a valid region, not '{scope.region}'."
        )


def header_of(scope: Scope) -> str:
    """An Authorization header with that scope, for somebody who looks at nothing else of it either."""
    credential = f"simlb/20151201/{scope.region}/{scope.service}/aws4_request"
    return f"{_ALGORITHM} Credential={credential}, SignedHeaders=host, Signature=0"


def is_of_page(authorization: str | None) -> bool:
    """Whether the page asks for itself."""
    return authorization is not None and f"Credential={PAGE_KEY}/" in authorization


def _scope(credential: str, *, in_header: bool) -> Scope:
    found = _CREDENTIAL.fullmatch(credential)
    if found is None:
        raise QueryError(
            "IncompleteSignature",
            "Credential must have exactly 5 slash-delimited elements: KEY/YYYYMMDD/REGION/SERVICE/aws4_request.",
        )
    return Scope(found[1], found[2], in_header)
