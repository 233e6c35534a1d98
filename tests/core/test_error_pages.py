"""The load balancer's own answers, byte for byte (reference 4.2)."""

from __future__ import annotations

import pytest

from simlb.core import error_pages

CHROME = b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
EXPLORER = b"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)"
FIREFOX = b"Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"

PAGES = [
    (301, "301 Moved Permanently", 134),
    (302, "302 Found", 110),
    (400, "400 Bad Request", 122),
    (401, "401 Authorization Required", 144),
    (403, "403 Forbidden", 118),
    (405, "405 Not Allowed", 122),
    (408, "408 Request Time-out", 132),
    (413, "413 Request Entity Too Large", 148),
    (414, "414 Request-URI Too Large", 142),
    (500, "500 Internal Server Error", 142),
    (501, "501 Not Implemented", 130),
    (502, "502 Bad Gateway", 122),
    (503, "503 Service Temporarily Unavailable", 162),
    (504, "504 Gateway Time-out", 132),
    (505, "505 HTTP Version Not Supported", 152),
    (507, "507 Insufficient Storage", 140),
]


@pytest.mark.parametrize(("code", "title", "size"), PAGES)
def test_pages(code: int, title: str, size: int) -> None:
    page = error_pages.page(code)
    assert len(page) == size
    assert (
        page
        == (
            f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
            f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
        ).encode()
    )
    assert title == f"{code} {error_pages.reason_phrase(code)}"


def test_the_page_for_plain_http_on_an_https_listener() -> None:
    page = error_pages.plain_http_page()
    assert len(page) == 220
    assert len(error_pages.pad(page, 400, CHROME)) == 622
    assert page.split(b"\r\n") == [
        b"<html>",
        b"<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>",
        b"<body>",
        b"<center><h1>400 Bad Request</h1></center>",
        b"<center>The plain HTTP request was sent to HTTPS port</center>",
        b"</body>",
        b"</html>",
        b"",
    ]


@pytest.mark.parametrize("code", [460, 463, 464, 561, 562])
def test_codes_without_a_page_have_neither_body_nor_phrase(code: int) -> None:
    assert (error_pages.page(code), error_pages.reason_phrase(code)) == (b"", "")
    assert error_pages.pad(b"", code, CHROME) == b""


@pytest.mark.parametrize(
    ("code", "user_agent", "added"),
    [
        pytest.param(502, CHROME, 402, id="Chrome"),
        pytest.param(404, CHROME, 402, id="Chrome, any 4xx"),
        pytest.param(502, EXPLORER, 402, id="old Internet Explorer"),
        pytest.param(502, FIREFOX, 0, id="Firefox"),
        pytest.param(502, b"curl/8.5.0", 0, id="curl"),
        pytest.param(502, None, 0, id="no User-Agent"),
        pytest.param(301, CHROME, 0, id="not on redirects"),
        pytest.param(302, CHROME, 0, id="not on redirects either"),
    ],
)
def test_padding(code: int, user_agent: bytes | None, added: int) -> None:
    padded = error_pages.pad(b"page", code, user_agent)
    assert len(padded) == 4 + added
    assert padded[4:] == b"<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n" * (added // 67)


@pytest.mark.parametrize("code", [400, 408, 413, 414, 501])
def test_answers_that_end_the_connection(code: int) -> None:
    assert code in error_pages.CLOSING_CODES


@pytest.mark.parametrize("code", [301, 302, 403, 463, 502, 503, 504])
def test_answers_that_do_not(code: int) -> None:
    assert code not in error_pages.CLOSING_CODES
