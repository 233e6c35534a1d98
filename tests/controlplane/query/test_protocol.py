"""Calls from bytes to bytes, over a table of operations of this test."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from simlb.controlplane.query.credentials import Scope
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.model import Operation, elbv2
from simlb.controlplane.query.protocol import QueryReply, QueryRequest, QueryService, Values
from tests.aws import authorization

VERSION = "Version=2015-12-01"
SEEN: list[Any] = []


def run(operation: Operation, scope: Scope, parameters: Values) -> Any:
    SEEN[:] = [operation.name, scope.region, parameters]
    if operation.name == "DescribeTags":
        return later()
    if operation.name == "DescribeTargetHealth":
        raise QueryError("HealthUnavailable", "not <now>")
    return {}


async def later() -> Values:
    return {"TagDescriptions": []}


SERVICE = QueryService(elbv2(), run)


async def ask(body: str, *, query: str = "", auth: str | None = authorization(), content_type: str = "") -> QueryReply:
    request = QueryRequest(query=query, body=body.encode(), authorization=auth, content_type=content_type)
    return await SERVICE.answer(request)


def error(reply: QueryReply) -> tuple[int, str]:
    code = re.search(rb"<Code>(.*)</Code>", reply.body)
    assert code is not None, reply.body
    assert f"<RequestId>{reply.request_id}</RequestId>".encode() in reply.body
    return reply.status, code[1].decode()


async def test_a_call_is_answered() -> None:
    reply = await ask(f"Action=DescribeRules&{VERSION}&PageSize=5", auth=authorization("eu-west-1"))
    assert (reply.status, reply.content_type) == (200, "text/xml")
    assert b"<DescribeRulesResult></DescribeRulesResult>" in reply.body
    assert SEEN == ["DescribeRules", "eu-west-1", {"PageSize": 5}]


async def test_an_operation_may_take_its_time() -> None:
    assert b"<TagDescriptions>" in (await ask(f"Action=DescribeTags&{VERSION}&ResourceArns.member.1=a")).body


async def test_parameters_may_be_in_the_url() -> None:
    reply = await ask("PageSize=5", query=f"Action=DescribeRules&{VERSION}")
    assert (reply.status, SEEN[2]) == (200, {"PageSize": 5})
    signed = authorization().split("Credential=")[1].split(",")[0].replace("/", "%2F")
    reply = await ask("", query=f"Action=DescribeRules&{VERSION}&X-Amz-Credential={signed}", auth=None)
    assert reply.status == 200
    assert error(await ask("Marker=a", query=f"Action=DescribeRules&{VERSION}&Marker=a")) == (
        400,
        "MalformedQueryString",
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", (400, "MissingAction")),
        (VERSION, (400, "MissingAction")),
        ('{"Action": "DescribeRules"}', (400, "MissingAction")),
        (f"Action=&{VERSION}", (400, "MissingAction")),
        (f"Action=DescribeEverything&{VERSION}", (400, "InvalidAction")),
        (f"Action=describerules&{VERSION}", (400, "InvalidAction")),
        ("Action=DescribeLoadBalancers&Version=2012-06-01", (400, "InvalidAction")),
        ("Action=DescribeLoadBalancers&Version=2016-12-01", (400, "NoSuchVersion")),
        ("Action=DescribeLoadBalancers", (400, "NoSuchVersion")),
        (f"Action=DescribeTags&{VERSION}", (400, "ValidationError")),
        (f"Action=DescribeRules&{VERSION}&RuleArns=a", (400, "MalformedInput")),
        (f"Action=DescribeRules&Action=DescribeRules&{VERSION}", (400, "MalformedQueryString")),
        (f"Action=DescribeRules&{VERSION}&Marker=%80", (400, "MalformedQueryString")),
        (f"Action=DescribeTargetHealth&{VERSION}&TargetGroupArn=a", (500, "HealthUnavailable")),
    ],
)
async def test_errors(body: str, expected: tuple[int, str]) -> None:
    assert error(await ask(body)) == expected


async def test_bytes_that_are_no_text() -> None:
    reply = await SERVICE.answer(QueryRequest(body=b"Action=\xff", authorization=authorization()))
    assert error(reply) == (400, "MalformedQueryString")


async def test_the_classic_api_is_told_apart() -> None:
    reply = await ask("Action=DescribeLoadBalancers&Version=2012-06-01")
    assert b"simlb has no Classic Load Balancers" in reply.body


async def test_a_signature_is_needed_before_anything_is_read() -> None:
    assert error(await ask(f"Action=DescribeRules&{VERSION}", auth=None)) == (403, "MissingAuthenticationToken")
    assert error(await ask("%%%", auth="Bearer s3cret")) == (400, "IncompleteSignature")


async def test_other_services_are_told_that_they_are_not_there() -> None:
    reply = await ask("Action=GetCallerIdentity&Version=2011-06-15", auth=authorization(service="sts"))
    assert error(reply) == (400, "UnsupportedOperation")
    reply = await ask("{}", auth=authorization(service="acm"), content_type="application/x-amz-json-1.1")
    assert (reply.status, reply.content_type) == (400, "application/x-amz-json-1.1")
    told = json.loads(reply.body)
    assert told["__type"] == "UnsupportedOperation"
    assert told["message"].startswith("simlb does not emulate the service 'acm'")


async def test_every_answer_has_a_request_id_of_its_own() -> None:
    ids = {(await ask("")).request_id for _ in range(3)}
    assert len(ids) == 3
