"""Calls that tools have made, as the files in `recordings/` have them, and their way over HTTP.

A recording is JSON lines. The first says what was recorded; `{"phase": ...}` begins a phase; every other line is a
call:

    {"service": "elbv2", "call": "DescribeTags", "request": {"ResourceArns.member.1": "..."}, "answer": {...}}

`request` is the tool's own: form parameters (elbv2, EC2, STS), JSON (ACM), or method, path and body (Route 53).
`answer` is what botocore reads out of the response; of a refusal it is only the code, as `error`. What differs from run
to run is a name in guillemets, such as `«id7»`: the same name is the same value throughout.
"""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser

from tests.aws import authorization

RECORDINGS = Path(__file__).parent / "recordings"
_SIGNING_NAMES = {"elasticloadbalancing": "elbv2"}
_READING = ("Describe", "Get", "List")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, and what it was answered with: `answer`, or the code of an `error`."""

    service: str
    operation: str
    request: Any
    answer: Any = None
    error: str = ""

    @property
    def is_reading(self) -> bool:
        """Whether it changes nothing."""
        return self.operation.startswith(_READING)

    def to_json(self) -> dict[str, Any]:
        """Its line of a recording."""
        outcome = {"error": self.error} if self.error else {"answer": self.answer}
        return {"service": self.service, "call": self.operation, "request": self.request, **outcome}


def load(path: Path) -> dict[str, list[Call]]:
    """The calls of a recording by its phases."""
    phases: dict[str, list[Call]] = {}
    calls: list[Call] = []
    for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()[1:]):
        if "phase" in line:
            calls = phases.setdefault(line["phase"], [])
        else:
            calls.append(
                Call(
                    service=line["service"],
                    operation=line["call"],
                    request=line["request"],
                    answer=line.get("answer"),
                    error=line.get("error", ""),
                )
            )
    return phases


@cache
def model(service: str) -> ServiceModel:
    """AWS's description of a service."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def read_exchange(method: str, path: str, target: str, signed: str, body: str) -> Call:
    """A request as it came over the wire, without its answer. `signed` is the service of its signature."""
    service = _SIGNING_NAMES.get(signed, signed)
    if target:
        return Call(service=service, operation=target.rpartition(".")[2], request=json.loads(body))
    form = dict(parse_qsl(body, keep_blank_values=True))
    if "Action" in form:
        del form["Version"]
        return Call(service=service, operation=form.pop("Action"), request=form)
    request = {"method": method, "path": path, **({"body": body} if body else {})}
    return Call(service=service, operation=_rest_operation(service, method, path), request=request)


def send(port: int, service: str, operation: str, request: Any) -> tuple[int, bytes]:
    """Make a call to an instance on this machine, by its control port. Status and body of the response."""
    described = model(service)
    signed = described.signing_name
    method, path = "POST", "/"
    headers = {"Authorization": authorization(service=signed)}
    if described.protocol == "json":
        body = json.dumps(request)
        headers["Content-Type"] = "application/x-amz-json-1.1"
        headers["X-Amz-Target"] = f"{described.metadata['targetPrefix']}.{operation}"
    elif described.protocol == "rest-xml":
        method, path, body = request["method"], request["path"], request.get("body", "")
    else:
        body = urlencode({"Action": operation, "Version": described.api_version, **request})
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body.encode() if body else None, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def read_answer(service: str, operation: str, status: int, body: bytes) -> dict[str, Any]:
    """What a response says, in plain values; `{"error": code}` of a refusal."""
    described = model(service)
    shape = described.operation_model(operation).output_shape
    response = {"status_code": status, "headers": {}, "body": body}
    parsed = create_parser(described.protocol).parse(response, shape)
    if status >= 300:
        return {"error": parsed["Error"]["Code"]}
    parsed.pop("ResponseMetadata", None)
    plain: dict[str, Any] = json.loads(json.dumps(parsed, default=str))
    return plain


def _rest_operation(service: str, method: str, path: str) -> str:
    described = model(service)
    plain = path.partition("?")[0].rstrip("/")
    for name in described.operation_names:
        operation: OperationModel = described.operation_model(name)
        pattern = re.sub(r"\{\w+\+?\}", "[^/]+", operation.http["requestUri"].partition("?")[0].rstrip("/"))
        if operation.http["method"] == method and re.fullmatch(pattern, plain):
            return str(name)
    raise AssertionError(f"{service} has no operation for {method} {path}")
