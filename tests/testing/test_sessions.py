"""Sessions of requests, httpx and aiohttp: any host name, verified TLS, cookies and redirects as these libraries do."""

from __future__ import annotations

import sys
from collections.abc import Callable

import aiohttp
import httpx
import pytest
import requests

from simlb.errors import SimlbError
from simlb.testing import ALB, FakeBackend
from simlb.testing.running import RunningLoadBalancer


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend(text="hello", headers={"Set-Cookie": "shop=1"})


@pytest.fixture
def shop(alb: ALB, backend: FakeBackend) -> ALB:
    """A redirect to HTTPS in front of one target."""
    alb.listen(80).redirect("https")
    alb.listen(443, cert=["api.simlb.test", "www.simlb.test"]).forward("web", backend)
    return alb


class TestRequests:
    def test_redirect_and_certificate(self, shop: ALB, backend: FakeBackend) -> None:
        with shop.start() as lb, lb.session() as session:
            response = session.get("http://api.simlb.test/a?b=1")
            assert response.url == "https://api.simlb.test/a?b=1"
            assert response.history[0].status_code == 301
            assert response.history[0].headers["Location"] == "https://api.simlb.test:443/a?b=1"
            assert backend.last.headers["Host"] == "api.simlb.test"
            assert backend.last.headers["X-Forwarded-Proto"] == "https"
            session.get("https://api.simlb.test/")
            assert backend.last.headers["Cookie"] == "shop=1"

    def test_its_own_addresses_too(self, shop: ALB) -> None:
        with shop.start() as lb, lb.session() as session:
            assert session.get(lb.url_for("https", "/x")).text == "hello"

    def test_each_host_has_its_own_certificate(self, shop: ALB) -> None:
        with shop.start() as lb, lb.session() as session:
            for host in ("api.simlb.test", "www.simlb.test"):
                assert session.get(f"https://{host}/").ok
            with pytest.raises(requests.exceptions.SSLError, match=r"else\.simlb\.test"):
                session.get("https://else.simlb.test/")

    def test_nothing_else_can_be_reached(self, shop: ALB) -> None:
        refused = pytest.raises(requests.exceptions.ConnectionError, match="no listener on port 8080")
        with shop.start() as lb, lb.session() as session, refused:
            session.get("http://api.simlb.test:8080/")

    def test_the_environment_s_proxies_are_not_used(self, shop: ALB, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        with shop.start() as lb, lb.session() as session:
            assert session.get("https://api.simlb.test/").ok


class TestHttpx:
    def test_redirect_and_certificate(self, shop: ALB, backend: FakeBackend) -> None:
        with shop.start() as lb, lb.httpx_client(follow_redirects=True) as client:
            response = client.get("http://api.simlb.test/a?b=1")
            assert str(response.url) == "https://api.simlb.test/a?b=1"
            assert response.history[0].status_code == 301
            assert backend.last.headers["Host"] == "api.simlb.test"
            client.get("https://api.simlb.test/")
            assert backend.last.headers["Cookie"] == "shop=1"
            assert client.get("https://www.simlb.test/").text == "hello"
            with pytest.raises(httpx.ConnectError, match=r"else\.simlb\.test"):
                client.get("https://else.simlb.test/")
            with pytest.raises(httpx.ConnectError, match="no listener on port 8080"):
                client.get("http://api.simlb.test:8080/")

    async def test_async(self, shop: ALB, backend: FakeBackend) -> None:
        async with shop as lb, lb.httpx_async_client(follow_redirects=True) as client:
            response = await client.get("http://api.simlb.test/a?b=1")
            assert str(response.url) == "https://api.simlb.test/a?b=1"
            assert (await client.post("https://www.simlb.test/", json={"n": 1})).text == "hello"
            assert backend.last.json() == {"n": 1}

    async def test_the_blocking_one_on_the_loop(self, shop: ALB) -> None:
        async with shop as lb:
            with lb.httpx_client() as client, pytest.raises(SimlbError, match="event loop") as caught:
                client.get("http://api.simlb.test/")
            assert caught.value.code == "E693"


class TestAiohttp:
    async def test_redirect_and_certificate(self, shop: ALB, backend: FakeBackend) -> None:
        async with shop as lb, lb.aiohttp_session() as session:
            async with session.get("http://api.simlb.test/a?b=1") as response:
                assert await response.text() == "hello"
                assert response.url.with_port(None).human_repr() == "https://api.simlb.test/a?b=1"
                assert response.history[0].status == 301
            assert backend.last.headers["Host"].partition(":")[0] == "api.simlb.test"
            with pytest.raises(aiohttp.ClientConnectorCertificateError, match=r"else\.simlb\.test"):
                await session.get("https://else.simlb.test/")
            with pytest.raises(aiohttp.ClientConnectorError, match="no listener on port 8080"):
                await session.get("http://api.simlb.test:8080/")


@pytest.mark.parametrize(
    ("library", "ask"),
    [
        ("requests", lambda lb: lb.session()),
        ("httpx", lambda lb: lb.httpx_client()),
        ("httpx", lambda lb: lb.httpx_async_client()),
        ("aiohttp", lambda lb: lb.aiohttp_session()),
    ],
)
def test_a_library_that_is_missing(
    alb: ALB, monkeypatch: pytest.MonkeyPatch, library: str, ask: Callable[[RunningLoadBalancer], object]
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    alb.listen(80).fixed(200)
    with alb.start() as lb, pytest.raises(SimlbError, match=f"session of {library}, which is not installed") as caught:
        ask(lb)
    assert caught.value.code == "E695"
    assert caught.value.hints[0] == f"pip install {library}"
