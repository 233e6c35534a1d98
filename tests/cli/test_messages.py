"""docs/messages.md lists every code that simlb knows, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IN_SOURCE = re.compile(r"""["'](E[1-8][0-9]{2})["']|SIMLB-(E[1-8][0-9]{2})""")
IN_DOCUMENT = re.compile(r"^\| (E[1-8][0-9]{2}) \|(.*)\|$", re.MULTILINE)


def codes_in_source() -> dict[str, str]:
    """Each code, and a file that has it."""
    found = {}
    for path in sorted((ROOT / "simlb").rglob("*.py")):
        for match in IN_SOURCE.finditer(path.read_text(encoding="utf-8")):
            found[match[1] or match[2]] = path.relative_to(ROOT).as_posix()
    return found


def rows() -> list[tuple[str, list[str]]]:
    text = (ROOT / "docs/messages.md").read_text(encoding="utf-8")
    return [(match[1], [cell.strip() for cell in match[2].split("|")]) for match in IN_DOCUMENT.finditer(text)]


def test_every_code_is_listed() -> None:
    listed = {code for code, _ in rows()}
    missing = {code: path for code, path in codes_in_source().items() if code not in listed}
    assert missing == {}


def test_no_code_is_listed_that_nothing_says() -> None:
    said = codes_in_source()
    assert [code for code, _ in rows() if code not in said] == []


def test_the_list_is_in_order_and_complete() -> None:
    codes = [code for code, _ in rows()]
    assert codes == sorted(set(codes))
    for code, cells in rows():
        assert len(cells) == 3, code
        assert all(cells), code
