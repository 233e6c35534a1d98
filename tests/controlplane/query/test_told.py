"""What is told of a call that was answered: from its bytes, whatever the protocol."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from simlb.controlplane.query import cbor
from simlb.controlplane.query.credentials import PAGE_KEY, Scope, header_of
from simlb.controlplane.query.protocol import QueryReply, QueryRequest
from simlb.controlplane.query.told import AnsweredCall, answered_call, bounded, error_code, flat

XML_ERROR = b"<ErrorResponse><Error><Code>DuplicateListener</Code></Error></ErrorResponse>"
EC2_ERROR = b"<Response><Errors><Error><Code>InvalidPermission.Duplicate</Code></Error></Errors></Response>"


def signed(service: str) -> str:
    return header_of(Scope("eu-west-1", service, in_header=True))


def reply(status: int = 200, body: bytes = b"") -> QueryReply:
    return QueryReply(status=status, body=body, request_id="x")


def form(service: str, **parameters: str) -> QueryRequest:
    given = {name.replace("__", "."): value for name, value in parameters.items()}
    return QueryRequest(body=urlencode({"Version": "1", **given}).encode(), authorization=signed(service))


def test_a_call_of_the_query_protocol() -> None:
    request = form("elasticloadbalancing", Action="RegisterTargets", Targets__member__1__Id="i-1", TargetGroupArn="a")
    assert answered_call(request, reply()) == AnsweredCall(
        service="elbv2",
        operation="RegisterTargets",
        region="eu-west-1",
        error=None,
        parameters={"Targets.1.Id": "i-1", "TargetGroupArn": "a"},
    )


@pytest.mark.parametrize(
    ("operation", "is_told"), [("DescribeRules", False), ("CreateRule", True), ("DeleteRule", True)]
)
def test_the_page_looks_untold_but_changes_nothing_so(operation: str, is_told: bool) -> None:
    request = form("elasticloadbalancing", Action=operation)
    of_page = QueryRequest(
        body=request.body, authorization=signed("elasticloadbalancing").replace("=simlb/", f"={PAGE_KEY}/")
    )
    assert (answered_call(of_page, reply()) is not None) == is_told
    assert answered_call(request, reply()) is not None


def test_a_call_of_the_json_protocol() -> None:
    body = {"DomainName": "a.test", "SubjectAlternativeNames": ["b.test"], "Options": {"On": True}, "None": None}
    request = QueryRequest(
        body=json.dumps(body).encode(),
        authorization=signed("acm"),
        target="CertificateManager.RequestCertificate",
    )
    call = answered_call(request, reply(400, b'{"__type": "LimitExceededException"}'))
    assert call is not None
    assert (call.service, call.operation, call.error) == ("acm", "RequestCertificate", "LimitExceededException")
    assert call.parameters == {"DomainName": "a.test", "SubjectAlternativeNames.1": "b.test", "Options.On": "true"}


def test_a_call_whose_operation_is_in_the_path() -> None:
    request = QueryRequest(
        path="/service/GraniteServiceVersion20100801/operation/ListMetrics", authorization=signed("monitoring")
    )
    call = answered_call(request, reply())
    assert call is not None
    assert (call.service, call.operation, call.parameters) == ("cloudwatch", "ListMetrics", {})


@pytest.mark.parametrize(
    "request_",
    [
        QueryRequest(body=b"Action=A"),
        QueryRequest(body=b"Action=A", authorization="Basic x"),
        form("ec2"),
        form("ec2", Action="<script>"),
        QueryRequest(body=b"Action=A&Action=B", authorization=signed("ec2")),
        QueryRequest(target="acm.", body=b"{", authorization=signed("acm")),
    ],
    ids=["unsigned", "not of AWS's", "no action", "no word", "twice", "no operation"],
)
def test_what_is_no_call_is_not_told(request_: QueryRequest) -> None:
    assert answered_call(request_, reply(400)) is None


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, XML_ERROR, None),
        (400, XML_ERROR, "DuplicateListener"),
        (400, EC2_ERROR, "InvalidPermission.Duplicate"),
        (400, b'{"__type": "ValidationException", "message": ""}', "ValidationException"),
        (400, cbor.encode({"__type": "InvalidParameterValue"}), "InvalidParameterValue"),
        (503, b"", "503"),
        (400, b"[" * 5000, "400"),
        (400, b"\xff" * 20_000, "400"),
    ],
)
def test_the_code_of_an_error(status: int, body: bytes, code: str | None) -> None:
    assert error_code(status, body) == code


def test_secrets_are_not_told() -> None:
    given = {"PrivateKey": "a", "Actions.1.AuthenticateOidcConfig.ClientSecret": "b", "UserData": "c", "Name": "d"}
    told = bounded(iter(given.items()))
    assert list(told.values()) == ["***", "***", "***", "d"]


def test_what_is_told_is_bounded() -> None:
    told = bounded((f"Targets.{number}.Id", "i" * 1000) for number in range(1000))
    assert len(told) == 24
    assert {len(value) for value in told.values()} == {200}
    large = QueryRequest(
        body=b"Action=A&Name=x&" + b"&".join(b"a%d=b" % number for number in range(5000)), authorization=signed("ec2")
    )
    call = answered_call(large, reply())
    assert call is not None
    assert len(call.parameters) == 24
    assert dict(flat({"a": [{"b": 1}]})) == {"a.1.b": "1"}
