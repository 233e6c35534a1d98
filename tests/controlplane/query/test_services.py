"""Which service a request reaches, by the scope of its signature."""

from __future__ import annotations

import pytest

from simlb.controlplane.query.protocol import QueryReply, QueryRequest
from simlb.controlplane.query.services import Services
from tests.aws import authorization


class Named:
    """A service that answers with its name."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def answer(self, _: QueryRequest) -> QueryReply:
        return QueryReply(status=200, body=self._name.encode(), request_id="")

    def refuse(self, code: str, message: str, content_type: str = "") -> QueryReply:
        return QueryReply(status=400, body=f"{self._name} {code} {message}".encode(), request_id=content_type)


SERVICES = Services({name: Named(name) for name in ("elasticloadbalancing", "acm", "sts")})
SCOPE = "k/20261128/ap-northeast-2/{}/aws4_request"


@pytest.mark.parametrize(
    ("request_", "reached"),
    [
        (QueryRequest(authorization=authorization()), "elasticloadbalancing"),
        (QueryRequest(authorization=authorization(service="acm"), body=b"\xff"), "acm"),
        (QueryRequest(authorization=authorization(service="sts")), "sts"),
        (QueryRequest(query=f"X-Amz-Credential={SCOPE.format('sts')}"), "sts"),
        (QueryRequest(authorization=authorization(), query=f"X-Amz-Credential={SCOPE.format('sts')}"), None),
        (QueryRequest(), "elasticloadbalancing"),
        (QueryRequest(authorization="Bearer s3cret"), "elasticloadbalancing"),
        (QueryRequest(authorization=authorization(service="acm"), query="a=1&a=2"), "elasticloadbalancing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_the_scope_says_which(request_: QueryRequest, reached: str | None) -> None:
    assert (await SERVICES.answer(request_)).body.decode() == (reached or "elasticloadbalancing")


async def test_the_rest_is_told_what_there_is() -> None:
    request = QueryRequest(authorization=authorization(service="s3"), content_type="application/json")
    reply = await SERVICES.answer(request)
    assert reply.body.startswith(
        b"elasticloadbalancing UnsupportedOperation simlb does not emulate the service 's3': "
        b"this endpoint answers acm, elasticloadbalancing, sts."
    )
    assert reply.request_id == "application/json"
