"""docs/reading-logs.md keeps its word: filters, fields, options and the message are the real ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simlb.cli.parser import build
from simlb.core.log_kinds import LogKind
from simlb.errors import SimlbError
from simlb.observe.log_fields import COLUMNS, SHORT_NAMES, USUAL_COLUMNS
from simlb.observe.log_filter import compile_filter

READING_LOGS = (Path(__file__).parents[1] / "docs" / "reading-logs.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    return READING_LOGS.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_every_filter_in_the_guide_is_one() -> None:
    filters = re.findall(r"^\| `(.*?)` \| ", section("Filters"), re.MULTILINE)
    assert len(filters) == 10
    for text in filters:
        compile_filter(text, LogKind.ACCESS)
    commands = re.findall(r'^(?:\$ )?simlb logs (--connections )?"([^"]*)"', READING_LOGS, re.MULTILINE)
    assert len(commands) == 3
    for flag, text in commands:
        compile_filter(text, LogKind.CONNECTION if flag else LogKind.ACCESS)


def test_the_message_about_a_wrong_filter_is_the_real_one() -> None:
    (example,) = re.findall(r"^```text\n(.*?)^```$", section("Filters"), re.MULTILINE | re.DOTALL)
    with pytest.raises(SimlbError) as caught:
        compile_filter("status==200 and pth=='/'", LogKind.ACCESS)
    assert caught.value.render() == example.rstrip("\n")


@pytest.mark.parametrize("kind", LogKind)
def test_every_short_name_of_a_field_is_described(kind: LogKind) -> None:
    fields = section("Fields")
    assert [name for name in SHORT_NAMES[kind] if f"`{name}`" not in fields] == []
    assert " ".join(name.upper() for name in USUAL_COLUMNS[LogKind.ACCESS]) in " ".join(READING_LOGS.split())
    if kind is LogKind.ACCESS:
        pairs = re.findall(r"\| `(\w+)` \| `([\w:]+)`", fields)
        assert len(pairs) > 15
        assert (
            {SHORT_NAMES[kind][short].name for short, _ in pairs} == {name for _, name in pairs} <= set(COLUMNS[kind])
        )


@pytest.mark.parametrize("command", ["logs", "replay"])
def test_every_option_of_the_commands_is_in_the_guide(command: str) -> None:
    parser = next(iter(build()._subparsers_actions())).choices[command]
    options = [action.option_strings[-1] for action in parser._actions if action.option_strings]
    usage = {"--follow": "-f", "--lines": "-n", "--insecure": "-k"}
    shown = "".join(re.findall(rf"^```\n(simlb {command} .*?)^```", READING_LOGS, re.MULTILINE | re.DOTALL))
    missing = [option for option in options if usage.get(option, option) not in shown]
    assert missing == ["--help", "--instance"]
