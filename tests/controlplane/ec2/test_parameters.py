"""Parameters of EC2 by their names on the wire: as botocore writes them, and as nobody should."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from simlb.controlplane.ec2.parameters import read_parameters
from simlb.controlplane.ec2.service import HANDLERS, PARAMETERS
from simlb.controlplane.query.errors import QueryError

SHAPE = {"Name": str, "Size": int, "DryRun": bool, "Filter": [{"Name": str, "Value": [str]}]}
NOT_TAKEN = {
    ("StartInstances", "AdditionalInfo"),
    ("DescribeNetworkInterfaces", "IncludeManagedResources"),
}
"""What AWS knows and simlb refuses by name."""


def test_the_table_has_the_names_that_botocore_writes() -> None:
    model = ServiceModel(Loader().load_service_model("ec2", "service-2"), "ec2")
    for operation, shape in PARAMETERS.items():
        members = _wire(model.operation_model(operation).input_shape)
        missing = {(operation, name) for name in members.keys() - shape.keys()}
        assert missing <= NOT_TAKEN, missing
        for name, expected in shape.items():
            if name in members:
                assert _fits(expected, members[name]), (operation, name)
            else:  # one table for both directions of security groups' rules
                assert operation.endswith("Egress"), (operation, name)
                assert name == "GroupName", (operation, name)


def test_every_operation_that_is_answered_has_a_row() -> None:
    assert HANDLERS.keys() - PARAMETERS.keys() == {"RunInstances", "TerminateInstances"}
    assert PARAMETERS.keys() <= HANDLERS.keys()


def test_the_page_tells_each_of_them() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "aws-api.md").read_text(encoding="utf-8")
    section = page.partition("| operation of EC2 |")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section, re.MULTILINE)
    told = [name for row in rows for name in re.findall(r"\w+", row)]
    assert sorted(told) == sorted(HANDLERS)


def _wire(shape: Any) -> dict[str, Any]:
    """Members by the names that EC2's protocol gives them."""
    found = {}
    for name, member in shape.members.items():
        written = member.serialization.get("queryName") or member.serialization.get("name", name)
        found[written[:1].upper() + written[1:]] = member
    return found


def _fits(expected: Any, shape: Any) -> bool:
    if shape.type_name == "list":
        return isinstance(expected, list) and _fits(expected[0], shape.member)
    if shape.type_name == "structure":
        members = _wire(shape)
        return expected.keys() == members.keys() and all(_fits(expected[name], members[name]) for name in members)
    return expected is {"string": str, "integer": int, "boolean": bool}[shape.type_name]


def test_values() -> None:
    given = {
        "Action": "X",
        "Version": "2016-11-15",
        "X-Amz-Date": "now",
        "Name": "a.b",
        "Size": "-5",
        "DryRun": "TRUE",
        "Filter.2.Name": "second",
        "Filter.10.Name": "tenth",
        "Filter.2.Value.1": "",
        "Filter.2.Value.2": "y",
    }
    assert read_parameters("X", given, SHAPE) == {
        "Name": "a.b",
        "Size": -5,
        "DryRun": True,
        "Filter": [{"Name": "second", "Value": ["", "y"]}, {"Name": "tenth"}],
    }
    assert read_parameters("X", {"Filter": ""}, SHAPE) == {"Filter": []}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Nome", "x", "UnknownParameter"),
        ("Name.1", "x", "UnknownParameter"),
        ("Name.", "x", "UnknownParameter"),
        ("Filter", "x", "UnknownParameter"),
        ("Filter.x.Name", "x", "UnknownParameter"),
        ("Filter.-1.Name", "x", "UnknownParameter"),
        ("Filter.1", "x", "UnknownParameter"),
        ("Filter.1.Name.x", "x", "UnknownParameter"),
        ("Filter.1.Value", "x", "UnknownParameter"),
        ("Filter.member.1.Name", "x", "UnknownParameter"),
        ("Filter." * 20 + "Name", "x", "UnknownParameter"),
        ("Size", "5 ", "InvalidParameterValue"),
        ("Size", "\u0665", "InvalidParameterValue"),
        ("Size", "9" * 400, "InvalidParameterValue"),
        ("DryRun", "yes", "InvalidParameterValue"),
    ],
)
def test_what_cannot_be_read_is_refused(name: str, value: str, code: str) -> None:
    with pytest.raises(QueryError) as caught:
        read_parameters("X", {name: value}, SHAPE)
    assert caught.value.code == code
