"""docs/json-api.md and the control port have the same operations; the examples use no other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from simlb.console import Console
from simlb.controlplane.server import ControlServer
from tests.app.conftest import Bench

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "json-api.md").read_text(encoding="utf-8")
EXAMPLES = [
    path
    for path in sorted((ROOT / "examples").glob("*/*"))
    if path.is_file() and path.parent.name not in {"tutorial", "node-aws-sdk"}
]
"""Of the JSON API; the tutorial is one of AWS's (tests/test_tutorial.py)."""
LINES_MAX = 30
_ASKED = re.compile(r"""ask\(["'](GET|POST|DELETE)["'], ["']([a-z/-]+)["']""")


def documented() -> set[tuple[str, str]]:
    found = re.findall(r"^### `(GET|POST|DELETE) (/[^` ]*)`$", PAGE, re.MULTILINE)
    assert len(found) == len(set(found)), "an operation is there twice"
    return set(found)


async def test_the_page_has_every_operation_and_no_other(bench: Bench) -> None:
    app = await bench.start()
    console = Console(app)
    server = ControlServer(app, "token", 0, routes=[*app.control_routes(), *console.routes()])
    assert documented() == {(route.method, route.path) for route in server.routes()}


@pytest.mark.parametrize("block", re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL), ids=lambda block: block[:30])
def test_examples_on_the_page_are_json(block: str) -> None:
    """One value, or one a line where there is a choice."""
    try:
        json.loads(block)
    except ValueError:
        for line in block.splitlines():
            json.loads(line)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.parent.name))
def test_an_example_is_short_and_asks_for_what_there_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES_MAX
    assert all(len(line) <= 120 for line in text.splitlines())
    asked = {(method, f"/api/v1/{name}") for method, name in _ASKED.findall(text)}
    assert asked - documented() == set()
    assert {name.rpartition("/")[2] for _, name in asked} >= {"wait", "faults", "advance", "traffic"}


def test_there_is_one_for_each_language() -> None:
    assert [path.parent.name for path in EXAMPLES] == ["go", "java", "node"]
