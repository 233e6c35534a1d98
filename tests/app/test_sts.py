"""Who am I: boto3 against a running instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simlb.testing import ALB, FakeBackend
from tests.aws import elbv2


@pytest.fixture(scope="module")
def sts() -> Iterator[Any]:
    """STS, of a region where there is nothing else."""
    alb = ALB("shop", control=True)
    alb.listen(80).forward(alb.target_group("web", FakeBackend()))
    with alb.start() as lb, elbv2(lb.control_url, service="sts", region="eu-west-1") as client:
        yield client


def test_everybody_is_the_same_user_of_the_account_that_nobody_has(sts: Any) -> None:
    found = sts.get_caller_identity()
    assert found["Account"] == "000000000000"
    assert found["Arn"] == "arn:aws:iam::000000000000:user/simlb"
    assert len(found["UserId"]) == 21
    assert sts.get_access_key_info(AccessKeyId="A" * 16)["Account"] == "000000000000"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("assume_role", {"RoleArn": "arn:aws:iam::000000000000:role/deploy", "RoleSessionName": "ci"}),
        ("get_session_token", {}),
        ("get_federation_token", {"Name": "bob"}),
    ],
)
def test_there_are_no_roles_and_sessions_without_moto(
    sts: Any, operation: str, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simlb.app.moto.is_installed", lambda: False)
    with pytest.raises(ClientError) as caught:
        getattr(sts, operation)(**parameters)
    assert caught.value.response["Error"]["Code"] == "UnsupportedOperation"
    assert "of STS is not emulated by simlb. With its extra" in caught.value.response["Error"]["Message"]
