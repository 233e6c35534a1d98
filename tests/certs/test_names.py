"""Which names a certificate may have, and what its files are called."""

from __future__ import annotations

import pytest

from simlb.certs.names import normalised, permitted, slug
from simlb.core.server_names import canonical
from simlb.errors import SimlbError


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("localhost", "localhost"),
        ("Shop.LocalHost.", "shop.localhost"),
        ("test", "test"),
        ("*.simlb.test", "*.simlb.test"),
        ("my_app.test", "my_app.test"),
        ("xn--9d0bm53a3xbzui.test", "xn--9d0bm53a3xbzui.test"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.255.0.9", "127.255.0.9"),
        ("0:0:0:0:0:0:0:1", "::1"),
    ],
)
def test_permitted_names(given: str, normal: str) -> None:
    assert permitted([given]) == (normal,)


@pytest.mark.parametrize(
    "name",
    [
        "evil.example.com",
        "localhost.example.com",
        "notlocalhost",
        "mytest",
        "test.com",
        "*.com",
        "128.0.0.1",
        "10.0.0.1",
        "::2",
        "::1%eth0",
        "::ffff:127.0.0.1",
        "127.1",
    ],
)
def test_names_beyond_the_constraints_are_refused_with_the_permitted_ones(name: str) -> None:
    with pytest.raises(SimlbError) as caught:
        permitted(["localhost", name])
    assert caught.value.code == "E203"
    assert canonical(name) in caught.value.what
    assert "localhost, *.localhost, *.test and loopback addresses" in caught.value.render()


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "*",
        "*.",
        "a..test",
        "-a.test",
        "a-.test",
        "a b.test",
        "a*.test",
        "a.*.test",
        "*.*.test",
        "../x.test",
        "a/b.test",
        "a\n.test",
        "a\x00.test",
        "[::1]",
        f"{'a' * 64}.test",
        f"{'a.' * 125}test",
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(SimlbError) as caught:
        normalised([name])
    assert caught.value.code == "E203"


def test_a_name_in_another_script_is_refused_with_its_punycode_form() -> None:
    with pytest.raises(SimlbError) as caught:
        normalised(["쇼핑몰.test"])
    assert caught.value.code == "E203"
    assert "쇼핑몰.test".encode("idna").decode() in caught.value.render()


def test_a_name_without_punycode_form_is_refused_all_the_same() -> None:
    with pytest.raises(SimlbError) as caught:
        normalised([f"{'é' * 64}.test"])
    assert "punycode" in caught.value.render()


def test_no_name_at_all_is_refused() -> None:
    with pytest.raises(SimlbError):
        normalised([])


def test_repeated_names_count_once_in_the_given_order() -> None:
    assert normalised(["b.test", "a.test", "B.test."]) == ("b.test", "a.test")


def test_slugs_differ_and_are_safe_file_names() -> None:
    name_lists: list[tuple[str, ...]] = [
        ("a.test",),
        ("a.test", "b.test"),
        ("a.test", "c.test"),
        ("b.test", "a.test"),
        ("*.a.test",),
        ("wildcard.a.test",),
        ("::1",),
        ("127.0.0.1",),
        (f"{'a' * 60}.{'b' * 60}.{'c' * 60}.test",),
        (f"{'a' * 60}.{'b' * 60}.{'d' * 60}.test",),
    ]
    slugs = [slug(names) for names in name_lists]
    assert len(set(slugs)) == len(slugs)
    assert slugs[0] == "a.test"
    assert not any(character in text for text in slugs for character in '*:/\\<>"|? ')
    assert max(map(len, slugs)) < 150
