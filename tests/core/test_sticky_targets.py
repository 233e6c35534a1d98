"""A sticky client and what becomes of its target (reference 5.5; 10, vector 13; 11, point 26)."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.stickiness import AppCookies, StickinessVerdict, TargetCookies
from tests.core.groups import Group

V = StickinessVerdict


def sticky_group(names: str = "abc", **attributes: Any) -> Group:
    group = Group(names, stickiness_enabled=True, **attributes)
    group.probe(**dict.fromkeys(names, "P"))
    return group


def cookies_of(group: Group, name: str) -> dict[bytes, bytes]:
    """What a client has after a response of this target."""
    stickiness = group.state.stickiness
    assert stickiness is not None
    key = group[name].target.key
    if isinstance(stickiness, TargetCookies):
        lines = stickiness.set_lines(key, group.now, 0.0, Random(2), is_https=False)
    else:
        lines = stickiness.set_lines(key, {b"sid"}, group.now, 0.0, Random(2), is_kept=False, is_same_site_none=False)
    return {b"sid": b"1"} | dict(re.findall(rb"Set-Cookie: ([^=]+)=([^;]*);", lines))


def led_to(group: Group, cookies: dict[bytes, bytes]) -> tuple[str | None, StickinessVerdict]:
    target, verdict = group.state.find_sticky(cookies, group.now)
    return None if target is None else target.target.name, verdict


@pytest.mark.parametrize("kind", ["lb_cookie", "app_cookie"])
def test_a_client_stays_with_its_target(kind: str) -> None:
    group = sticky_group(stickiness_type=kind, app_cookie_name="sid")
    for name in "cab":
        assert led_to(group, cookies_of(group, name)) == (name, V.KEPT)


def test_awsalbcors_alone_leads_back() -> None:
    group = sticky_group()
    cookies = cookies_of(group, "b")
    assert led_to(group, {b"AWSALBCORS": cookies[b"AWSALBCORS"]}) == ("b", V.KEPT)


def test_no_cookie() -> None:
    assert led_to(sticky_group(), {}) == (None, V.ABSENT)


def test_stickiness_that_is_off() -> None:
    cookies = cookies_of(sticky_group(), "a")
    assert led_to(Group("abc"), cookies) == (None, V.OFF)


def test_the_target_is_unhealthy_and_healthy_again() -> None:
    group = sticky_group()
    cookies = cookies_of(group, "b")
    group.probe(b="FF")
    assert led_to(group, cookies) == (None, V.TARGET_UNHEALTHY)
    group.probe(b="PPPPP")
    assert led_to(group, cookies) == ("b", V.KEPT)


def test_the_target_drains_and_is_gone() -> None:
    group = sticky_group(deregistration_delay_s=30)
    cookies = cookies_of(group, "b")
    group.register("ac")
    assert led_to(group, cookies) == (None, V.TARGET_DRAINING)
    group.state.on_deadline(30.0)
    assert led_to(group, cookies) == (None, V.TARGET_GONE)


def test_while_everybody_is_unhealthy_the_target_is_kept() -> None:
    group = sticky_group()
    cookies = cookies_of(group, "b")
    group.probe(a="FF", b="FF", c="FF")
    assert led_to(group, cookies) == ("b", V.KEPT)


def test_while_too_few_are_healthy_an_unhealthy_target_is_kept() -> None:
    group = sticky_group(minimum_healthy_targets_count=3)
    cookies = cookies_of(group, "b")
    group.probe(b="FF")
    assert led_to(group, cookies) == ("b", V.KEPT)


def test_a_changed_duration_counts_at_once() -> None:
    group = sticky_group(lb_cookie_duration_s=100)
    cookies = cookies_of(group, "b")
    group.now = 60.0
    assert led_to(group, cookies) == ("b", V.KEPT)
    group.register("abc", lb_cookie_duration_s=50)
    assert led_to(group, cookies) == (None, V.EXPIRED)
    group.register("abc", lb_cookie_duration_s=70)
    assert led_to(group, cookies) == ("b", V.KEPT)


def test_cookies_outlive_a_new_configuration_and_a_pause_of_stickiness() -> None:
    group = sticky_group()
    cookies = cookies_of(group, "b")
    group.register("bxy")
    assert led_to(group, cookies) == ("b", V.KEPT)
    group.register("b", stickiness_enabled=False)
    assert led_to(group, cookies) == (None, V.OFF)
    group.register("b", stickiness_enabled=True)
    assert led_to(group, cookies) == ("b", V.KEPT)


def test_the_other_type_of_cookie_does_not_lead_back() -> None:
    group = sticky_group(app_cookie_name="sid")
    cookies = cookies_of(group, "b")
    group.register("abc", stickiness_type="app_cookie")
    assert isinstance(group.state.stickiness, AppCookies)
    assert led_to(group, cookies) == (None, V.ABSENT)


def test_another_key_cannot_read_them() -> None:
    cookies = cookies_of(sticky_group(), "b")
    other = Group("abc", cookie_key=b"k" * 32, stickiness_enabled=True)
    assert led_to(other, cookies) == (None, V.UNDECODABLE)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from("bcdef")), st.dictionaries(st.sampled_from("bcdef"), st.sampled_from("PF"))),
        max_size=12,
    )
)
def test_whatever_the_others_do_a_client_stays(steps: list[tuple[set[str], dict[str, str]]]) -> None:
    group = sticky_group("abc")
    cookies = cookies_of(group, "a")
    for names, probes in steps:
        group.now += 10.0
        group.register("".join(sorted({"a", *names})))
        group.probe(a="P", **{name: letter for name, letter in probes.items() if name in names})
        assert led_to(group, cookies) == ("a", V.KEPT)
