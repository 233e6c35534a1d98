"""Where a request's cookies lead back to, and what the response carries (reference 5.5, 5.6; 10, vector 13)."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.stickiness import (
    AppCookies,
    GroupCookies,
    StickinessVerdict,
    TargetCookies,
    TargetKey,
    group_error_reason,
)
from simlb.core.stickiness_cookies import cookies_set_by
from simlb.core.stickiness_seal import CookieSealer

SEALER = CookieSealer(bytes(range(32)))
FOREIGN = CookieSealer(bytes(32))
TARGET = ("10.0.0.1", 80)
OTHER = ("10.0.0.2", 80)
WALL = 1709032913.0 - 7 * 86400
EXPIRES = r"Expires=Tue, 27 Feb 2024 11:21:53 GMT; Path=/"
V = StickinessVerdict


def values(lines: bytes) -> dict[bytes, bytes]:
    """What a client keeps of Set-Cookie lines."""
    return dict(re.findall(rb"Set-Cookie: ([^=]+)=([^;]*);", lines))


def lb_cookies(sealer: CookieSealer = SEALER, group: str = "web", duration_s: int = 100) -> TargetCookies:
    return TargetCookies(sealer, group, duration_s)


def given_cookies(target: TargetKey = TARGET, now: float = 0.0, **kind: object) -> dict[bytes, bytes]:
    return values(lb_cookies(**kind).set_lines(target, now, WALL, Random(5), is_https=False))  # type: ignore[arg-type]


# -- lb_cookie ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("is_https", "suffix"), [(False, "; SameSite=None"), (True, "; SameSite=None; Secure")])
def test_the_lines_of_a_response(is_https: bool, suffix: str) -> None:
    lines = lb_cookies().set_lines(TARGET, 1.0, WALL, Random(5), is_https=is_https).decode()
    pattern = (
        rf"Set-Cookie: AWSALB=(?P<value>[A-Za-z0-9+/]{{124}}); {EXPIRES}\r\n"
        rf"Set-Cookie: AWSALBCORS=(?P=value); {EXPIRES}{suffix}\r\n"
    )
    assert re.fullmatch(pattern, lines)


@pytest.mark.parametrize(
    ("sent", "found", "verdict"),
    [
        pytest.param("", None, V.ABSENT, id="no cookie"),
        pytest.param("AWSALB:good", TARGET, V.KEPT, id="AWSALB alone"),
        pytest.param("AWSALBCORS:good", TARGET, V.KEPT, id="AWSALBCORS alone"),
        pytest.param("AWSALB:good AWSALBCORS:good", TARGET, V.KEPT, id="both"),
        pytest.param("AWSALB:good AWSALBCORS:other", OTHER, V.KEPT, id="they differ: AWSALBCORS wins"),
        pytest.param("AWSALB:good AWSALBCORS:junk", None, V.UNDECODABLE, id="AWSALBCORS wins, even if it is junk"),
        pytest.param("AWSALB:junk", None, V.UNDECODABLE, id="junk"),
        pytest.param("AWSALB:foreign", None, V.UNDECODABLE, id="of another load balancer"),
        pytest.param("AWSALB:application", None, V.UNDECODABLE, id="a value of AWSALBAPP"),
        pytest.param("AWSALB:group", None, V.OTHER_GROUP, id="of another target group"),
        pytest.param("awsalb:good", None, V.ABSENT, id="cookie names are case-sensitive"),
    ],
)
def test_where_a_request_leads(sent: str, found: TargetKey | None, verdict: StickinessVerdict) -> None:
    app = AppCookies(SEALER, "web", 100, "sid").set_lines(
        TARGET, {b"sid"}, 0.0, WALL, Random(5), is_kept=False, is_same_site_none=False
    )
    made = {
        "good": given_cookies()[b"AWSALB"],
        "other": given_cookies(OTHER)[b"AWSALB"],
        "foreign": given_cookies(sealer=FOREIGN)[b"AWSALB"],
        "group": given_cookies(group="api")[b"AWSALB"],
        "application": values(app)[b"AWSALBAPP-0"],
        "junk": b"junk",
    }
    cookies = {name.encode(): made[kind] for name, _, kind in (pair.partition(":") for pair in sent.split())}
    assert lb_cookies().find(cookies, 1.0) == (found, verdict)


@pytest.mark.parametrize(
    ("made_at", "duration_s", "now", "verdict"),
    [
        pytest.param(1000.0, 100, 1000.0, V.KEPT, id="at once"),
        pytest.param(1000.0, 100, 1099.9, V.KEPT, id="just before the end"),
        pytest.param(1000.0, 100, 1100.0, V.EXPIRED, id="at the end"),
        pytest.param(1000.0, 50, 1060.0, V.EXPIRED, id="a shorter duration counts at once"),
        pytest.param(1000.0, 200, 1150.0, V.KEPT, id="a longer duration counts at once"),
        pytest.param(1000.0, 604800, 605799.0, V.KEPT, id="seven days"),
    ],
)
def test_the_duration_is_judged_at_use(made_at: float, duration_s: int, now: float, verdict: StickinessVerdict) -> None:
    cookies = given_cookies(now=made_at)
    assert lb_cookies(duration_s=duration_s).find(cookies, now)[1] is verdict


def test_every_response_renews() -> None:
    cookies, machine = given_cookies(now=0.0), lb_cookies(duration_s=100)
    for now in (90.0, 180.0, 270.0):
        assert machine.find(cookies, now) == (TARGET, V.KEPT)
        cookies = values(machine.set_lines(TARGET, now, WALL, Random(int(now)), is_https=False))
    assert machine.find(cookies, 370.0) == (None, V.EXPIRED)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.one_of(
        st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(lambda a: a.exploded), st.just("i-0123456789abcdef0")
    ),
    st.integers(1, 65535),
    st.floats(0.0, 1e9),
)
def test_any_target_round_trips(target_id: str, port: int, now: float) -> None:
    cookies = given_cookies((target_id, port), now)
    assert lb_cookies().find(cookies, now) == ((target_id, port), V.KEPT)


# -- app_cookie --------------------------------------------------------------------------------------------------------


def app_cookies(duration_s: int = 100) -> AppCookies:
    return AppCookies(SEALER, "web", duration_s, "sid")


def app_lines(response: bytes, *, is_kept: bool = False, is_same_site_none: bool = False, now: float = 0.0) -> bytes:
    names = cookies_set_by(response)
    return app_cookies().set_lines(
        TARGET, names, now, WALL, Random(5), is_kept=is_kept, is_same_site_none=is_same_site_none
    )


def test_a_session_goes_on_without_a_new_application_cookie() -> None:
    lines = app_lines(b"Set-Cookie: other=1\r\n", is_kept=True).decode()
    assert re.fullmatch(rf"Set-Cookie: AWSALBAPP-0=[A-Za-z0-9+/]+; {EXPIRES}\r\n", lines)


@pytest.mark.parametrize(("is_same_site_none", "suffix"), [(False, ""), (True, "; SameSite=None; Secure")])
def test_a_response_with_the_application_cookie(is_same_site_none: bool, suffix: str) -> None:
    lines = app_lines(b"Set-Cookie: sid=1; HttpOnly\r\n", is_same_site_none=is_same_site_none).decode()
    assert re.fullmatch(rf"Set-Cookie: AWSALBAPP-0=[A-Za-z0-9+/]+; {EXPIRES}{suffix}\r\n", lines)


@pytest.mark.parametrize("response", [b"", b"Set-Cookie: SID=1\r\n", b"Set-Cookie: other=1\r\n"])
def test_a_response_without_it_takes_the_stickiness_away(response: bytes) -> None:
    expected = "".join(f"Set-Cookie: AWSALBAPP-{n}=_remove_; {EXPIRES}\r\n" for n in range(4))
    assert app_lines(response).decode() == expected


@pytest.mark.parametrize(
    ("sent", "found", "verdict"),
    [
        pytest.param("", None, V.ABSENT, id="neither"),
        pytest.param("sid", None, V.ABSENT, id="the application cookie alone"),
        pytest.param("AWSALBAPP-0", None, V.APP_COOKIE_ABSENT, id="AWSALBAPP-0 alone"),
        pytest.param("sid AWSALBAPP-0", TARGET, V.KEPT, id="both"),
        pytest.param("sid AWSALBAPP-0 removed", TARGET, V.KEPT, id="removed shards besides"),
        pytest.param("sid removed", None, V.ABSENT, id="only removed shards"),
        pytest.param("sid junk", None, V.UNDECODABLE, id="junk"),
        pytest.param("sid AWSALBAPP-0 junk", None, V.UNDECODABLE, id="a shard too many"),
    ],
)
def test_both_cookies_are_needed(sent: str, found: TargetKey | None, verdict: StickinessVerdict) -> None:
    kinds = {
        "sid": {b"sid": b"whatever"},
        "AWSALBAPP-0": values(app_lines(b"Set-Cookie: sid=1\r\n")),
        "removed": {b"AWSALBAPP-%d" % n: b"_remove_" for n in (1, 2, 3)},
        "junk": {b"AWSALBAPP-1": b"junk"},
    }
    cookies: dict[bytes, bytes] = {}
    for kind in sent.split():
        cookies |= kinds[kind]
    assert app_cookies().find(cookies, 1.0) == (found, verdict)


def test_application_stickiness_ends_with_its_duration() -> None:
    cookies = {b"sid": b"1"} | values(app_lines(b"Set-Cookie: sid=1\r\n", now=10.0))
    assert app_cookies(duration_s=50).find(cookies, 59.0) == (TARGET, V.KEPT)
    assert app_cookies(duration_s=50).find(cookies, 60.0) == (None, V.EXPIRED)


# -- target groups -----------------------------------------------------------------------------------------------------

GROUPS = ("blue", "green")  # whatever their weights, 0 included


def group_value(group: str = "blue", now: float = 0.0, sealer: CookieSealer = SEALER) -> bytes:
    lines = GroupCookies(sealer).set_lines(group, now, WALL, Random(5), is_https=False)
    return values(lines)[b"AWSALBTG"]


@pytest.mark.parametrize(("is_https", "suffix"), [(False, "; SameSite=None"), (True, "; SameSite=None; Secure")])
def test_the_lines_that_name_a_group(is_https: bool, suffix: str) -> None:
    lines = GroupCookies(SEALER).set_lines("b" * 32, 1.0, WALL, Random(5), is_https=is_https).decode()
    pattern = (
        rf"Set-Cookie: AWSALBTG=(?P<value>[A-Za-z0-9+/]{{172}}); {EXPIRES}\r\n"
        rf"Set-Cookie: AWSALBTGCORS=(?P=value); {EXPIRES}{suffix}\r\n"
    )
    assert re.fullmatch(pattern, lines)


@pytest.mark.parametrize(
    ("cookies", "now", "found", "verdict", "reason"),
    [
        pytest.param({}, 0.0, None, V.ABSENT, None, id="no cookie"),
        pytest.param({b"AWSALBTG": group_value()}, 99.9, "blue", V.KEPT, None, id="kept"),
        pytest.param({b"AWSALBTG": group_value()}, 100.0, None, V.EXPIRED, None, id="its duration is over"),
        pytest.param(
            {b"AWSALBTG": group_value(), b"AWSALBTGCORS": group_value("green")},
            0.0,
            "green",
            V.KEPT,
            None,
            id="AWSALBTGCORS wins",
        ),
        pytest.param({b"AWSALBTG": group_value("red")}, 0.0, None, V.OTHER_GROUP, None, id="a group of another rule"),
        pytest.param(
            {b"AWSALBTG": b"junk"}, 0.0, None, V.UNDECODABLE, "AWSALBTGCookieInvalid", id="junk is logged as such"
        ),
        pytest.param(
            {b"AWSALBTG": group_value(sealer=FOREIGN)},
            0.0,
            None,
            V.UNDECODABLE,
            "AWSALBTGCookieInvalid",
            id="another load balancer's",
        ),
    ],
)
def test_which_group_a_request_leads_to(
    cookies: dict[bytes, bytes], now: float, found: str | None, verdict: StickinessVerdict, reason: str | None
) -> None:
    assert GroupCookies(SEALER).find(cookies, GROUPS, 100.0, now) == (found, verdict)
    assert group_error_reason(verdict) == reason


def test_every_verdict_has_words_of_its_own() -> None:
    assert len({verdict.value for verdict in V}) == len(V)
    assert all(" " in verdict.value for verdict in V)
