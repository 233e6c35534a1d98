"""The process that answers in simlb's stead: what it is asked, and what becomes of calls when it fails."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from simlb.app.moto import Moto
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.protocol import FORM, QueryReply, QueryRequest
from tests.app.conftest import Bench
from tests.aws import authorization

STAND_IN = Path(__file__).with_name("stand_in.py")


def command(how: str = "") -> str:
    return shlex.join([sys.executable, "-S", str(STAND_IN), how])


class Desk:
    """An instance whose moto is the stand-in."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.how = ""
        self.moto = Moto(bench.app, lambda: command(self.how))
        bench.app._moto = self.moto

    async def ask(self, action: str = "ListUsers", **parts: Any) -> QueryReply:
        """A call of IAM."""
        request = {"authorization": authorization(service="iam"), "content_type": FORM, **parts}
        return await self.moto.ask(QueryRequest(body=f"Action={action}".encode(), **request), f"{action} of IAM")

    async def fails(self, action: str) -> tuple[str, str]:
        """Code and message."""
        with pytest.raises(QueryError) as caught:
            await self.ask(action)
        return caught.value.code, caught.value.message

    @property
    def notices(self) -> list[str]:
        return self.bench.audience.notices


@pytest.fixture
async def desk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Nothing has been asked yet."""
    monkeypatch.setattr("simlb.app.moto.is_installed", lambda: True)
    await bench.start()
    return Desk(bench)


async def test_the_request_is_passed_on_and_the_answer_too(desk: Desk) -> None:
    reply = await desk.ask(query="a=%2Fb", path="/x%20y")
    assert (reply.status, reply.content_type, reply.headers) == (200, "text/xml", {"Location": "https://there.test/"})
    asked = json.loads(reply.body)
    assert (asked["method"], asked["path"], asked["body"]) == ("POST", "/x%20y?a=%2Fb", "Action=ListUsers")
    headers = {name.lower(): value for name, value in asked["headers"].items()}
    assert headers["authorization"] == authorization(service="iam")
    assert headers["content-type"] == FORM
    assert desk.moto.has_begun
    (told,) = desk.notices
    assert told.startswith("stand-in 1 runs (pid ")
    missing = await desk.ask("ListMissing")
    assert (missing.status, b"NoSuchEntity" in missing.body) == (404, True)


async def test_a_signed_url_names_its_service_in_the_header(desk: Desk) -> None:
    scope = "X-Amz-Credential=me/20260101/us-east-1/sts/aws4_request"
    reply = await desk.ask(method="GET", query=scope, authorization=None, content_type="")
    headers = {name.lower(): value for name, value in json.loads(reply.body)["headers"].items()}
    assert "/us-east-1/sts/aws4_request" in headers["authorization"]
    assert "content-type" not in headers


@pytest.mark.parametrize(
    "parts",
    [
        {"path": "/\udcff"},
        {"query": "a=\xe9"},
        {"authorization": f"{authorization(service='iam')}\udcff"},
        {"content_type": "text/xml; charset=\xe9"},
    ],
)
async def test_bytes_that_are_no_ascii_are_not_passed_on(desk: Desk, parts: dict[str, str]) -> None:
    with pytest.raises(QueryError, match="URL and headers of a call are ASCII") as caught:
        await desk.ask(**parts)
    assert caught.value.code == "MalformedQueryString"
    assert desk.notices == []


async def test_several_calls_start_one_process(desk: Desk) -> None:
    await asyncio.gather(*(desk.ask() for _ in range(5)))
    assert len(desk.notices) == 1


async def test_one_that_ends_is_started_again(desk: Desk) -> None:
    code, message = await desk.fails("ListEnd")
    assert (code, "moto, which is asked in simlb's place, failed" in message, "E847" in message) == (
        "ServiceUnavailable",
        True,
        True,
    )
    assert (await desk.ask()).status == 200
    assert [text[:10] for text in desk.notices] == ["stand-in 1", "moto ended", "stand-in 1"]
    assert "ended by itself (status 3)" in desk.notices[1]


async def test_one_that_hangs_is_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlb.app.moto_process.ANSWER_S", 0.2)
    assert (await desk.fails("ListHang"))[0] == "ServiceUnavailable"
    assert (await desk.ask()).status == 200
    assert "(status -9)" in desk.notices[1]


async def test_answers_that_are_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    code, message = await desk.fails("ListPage")
    assert code == "UnsupportedOperation"
    assert message.startswith("ListPage of IAM: moto, which answers what simlb does not emulate, fails at it: see ")
    monkeypatch.setattr("simlb.app.moto.ANSWER_BYTES_MAX", 1000)
    code, message = await desk.fails("ListMuch")
    assert (code, "more than 1000 bytes" in message) == ("ServiceUnavailable", True)
    assert (await desk.ask()).status == 200


async def test_one_that_cannot_be_started(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.how = "broken"
    code, message = await desk.fails("ListUsers")
    assert code == "ServiceUnavailable"
    assert "moto cannot be started: it ended at once: ImportError: no module named moto (its log: " in message
    assert message.endswith("(SIMLB-E846)")
    monkeypatch.setattr("simlb.app.moto_process.START_S", 0.3)
    desk.how = "mute"
    assert "it does not answer within 0.3 s" in (await desk.fails("ListUsers"))[1]
    assert desk.notices == []


async def test_an_end_while_it_starts_and_a_reset(desk: Desk) -> None:
    await desk.ask()
    await desk.bench.app.reset()
    assert not desk.moto.has_begun
    desk.how = "mute"
    starting = asyncio.ensure_future(desk.fails("ListUsers"))
    while desk.moto._process is None or desk.moto._process.pid is None:
        await asyncio.sleep(0.01)
    await desk.moto.close()
    assert "this instance is stopping" in (await starting)[1]
    assert "this instance is stopping" in (await desk.fails("ListUsers"))[1]
    assert len(desk.notices) == 1


async def test_without_the_extra(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlb.app.moto.is_installed", lambda: False)
    assert await desk.fails("ListUsers") == (
        "UnsupportedOperation",
        "ListUsers of IAM is not emulated by simlb. With its extra, moto answers it: "
        "pip install 'simlb[aws]' (SIMLB-E845)",
    )
