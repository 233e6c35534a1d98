"""The page's forms of attributes are made from the tables that the load balancer itself goes by."""

from __future__ import annotations

import json

import pytest

from simlb.console import attributes
from tests.console.conftest import Desk

TABLES = json.loads(attributes.as_json())


@pytest.mark.parametrize("name", sorted(attributes.TABLES))
def test_every_attribute_is_there(name: str) -> None:
    rows = {row["key"]: row for row in TABLES[name]}
    assert rows.keys() == attributes.TABLES[name].keys()
    for key, row in attributes.TABLES[name].items():
        assert rows[key]["default"] == row.default
        assert rows[key]["supported"] == row.supported


@pytest.mark.parametrize(
    ("name", "key", "expected"),
    [
        ("target_group", "slow_start.duration_seconds", {"kind": "int", "low": 30, "high": 900, "choices": ["0"]}),
        ("load_balancer", "deletion_protection.enabled", {"kind": "bool", "choices": ["true", "false"]}),
        ("load_balancer", "routing.http.xff_header_processing.mode", {"kind": "enum", "default": "append"}),
    ],
)
def test_what_a_row_says(name: str, key: str, expected: dict[str, object]) -> None:
    (row,) = (row for row in TABLES[name] if row["key"] == key)
    assert {each: row[each] for each in expected} == expected
    assert ("low" in row) == (row["kind"] == "int")


async def test_the_page_gets_them(desk: Desk) -> None:
    status, headers, body = await desk.ask("GET", "/console/attributes.json")
    assert (status, json.loads(body)) == (200, TABLES)
    assert headers["content-type"].startswith("application/json")
