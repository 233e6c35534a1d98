"""botocore's own half of the protocol, to hold ours against."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlencode

from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from codegen.elbv2 import newest


@cache
def service() -> Any:
    """The service model."""
    return ServiceModel(newest(), "elbv2")


def form(operation: str, parameters: dict[str, Any]) -> str:
    """The form-encoded body of a call, as botocore sends it."""
    model = service().operation_model(operation)
    request = create_serializer("query", include_validation=False).serialize_to_request(parameters, model)
    return urlencode(request["body"])


def parsed(operation: str, status: int, body: bytes) -> dict[str, Any]:
    """What botocore reads from an answer, without what it adds itself."""
    shape = service().operation_model(operation).output_shape
    response = {"status_code": status, "headers": {}, "body": body}
    found: dict[str, Any] = create_parser("query").parse(response, shape)
    return found
