"""The parameters that are read are those of the newest botocore, with its constraints; and no operation is unknown."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import botocore
import pytest

from simlb.controlplane.cloudwatch.operations import OPERATIONS
from simlb.controlplane.cloudwatch.shapes import EXCEPTIONS, REFUSED, TARGET, cloudwatch
from simlb.controlplane.query.model import Shape

PATH = Path(botocore.__file__).parent / "data/cloudwatch/2010-08-01/service-2.json.gz"
SERVICE: dict[str, Any] = json.loads(gzip.decompress(PATH.read_bytes()))
SHAPES: dict[str, Any] = SERVICE["shapes"]


def differences(ours: Shape, name: str, path: str) -> list[str]:
    theirs = SHAPES[name]
    here = (ours.kind, ours.low, ours.high, ours.pattern, list(ours.enum), sorted(ours.required), sorted(ours.members))
    there = (
        theirs["type"],
        theirs.get("min"),
        theirs.get("max"),
        theirs.get("pattern"),
        theirs.get("enum", []),
        sorted(theirs.get("required", [])),
        sorted(theirs.get("members", {})),
    )
    if here != there:
        return [f"{path}: {here} is {there}"]
    found = [
        difference
        for member, shape in ours.members.items()
        for difference in differences(shape, theirs["members"][member]["shape"], f"{path}.{member}")
    ]
    if ours.element is not None:
        found += differences(ours.element, theirs["member"]["shape"], f"{path}[]")
    return found


@pytest.mark.parametrize("name", OPERATIONS)
def test_parameters(name: str) -> None:
    ours = cloudwatch().operations[name].input
    assert differences(ours, SERVICE["operations"][name]["input"]["shape"], name) == []


def test_operations() -> None:
    assert sorted({*OPERATIONS, *REFUSED}) == sorted(SERVICE["operations"])
    assert list(REFUSED) == sorted(REFUSED)
    assert (TARGET, cloudwatch().namespace) == (
        SERVICE["metadata"]["targetPrefix"],
        SERVICE["metadata"]["xmlNamespace"],
    )


def test_the_page_tells_each_of_them() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "aws-api.md").read_text(encoding="utf-8")
    section = page.partition("| operation of CloudWatch |")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == sorted(OPERATIONS)


def test_names_of_errors() -> None:
    theirs = {shape["error"]["code"]: name for name, shape in SHAPES.items() if "code" in shape.get("error", {})}
    assert {code: name for code, name in EXCEPTIONS.items() if code in theirs} == {
        code: theirs[code] for code in EXCEPTIONS if code in theirs
    }
    assert EXCEPTIONS.keys() - theirs.keys() == {"AccessDenied", "InvalidAction"}
