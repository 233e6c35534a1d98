"""Stickiness: which target, or target group, a request's cookies lead back to (reference 5.5, 5.6).

`TargetCookies` are AWSALB and its twin, `AppCookies` AWSALBAPP beside an application's own cookie, `GroupCookies`
AWSALBTG of a weighted forward. Each finds what a request names, with a verdict, and writes the lines of the response.
A value carries when it was made, in load-balancer seconds; whether it is still good is judged at each use against the
duration configured then. Whether the target may still be used, its group says.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from enum import StrEnum
from hashlib import sha256
from random import Random
from struct import Struct

from simlb.core.model import TargetGroup
from simlb.core.stickiness_cookies import pair_of_lines, set_cookie_line
from simlb.core.stickiness_seal import CookieSealer

TargetKey = tuple[str, int]


class StickinessVerdict(StrEnum):
    """What came of the cookies of a request; the value is in words for people."""

    KEPT = "kept by its cookie"
    OFF = "stickiness is off"
    ABSENT = "no stickiness cookie"
    APP_COOKIE_ABSENT = "a stickiness cookie, but no application cookie"
    UNDECODABLE = "the stickiness cookie cannot be decoded"
    EXPIRED = "the stickiness duration is over"
    OTHER_GROUP = "the stickiness cookie names another target group"
    TARGET_GONE = "the cookie's target is no longer registered"
    TARGET_DRAINING = "the cookie's target is being deregistered"
    TARGET_UNHEALTHY = "the cookie's target is not healthy"


Verdict = StickinessVerdict

_VERSION = 1
# version, load-balancer seconds, digest of the group, port, length of the id, id
_TARGET = Struct(">Bd8sHB45s")
_GROUP = Struct(">BdB91s")
assert (_TARGET.size, _GROUP.size) == (65, 101)

_SHARDS = tuple(b"AWSALBAPP-%d" % number for number in range(4))
_REMOVED = b"_remove_"


class _SealedTargets:
    """Sealed values that name a target of one group."""

    def __init__(self, sealer: CookieSealer, group: str, purpose: bytes) -> None:
        self._sealer = sealer
        self._group = sha256(group.encode()).digest()[:8]
        self._purpose = purpose

    def seal(self, target: TargetKey, now: float, random: Random) -> bytes:
        target_id, port = target[0].encode(), target[1]
        assert len(target_id) <= 45  # an address or an instance id
        return self._sealer.seal(
            self._purpose, _TARGET.pack(_VERSION, now, self._group, port, len(target_id), target_id), random
        )

    def open(self, value: bytes, duration_s: float, now: float) -> tuple[TargetKey | None, Verdict]:
        text = self._sealer.open(self._purpose, value, _TARGET.size)
        if text is None:
            return None, Verdict.UNDECODABLE
        version, made_at, group, port, length, target_id = _TARGET.unpack(text)
        if version != _VERSION:
            return None, Verdict.UNDECODABLE
        if group != self._group:
            return None, Verdict.OTHER_GROUP
        if now - made_at >= duration_s:
            return None, Verdict.EXPIRED
        return (target_id[:length].decode(), port), Verdict.KEPT


class TargetCookies:
    """`lb_cookie`: AWSALB and AWSALBCORS, on every response, lead a client back to its target for `duration_s`."""

    def __init__(self, sealer: CookieSealer, group: str, duration_s: int) -> None:
        self._sealed = _SealedTargets(sealer, group, b"AWSALB")
        self._duration_s = duration_s

    def find(self, cookies: Mapping[bytes, bytes], now: float) -> tuple[TargetKey | None, Verdict]:
        """The target that a request's cookies name. AWSALBCORS wins where both are there."""
        value = cookies.get(b"AWSALBCORS", cookies.get(b"AWSALB"))
        if value is None:
            return None, Verdict.ABSENT
        return self._sealed.open(value, self._duration_s, now)

    def set_lines(self, target: TargetKey, now: float, wall: float, random: Random, *, is_https: bool) -> bytes:
        """The Set-Cookie lines of a response of `target`, each with its CRLF. `wall` is seconds since 1970."""
        return pair_of_lines(b"AWSALB", self._sealed.seal(target, now, random), wall, is_https=is_https)


class AppCookies:
    """`app_cookie`: AWSALBAPP-0, on responses that set the application's cookie, leads back for `duration_s`.

    Values of AWS may take four shards; these never need more than the first.
    """

    def __init__(self, sealer: CookieSealer, group: str, duration_s: int, cookie_name: str) -> None:
        self._sealed = _SealedTargets(sealer, group, b"AWSALBAPP")
        self._duration_s = duration_s
        self._name = cookie_name.encode()

    def find(self, cookies: Mapping[bytes, bytes], now: float) -> tuple[TargetKey | None, Verdict]:
        """The target that a request's cookies name: it takes the application's cookie too, whatever its value."""
        shards = [cookies.get(name, _REMOVED) for name in _SHARDS]
        value = b"".join([shard for shard in shards if shard != _REMOVED])
        if not value:
            return None, Verdict.ABSENT
        if self._name not in cookies:
            return None, Verdict.APP_COOKIE_ABSENT
        return self._sealed.open(value, self._duration_s, now)

    def set_lines(
        self,
        target: TargetKey,
        set_by_target: Container[bytes],
        now: float,
        wall: float,
        random: Random,
        *,
        is_kept: bool,
        is_same_site_none: bool,
    ) -> bytes:
        """The Set-Cookie lines of a response of `target`, which itself sets the cookies `set_by_target`.

        A session begins when the application's cookie is among them, and is renewed while cookies lead to the target
        (`is_kept`): applications set theirs only once. Without either, the lines take away what the client may hold.
        """
        if self._name not in set_by_target and not is_kept:
            return b"".join([set_cookie_line(name, _REMOVED, wall) for name in _SHARDS])
        suffix = b"; SameSite=None; Secure" if is_same_site_none else b""
        return set_cookie_line(_SHARDS[0], self._sealed.seal(target, now, random), wall, suffix)


class GroupCookies:
    """Stickiness of a weighted forward: AWSALBTG and AWSALBTGCORS lead a client back to its target group."""

    def __init__(self, sealer: CookieSealer) -> None:
        """`sealer` is the load balancer's: a cookie counts in all of its rules that name the group."""
        self._sealer = sealer

    def find(
        self, cookies: Mapping[bytes, bytes], groups: Container[str], duration_s: float, now: float
    ) -> tuple[str | None, Verdict]:
        """The group that a request's cookies name, among `groups`, also where its weight is 0. AWSALBTGCORS wins."""
        value = cookies.get(b"AWSALBTGCORS", cookies.get(b"AWSALBTG"))
        if value is None:
            return None, Verdict.ABSENT
        text = self._sealer.open(b"AWSALBTG", value, _GROUP.size)
        if text is None:
            return None, Verdict.UNDECODABLE
        version, made_at, length, padded = _GROUP.unpack(text)
        if version != _VERSION:
            return None, Verdict.UNDECODABLE
        group = padded[:length].decode()
        if group not in groups:
            return None, Verdict.OTHER_GROUP
        if now - made_at >= duration_s:
            return None, Verdict.EXPIRED
        return group, Verdict.KEPT

    def set_lines(self, group: str, now: float, wall: float, random: Random, *, is_https: bool) -> bytes:
        """The Set-Cookie lines of a response of `group`, each with its CRLF. They come before those of the target."""
        name = group.encode()
        value = self._sealer.seal(b"AWSALBTG", _GROUP.pack(_VERSION, now, len(name), name), random)
        return pair_of_lines(b"AWSALBTG", value, wall, is_https=is_https)


def group_error_reason(verdict: Verdict) -> str | None:
    """The access log's `error_reason` for what became of a group cookie; the client only gets a fresh choice."""
    return "AWSALBTGCookieInvalid" if verdict is Verdict.UNDECODABLE else None


def stickiness_of(group: TargetGroup, key: bytes) -> TargetCookies | AppCookies | None:
    """The cookies that a group's attributes ask for, sealed with `key` (32 secret bytes); None: stickiness is off."""
    attributes = group.attributes
    if not attributes.stickiness_enabled:
        return None
    sealer = CookieSealer(key)
    if attributes.stickiness_type == "lb_cookie":
        return TargetCookies(sealer, group.name, attributes.lb_cookie_duration_s)
    return AppCookies(sealer, group.name, attributes.app_cookie_duration_s, attributes.app_cookie_name)
