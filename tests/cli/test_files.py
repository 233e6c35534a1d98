"""`simlb init`, `simlb config check`, `simlb config schema`."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.conftest import Run


def test_what_init_writes_passes_the_check(run: Run) -> None:
    assert run("init")[1].startswith("simlb.yaml written.")
    status, out, _ = run("config", "check")
    assert (status, out) == (
        0,
        "✔ simlb.yaml is right: load balancers 1, listeners 2, rules 0, target groups 1, targets 3.\n",
    )


def test_the_check_counts_rules_without_the_default_ones(run: Run) -> None:
    rules = "[{priority: 1, path: /a, forward: web}, {priority: 2, path: /b, forward: web}]"
    Path("simlb.yaml").write_text(
        f"simlb: config/1\ntarget_groups: [{{name: web}}]\n"
        f"load_balancers: [{{name: a, listeners: [{{protocol: HTTP, port: 80, forward: web, rules: {rules}}}]}}]\n"
    )
    assert "listeners 1, rules 2, target groups 1, targets 0." in run("config", "check")[1]


def test_the_comments_of_what_init_writes_stand_in_columns(run: Run) -> None:
    run("init")
    found = (re.match(r" .*\S {2,}(# .*)", line) for line in Path("simlb.yaml").read_text().splitlines())
    # The second one is behind entries that take a whole line.
    assert {match.start(1) for match in found if match} == {40, 58}


def test_init_keeps_what_is_there(run: Run) -> None:
    Path("mine.yaml").write_text("mine")
    status, _, err = run("init", "mine.yaml")
    assert (status, err.split()[0]) == (2, "SIMLB-E513")
    assert Path("mine.yaml").read_text() == "mine"
    assert run("init", "mine.yaml", "--force")[0] == 0
    assert "load_balancers" in Path("mine.yaml").read_text()


def test_init_into_a_missing_folder(run: Run) -> None:
    assert run("init", "nowhere/simlb.yaml")[2].startswith("SIMLB-E514")


def test_a_wrong_file_is_told_with_its_line(run: Run) -> None:
    run("init")
    path = Path("simlb.yaml")
    path.write_text(path.read_text().replace("path: /health", "paht: /health"))
    status, _, err = run("config", "check")
    assert status == 2
    assert "simlb.yaml:" in err
    assert "did you mean 'path'?" in err


def test_a_missing_file_is_told(run: Run) -> None:
    status, _, err = run("config", "check", "none.yaml")
    assert status == 2
    assert "none.yaml" in err


def test_the_schema_is_json(run: Run) -> None:
    assert json.loads(run("config", "schema")[1])["title"] == "simlb.yaml"
