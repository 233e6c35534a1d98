"""`simlb replay`: what is sent again, what is refused, and what people get to see of it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simlb.cli.curl import curl_command, shell_word
from simlb.controlplane import runfile
from simlb.controlplane.replay_request import request_of
from simlb.controlplane.replay_views import RequestView
from simlb.errors import SimlbError
from simlb.testing import ALB, FakeBackend
from simlb.testing.running import RunningLoadBalancer
from tests.cli.conftest import Run

HOST = "shop.simlb.test"


class Shop:
    """A load balancer that the commands find as `default`. The first backend answers 502 as long as it is told to."""

    def __init__(self, lb: RunningLoadBalancer, backends: list[FakeBackend]) -> None:
        self.lb = lb
        self.backends = backends

    def send(self, data: bytes) -> None:
        """Raw bytes to the HTTP listener; back when the answer is here."""
        entrance = self.lb.routes.entrance("http")
        with socket.create_connection((entrance.host, entrance.published_port), 5) as sock:
            sock.sendall(data)
            while sock.recv(65536):
                pass

    @property
    def seen(self) -> list[Any]:
        """What the targets have got, in no order of both."""
        return [request for backend in self.backends for request in backend.requests]


@pytest.fixture
def new_shop(state_dir: Path) -> Iterator[Callable[..., Shop]]:
    made: list[ALB] = []

    def make(*, keep_bodies: int | str = "1k", targets: int = 1) -> Shop:
        alb = ALB(control=True, keep_bodies=keep_bodies, dns=HOST)
        made.append(alb)
        backends = [FakeBackend(text="hello") for _ in range(targets)]
        web = alb.target_group("web", *backends)
        alb.listen(80).forward(web)
        alb.listen(443, cert=HOST).forward(web)
        lb = alb.start()
        runfile.write(
            state_dir,
            instance="default",
            control_host="127.0.0.1",
            control_port=int(lb.control_url.rpartition(":")[2]),
            token=lb.control_token,
            version="0.1.0",
        )
        return Shop(lb, backends)

    yield make
    for alb in made:
        alb.stop()
        alb.check_inside()


@pytest.fixture
def shop(new_shop: Callable[..., Shop]) -> Shop:
    return new_shop()


def head(request_line: str, *lines: str, host: str = HOST) -> bytes:
    text = "\r\n".join((request_line, f"Host: {host}", *lines, "Connection: close", "", ""))
    return text.encode("latin-1")


# -- what is sent again


def test_the_target_gets_what_the_client_sent(run: Run, shop: Shop) -> None:
    shop.send(
        head(
            "PUT /a%20b?x=1&y= HTTP/1.1",
            "X-Custom: 1",
            "x-custom: \xff",
            "Cookie: a=b",
            "X-Forwarded-For: 203.0.113.9",
            "X-Amzn-Trace-Id: Root=1-67000000-aaaaaaaaaaaaaaaaaaaaaaaa",
            "Content-Length: 5",
        )
        + b"x\0\xffyz"
    )
    status, out, err = run("replay", "last")
    assert (status, err) == (0, "")
    then, now = shop.seen
    assert (now.method, now.target, bytes(now.body)) == (then.method, then.target, bytes(then.body))
    for name in ("host", "x-custom", "cookie"):
        assert now.headers.get_all(name) == then.headers.get_all(name), name
    assert then.headers["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
    assert now.headers["x-forwarded-for"] == "127.0.0.1"
    assert now.headers["x-amzn-trace-id"].startswith("Root=1-")
    assert now.headers["x-amzn-trace-id"] != then.headers["x-amzn-trace-id"]
    assert "not sent again, the load balancer writes it: X-Forwarded-For, X-Amzn-Trace-Id" in out
    assert f"PUT http://{HOST}/a%20b?x=***&y=" in out


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        ("Transfer-Encoding: chunked", b"5\r\nhello\r\n4;x=1\r\n you\r\n0\r\nX: 1\r\n\r\n"),
        ("Content-Length: 9", b"hello you"),
    ],
)
def test_a_body_is_sent_again_whatever_its_framing(run: Run, shop: Shop, framing: str, body: bytes) -> None:
    shop.send(head("POST /x HTTP/1.1", framing) + body)
    assert run("replay", "last")[0] == 0
    assert [bytes(request.body) for request in shop.seen] == [b"hello you"] * 2


def test_over_tls_with_the_name_of_then(run: Run, shop: Shop) -> None:
    assert shop.lb.get(f"https://{HOST}/secure?token=abc").status_code == 200
    status, out, _ = run("replay", "last", "-k")
    assert (status, "https://" in out, "token=***" in out) == (0, True, True)
    records = shop.lb.log
    assert [(record.listener_port, record.host, record.elb_status) for record in records] == [(443, HOST, 200)] * 2


def test_by_number_and_by_trace_id(run: Run, shop: Shop) -> None:
    for path in ("/0", "/1", "/2"):
        shop.lb.get(path)
    trace = shop.lb.log[1].trace_id
    for ref in ("#1", trace, trace.removeprefix("Root=")):
        assert "GET http://" in run("replay", ref)[1]
        assert shop.lb.log[-1].path == "/1"
    status, _, err = run("replay", "#99")
    assert (status, err.split()[0]) == (2, "SIMLB-E750")


def test_then_and_now_side_by_side(run: Run, shop: Shop) -> None:
    shop.backends[0].crash()
    shop.lb.get("/order")
    shop.backends[0].restart()
    _, out, _ = run("replay", "last")
    rows = {row[:13].strip(): row[14:].split("  ") for row in out.splitlines()}
    address = shop.lb.log[-1].target_address
    assert [cell.strip() for cell in rows["status"] if cell] == ["502", "200"]
    assert [cell.strip() for cell in rows["by"] if cell] == ["load balancer", "target"]
    assert out.splitlines()[-1] == f"Then 502 from the load balancer; now 200 from {address}."
    members = json.loads(run("replay", "#0", "--json", "--times", "2")[1])
    assert (members["then"]["status"], [one["status"] for one in members["now"]]) == (502, [200, 200])
    assert members["difference"] == f"Then 502 from the load balancer; now 2 × 200 from {address}."


def test_another_target_is_told(run: Run, new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(targets=2)
    shop.lb.get("/")
    out = run("replay", "last")[1]
    then, now = (record.target_address for record in shop.lb.log)
    assert out.endswith(
        f"The same status, 200 from the targets, but it went elsewhere: to {then} then, to {now} now.\n"
    )


# -- what is refused


def refused(run: Run, *argv: str) -> tuple[str, str]:
    status, out, err = run("replay", *argv)
    assert (status, out) == (2, "")
    return err[6:10], err


def test_a_body_that_was_not_kept(run: Run, new_shop: Callable[..., Shop], tmp_path: Path) -> None:
    shop = new_shop(keep_bodies=0)
    shop.lb.post("/x", body=b"hello")
    code, err = refused(run, "last")
    assert (code, "keep_bodies: 64k" in err) == ("E744", True)
    assert run("replay", "#0", "--without-body")[0] == 0
    (tmp_path / "body").write_bytes(b"other")
    assert run("replay", "#0", "--body", str(tmp_path / "body"))[0] == 0
    assert [bytes(request.body) for request in shop.seen] == [b"hello", b"", b"other"]
    assert refused(run, "#0", "--body", "none")[0] == "E742"


def test_a_body_that_was_kept_in_part(run: Run, shop: Shop) -> None:
    shop.lb.post("/x", body=b"x" * 1025)
    code, err = refused(run, "last")
    assert (code, "Of the 1025 bytes of the body of #0 only the first 1024 were kept" in err) == ("E744", True)
    shop.lb.post("/x", body=b"x" * 1024)
    assert run("replay", "last")[0] == 0
    assert run("replay", "#1", "--without-body")[0] == 0


def test_a_body_that_the_client_never_finished(run: Run, shop: Shop) -> None:
    shop.send(head("POST /x HTTP/1.1", "Transfer-Encoding: chunked") + b"5\r\nhello\r\nzz\r\n")
    code, err = refused(run, "last")
    assert (code, "never finished" in err) == ("E744", True)


def test_a_head_that_was_kept_in_part(run: Run, shop: Shop) -> None:
    shop.send(head("GET /x HTTP/1.1", "X-First: 1", f"X-Long: {'x' * 2100}", "X-Last: 1"))
    assert refused(run, "last")[0] == "E745"
    assert run("replay", "last", "--partial")[0] == 0
    now = shop.seen[-1].headers
    assert (now["x-first"], "x-long" in now, "x-last" in now) == ("1", False, False)


@pytest.mark.parametrize("more", [["--json"], ["--times", "2"]])
def test_a_command_is_printed_once_and_as_text(run: Run, state_dir: Path, more: list[str]) -> None:
    assert refused(run, "last", "--as-curl", *more)[0] == "E741"


def test_what_was_no_request(run: Run, shop: Shop) -> None:
    entrance = shop.lb.routes.entrance("http")
    with socket.create_connection((entrance.host, entrance.published_port), 5) as sock:
        sock.sendall(b"GET / HT")
        sock.shutdown(socket.SHUT_WR)
        sock.recv(1)
    assert refused(run, "last")[0] == "E746"


def test_a_certificate_of_another_ca(run: Run, shop: Shop) -> None:
    # The instance names no CA that the command could read: its own is in memory.
    shop.lb.get(f"https://{HOST}/")
    code, err = refused(run, "last")
    assert (code, "--insecure" in err) == ("E747", True)


def test_secrets_need_the_token(shop: Shop) -> None:
    import http.client

    shop.lb.get("/?token=abc")
    connection = http.client.HTTPConnection(shop.lb.control_url.removeprefix("http://"))
    connection.request("POST", "/api/v1/exchanges/last/request")
    response = connection.getresponse()
    assert (response.status, b"abc" in response.read()) == (401, False)
    connection.close()


# -- as curl

SECRETS = ("Cookie: sid=s3cret; theme=dark", "Authorization: Bearer s3cret", "X-Api-Key: s3cret")


def view(method: str = "GET", uri: str = "/", *lines: str, body: str | None = None, **changes: Any) -> RequestView:
    members: dict[str, Any] = {
        "number": 1,
        "log_line": "",
        "load_balancer": "my-alb",
        "scheme": "http",
        "port": 80,
        "address": "127.0.0.1",
        "published_port": 8080,
        "is_tls": False,
        "server_name": None,
        "method": method,
        "uri": uri,
        "version": "HTTP/1.1",
        "lines": ("Host: shop.test:8080", "User-Agent: x", "Accept: */*", *lines),
        "is_head_whole": True,
        "has_body": False,
        "body": None,
        "body_size": 0,
        "is_body_whole": True,
        "keep_bodies_bytes": 0,
    }
    return RequestView(**{**members, **changes})


def curl(asked: RequestView, *, with_secrets: bool = True, body: bytes | None = None) -> str:
    request = request_of(asked, body=body)
    return curl_command(asked, request, with_secrets=with_secrets, verifies=True).replace(" \\\n ", "")


COMMON = "curl --http1.1 -g --path-as-is"
FIELDS = "-H 'User-Agent: x' -H 'Accept: */*'"
RESOLVED = "--resolve shop.test:8080:127.0.0.1"
TLS: dict[str, Any] = {
    "is_tls": True,
    "scheme": "https",
    "published_port": 8443,
    "server_name": "shop.test",
    "ca_path": "/a b/ca.pem",
}
CURLS = [
    (view(), f"{COMMON} {RESOLVED} {FIELDS} http://shop.test:8080/"),
    (view("DELETE", "/a/../b?x=[1]"), f"{COMMON} -X DELETE {RESOLVED} {FIELDS} 'http://shop.test:8080/a/../b?x=[1]'"),
    (view("HEAD"), f"{COMMON} --head {RESOLVED} {FIELDS} http://shop.test:8080/"),
    (view("OPTIONS", "*"), f"{COMMON} -X OPTIONS {RESOLVED} {FIELDS} --request-target '*' http://shop.test:8080/"),
    (view(uri="/a b#c"), f"{COMMON} {RESOLVED} {FIELDS} --request-target '/a b#c' http://shop.test:8080/"),
    (
        view(uri="/\x1b", lines=("User-Agent: x", "Accept: */*")),
        f"{COMMON} -H 'User-Agent: x' -H 'Accept: */*' -H Host: "
        "--request-target \"$(printf '/\\033')\" http://127.0.0.1:8080/",
    ),
    (view(lines=("Host: shop.test:8080",)), f"{COMMON} {RESOLVED} -H User-Agent: -H Accept: http://shop.test:8080/"),
    (
        view(
            lines=(
                "Host: 192.0.2.1",
                "User-Agent: x",
                "Accept: */*",
                "X-Empty:",
                "Connection: close, X-Hop",
                "X-Hop: 1",
            )
        ),
        f"{COMMON} --connect-to ::127.0.0.1:8080 -H 'Host: 192.0.2.1' {FIELDS} -H 'X-Empty;' http://192.0.2.1:8080/",
    ),
    (
        view(lines=("Host: shop.test", "User-Agent: x", "Accept: */*"), **TLS),
        f"{COMMON} --resolve shop.test:8443:127.0.0.1 --cacert '/a b/ca.pem' -H 'Host: shop.test' {FIELDS} "
        "https://shop.test:8443/",
    ),
    (
        view(
            lines=("Host: [::1]:8443", "User-Agent: x", "Accept: */*"), **{**TLS, "server_name": None, "address": "::1"}
        ),
        f"{COMMON} --cacert '/a b/ca.pem' {FIELDS} 'https://[::1]:8443/'",
    ),
    (view(version="HTTP/1.0"), f"curl --http1.0 -g --path-as-is {RESOLVED} {FIELDS} http://shop.test:8080/"),
    (
        view("POST", lines=("Host: shop.test:8080", "User-Agent: x", "Accept: */*", "Content-Type: a/b")),
        f"{COMMON} {RESOLVED} {FIELDS} -H 'Content-Type: a/b' --data-raw '@x=1\n' http://shop.test:8080/",
    ),
]
BODIES = {id(CURLS[-1][0]): b"@x=1\n"}


@pytest.mark.parametrize(("asked", "command"), CURLS, ids=[str(place) for place in range(len(CURLS))])
def test_the_command_that_does_the_same(asked: RequestView, command: str) -> None:
    assert curl(asked, body=BODIES.get(id(asked))) == command


def test_a_body_that_is_no_text_goes_through_printf() -> None:
    command = curl(view("PUT"), body=b"-%\0'\\\xff")
    assert command.startswith(r"printf '\055%%\000\047\134\377' | curl ")
    assert " -X PUT " in command
    assert " -H Content-Type: --data-binary @- " in command


def test_secrets_are_masked_unless_asked_for() -> None:
    asked = view("POST", "/x?token=s3cret s3cret&n=s3cret", *SECRETS, "Referer: http://x/?t=s3cret")
    masked = curl(asked, with_secrets=False, body=b"password=s3cret")
    assert "s3cret" not in masked
    assert masked.count("***") == 8
    for part in ("Cookie: sid=***; theme=***", "Bearer ***", "/x?token=***&n=***", "--data-raw '***'"):
        assert part in masked
    assert curl(asked, body=b"password=s3cret").count("s3cret") == 8
    credentials = view(uri="http://me:s3cret@x/")
    assert "s3cret" not in curl(credentials, with_secrets=False)


@pytest.mark.parametrize(
    "asked",
    [
        view("GET", "/", "no colon"),
        view("GET", "/", "@file: x"),
        view("GET", "/", ": x"),
        view("GET", "/", "X: a\0b"),
        view("GET", "/", "Host: other.test"),
        view("GET", "/\0"),
    ],
)
def test_what_curl_cannot_send(asked: RequestView) -> None:
    with pytest.raises(SimlbError) as caught:
        curl(asked)
    assert caught.value.code == "E748"


@pytest.mark.skipif(os.name == "nt", reason="words for a POSIX shell")
def test_a_shell_takes_each_word_for_what_it_is() -> None:
    words = [
        b"plain",
        b'it\'s $(reboot) `id` "x" \\',
        bytes(byte for byte in range(1, 256) if byte != 10),
        b"-n",
        b"%s%d",
        b"\xff%n\\",
        b"*",
        b"",
    ]
    script = f"printf '%s\\0' {' '.join(map(shell_word, words))}"
    assert script.isascii()
    assert script.isprintable()
    found = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True).stdout
    assert found.split(b"\0")[:-1] == words


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None or os.name == "nt", reason="needs curl and a POSIX shell")
def test_the_command_really_does_the_same(run: Run, shop: Shop) -> None:
    shop.send(
        head("PATCH /it's/../x?y={1}&z=$(id) HTTP/1.1", "X-Odd: \xff `id` \t'", "Cookie: a=b", "Content-Length: 4")
        + b"\0'%\xff"
    )
    command = run("replay", "last", "--as-curl", "--with-secrets")[1]
    subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True)
    then, now = shop.seen
    assert (now.method, now.target, bytes(now.body)) == (then.method, then.target, bytes(then.body))
    drop = {"x-amzn-trace-id"}
    assert [item for item in now.headers.items_as_sent if item[0].lower() not in drop] == [
        item for item in then.headers.items_as_sent if item[0].lower() not in drop
    ]
