"""Which certificate answers for a server name (reference 6.1)."""

from __future__ import annotations

from pathlib import PurePath

import pytest

from simlb.core.model import Certificate
from simlb.core.server_names import choose_certificate, covers


@pytest.mark.parametrize(
    ("name", "server_name", "is_covered"),
    [
        ("example.test", "example.test", True),
        ("example.test", "EXAMPLE.Test", True),
        ("*.example.test", "www.example.test", True),
        ("*.Example.test", "WWW.example.TEST", True),
        ("*.example.test", "example.test", False),
        ("*.example.test", "a.b.example.test", False),
        ("*.example.test", ".example.test", False),
        ("*.example.test", "*.example.test", True),
        ("example.test", "www.example.test", False),
        ("w*.example.test", "www.example.test", False),
        ("www.*.test", "www.example.test", False),
        ("*", "localhost", False),
        ("*.", "localhost.", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("example.test", "", False),
    ],
)
def test_names(name: str, server_name: str, is_covered: bool) -> None:
    assert covers(name, server_name) is is_covered


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
