"""Which regular expressions are accepted, and that none of them is slow (reference 1.3)."""

from __future__ import annotations

import time

import pytest

from simlb.core.regexes import RegexSyntaxError, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^(.*)\.example\.com$", b"a.b.example.com", b"a.b.example.com"),
        (r"^\/api\/(.*)$", b"/api/v1", b"/api/v1"),
        (r".+", b"curl/8", b"curl/8"),
        (r"b", b"abc", b"b"),
        (r"^b", b"abc", None),
        (r"\d{2,3}", b"a1234", b"123"),
        (r"(?i)ABC", b"xabcx", b"abc"),
        (r"[[:alpha:]]+", b"12ab", b"ab"),
        (r"a|b$", b"xb", b"b"),
        (r".+", b"", None),
        (r"^.$", b"\xff", b"\xff"),
        (r"a$", b"a\n", None),
    ],
)
def test_search(pattern: str, text: bytes, found: bytes | None) -> None:
    match = compile_pattern(pattern, ignore_case=False).search(text)
    assert (match.group(0) if match else None) == found


@pytest.mark.parametrize(
    ("text", "is_match"), [(b"kings", True), (b"KINGS", True), ("\u212aing\u017f".encode(), False)]
)
def test_case_is_that_of_ascii(text: bytes, is_match: bool) -> None:
    assert (compile_pattern("^KinGs$", ignore_case=True).search(text) is not None) is is_match


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"a(?=b)", "invalid perl operator"),
        (r"a(?!b)", "invalid perl operator"),
        (r"(?<=a)b", "invalid perl operator|invalid named capture"),
        (r"(?<!a)b", "invalid perl operator|invalid named capture"),
        (r"(a)\1", "invalid escape sequence"),
        (r"(?>a)", "invalid perl operator"),
        (r"a++", "bad repetition operator"),
        (r"(?R)", "invalid perl operator"),
        (r"(?1)", "invalid perl operator"),
        (r"\p{L}", r"Unicode character properties \(\\p\) are not supported"),
        (r"\PL", r"Unicode character properties \(\\P\) are not supported"),
        (r"\C", r"single bytes \(\\C\) are not supported"),
        (r"\Qa.b\E", r"quoted stretches \(\\Q...\\E\) are not supported"),
        (r"(a", "missing"),
        (r"[a", "missing"),
        (r"*", "no argument for repetition operator"),
        (r"a{1001}", "invalid repetition size|bad repetition"),
        (r"((a{100}){100}){100}", "invalid repetition size|pattern too large"),
        ("é", "only ASCII characters are allowed"),
    ],
)
def test_what_is_refused(pattern: str, said: str) -> None:
    with pytest.raises(RegexSyntaxError, match=said):
        compile_pattern(pattern, ignore_case=False)


def test_a_doubled_backslash_before_p_is_no_property() -> None:
    assert compile_pattern(r"\\p", ignore_case=False).search(b"a\\p") is not None


@pytest.mark.parametrize("pattern", [r"^(a+)+$", r"^(a|a)*$", r"^(.*)*b$", r"(a?){60}a{60}b", r"(.*a){30}$"])
def test_what_makes_other_engines_stand_still(pattern: str) -> None:
    compiled = compile_pattern(pattern, ignore_case=True)
    begun = time.perf_counter()
    compiled.search(b"a" * 16_000 + b"!")
    assert time.perf_counter() - begun < 1
