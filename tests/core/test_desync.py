"""Desync mitigation: classes, reasons and verdicts (reference 3.7). Heads as bytes are in tests/wire."""

from __future__ import annotations

import pytest

from simlb.core import desync
from simlb.core.attributes import DesyncMode
from simlb.core.desync import DesyncClass, Finding, Similarity, Verdict

ALLOW, CLOSE, BLOCK = Verdict.ALLOW, Verdict.ALLOW_AND_CLOSE, Verdict.BLOCK


@pytest.mark.parametrize(
    ("mode", "compliant", "acceptable", "ambiguous", "severe"),
    [
        # AWS allows severe requests in monitor mode; simlb never does: they have no form with one meaning.
        ("monitor", ALLOW, ALLOW, ALLOW, BLOCK),
        ("defensive", ALLOW, ALLOW, CLOSE, BLOCK),
        ("strictest", ALLOW, BLOCK, BLOCK, BLOCK),
    ],
)
def test_verdicts(
    mode: DesyncMode, compliant: Verdict, acceptable: Verdict, ambiguous: Verdict, severe: Verdict
) -> None:
    found = [desync.verdict(mode, desync_class) for desync_class in DesyncClass]
    assert found == [compliant, acceptable, ambiguous, severe]


@pytest.mark.parametrize(
    ("label", "reasons"),
    [
        (
            "Acceptable",
            "NonCompliantHeader SpaceInUri NonCompliantVersion GetHeadZeroContentLength NonCrLfLineTermination",
        ),
        (
            "Ambiguous",
            "EmptyHeader AmbiguousUri UndefinedContentLengthSemantics UndefinedTransferEncodingSemantics "
            "DuplicateContentLength BothTeClPresent SuspiciousHeader MultilineHeader MissingHeaderColon MissingUri",
        ),
        (
            "Severe",
            "BadHeader BadUri BadMethod BadVersion BadContentLength MultipleContentLength BadTransferEncoding "
            "MultipleTransferEncodingChunked SuspiciousTeClPresent",
        ),
    ],
)
def test_the_class_of_each_reason(label: str, reasons: str) -> None:
    assert {Finding(reason).desync_class.label for reason in reasons.split()} == {label}


def test_every_reason_has_been_classified_above() -> None:
    assert len(Finding) == 5 + 10 + 9


def test_the_worst_class_wins_and_its_first_reason_is_kept() -> None:
    findings = [Finding.SPACE_IN_URI, Finding.EMPTY_HEADER, Finding.MISSING_HEADER_COLON, Finding.NON_COMPLIANT_HEADER]
    assert desync.worst(findings) == (DesyncClass.AMBIGUOUS, Finding.EMPTY_HEADER)
    assert desync.worst([]) == (DesyncClass.COMPLIANT, None)
    assert DesyncClass.COMPLIANT.label == "-"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (b"Transfer_Encoding", b"transfer-encoding"),
        (b"Transfer--Encoding", b"transfer-encoding"),
        (b"Transfer-Encoding ", b"transfer-encoding"),
        (b"\x01Transfer-Encoding", b"transfer-encoding"),
        ("Transfer-Encodıng".encode(), b"transfer-encoding"),
        ("Tranſfer-Encoding".encode(), b"transfer-encoding"),
        (b"Transfer\xa0Encoding", b"transfer-encoding"),
        (b"Tran sfer-Encoding", b"transfer-encoding"),
        (b"transfer-encoding\t", b"transfer-encoding"),
        (b"Content_Length", b"content-length"),
        (b"content-length\t", b"content-length"),
        (b"-Content-Length-", b"content-length"),
        (b"Content-\xc5Length", b"content-length"),
        (b"Content.Length", b"content-length"),
    ],
)
def test_suspicious_names(name: bytes, wanted: bytes) -> None:
    assert desync.similarity(name) == (wanted, Similarity.SAME_LETTERS)


@pytest.mark.parametrize("name", [b"Transfer-Encoding", b"TRANSFER-ENCODING", b"content-length", b"Content-Length"])
def test_identical_names(name: bytes) -> None:
    assert desync.similarity(name) == (name.lower(), Similarity.IDENTICAL)


@pytest.mark.parametrize(
    "name",
    [
        b"TransferEncoding",
        b"ContentLength",
        b"Content Length",
        b"X-Transfer-Encoding",
        b"Content-Length1",
        b"Content-Lengthy",
        b"1Content-Length",
        b"Content-Type",
        b"Accept-Encoding",
        b"Transfer-Encodin",
        b"",
        b"\xc5",
        b"-" * 40,
        b"content-length" * 2,
    ],
)
def test_names_that_are_not_suspicious(name: bytes) -> None:
    assert desync.similarity(name)[1] is Similarity.DIFFERENT


@pytest.mark.parametrize(
    ("value", "length"),
    [
        (b"0", 0),
        (b"5", 5),
        (b" 5\t", 5),
        (b"007", 7),
        (b"18446744073709551615", 2**64 - 1),
        (b"18446744073709551616", None),
        (b"1" * 21, None),
        (b"", None),
        (b"+5", None),
        (b"-1", None),
        (b"0x10", None),
        (b"5.0", None),
        (b"5 0", None),
        (b"1000,1000", None),
        (b"1_000", None),
        (b"\x0b5", None),
        ("５".encode(), None),
    ],
)
def test_content_length(value: bytes, length: int | None) -> None:
    assert desync.content_length(value) == length


@pytest.mark.parametrize(
    ("value", "codings"),
    [
        (b"chunked", [b"chunked"]),
        (b" Chunked ", [b"chunked"]),
        (b"gzip, chunked", [b"gzip", b"chunked"]),
        (b"chunked;q=1", [b"chunked"]),
        (b",chunked,,", [b"chunked"]),
        (b"", []),
        (b"\x0bchunked", [b"\x0bchunked"]),
    ],
)
def test_transfer_codings(value: bytes, codings: list[bytes]) -> None:
    assert desync.transfer_codings(value) == codings


@pytest.mark.parametrize(
    ("method", "minor", "encodings", "lengths", "suspicious", "reasons"),
    [
        pytest.param(b"POST", 1, [], [b"5"], False, "", id="a length"),
        pytest.param(b"POST", 1, [b"chunked"], [], False, "", id="chunked"),
        pytest.param(b"POST", 1, [], [], False, "", id="no body"),
        pytest.param(b"GET", 1, [], [b"0"], False, "GetHeadZeroContentLength", id="GET with length 0"),
        pytest.param(b"HEAD", 1, [], [b"0"], False, "GetHeadZeroContentLength", id="HEAD with length 0"),
        pytest.param(b"GET", 1, [], [b"5"], False, "UndefinedContentLengthSemantics", id="GET with a length"),
        pytest.param(b"DELETE", 1, [], [b"5"], False, "", id="DELETE may have a body"),
        pytest.param(b"GET", 1, [b"chunked"], [], False, "UndefinedTransferEncodingSemantics", id="GET chunked"),
        pytest.param(b"POST", 0, [b"chunked"], [], False, "UndefinedTransferEncodingSemantics", id="chunked in 1.0"),
        pytest.param(b"POST", 1, [], [b"5", b"5"], False, "DuplicateContentLength", id="equal lengths"),
        pytest.param(b"POST", 1, [], [b"5", b" 05"], False, "DuplicateContentLength", id="equal numbers"),
        pytest.param(b"POST", 1, [], [b"5", b"6"], False, "MultipleContentLength", id="different lengths"),
        pytest.param(b"POST", 1, [], [b"5", b"x"], False, "BadContentLength", id="one of them bad"),
        pytest.param(b"POST", 1, [], [b"1000,1000"], False, "BadContentLength", id="a list of lengths"),
        pytest.param(b"POST", 1, [b"chunked"], [b"5"], False, "BothTeClPresent", id="coding and length"),
        pytest.param(b"POST", 1, [b"chunked"], [b"5"], True, "SuspiciousTeClPresent", id="one of them suspicious"),
        pytest.param(b"POST", 1, [b"xchunked"], [], False, "BadTransferEncoding", id="unknown coding"),
        pytest.param(b"POST", 1, [b""], [], False, "BadTransferEncoding", id="no coding"),
        pytest.param(b"POST", 1, [b"chunked, x"], [], False, "BadTransferEncoding", id="chunked, then unknown"),
        pytest.param(b"POST", 1, [b"gzip, chunked"], [], False, "", id="a coding the classifier knows"),
        pytest.param(b"POST", 1, [b"chunked, chunked"], [], False, "MultipleTransferEncodingChunked", id="twice"),
        pytest.param(b"POST", 1, [b"chunked"] * 2, [], False, "MultipleTransferEncodingChunked", id="twice, two lines"),
        pytest.param(
            b"POST", 1, [b"chunked"], [b"x"], False, "BothTeClPresent BadContentLength", id="coding and bad length"
        ),
        pytest.param(
            b"GET", 1, [b"chunked"], [b"5"], False, "UndefinedTransferEncodingSemantics BothTeClPresent", id="GET, both"
        ),
    ],
)
def test_framing(
    method: bytes, minor: int, encodings: list[bytes], lengths: list[bytes], suspicious: bool, reasons: str
) -> None:
    found = desync.framing(method, minor, encodings, lengths, is_suspicious=suspicious)
    assert [str(finding) for finding in found] == reasons.split()
