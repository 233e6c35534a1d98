"""YAML text to values: what a scalar means, what is refused, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from simlb.config import template, yaml_source
from simlb.config.yaml_source import YamlSource, read
from simlb.errors import ConfigError


def values(text: str) -> object:
    return YamlSource(text, "f.yaml").values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: on", {"a": "on"}),
        ("a: yes", {"a": "yes"}),
        ("a: off", {"a": "off"}),
        ("a: 22:22", {"a": "22:22"}),
        ("a: 010", {"a": "010"}),
        ("a: 0x1F", {"a": "0x1F"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 1e9", {"a": "1e9"}),
        ("a: .inf", {"a": ".inf"}),
        ("a: 2026-11-23", {"a": "2026-11-23"}),
        ("a: 12345678901234567890", {"a": "12345678901234567890"}),
        ("a: 80", {"a": 80}),
        ("a: -1", {"a": -1}),
        ("a: 1.50", {"a": 1.5}),
        ("a: true", {"a": True}),
        ("a: False", {"a": False}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ('a: "true"', {"a": "true"}),
        ("a: '80'", {"a": "80"}),
        ("on: 1\n80: 2", {"on": 1, "80": 2}),
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
        ("a: |\n  two\n  lines", {"a": "two\nlines"}),
        ("a: :8080", {"a": ":8080"}),
        ("{a: 127.0.0.1:8080}", {"a": "127.0.0.1:8080"}),
        ("a: 상점", {"a": "상점"}),
        ("- 1", [1]),
        ("just text", "just text"),
    ],
)
def test_scalars_mean_what_they_look_like(text: str, value: object) -> None:
    assert values(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml: the file is empty"),
        ("# only a comment\n", "f.yaml: the file is empty"),
        ("a: 1\nb: 2\na: 3", "f.yaml:3: key 'a' is given twice (first in line 1)"),
        ("a: 1\n---\nb: 2", "f.yaml:2: a second YAML document begins here; one file holds one document"),
        ("a: *nowhere", "f.yaml:1: alias '*nowhere' has no anchor '&nowhere' before it"),
        ("a: &a [*a]", "f.yaml:1: alias '*a' has no anchor '&a' before it"),
        ("a: !!python/name:os.system x", "f.yaml:1: YAML tags such as 'tag:yaml.org,2002:python/name:os.system'"),
        ("\n[1, 2]: x", "f.yaml:2: a key must be text"),
        ("a: b: c", "f.yaml:1: not YAML: mapping values are not allowed"),
        ("a: [1, 2\n", "f.yaml:2: not YAML: did not find expected"),
        ("a:\n\t- b", "f.yaml:2: not YAML: found character"),
        ("a: \0", "f.yaml: not YAML: control characters are not allowed"),
        ("[" * 30 + "]" * 30, "f.yaml:1: nested more than 24 deep"),
    ],
)
def test_what_is_not_a_configuration_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        values(text)
    # libyaml and PyYAML's own parser differ in the ends of their sentences only.
    assert caught.value.what.startswith(message) or "did not find" in message


def test_half_a_surrogate_pair_is_refused_by_either_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"f\.yaml:1: not YAML: "):
        values('a: "\\ud800"')
    monkeypatch.delattr("yaml.CSafeLoader", raising=False)
    with pytest.raises(ConfigError, match=r"f\.yaml:1: half of a surrogate pair is not a character"):
        values('a: "\\ud800"')


def test_the_parser_without_libyaml_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = YamlSource(template(), "f.yaml")
    monkeypatch.delattr("yaml.CSafeLoader", raising=False)
    slow = YamlSource(template(), "f.yaml")
    assert slow.values == fast.values
    steps = ("target_groups", 0, "targets", 2)
    assert slow.place(steps) == fast.place(steps)


def test_aliases_cannot_explode() -> None:
    laughs = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))])
    with pytest.raises(ConfigError, match="too many or too deeply nested values") as caught:
        values(laughs)
    assert caught.value.code == "E504"


def test_values_and_keys_know_their_lines() -> None:
    source = YamlSource("a:\n  - b: 1\n    c:\n      d\n", "f.yaml")
    assert source.key_place(("a", 0, "c")).text == "f.yaml:3"
    assert source.place(("a", 0, "c")).text == "f.yaml:4"
    assert source.place(("a", 0, "not", "there")).text == "f.yaml:2"
    assert source.written(("a", 0, "b")) == "1"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"a: 1\nb: \xff\n", "is not UTF-8 text"),
        ("a: 1".encode("utf-16"), "is not UTF-8 text"),
        (b"#" * 1_000_001, "is larger than 1,000,000 bytes"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "simlb.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert message in caught.value.what
    assert caught.value.code == "E504"


def test_the_line_of_what_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "simlb.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(ConfigError, match=r"simlb\.yaml:2: "):
        read(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file") as caught:
        read(tmp_path / "simlb.yaml")
    assert caught.value.hints == ("simlb init writes one to begin with",)
    with pytest.raises(ConfigError, match="is a directory"):
        read(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read(Path("a\0b"))


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    assert YamlSource(yaml_source.decode_text(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "f"), "f").values == {"a": 1, "b": 2}
