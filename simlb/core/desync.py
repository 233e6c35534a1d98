"""HTTP desync mitigation: how ambiguous is a request head, and what follows from that (reference 3.7).

The wire codec reports what it found in the bytes as `Finding`s; the worst class wins, and within it the first reason.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from enum import Enum, IntEnum, StrEnum

from simlb.core.attributes import DesyncMode


class DesyncClass(IntEnum):
    """From harmless to dangerous. `label` is the access log's word."""

    COMPLIANT = 0
    ACCEPTABLE = 1
    AMBIGUOUS = 2
    SEVERE = 3

    @property
    def label(self) -> str:
        """`Acceptable`, `Ambiguous`, `Severe`, or `-` for a compliant request."""
        return "-" if self is DesyncClass.COMPLIANT else self.name.capitalize()


class Finding(StrEnum):
    """One defect of a head: the access log's `classification_reason`."""

    NON_COMPLIANT_HEADER = "NonCompliantHeader"
    SPACE_IN_URI = "SpaceInUri"
    NON_COMPLIANT_VERSION = "NonCompliantVersion"
    GET_HEAD_ZERO_CONTENT_LENGTH = "GetHeadZeroContentLength"
    NON_CRLF_LINE_TERMINATION = "NonCrLfLineTermination"
    EMPTY_HEADER = "EmptyHeader"
    AMBIGUOUS_URI = "AmbiguousUri"
    UNDEFINED_CONTENT_LENGTH_SEMANTICS = "UndefinedContentLengthSemantics"
    UNDEFINED_TRANSFER_ENCODING_SEMANTICS = "UndefinedTransferEncodingSemantics"
    DUPLICATE_CONTENT_LENGTH = "DuplicateContentLength"
    BOTH_TE_CL_PRESENT = "BothTeClPresent"
    SUSPICIOUS_HEADER = "SuspiciousHeader"
    MULTILINE_HEADER = "MultilineHeader"
    MISSING_HEADER_COLON = "MissingHeaderColon"
    MISSING_URI = "MissingUri"
    BAD_HEADER = "BadHeader"
    BAD_URI = "BadUri"
    BAD_METHOD = "BadMethod"
    BAD_VERSION = "BadVersion"
    BAD_CONTENT_LENGTH = "BadContentLength"
    MULTIPLE_CONTENT_LENGTH = "MultipleContentLength"
    BAD_TRANSFER_ENCODING = "BadTransferEncoding"
    MULTIPLE_TRANSFER_ENCODING_CHUNKED = "MultipleTransferEncodingChunked"
    SUSPICIOUS_TE_CL_PRESENT = "SuspiciousTeClPresent"

    @property
    def desync_class(self) -> DesyncClass:
        """The class this defect puts the request into."""
        return _CLASSES[self]


_ACCEPTABLE = (
    Finding.NON_COMPLIANT_HEADER,
    Finding.SPACE_IN_URI,
    Finding.NON_COMPLIANT_VERSION,
    Finding.GET_HEAD_ZERO_CONTENT_LENGTH,
    Finding.NON_CRLF_LINE_TERMINATION,
)
_SEVERE = (
    Finding.BAD_HEADER,
    Finding.BAD_URI,
    Finding.BAD_METHOD,
    Finding.BAD_VERSION,
    Finding.BAD_CONTENT_LENGTH,
    Finding.MULTIPLE_CONTENT_LENGTH,
    Finding.BAD_TRANSFER_ENCODING,
    Finding.MULTIPLE_TRANSFER_ENCODING_CHUNKED,
    Finding.SUSPICIOUS_TE_CL_PRESENT,
)
_CLASSES = dict.fromkeys(Finding, DesyncClass.AMBIGUOUS)
_CLASSES |= dict.fromkeys(_ACCEPTABLE, DesyncClass.ACCEPTABLE)
_CLASSES |= dict.fromkeys(_SEVERE, DesyncClass.SEVERE)


class Verdict(Enum):
    """What the load balancer does with the request."""

    ALLOW = "allow"
    ALLOW_AND_CLOSE = "allow, then close the client and target connections"
    BLOCK = "block"


_VERDICTS: dict[DesyncMode, tuple[Verdict, Verdict, Verdict, Verdict]] = {
    # By class: compliant, acceptable, ambiguous, severe. AWS's `monitor` lets severe requests through; simlb cannot
    # write those in a form that a target can only read one way, so it blocks them there too (docs/parity.md).
    "monitor": (Verdict.ALLOW, Verdict.ALLOW, Verdict.ALLOW, Verdict.BLOCK),
    "defensive": (Verdict.ALLOW, Verdict.ALLOW, Verdict.ALLOW_AND_CLOSE, Verdict.BLOCK),
    "strictest": (Verdict.ALLOW, Verdict.BLOCK, Verdict.BLOCK, Verdict.BLOCK),
}


def verdict(mode: DesyncMode, desync_class: DesyncClass) -> Verdict:
    """The table of reference 3.7."""
    return _VERDICTS[mode][desync_class]


def worst(findings: Sequence[Finding]) -> tuple[DesyncClass, Finding | None]:
    """The class of a request and the first reason found at that class."""
    if not findings:
        return DesyncClass.COMPLIANT, None
    finding = max(findings, key=lambda f: f.desync_class)
    return finding.desync_class, finding


class Similarity(Enum):
    """How a field name relates to one of the two names that decide framing."""

    DIFFERENT = "different"
    SAME_LETTERS = "same letters"
    IDENTICAL = "identical"


_TRANSFER_ENCODING = b"transfer-encoding"
_CONTENT_LENGTH = b"content-length"
# UTF-8 letters that upper-case to S and I.
_FOLDED = {b"\xc5\xbf": ord("s"), b"\xc4\xb1": ord("i")}


def _is_alphanumeric(byte: int) -> bool:
    return 0x30 <= byte <= 0x39 or 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A


def _similarity_to(name: bytes, wanted: bytes) -> Similarity:
    if name.lower() == wanted:
        return Similarity.IDENTICAL
    if len(name) < len(wanted):
        return Similarity.DIFFERENT
    place, end = 0, len(name)

    def is_letter_at(index: int) -> bool:
        return _is_alphanumeric(name[index]) or name[index : index + 2] in _FOLDED

    while place < end and not is_letter_at(place):
        place += 1
    for expected in wanted:
        while place < end and name[place] <= 0x20:
            place += 1
        if expected == 0x2D:
            # One symbol of any kind may stand for the hyphen; further ones are skipped.
            if place >= end or is_letter_at(place):
                return Similarity.DIFFERENT
            while place < end and not is_letter_at(place):
                place += 1
            continue
        if place >= end:
            return Similarity.DIFFERENT
        folded = _FOLDED.get(name[place : place + 2])
        if folded is not None:
            if folded != expected:
                return Similarity.DIFFERENT
            place += 2
        elif name[place : place + 1].lower()[0] == expected:
            place += 1
        else:
            return Similarity.DIFFERENT
    while place < end and not is_letter_at(place):
        place += 1
    return Similarity.SAME_LETTERS if place == end else Similarity.DIFFERENT


def similarity(name: bytes) -> tuple[bytes, Similarity]:
    """Which framing name `name` resembles and how; for a name that resembles neither, DIFFERENT."""
    for wanted in (_TRANSFER_ENCODING, _CONTENT_LENGTH):
        found = _similarity_to(name, wanted)
        if found is not Similarity.DIFFERENT:
            return wanted, found
    return b"", Similarity.DIFFERENT


_CODINGS = frozenset({b"chunked", b"compress", b"deflate", b"gzip", b"identity"})
U64_MAX = 2**64 - 1


def transfer_codings(value: bytes) -> list[bytes]:
    """The elements of a Transfer-Encoding value, lower case, parameters cut off, empty ones left out."""
    codings = (element.split(b";", 1)[0].strip(b" \t").lower() for element in value.split(b","))
    return [coding for coding in codings if coding]


def content_length(value: bytes) -> int | None:
    """The length a Content-Length value states, or None when it is not plain digits within 64 bits."""
    digits = value.strip(b" \t")
    # Twenty digits hold 2**64 - 1; longer ones are only valid with leading zeros, which nobody sends in earnest.
    if not digits.isdigit() or len(digits) > 20:
        return None
    length = int(digits)
    return length if length <= U64_MAX else None


def framing(
    method: bytes,
    minor_version: int,
    transfer_encodings: Sequence[bytes],
    content_lengths: Sequence[bytes],
    *,
    is_suspicious: bool,
) -> list[Finding]:
    """What is wrong with the fields that say where the body ends. Values are raw, in the order received."""
    findings: list[Finding] = []
    bodyless = method in {b"GET", b"HEAD"}
    if transfer_encodings:
        if minor_version == 0 or bodyless:
            findings.append(Finding.UNDEFINED_TRANSFER_ENCODING_SEMANTICS)
        codings = transfer_codings(b",".join(transfer_encodings))
        if not codings or any(coding not in _CODINGS for coding in codings):
            findings.append(Finding.BAD_TRANSFER_ENCODING)
        elif any(a == b == b"chunked" for a, b in itertools.pairwise(codings)):
            findings.append(Finding.MULTIPLE_TRANSFER_ENCODING_CHUNKED)
        if content_lengths:
            findings.append(Finding.SUSPICIOUS_TE_CL_PRESENT if is_suspicious else Finding.BOTH_TE_CL_PRESENT)
    lengths = [content_length(value) for value in content_lengths]
    if None in lengths:
        findings.append(Finding.BAD_CONTENT_LENGTH)
    elif len(set(lengths)) > 1:
        findings.append(Finding.MULTIPLE_CONTENT_LENGTH)
    elif len(lengths) > 1:
        findings.append(Finding.DUPLICATE_CONTENT_LENGTH)
    if lengths and bodyless and None not in lengths and not transfer_encodings:
        zero = not any(lengths)
        findings.append(Finding.GET_HEAD_ZERO_CONTENT_LENGTH if zero else Finding.UNDEFINED_CONTENT_LENGTH_SEMANTICS)
    return findings
