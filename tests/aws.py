"""boto3's client for an instance, and requests as AWS's clients sign them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

REGION = "ap-northeast-2"


def authorization(region: str = REGION, service: str = "elasticloadbalancing") -> str:
    """An Authorization header; nobody looks at its signature."""
    scope = f"simlb/20261128/{region}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00"


@contextmanager
def elbv2(
    url: str, *, region: str = REGION, service: str = "elbv2", session: boto3.Session | None = None
) -> Iterator[Any]:
    """A client that tries once and is closed at the end. Not the user's profile, keys or proxies."""
    client = (session or _session()).client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id="simlb",
        aws_secret_access_key="simlb",
        config=Config(retries={"total_max_attempts": 1}, proxies={}, connect_timeout=5, read_timeout=30),
    )
    try:
        yield client
    finally:
        client.close()


@cache
def _session() -> Any:
    return boto3.Session()
