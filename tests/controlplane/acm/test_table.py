"""The hand-written table against botocore's model of the service."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import re2
from botocore.loaders import Loader

from simlb.controlplane.acm.service import HANDLERS
from simlb.controlplane.acm.table import ERRORS, REFUSED, acm_model
from simlb.controlplane.query.errors import COMMON_STATUS
from simlb.controlplane.query.json_service import JSON_STATUS
from simlb.controlplane.query.model import Shape

MODEL: dict[str, Any] = Loader().load_service_model("acm", "service-2")
OURS = acm_model()


def test_every_operation_is_answered_or_refused() -> None:
    assert OURS.operations.keys() == MODEL["operations"].keys()
    assert HANDLERS.keys() | set(REFUSED) == OURS.operations.keys()
    assert not HANDLERS.keys() & set(REFUSED)
    assert (OURS.version, OURS.service) == (MODEL["metadata"]["apiVersion"], MODEL["metadata"]["endpointPrefix"])


def test_errors_are_the_service_s() -> None:
    assert {name for name in ERRORS if not MODEL["shapes"][name].get("exception")} == set()


def test_every_error_has_a_status() -> None:
    """Of the service, or one that all services with its protocol share."""
    root = Path(__file__).resolve().parents[3] / "simlb"
    paths = [*root.glob("controlplane/acm/*.py"), *root.glob("controlplane/query/json_*.py"), root / "app/acm.py"]
    source = "\n".join(path.read_text(encoding="utf-8") for path in (*paths, root / "app/import_check.py"))
    raised = set(re.findall(r'QueryError\(\s*"(\w+)"', source))
    assert len(raised) > 12
    assert raised - ERRORS.keys() - JSON_STATUS.keys() - COMMON_STATUS.keys() == set()


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_parameters_have_botocore_s_members_and_constraints(name: str) -> None:
    shape = MODEL["operations"][name].get("input")
    theirs = MODEL["shapes"][shape["shape"]] if shape else {"type": "structure"}
    same(OURS.operations[name].input, theirs, name)


def same(ours: Shape, theirs: dict[str, Any], path: str) -> None:
    """Kind, members, what is required, bounds and enumerations. Patterns are tried out elsewhere."""
    assert ours.kind == theirs["type"], path
    assert (ours.low, ours.high, ours.enum) == (theirs.get("min"), theirs.get("max"), tuple(theirs.get("enum", ()))), (
        path
    )
    assert set(ours.required) == set(theirs.get("required", ())), path
    members = theirs.get("members", {})
    assert ours.members.keys() == members.keys(), path
    for member, target in members.items():
        if member != "CertificateAuthorityArn":  # refused whatever it is
            same(ours.members[member], MODEL["shapes"][target["shape"]], f"{path}.{member}")
    if ours.element is not None:
        same(ours.element, MODEL["shapes"][theirs["member"]["shape"]], f"{path}.member")


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_results_are_part_of_botocore_s(name: str) -> None:
    output = MODEL["operations"][name].get("output")
    known(OURS.operations[name].output, MODEL["shapes"][output["shape"]] if output else {"members": {}}, name)


def known(ours: Shape, theirs: dict[str, Any], path: str) -> None:
    """Every member that we write is one that clients read, in the same form."""
    for member, shape in ours.members.items():
        target = MODEL["shapes"][theirs["members"][member]["shape"]]
        assert shape.kind == target["type"], f"{path}.{member}"
        known(shape, target, f"{path}.{member}")
    if ours.element is not None:
        known(ours.element, MODEL["shapes"][theirs["member"]["shape"]], f"{path}.member")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("api.shop.co.kr", True),
        ("*.shop.co.kr", True),
        ("xn--hk3b.kr", True),
        ("API.Shop.test", True),
        ("a.b", False),  # the last label has two signs or more
        ("localhost", False),
        ("*.*.shop.test", False),
        ("api.*.test", False),
        ("-a.shop.test", False),
        ("a-.shop.test", False),
        ("a_b.shop.test", False),
        ("a..test", False),
        ("shop.test.", False),
        ("127.0.0.1", False),
        (f"{'a' * 63}.test", True),
        (f"{'a' * 64}.test", False),
    ],
)
def test_domain_names(name: str, is_one: bool) -> None:
    pattern = OURS.operations["RequestCertificate"].input.members["DomainName"].pattern
    assert pattern is not None
    assert (re2.fullmatch(pattern, name) is not None) == is_one
    theirs = MODEL["shapes"]["DomainNameString"]["pattern"]
    assert (re.fullmatch(theirs, name) is not None) == is_one, "botocore's own says otherwise"
