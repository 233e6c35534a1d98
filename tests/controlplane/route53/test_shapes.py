"""The shapes are those of botocore's service model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
import pytest

from simlb.controlplane.route53.shapes import OPERATIONS, VERSION, Operation
from simlb.controlplane.route53.xml import Shape

MODEL = botocore.session.get_session().get_service_model("route53")
SCALARS = {"string": str, "timestamp": str, "integer": int, "long": int, "boolean": bool}


def differences(ours: Shape, theirs: Any, path: str) -> Iterator[str]:
    """Where one of our members is none of theirs, or another one. They may have more: what simlb does not know."""
    if isinstance(ours, Mapping):
        for name, shape in ours.items():
            if name not in theirs.members:
                yield f"{path}.{name} is not theirs"
            else:
                yield from differences(shape, theirs.members[name], f"{path}.{name}")
    elif isinstance(ours, tuple):
        if ours[0] != theirs.member.serialization.get("name", "member"):
            yield f"{path} has other items"
        yield from differences(ours[1], theirs.member, f"{path}[]")
    elif SCALARS.get(theirs.type_name) is not ours:
        yield f"{path} is {theirs.type_name}"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_operation_is_as_the_service_model_says(operation: Operation) -> None:
    theirs = MODEL.operation_model(operation.name)
    http = theirs.http
    assert (operation.method, VERSION + operation.path) == (http["method"], http["requestUri"].rstrip("/"))
    assert operation.status == http.get("responseCode", 200)
    assert list(differences(operation.answers, theirs.output_shape, "output")) == []
    assert list(differences(operation.reads or {}, theirs.input_shape, "input")) == []
    in_url = {
        shape.serialization["name"]: name
        for name, shape in (theirs.input_shape.members if theirs.input_shape else {}).items()
        if shape.serialization.get("location") == "querystring"
    }
    assert operation.query == in_url
