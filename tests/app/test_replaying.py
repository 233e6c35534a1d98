"""What it takes to send a request of the past again, as the control port tells it."""

from __future__ import annotations

import asyncio

import pytest

from simlb.app.application import App
from simlb.app.replaying import Replaying
from simlb.errors import SimlbError
from tests.app.conftest import Bench


async def send(app: App, data: bytes, port: int = 80) -> None:
    """A request to a listener; back when it has been answered."""
    listener = app.nodes["my-alb"].listeners[port]
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.published_port)
    writer.write(data)
    await reader.read()
    writer.close()
    await writer.wait_closed()


def ask(line: str, *lines: str) -> bytes:
    return "\r\n".join((line, *lines, "Connection: close", "", "")).encode("latin-1")


ODD = "X-Odd: \xff\x01 (\xe9)"
REQUESTS = [
    # What was sent, and what the request line is taken for.
    (ask("GET /a%20b?x=1 HTTP/1.1", "Host: Shop.test:8080", ODD), ("GET", "/a%20b?x=1", "HTTP/1.1")),
    (ask('GET /a b\\"\x7f HTTP/1.1', "Host: shop.test", ODD), ("GET", '/a b\\"\x7f', "HTTP/1.1")),
    (ask("OPTIONS * HTTP/1.1", "Host: shop.test"), ("OPTIONS", "*", "HTTP/1.1")),
    (ask("GET http://shop.test/x HTTP/1.1", "Host: shop.test"), ("GET", "http://shop.test/x", "HTTP/1.1")),
    (ask("GET http://other.test:81/x HTTP/1.1", "Host: shop.test"), ("GET", "http://other.test:81/x", "HTTP/1.1")),
    (ask("GET / HTTP/1.0"), ("GET", "/", "HTTP/1.0")),
    (ask("GET / HTTP/1.1", "Host: a b"), ("GET", "/", "HTTP/1.1")),
    (ask("BREW /pot HTTP/1.1", "Host: [::1]:80", "no colon"), ("BREW", "/pot", "HTTP/1.1")),
]


@pytest.mark.parametrize(("sent", "line"), REQUESTS)
async def test_a_request_as_its_client_sent_it(bench: Bench, sent: bytes, line: tuple[str, str, str]) -> None:
    app = await bench.start()
    await send(app, sent, port=81)
    view = Replaying(app).request("last")
    assert (view.method, view.uri, view.version) == line
    assert [one.encode("latin-1") for one in view.lines] == sent.split(b"\r\n")[1:-2]
    listener = app.nodes["my-alb"].listeners[81]
    assert (view.number, view.port, view.address, view.published_port) == (0, 81, "127.0.0.1", listener.published_port)
    assert (view.load_balancer, view.scheme, view.is_tls, view.server_name) == ("my-alb", "http", False, None)
    assert (view.is_head_whole, view.has_body, view.is_body_whole) == (True, False, True)
    assert type(view).from_json(view.to_json()) == view


async def test_bodies_are_kept_from_the_reload_on_that_asks_for_it(bench: Bench) -> None:
    app = await bench.start()
    post = ask("POST / HTTP/1.1", "Host: a", "Content-Length: 3") + b"abc"
    await send(app, post)
    bench.path.write_text(bench.path.read_text().replace("control_port", "keep_bodies: 2\ncontrol_port"))
    await app.reload()
    await send(app, post)
    before, after = (Replaying(app).request(ref) for ref in ("#0", "#1"))
    assert (before.has_body, before.body, before.body_size, before.is_body_whole) == (True, None, 3, False)
    assert (after.has_body, after.body, after.body_size, after.is_body_whole) == (True, "YWI=", 3, False)
    assert before.keep_bodies_bytes == 2


async def test_of_a_long_head_whole_lines_are_left(bench: Bench) -> None:
    app = await bench.start()
    await send(
        app, ask("POST / HTTP/1.1", "Host: a", "X-Long: " + "x" * 1000, "X-Longer: " + "x" * 2000, "Content-Length: 0")
    )
    view = Replaying(app).request("last")
    assert (view.is_head_whole, [one[:7] for one in view.lines]) == (False, ["Host: a", "X-Long:"])
    # Whether it had a body was said in a line that is gone.
    assert (view.has_body, view.body) == (True, None)


async def test_a_listener_that_is_gone(bench: Bench) -> None:
    app = await bench.start()
    await send(app, ask("GET / HTTP/1.1", "Host: a"), port=81)
    text = bench.path.read_text()
    bench.path.write_text("\n".join(one for one in text.splitlines() if "port: 81" not in one))
    await app.reload()
    with pytest.raises(SimlbError, match="no such listener any more") as caught:
        Replaying(app).request("last")
    assert caught.value.code == "E746"
