"""What the control port gives a browser, and how one comes to the right to change things."""

from __future__ import annotations

import json

import pytest

from tests.console.conftest import Desk

FOREIGN = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


async def test_the_page_loads_nothing_from_elsewhere_and_stands_in_no_frame(desk: Desk) -> None:
    status, headers, body = await desk.ask("GET", "/")
    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert b"/console/js/app.js" in body


async def test_a_browser_that_has_a_file_does_not_get_it_again(desk: Desk) -> None:
    _, headers, _ = await desk.ask("GET", "/console/js/app.js")
    status, _, body = await desk.ask("GET", "/console/js/app.js", headers={"If-None-Match": headers["etag"]})
    assert (status, body) == (304, b"")


async def test_every_sentence_is_there(desk: Desk) -> None:
    status, headers, body = await desk.ask("GET", "/console/words.json")
    assert (status, headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert json.loads(body)["shell.live"] == {"en": "Live", "ko": "라이브"}


@pytest.mark.parametrize(
    "name",
    ["console.py", "../console.py", "%2e%2e/console.py", "%2Fetc%2Fpasswd", "js", "js/", "js/none.js", "tsconfig.json"],
)
async def test_nothing_but_the_pages_files_is_given_away(desk: Desk, name: str) -> None:
    status, _, body = await desk.ask("GET", f"/console/{name}")
    assert status == 404
    assert json.loads(body)["code"] == "E608"


async def test_aws_clients_still_call_the_same_place(desk: Desk) -> None:
    status, headers, body = await desk.ask("GET", "/?Action=DescribeLoadBalancers&Version=2015-12-01")
    assert status == 403
    assert headers["content-type"] == "text/xml"
    assert b"MissingAuthenticationToken" in body


async def test_a_link_of_another_page_may_lead_to_the_page(desk: Desk) -> None:
    assert (await desk.ask("GET", "/", headers=FOREIGN))[0] == 200


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {**FOREIGN, "Sec-Fetch-Mode": "cors"}),
        ("/", {**FOREIGN, "Sec-Fetch-Mode": "no-cors"}),
        ("/", {**FOREIGN, "Origin": "http://evil.test"}),
        ("/", {"Host": "evil.test"}),
        ("/?a=b", FOREIGN),
        ("/console/js/app.js", FOREIGN),
        ("/console/words.json", FOREIGN),
        ("/api/v1/status", FOREIGN),
        ("/api/v1/console/token", FOREIGN),
    ],
)
async def test_other_pages_get_nothing_else(desk: Desk, path: str, headers: dict[str, str]) -> None:
    status, _, body = await desk.ask("GET", path, headers=headers)
    assert status == 403
    assert b"E606" in body or b"E605" in body


async def test_a_code_is_exchanged_for_the_token_once(desk: Desk) -> None:
    status, _, body = await desk.ask("POST", "/api/v1/console/codes", token=True)
    assert status == 200
    address = json.loads(body)["address"]
    page, _, code = address.partition("#code=")
    assert page == f"http://{desk.app.control}/"
    assert desk.app.token not in address
    status, headers, body = await desk.ask("GET", "/api/v1/console/token", headers={"X-Simlb-Code": code})
    assert (status, json.loads(body)) == (200, {"token": desk.app.token})
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers
    status, _, body = await desk.ask("GET", "/api/v1/console/token", headers={"X-Simlb-Code": code})
    assert (status, json.loads(body)["code"]) == (403, "E780")


async def test_without_the_token_there_is_no_code(desk: Desk) -> None:
    status, _, body = await desk.ask("POST", "/api/v1/console/codes")
    assert (status, json.loads(body)["code"]) == (401, "E607")


async def test_without_a_code_there_is_no_token(desk: Desk) -> None:
    status, _, body = await desk.ask("GET", "/api/v1/console/token")
    assert status == 403
    assert desk.app.token.encode() not in body
