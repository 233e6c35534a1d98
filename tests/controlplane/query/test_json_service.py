"""Calls in JSON from bytes to bytes, and what is no call."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from simlb.controlplane.acm.table import acm_model
from simlb.controlplane.query.credentials import Scope
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.json_service import JsonService
from simlb.controlplane.query.model import Operation
from simlb.controlplane.query.protocol import QueryReply, QueryRequest, Values
from tests.aws import authorization

SEEN: list[Any] = []
ARN = "arn:aws:acm:ap-northeast-2:000000000000:certificate/1"
SIGNED_URL = "X-Amz-Credential=k/20261128/r/acm/aws4_request"
REQUESTS = 1000
SEED = 20261128


def run(operation: Operation, scope: Scope, parameters: Values) -> Values:
    SEEN[:] = [operation.name, scope.region, parameters]
    if operation.name == "DescribeCertificate":
        return {"Certificate": {"CreatedAt": datetime(2026, 1, 1, tzinfo=UTC), "InUseBy": [], "IssuedAt": None}}
    if operation.name == "DeleteCertificate":
        raise QueryError("ResourceInUseException", "in use")
    return {}


SERVICE = JsonService(acm_model(), "CertificateManager", run)


async def ask(body: Any, operation: str = "CertificateManager.RequestCertificate", **more: Any) -> QueryReply:
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    more = {"authorization": authorization(service="acm"), **more}
    return await SERVICE.answer(QueryRequest(body=encoded, target=operation, **more))


async def test_a_call_is_answered() -> None:
    reply = await ask({"DomainName": "a.test", "Unknown": 1}, authorization=authorization("eu-west-1", "acm"))
    assert (reply.status, reply.body, reply.content_type) == (200, b"{}", "application/x-amz-json-1.1")
    assert SEEN == ["RequestCertificate", "eu-west-1", {"DomainName": "a.test"}]
    assert (await ask(b"", "CertificateManager.GetAccountConfiguration")).status == 200


async def test_times_are_numbers_and_what_is_none_is_left_out() -> None:
    reply = await ask({"CertificateArn": ARN}, "CertificateManager.DescribeCertificate")
    assert json.loads(reply.body) == {"Certificate": {"CreatedAt": 1767225600.0, "InUseBy": []}}


async def test_bytes_are_in_base64() -> None:
    blob = base64.b64encode(b"\xff\0").decode()
    await ask({"Certificate": blob, "PrivateKey": blob}, "CertificateManager.ImportCertificate")
    assert SEEN[2] == {"Certificate": b"\xff\0", "PrivateKey": b"\xff\0"}


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ([], "SerializationException", "The body has to be a structure"),
        (b"{", "SerializationException", "not JSON"),
        (b"\xff", "SerializationException", "not JSON"),
        (b'{"DomainName": NaN}', "SerializationException", "not JSON"),
        (b"[" * 60000, "SerializationException", "not JSON"),
        ({"DomainName": 1}, "SerializationException", "domainName has to be a string"),
        ({"DomainName": ["a.test"]}, "SerializationException", "domainName has to be a string"),
        ({"DomainName": "\ud800.test"}, "SerializationException", "half a character"),
        ({"DomainName": "a.test", "Tags": {}}, "SerializationException", "tags has to be a list"),
        ({"DomainName": "a.test", "Tags": ["x"]}, "SerializationException", "tags.1.member has to be a structure"),
        ({"DomainName": "a.test", "Tags": [None]}, "SerializationException", "tags.1.member has to be a structure"),
        ({}, "ValidationException", "1 validation error detected: Value null at 'domainName'"),
        ({"DomainName": None}, "ValidationException", "1 validation error detected: Value null at 'domainName'"),
        (
            {"DomainName": "a", "ValidationMethod": "FAX"},
            "ValidationException",
            "2 validation errors detected: Value 'a' at 'domainName' failed to satisfy constraint",
        ),
        ({"DomainName": "a.test", "Tags": []}, "ValidationException", "Value '[]' at 'tags' failed"),
    ],
)
async def test_what_cannot_be_read(body: Any, code: str, words: str) -> None:
    reply = await ask(body)
    told = json.loads(reply.body)
    assert (reply.status, told["__type"]) == (400, code), told
    assert words in told["message"]


async def test_a_boolean_is_no_number_and_a_key_is_in_no_message() -> None:
    reply = await ask({"MaxItems": True}, "CertificateManager.ListCertificates")
    assert b"maxItems has to be a number" in reply.body
    secret = base64.b64encode(b"secret" * 2000).decode()
    reply = await ask({"Certificate": "!", "PrivateKey": secret}, "CertificateManager.ImportCertificate")
    assert b"certificate has to be in base64" in reply.body
    reply = await ask({"Certificate": secret, "PrivateKey": secret}, "CertificateManager.ImportCertificate")
    assert b"Value at 'privateKey' failed" in reply.body
    assert b"secret" not in reply.body


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"target": ""}, 400, "UnknownOperationException"),
        ({"target": "RequestCertificate"}, 400, "UnknownOperationException"),
        ({"target": "CertificateManager.None"}, 400, "UnknownOperationException"),
        ({"authorization": None}, 403, "MissingAuthenticationToken"),
        ({"authorization": "Bearer x"}, 400, "IncompleteSignature"),
        (
            {"authorization": None, "query": "X-Amz-Credential=k/20261128/r/acm/aws4_request"},
            403,
            "AccessDeniedException",
        ),
        ({"target": "CertificateManager.DeleteCertificate"}, 400, "ResourceInUseException"),
    ],
)
async def test_errors_have_their_status(more: dict[str, Any], status: int, code: str) -> None:
    target = "CertificateManager.DeleteCertificate"
    request = {"body": json.dumps({"CertificateArn": ARN}).encode(), "target": target}
    reply = await SERVICE.answer(QueryRequest(**{"authorization": authorization(service="acm"), **request, **more}))
    assert (reply.status, json.loads(reply.body)["__type"]) == (status, code)


class Drawn:
    """Bodies that are no parameters of an operation."""

    def __init__(self) -> None:
        self.random = random.Random(SEED)

    def value(self, depth: int = 0) -> Any:
        if depth < 3 and self.random.random() < 0.5:
            inner = [self.value(depth + 1) for _ in range(self.random.randrange(4))]
            members = self.random.sample(["Key", "Value", "keyTypes", "DomainName", "Export", "", "__type"], 3)
            return inner if self.random.random() < 0.5 else dict(zip(members, inner, strict=False))
        return self.random.choice([True, -1, 1e308, 10**400, "", "x" * 300, "é\0\n", "\udc80", ARN, "a.test", [], {}])

    def body(self, members: list[str]) -> bytes:
        """No JSON, no structure, or a member of the wrong kind among others."""
        kind = self.random.randrange(3 if members else 2)
        if kind == 0:
            valid = json.dumps(self.value()).encode()
            return valid[: self.random.randrange(len(valid) + 1)] + b"\xff" + self.random.randbytes(20)
        if kind == 1:
            return json.dumps(self.random.choice([[self.value()], 1, "x", True, 0.5])).encode()
        wrong = {member: self.value() for member in members}
        wrong[self.random.choice(members)] = -0.5  # which no member is
        return json.dumps(wrong).encode()


async def test_a_thousand_senseless_bodies() -> None:
    drawn, operations = Drawn(), acm_model().operations
    codes: dict[str, int] = {}
    for number in range(REQUESTS):
        name = drawn.random.choice([*operations])
        body = drawn.body([*operations[name].input.members])
        reply = await ask(body, f"CertificateManager.{name}")
        about = f"{number} of seed {SEED}: {name} {body[:300]!r} -> {reply.status} {reply.body[:300]!r}"
        assert 400 <= reply.status < 500, about
        told = json.loads(reply.body)
        assert told["message"], about
        codes[told["__type"]] = codes.get(told["__type"], 0) + 1
    assert codes.keys() == {"SerializationException"}
