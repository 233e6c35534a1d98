"""Which names cover which hosts (reference 6.1)."""

from __future__ import annotations

import pytest

from simlb.certs.matching import covers


@pytest.mark.parametrize(
    ("name", "host", "is_covered"),
    [
        ("shop.localhost", "shop.localhost", True),
        ("shop.localhost", "SHOP.Localhost", True),
        ("Shop.LOCALHOST", "shop.localhost.", True),
        ("shop.localhost.", "shop.localhost", True),
        ("shop.localhost", "a.shop.localhost", False),
        ("*.simlb.test", "api.simlb.test", True),
        ("*.simlb.test", "API.SIMLB.TEST.", True),
        ("*.simlb.test", "simlb.test", False),
        ("*.simlb.test", "a.b.simlb.test", False),
        ("*.simlb.test", ".simlb.test", False),
        ("*.localhost", "shop.localhost", True),
        ("a*.simlb.test", "api.simlb.test", False),
        ("api.*.test", "api.simlb.test", False),
        ("*", "localhost", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("*.0.0.1", "127.0.0.1", False),
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("::1", "127.0.0.1", False),
        ("localhost", "127.0.0.1", False),
        ("shop.localhost", "", False),
        ("*.", ".", False),
    ],
)
def test_covers(name: str, host: str, is_covered: bool) -> None:
    assert covers(["other.test", name], host) is is_covered


def test_no_names_cover_nothing() -> None:
    assert not covers([], "localhost")
