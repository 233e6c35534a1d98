"""What reports and exports do not show."""

from __future__ import annotations

import pytest

from simlb.core.masking import mask_field, mask_uri

URIS = [
    ("/", "/"),
    ("/a?", "/a?"),
    ("/a?flag", "/a?flag"),
    ("/a?user=kim&token=s3cr3t", "/a?user=***&token=***"),
    ("/a?x=1=2&y=", "/a?x=***&y="),
    ("https://shop.test/p?q=caf%C3%A9#top", "https://shop.test/p?q=***#top"),
    ("/a=b?c=d?e=f", "/a=b?c=***"),
    ("/a b?token=s3cr3t of mine&x=\t1", "/a b?token=***&x=***"),
    ("/a?x=1\n2\xa03#top", "/a?x=***#top"),
]


@pytest.mark.parametrize(("uri", "expected"), URIS)
def test_queries(uri: str, expected: str) -> None:
    assert mask_uri(uri) == expected


FIELDS = [
    ("Accept", "text/html", "text/html"),
    ("Authorization", "Bearer abc.def", "Bearer ***"),
    ("authorization", "abc", "***"),
    ("Proxy-Authorization", "Basic Zm9v", "Basic ***"),
    ("Cookie", "AWSALB=abc==; theme=dark", "AWSALB=***; theme=***"),
    ("Cookie", "junk", "***"),
    ("Set-Cookie", "sid=1; Path=/; HttpOnly", "sid=***; Path=/; HttpOnly"),
    ("X-API-Key", "k", "***"),
    ("Referer", "https://shop.test/?q=1", "https://shop.test/?q=***"),
]


@pytest.mark.parametrize(("name", "value", "expected"), FIELDS)
def test_fields(name: str, value: str, expected: str) -> None:
    assert mask_field(name, value) == expected
