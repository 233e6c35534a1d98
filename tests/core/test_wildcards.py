"""Wildcards (reference 1.3): what they match, what an index may know of them, and how long they take."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.wildcards import CONTROLS, Wildcard, WildcardKind


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("/img/*", ["/img/", "/img/a", "/img/a/b", "/img/a.b?c"], ["/img", "/IMG/a", "/x/img/", ""]),
        ("*", ["", "a", "/", "a/b.c", "é"], []),
        ("**", ["", "a"], []),
        ("?", ["a", "/", "."], ["", "ab"]),
        ("", [""], ["a"]),
        ("/a?c", ["/abc", "/a/c", "/a.c"], ["/ac", "/abbc", "/abC"]),
        ("/a", ["/a"], ["/a/", "/A", "a", "/ab", "x/a"]),
        ("*.example.com", ["test.example.com", "a.b.example.com", ".example.com"], ["example.com", "test.example.co"]),
        ("*.jpg", [".jpg", "/a.jpg", "/a/b.jpg.jpg"], ["/a.jpeg", "/a.jpg/", "/a.JPG"]),
        ("/a/*/c", ["/a//c", "/a/b/c", "/a/b/b/c", "/a/c/c"], ["/a/c", "/a/b/c/d", "/a/b"]),
        ("a*a", ["aa", "aba", "aaa"], ["a", "ab", "ba"]),
        ("*a*b*", ["ab", "xaxbx", "aab"], ["ba", "a", "b"]),
        ("ab*bc", ["abbc", "abxbc"], ["abc"]),
        ("*aab*ab", ["aabab", "aaabxab", "aabaab"], ["aab", "aaba"]),
        ("a?*", ["ab", "abc"], ["a", "b"]),
        ("*?", ["a", "ab"], [""]),
        ("*?b?*", ["abc", "xxbyy", "bbb"], ["bc", "ab", "b"]),
        ("a.c", ["a.c"], ["abc"]),
        ("[ab]+(c|d)\\d$", ["[ab]+(c|d)\\d$"], ["ac1"]),
        (r"\*", ["\\", "\\a"], ["*"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, matching: list[str], others: list[str]) -> None:
    wildcard = Wildcard(pattern)
    assert [text for text in matching if not wildcard.matches(text.encode())] == []
    assert [text for text in others if wildcard.matches(text.encode())] == []


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        (r"\*", ["*"], ["a", "\\", r"\*"]),
        (r"\?", ["?"], ["a", r"\?"]),
        (r"a\*b*", ["a*b", "a*bc"], ["axb"]),
        (r"what\?*", ["what?", "what?ever"], ["whatever"]),
        (r"\\*", ["\\*"], ["\\", "\\\\"]),
        (r"a\b", ["a\\b"], ["ab"]),
        ("a\\", ["a\\"], ["a"]),
    ],
)
def test_escapes_where_they_are_asked_for(pattern: str, matching: list[str], others: list[str]) -> None:
    wildcard = Wildcard(pattern, escapes=True)
    assert [text for text in matching if not wildcard.matches(text.encode())] == []
    assert [text for text in others if wildcard.matches(text.encode())] == []


@pytest.mark.parametrize(
    ("pattern", "text", "is_match"),
    [
        ("*.Example.COM", "TEST.eXample.com", True),
        ("V1", "v1", True),
        ("a?C*E", "AxcYe", True),
        ("é", "É", False),
    ],
)
def test_ascii_letters_in_any_case(pattern: str, text: str, is_match: bool) -> None:
    assert Wildcard(pattern, ignore_case=True).matches(text.encode()) is is_match
    assert not Wildcard(pattern).matches(text.encode())


@pytest.mark.parametrize("pattern", ["*", "?", "a*", "*a", "a*a", "a?a", "*a*", "**"])
@pytest.mark.parametrize("control", [0x00, 0x09, 0x0A, 0x0D, 0x1F, 0x7F])
def test_control_characters_are_never_matched(pattern: str, control: int) -> None:
    wildcard = Wildcard(pattern)
    for text in (b"%c", b"a%ca", b"%ca", b"a%c", b"a%c\n"):
        assert not wildcard.matches(text % control)


@pytest.mark.parametrize("pattern", ["a\0", "\n*", "\x7f"])
def test_a_pattern_with_control_characters_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="holds control characters, which no request can match"):
        Wildcard(pattern)


@pytest.mark.parametrize(
    ("pattern", "kind", "literal", "tail"),
    [
        ("", WildcardKind.EXACT, b"", b""),
        ("/a/B", WildcardKind.EXACT, b"/a/B", b""),
        ("/a/*", WildcardKind.PREFIX, b"/a/", b""),
        ("*", WildcardKind.PREFIX, b"", b""),
        ("**", WildcardKind.PREFIX, b"", b""),
        ("*.css", WildcardKind.SUFFIX, b"", b".css"),
        ("/a*b", WildcardKind.GENERAL, b"/a", b"b"),
        ("/a*b*", WildcardKind.GENERAL, b"/a", b""),
        ("*a*", WildcardKind.GENERAL, b"", b""),
        ("/a?", WildcardKind.GENERAL, b"/a", b""),
        ("?*", WildcardKind.GENERAL, b"", b""),
        ("*b?c", WildcardKind.GENERAL, b"", b"c"),
        ("a?b*c?d?e", WildcardKind.GENERAL, b"a", b"e"),
    ],
)
def test_what_an_index_may_know(pattern: str, kind: WildcardKind, literal: bytes, tail: bytes) -> None:
    wildcard = Wildcard(pattern)
    assert (wildcard.kind, wildcard.literal, wildcard.tail) == (kind, literal, tail)


def test_literals_are_lower_case_where_case_is_ignored_and_free_of_escapes() -> None:
    wildcard = Wildcard(r"A\*B*", ignore_case=True, escapes=True)
    assert (wildcard.kind, wildcard.literal) == (WildcardKind.PREFIX, b"a*b")


def slow_but_obvious(pattern: str, text: bytes) -> bool:
    any_byte = b"[^" + re.escape(CONTROLS) + b"]"
    parts = {"*": any_byte + b"*", "?": any_byte}
    return re.fullmatch(b"".join(parts.get(c) or re.escape(c.encode()) for c in pattern), text) is not None


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text("ab/*?", max_size=8), st.text("ab/\n", max_size=10).map(str.encode))
def test_agrees_with_a_regular_expression(pattern: str, text: bytes) -> None:
    wildcard = Wildcard(pattern)
    is_match = wildcard.matches(text)
    assert is_match == slow_but_obvious(pattern, text)
    assert not is_match or (text.startswith(wildcard.literal) and text.endswith(wildcard.tail))


HOSTILE = [
    "*a" * 64,
    "*a*" * 40 + "b",
    "a*" * 63 + "b",
    "*" + "a" * 126 + "b",
    "*" + "a?" * 62 + "b*",
    "*?" * 64,
    "?*" * 64,
]


@pytest.mark.parametrize("pattern", HOSTILE)
def test_ten_times_the_text_takes_about_ten_times_as_long(pattern: str) -> None:
    wildcard = Wildcard(pattern)

    def seconds(text: bytes) -> float:
        best = float("inf")
        for _ in range(5):
            begun = time.perf_counter()
            wildcard.matches(text)
            best = min(best, time.perf_counter() - begun)
        return best

    # A second factor of ten would be a second pass over the text for every byte of it.
    assert seconds(b"a" * 16_000) < 10 * 10 * max(seconds(b"a" * 1_600), 1e-5) / 2
