"""`simlb scenario ls`, `show`, `new`, `check`, and the flags of `run` and `replay`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simlb.cli.parser import build
from tests.cli.conftest import Run


def test_scenarios_are_listed(run: Run) -> None:
    status, out, _ = run("scenario", "ls")
    assert status == 0
    assert "One server crashes" in out
    assert run("scenario")[1] == out
    assert "서버 한 대가 죽었을 때" in run("scenario", "ls", "--lang", "ko")[1]
    assert "서버 한 대가 죽었을 때" in run("scenario", "--lang", "ko")[1]
    assert "서버 한 대가 죽었을 때" in run("scenario", "--lang", "ko", "ls")[1]
    assert "One server crashes" in run("scenario", "--lang", "ko", "ls", "--lang", "en")[1]
    assert "target-crash" in [each["id"] for each in json.loads(run("scenario", "ls", "--json")[1])]


def test_the_language_is_that_of_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert "서버 한 대가 죽었을 때" in run("scenario", "ls")[1]
    assert "One server crashes" in run("scenario", "ls", "--lang", "en")[1]


def test_a_scenario_is_shown(run: Run) -> None:
    out = run("scenario", "show", "target-crash")[1]
    assert out.startswith("target-crash: One server crashes\n")
    for part in ("web: i-01 i-02 i-03 i-04", "20/s, GET /api/items/{n} to :80", "fault crash: target.crash on i-03"):
        assert part in out
    assert json.loads(run("scenario", "show", "target-crash", "--json")[1])["targets"] == {
        "web": ["i-01", "i-02", "i-03", "i-04"]
    }


def test_the_check_gives_the_numbers(run: Run) -> None:
    status, out, _ = run("scenario", "check", "target-crash")
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == " ✔ target-crash is right: 7 steps, 6 expectations. At most 255 s, here 25.5 s."
    assert any("30 … 60 s, mean 45" in line and "3 … 6 s, mean 4.5" in line for line in lines)
    assert any("150 … 300, mean 225" in line for line in lines)
    assert any(line.startswith("detect") and "from 28.0 s to 62.0 s" in line for line in lines)
    assert "!" not in out.replace("!=", "")


def test_the_check_warns_of_short_timeouts(run: Run) -> None:
    run("scenario", "new", "my-story")
    path = Path("my-story.yaml")
    path.write_text(
        path.read_text(encoding="utf-8").replace("rate: 20/s", "rate: 5/s").replace("max_speed: 20", "max_speed: 50")
    )
    assert "! health check timeout: 5 s = 100 ms, short" in run("scenario", "check", str(path), "--speed", "50")[1]
    status, _, err = run("scenario", "check", str(path), "--speed", "51")
    assert (status, err.split()[0]) == (2, "SIMLB-E664")


def test_the_check_in_json(run: Run) -> None:
    found = json.loads(run("scenario", "check", "target-crash", "--json")[1])
    assert found["variables"]["R"] == 20
    assert {"id": "detect", "low": 30.0, "high": 60.0, "mean": 45.0, "unit": "s"} in found["estimates"]
    assert found["expectations"][0]["bounds"] == [28.0, 62.0]


def test_what_new_writes_passes_the_check(run: Run) -> None:
    assert run("scenario", "new", "my-story")[1].startswith("my-story.yaml written.")
    assert run("scenario", "check", "my-story.yaml")[0] == 0
    status, _, err = run("scenario", "new", "my-story")
    assert (status, err.split()[0]) == (2, "SIMLB-E667")


def test_a_wrong_file_is_told_with_all_its_problems(run: Run) -> None:
    run("scenario", "new", "my-story")
    path = Path("my-story.yaml")
    text = path.read_text(encoding="utf-8").replace("web/2", "web/9").replace("target.crash", "target.crush")
    path.write_text(text, encoding="utf-8")
    status, _, err = run("scenario", "check", "my-story.yaml")
    assert status == 2
    assert err.count("my-story.yaml:") >= 3
    assert "did you mean target.crash?" in err


def test_commands_that_a_scenario_starts_are_shown(run: Run) -> None:
    run("scenario", "new", "my-story")
    path = Path("my-story.yaml")
    text = path.read_text(encoding="utf-8").replace("count: 3,", 'count: 3, run: "rm -rf {port}",')
    path.write_text(text, encoding="utf-8")
    assert "starts a command: --allow-run: rm -rf {port}" in run("scenario", "check", "my-story.yaml")[1]


def test_a_missing_file_says_how_to_begin(run: Run) -> None:
    status, _, err = run("scenario", "check", "none.yaml")
    assert status == 2
    assert "simlb scenario new" in err


def test_an_unknown_id(run: Run) -> None:
    assert "did you mean 'target-crash'?" in run("scenario", "show", "target-crush")[2]


def test_the_flags_of_run_and_replay() -> None:
    flags = ["--speed", "20", "--seed", "3", "--report", "r.html", "--junit", "j.xml", "--journal", "j.jsonl"]
    others = ["--lang", "ko", "--allow-run", "--no-questions", "--json"]
    arguments = build().parse_args(["scenario", "run", "x.yaml", *flags, *others])
    assert arguments.run == "simlb.cli.scenario_running:run"
    assert (arguments.speed, arguments.seed, arguments.report, arguments.junit) == (20, 3, "r.html", "j.xml")
    assert (arguments.journal, arguments.lang, arguments.allow_run, arguments.no_questions) == (
        "j.jsonl",
        "ko",
        True,
        True,
    )
    plain = build().parse_args(["scenario", "run", "x"])
    assert (plain.speed, plain.seed, plain.report, plain.no_report, plain.json) == (None, None, None, False, False)
    replay = build().parse_args(["scenario", "replay", "j.jsonl", "--speed", "8"])
    assert (replay.run, replay.journal, replay.speed) == ("simlb.cli.scenario_running:replay", "j.jsonl", 8)
