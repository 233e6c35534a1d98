"""Why a condition of a rule does not hold, in words."""

from __future__ import annotations

from simlb.core.conditions import Mismatch, MismatchKind
from simlb.core.model import QueryStringPair
from simlb.explain.story import Words
from simlb.explain.veil import Veil, decoded, quoted

_PATTERNS: dict[MismatchKind, Words] = {
    MismatchKind.NO_HOST: Words("the request names no host", "요청에 호스트 이름이 없습니다"),
    MismatchKind.NO_FIELD: Words("the request has no such field", "요청에 이 헤더가 없습니다"),
    MismatchKind.NO_QUERY: Words("the request has no query", "요청에 쿼리가 없습니다"),
    MismatchKind.NO_WILDCARD: Words(
        "{seen} {matches} none of {wanted}", "{seen} 값이 {wanted} 중 어느 것과도 일치하지 않습니다"
    ),
    MismatchKind.NO_REGEX: Words(
        "{seen} {matches} none of the regular expressions {wanted}",
        "{seen} 값이 정규식 {wanted} 중 어느 것과도 일치하지 않습니다",
    ),
    MismatchKind.NO_METHOD: Words("{seen} is none of {wanted}", "{seen} 메서드는 {wanted} 중에 없습니다"),
    MismatchKind.NO_PAIR: Words("{seen} has none of {wanted}", "쿼리 {seen}에 {wanted} 중 어느 것도 없습니다"),
    MismatchKind.NO_NETWORK: Words(
        "{seen} is in none of {wanted}", "{seen} 주소는 {wanted} 중 어느 대역에도 속하지 않습니다"
    ),
}
_SENT = Words(" (sent as {sent})", "(보낸 그대로는 {sent})")
_ANY_KEY = Words("value {value}", "값 {value}")


def mismatch_words(mismatch: Mismatch, veil: Veil) -> Words:
    """`path-pattern: '/imgs/1' matches none of '/img/*'`, in both languages."""
    pattern = _PATTERNS[mismatch.kind]
    en, ko = (_told(mismatch, veil, pattern.of(language), korean=language == "ko") for language in ("en", "ko"))
    return Words(f"{mismatch.field}: {en}", f"{mismatch.field}: {ko}")


def _told(mismatch: Mismatch, veil: Veil, pattern: str, *, korean: bool) -> str:
    seen = _seen(mismatch, veil)
    if mismatch.sent is not None:
        seen += (_SENT.ko if korean else _SENT.en).format(sent=quoted(decoded(mismatch.sent)))
    matches = "matches" if len(mismatch.seen) == 1 else "match"
    return pattern.format(seen=seen, matches=matches, wanted=_wanted(mismatch, veil, korean=korean))


def _seen(mismatch: Mismatch, veil: Veil) -> str:
    values = [decoded(value) for value in mismatch.seen]
    if mismatch.kind is MismatchKind.NO_NETWORK:
        return values[0]
    if mismatch.kind is MismatchKind.NO_PAIR:
        return quoted(*[veil.uri(f"?{value}").removeprefix("?") for value in values])
    name = _header_of(mismatch)
    return quoted(*[veil.field(name, value) for value in values] if name else values)


def _wanted(mismatch: Mismatch, veil: Veil, *, korean: bool) -> str:
    if mismatch.kind is MismatchKind.NO_NETWORK:
        return ", ".join(map(str, mismatch.wanted))
    pairs = [value for value in mismatch.wanted if isinstance(value, QueryStringPair)]
    if pairs:
        any_key = _ANY_KEY.ko if korean else _ANY_KEY.en
        return ", ".join(
            any_key.format(value=repr(pair.value)) if pair.key is None else f"{pair.key + '=' + pair.value!r}"
            for pair in pairs
        )
    return ", ".join(map(repr, veil.wanted(_header_of(mismatch), list(map(str, mismatch.wanted)))))


def _header_of(mismatch: Mismatch) -> str:
    """The header field that an `http-header` condition is about; nothing for other conditions."""
    return mismatch.field.partition(" ")[2]
