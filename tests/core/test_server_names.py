"""Which certificate answers for a server name (reference 6.1)."""

from __future__ import annotations

from pathlib import PurePath

import pytest

from simlb.core.model import Certificate
from simlb.core.server_names import choose_certificate, covers


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


def certificate(*names: str) -> Certificate:
    return Certificate(arn=names[0], names=names, certificate_path=PurePath("c.pem"), key_path=PurePath("k.pem"))


FIRST, SHOP, WILD = certificate("a.test", "b.test"), certificate("shop.test"), certificate("*.shop.test")


@pytest.mark.parametrize(
    ("server_name", "chosen", "is_matched"),
    [
        (None, FIRST, False),
        ("unknown.test", FIRST, False),
        ("a.test", FIRST, True),
        ("b.test", FIRST, True),
        ("shop.test", SHOP, True),
        ("www.shop.test", WILD, True),
        ("a.www.shop.test", FIRST, False),
    ],
)
def test_the_first_is_the_default(server_name: str | None, chosen: Certificate, is_matched: bool) -> None:
    assert choose_certificate([FIRST, SHOP, WILD], server_name) == (chosen, is_matched)
