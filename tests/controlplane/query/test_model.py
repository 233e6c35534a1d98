"""The checked-in table is what the newest botocore says."""

from __future__ import annotations

from codegen import elbv2 as generator
from simlb.controlplane.query.errors import COMMON_STATUS
from simlb.controlplane.query.model import elbv2


def test_the_table_is_made_from_the_newest_botocore() -> None:
    made = generator.text(generator.table(generator.newest()))
    assert generator.TABLE.read_text(encoding="utf-8") == made, "make it anew: make models (python -m codegen.elbv2)"


def test_it_has_all_operations_and_errors() -> None:
    model = elbv2()
    assert (model.service, model.version, len(model.operations)) == ("elasticloadbalancing", "2015-12-01", 51)
    assert {code for operation in model.operations.values() for code in operation.errors} <= model.errors.keys()
    assert {code: status for code, status in model.errors.items() if status != 400} == {
        "HealthUnavailable": 500,
        "InsufficientCapacity": 500,
        "PriorRequestNotComplete": 429,
    }
    assert not model.errors.keys() & COMMON_STATUS.keys()


def test_shapes_keep_their_constraints() -> None:
    page_size = elbv2().operations["DescribeRules"].input.members["PageSize"]
    assert (page_size.kind, page_size.low, page_size.high) == ("integer", 1, 400)
    tags = elbv2().operations["AddTags"].input
    assert tags.required == ("ResourceArns", "Tags")
    assert tags.members["Tags"].element is not None
    assert tags.members["Tags"].element.members["Key"].high == 128
    assert elbv2().operations["CreateTargetGroup"].input.members["Protocol"].enum[:2] == ("HTTP", "HTTPS")
