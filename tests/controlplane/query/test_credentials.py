"""Region and service from a signature's scope, as a table."""

from __future__ import annotations

import pytest

from simlb.controlplane.query.credentials import Scope, read_scope
from simlb.controlplane.query.errors import QueryError

ELB = "AKID/20261128/eu-west-1/elasticloadbalancing/aws4_request"


@pytest.mark.parametrize(
    ("authorization", "query", "expected"),
    [
        (
            f"AWS4-HMAC-SHA256 Credential={ELB}, SignedHeaders=host, Signature=0",
            {},
            Scope("eu-west-1", "elasticloadbalancing", True),
        ),
        (f"AWS4-HMAC-SHA256 SignedHeaders=host,Credential={ELB}", {}, Scope("eu-west-1", "elasticloadbalancing", True)),
        (None, {"X-Amz-Credential": ELB}, Scope("eu-west-1", "elasticloadbalancing", False)),
        (
            "AWS4-HMAC-SHA256 Credential=a/20261128/us-east-1/acm/aws4_request",
            {"X-Amz-Credential": ELB},
            Scope("us-east-1", "acm", True),
        ),
    ],
)
def test_scopes(authorization: str | None, query: dict[str, str], expected: Scope) -> None:
    assert read_scope(authorization, query) == expected


@pytest.mark.parametrize(
    ("authorization", "query", "code"),
    [
        (None, {}, "MissingAuthenticationToken"),
        ("", {}, "IncompleteSignature"),
        ("Bearer s3cret", {}, "IncompleteSignature"),
        ("AWS4-HMAC-SHA256", {}, "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential", {}, "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=", {}, "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c", {}, "IncompleteSignature"),
        (f"AWS4-HMAC-SHA256 Credential={ELB}/more", {}, "IncompleteSignature"),
        (f"AWS4-HMAC-SHA256 Credential={ELB.replace('20261128', 'today')}", {}, "IncompleteSignature"),
        (f"AWS4-HMAC-SHA256 Credential={ELB.replace('eu-west-1', 'x' * 9000)}", {}, "IncompleteSignature"),
        (f"AWS4-HMAC-SHA256 Credential={ELB.replace('eu-west-1', chr(0xDCFF))}", {}, "IncompleteSignature"),
        ("AWS4-ECDSA-P256-SHA256 Credential=a/20261128/elasticloadbalancing/aws4_request", {}, "IncompleteSignature"),
        (None, {"X-Amz-Credential": "////"}, "IncompleteSignature"),
        ("===,,,===", {"X-Amz-Credential": ELB}, "IncompleteSignature"),
    ],
)
def test_what_is_no_signature(authorization: str | None, query: dict[str, str], code: str) -> None:
    with pytest.raises(QueryError) as caught:
        read_scope(authorization, query)
    assert caught.value.code == code
