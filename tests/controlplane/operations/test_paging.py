"""Pages and their markers."""

from __future__ import annotations

import base64
import json

import pytest

from tests.controlplane.operations.conftest import Api

COUNT = 9


def configuration(names: list[str]) -> str:
    groups = ", ".join(f"{{name: {name}}}" for name in names)
    return f"load_balancers: [{{name: a, listeners: []}}]\ntarget_groups: [{groups}]\n"


NAMES = [f"g-{number}" for number in range(COUNT)]


@pytest.fixture
def many(api: Api) -> Api:
    """With nine target groups."""
    api.load(configuration(NAMES))
    return api


@pytest.mark.parametrize("size", [1, 2, 3, 4, 8, 9, 10, 400])
async def test_pages_hold_everything_once(many: Api, size: int) -> None:
    pages = await many.pages("DescribeTargetGroups", "TargetGroups", PageSize=size)
    assert [group["TargetGroupName"] for page in pages for group in page] == NAMES
    assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
    assert 0 < len(pages[-1]) <= size


async def test_no_page_size_is_a_page_of_400(many: Api) -> None:
    assert "NextMarker" not in await many("DescribeTargetGroups")
    assert "NextMarker" not in await many("DescribeTargetGroups", Marker="")


async def test_lists_may_change_between_pages(many: Api) -> None:
    marker = (await many("DescribeTargetGroups", PageSize=3))["NextMarker"]  # after g-2
    for names, following in (
        (["new", *NAMES], "g-3"),
        (NAMES[1:], "g-3"),
        (["g-0", "g-1", "g-3", "g-4"], "g-4"),  # g-2 is gone: what is in its place counts
        (["g-0"], None),
        (["g-3", "g-2", "g-4"], "g-4"),
    ):
        many.load(configuration(names))
        page = (await many("DescribeTargetGroups", PageSize=1, Marker=marker))["TargetGroups"]
        assert [group["TargetGroupName"] for group in page] == ([following] if following else [])


def written(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    "marker",
    [
        "x",
        "가",
        "====",
        "AAAA",
        written(),
        written("DescribeTargetGroups", 1),
        written("DescribeTargetGroups", -1, "a"),
        written("DescribeTargetGroups", "1", "a"),
        written("DescribeTargetGroups", True, "a"),
        written("DescribeTargetGroups", 1, None),
        written("DescribeLoadBalancers", 1, "a"),
        base64.urlsafe_b64encode(b"[" * 30_000).decode(),
        base64.urlsafe_b64encode(b"9" * 9000).decode(),
        base64.urlsafe_b64encode(b'{"a": 1, "b": 2, "c": 3}').decode(),
    ],
)
async def test_a_marker_that_was_not_given_is_refused(many: Api, marker: str) -> None:
    assert await many.fails("DescribeTargetGroups", Marker=marker) == (
        "ValidationError",
        f"The marker '{marker}' is not valid",
    )


async def test_a_marker_beyond_the_end_is_an_empty_page(many: Api) -> None:
    marker = written("DescribeTargetGroups", 10**18, "a")
    assert (await many("DescribeTargetGroups", Marker=marker))["TargetGroups"] == []


async def test_every_paged_operation(many: Api) -> None:
    limits = await many.pages("DescribeAccountLimits", "Limits", PageSize=4)
    assert [len(page) for page in limits] == [4, 4, 3]
    policies = await many.pages("DescribeSSLPolicies", "SslPolicies", PageSize=20)
    assert len({policy["Name"] for page in policies for policy in page}) == sum(map(len, policies)) > 20
