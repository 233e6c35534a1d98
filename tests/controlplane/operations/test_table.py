"""All 51 operations, and docs/aws-api.md tells each."""

from __future__ import annotations

import re
from pathlib import Path

from simlb.controlplane.operations.references import KINDS
from simlb.controlplane.operations.table import HANDLERS, elbv2_service
from simlb.controlplane.query.errors import COMMON_STATUS
from simlb.controlplane.query.model import elbv2
from simlb.controlplane.query.protocol import QueryRequest
from tests.controlplane.operations.conftest import Api
from tests.controlplane.operations.shop import SHOP

OPERATIONS = elbv2().operations
ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "aws-api.md").read_text(encoding="utf-8")


def test_every_operation_is_answered() -> None:
    assert HANDLERS.keys() == OPERATIONS.keys()
    assert len(OPERATIONS) == 51


def test_the_page_tells_each_of_them() -> None:
    section = PAGE.partition("\n## Operations\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE) == [(name, "answered") for name in OPERATIONS]


async def test_parameters_are_checked(api: Api) -> None:
    api.load(SHOP)
    code, _ = await api.fails("CreateTargetGroup", Name="a", Protocol="HTTPX")
    assert code == "ValidationError"


async def test_a_signed_url_may_only_read(api: Api) -> None:
    service = elbv2_service(api.load(SHOP))
    credential = "X-Amz-Credential=a/20261128/ap-northeast-2/elasticloadbalancing/aws4_request"
    for action, status in (("DescribeLoadBalancers", 200), ("DeleteRule&RuleArn=a", 403)):
        reply = await service.answer(QueryRequest(query=f"Action={action}&Version=2015-12-01&{credential}"))
        assert reply.status == status


def test_every_error_has_a_status() -> None:
    """Of the service model, or one that all services of the Query protocol share."""
    known = elbv2().errors.keys() | COMMON_STATUS.keys()
    folder = ROOT / "simlb" / "controlplane"
    paths = [*folder.glob("operations/*.py"), *folder.glob("query/*.py")]
    source = "\n".join(path.read_text(encoding="utf-8") for path in paths if not path.name.startswith("json_"))
    raised = set(re.findall(r'QueryError\(\s*"(\w+)"', source)) | {kind.code for kind in KINDS}
    assert len(raised) > 12
    assert raised - known == set()
