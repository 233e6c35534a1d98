"""The console's sentences, in two languages: YAML that a teacher can edit, JSON for the page.

    words.yaml:  live:
                   healthy: {en: healthy, ko: 정상}

becomes `{"live.healthy": {"en": ..., "ko": ...}}`. Every file of the folder `words` is one part of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "content" / "words"
LANGUAGES = ("en", "ko")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where it is there: ten times as fast, at every start."""


def words(folder: Path = FOLDER) -> dict[str, dict[str, str]]:
    """All sentences by their dotted names. Asserts that each has both languages, and that none is there twice."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.yaml")):
        part = yaml.load(path.read_bytes(), Loader=LOADER)  # noqa: S506  both are safe loaders
        for name, both in _flat(part, ""):
            assert name not in found, f"{path.name}: {name} is there twice"
            assert set(both) == set(LANGUAGES), f"{path.name}: {name} needs en and ko"
            assert all(isinstance(text, str) for text in both.values()), f"{path.name}: {name} is no text"
            found[name] = both
    return found


def as_json(folder: Path = FOLDER) -> bytes:
    """The same, for the page."""
    return json.dumps(words(folder), ensure_ascii=False).encode()


def _flat(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, str]]]:
    for key, inner in value.items():
        name = f"{prefix}{key}"
        assert isinstance(inner, dict), f"{name} is neither a part nor a text in two languages"
        if LANGUAGES[0] in inner or LANGUAGES[1] in inner:
            yield name, inner
        else:
            yield from _flat(inner, f"{name}.")
