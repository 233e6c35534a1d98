"""A view survives its way through JSON."""

import json

import pytest

from simlb.controlplane.views import InstanceView, LogPage
from tests.controlplane.fakes import instance_view


def test_a_view_read_back_from_json_is_the_same() -> None:
    view = instance_view()
    assert InstanceView.from_json(json.loads(json.dumps(view.to_json()))) == view


def test_members_added_by_a_newer_version_are_passed_over() -> None:
    data = instance_view().to_json() | {"zones": 3}
    data["target_groups"][0]["targets"][0]["p95_ms"] = 21
    assert InstanceView.from_json(data) == instance_view()


def test_a_missing_member_is_a_key_error() -> None:
    data = instance_view().to_json()
    del data["speed"]
    with pytest.raises(KeyError):
        InstanceView.from_json(data)


def test_a_log_page_read_back_is_the_same() -> None:
    page = LogPage(next=3, lines=("a", "b"), dropped=1)
    assert LogPage.from_json(json.loads(json.dumps(page.to_json()))) == page


def test_the_health_check_reads_as_one_sentence() -> None:
    assert instance_view().target_groups[0].health_check.summary == (
        "HTTP GET /health every 30 s (timeout 5 s), healthy after 5, unhealthy after 2, matcher 200-299"
    )
