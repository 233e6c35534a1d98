"""What leads to a listener without a hosts file: names where they lead, else addresses."""

from __future__ import annotations

import pytest

from simlb.controlplane.urls import listener_url

NAMES = ("api.simlb.test", "shop.localhost", "shop-1.elb.localhost")


@pytest.mark.parametrize(
    ("protocol", "host", "port", "names", "url"),
    [
        ("HTTP", "127.0.0.1", 80, NAMES, "http://shop.localhost/"),
        ("HTTP", "127.0.0.1", 8080, NAMES, "http://shop.localhost:8080/"),
        ("HTTPS", "127.0.0.1", 443, NAMES, "https://shop.localhost/"),
        ("HTTPS", "::1", 8443, NAMES, "https://shop.localhost:8443/"),
        ("HTTP", "0.0.0.0", 80, NAMES, "http://shop.localhost/"),  # noqa: S104 - only read
        ("HTTP", "127.0.1.1", 80, NAMES, "http://127.0.1.1/"),
        ("HTTPS", "127.0.1.1", 8443, NAMES, "https://127.0.1.1:8443/"),
        ("HTTP", "127.0.0.1", 80, NAMES[:1], "http://127.0.0.1/"),
        ("HTTP", "::1", 80, (), "http://[::1]/"),
        ("HTTP", "192.0.2.1", 80, NAMES, "http://192.0.2.1/"),
    ],
)
def test_urls(protocol: str, host: str, port: int, names: tuple[str, ...], url: str) -> None:
    assert listener_url(protocol, host, port, names) == url
