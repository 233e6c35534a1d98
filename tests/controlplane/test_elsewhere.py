"""Services of which simlb has a part, or nothing: what goes elsewhere, and what is refused here in their words."""

from __future__ import annotations

import pytest

from simlb.controlplane.elsewhere import QueryElsewhere, iam_service
from simlb.controlplane.identity import sts_service
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.protocol import QueryReply, QueryRequest
from tests.aws import authorization


class Other:
    """Answers with what it was asked; `error` is what it fails with."""

    has_begun = True

    def __init__(self, error: QueryError | None = None) -> None:
        self.error = error

    def check(self, what: str) -> None:
        raise AssertionError(what)

    async def ask(self, request: QueryRequest, what: str) -> QueryReply:
        if self.error is not None:
            raise self.error
        return QueryReply(status=200, body=what.encode(), request_id="1")


IAM = "Version=2010-05-08"
STS = "Version=2011-06-15"


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        (f"Action=ListUsers&{IAM}", 200, "ListUsers of IAM"),
        (f"Action=Anything&{IAM}", 200, "Anything of IAM"),
        ("Action=ListUsers&Version=1", 400, "<Code>NoSuchVersion</Code>"),
        ("Action=ListUsers", 400, "<Code>NoSuchVersion</Code>"),
        (IAM, 400, "<Code>MissingAction</Code>"),
        ("", 400, "<Code>MissingAction</Code>"),
        ("Action=a&Action=b", 400, "<Code>MalformedQueryString</Code>"),
    ],
)
async def test_nothing_of_iam_is_simlbs(body: str, status: int, answer: str) -> None:
    request = QueryRequest(body=body.encode(), authorization=authorization(service="iam"))
    reply = await iam_service(Other()).answer(request)
    assert (reply.status, answer in reply.body.decode()) == (status, True), reply.body


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (f"Action=GetCallerIdentity&{STS}", "user/simlb"),
        (f"Action=GetSessionToken&{STS}", "GetSessionToken of STS"),
    ],
)
async def test_a_part_of_sts_is_simlbs(body: str, answer: str) -> None:
    request = QueryRequest(body=body.encode(), authorization=authorization(service="sts"))
    assert answer in (await sts_service(Other()).answer(request)).body.decode()


@pytest.mark.parametrize(
    ("action", "status"), [("ListUsers", 200), ("GetUser", 200), ("CreateUser", 403), ("DeleteUser", 403)]
)
async def test_a_signed_url_may_only_read(action: str, status: int) -> None:
    scope = "X-Amz-Credential=me/20260101/us-east-1/iam/aws4_request"
    reply = await iam_service(Other()).answer(QueryRequest(method="GET", query=f"Action={action}&{IAM}&{scope}"))
    assert reply.status == status


@pytest.mark.parametrize(
    "request_", [QueryRequest(), QueryRequest(authorization="Basic x"), QueryRequest(body=b"\xff")]
)
async def test_what_is_no_call(request_: QueryRequest) -> None:
    reply = await iam_service(Other()).answer(request_)
    assert reply.status in {400, 403}
    assert b"<ErrorResponse" in reply.body


@pytest.mark.parametrize(("code", "status"), [("UnsupportedOperation", 400), ("ServiceUnavailable", 503)])
async def test_failures_are_told_in_the_services_way(code: str, status: int) -> None:
    service: QueryElsewhere = iam_service(Other(QueryError(code, "It <fails>.")))
    request = QueryRequest(body=f"Action=ListUsers&{IAM}".encode(), authorization=authorization(service="iam"))
    reply = await service.answer(request)
    assert reply.status == status
    assert f"<Code>{code}</Code><Message>It &lt;fails&gt;.</Message>" in reply.body.decode()
