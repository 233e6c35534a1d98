"""Names as Route 53 writes them."""

from __future__ import annotations

import pytest

from simlb.core.dns.names import DnsNameError, canonical, from_labels, is_within, listing_key, to_labels


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Shop.Test", "shop.test."),
        ("shop.test.", "shop.test."),
        ("*.shop.test", "\\052.shop.test."),
        ("\\052.shop.test", "\\052.shop.test."),
        ("_x1.api.shop.test", "_x1.api.shop.test."),
        ("a\\056b.test", "a\\056b.test."),
        ("a/b.test", "a\\057b.test."),
        ("\\101.test", "a.test."),
        (".", "."),
    ],
)
def test_one_form_for_every_spelling(written: str, name: str) -> None:
    assert canonical(written) == name
    assert from_labels(to_labels(name)) == name


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "DomainLabelEmpty"),
        ("a..test", "DomainLabelEmpty"),
        (".test", "DomainLabelEmpty"),
        ("a b.test", "UnsupportedCharacter"),
        ("가.test", "UnsupportedCharacter"),
        ("a\\9.test", None),
        ("\\400.test", None),
        (f"{'a' * 64}.test", "DomainLabelTooLong"),
        (".".join(["a" * 60] * 5), "DomainNameTooLong"),
    ],
)
def test_what_is_no_name(written: str, problem: str | None) -> None:
    if problem is None:  # a backslash without a code is a character of its own
        assert canonical(written).startswith(("a\\134", "\\134"))
        return
    with pytest.raises(DnsNameError, match=problem):
        canonical(written)


def test_names_within_zones() -> None:
    assert is_within("a.shop.test.", "shop.test.")
    assert is_within("shop.test.", "shop.test.")
    assert not is_within("myshop.test.", "shop.test.")


def test_lists_are_in_the_order_of_labels_from_the_right() -> None:
    names = ["b.test.", "a.b.test.", "test.", "c.a.test.", "\\052.b.test."]
    assert sorted(names, key=listing_key) == ["test.", "c.a.test.", "b.test.", "\\052.b.test.", "a.b.test."]
