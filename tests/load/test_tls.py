"""Why a certificate was not accepted: the true reason, as OpenSSL tells it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from simlb.errors import SimlbError
from simlb.load.connection import tls_context
from tests.load.scripted import Server, Visit, answer_all, order, run

NAME = "my-alb.localhost"
CA = trustme.CA()
CA_PEM = CA.cert_pem.bytes().decode()


def server_context(ca: trustme.CA, *names: str, until: datetime | None = None) -> ssl.SSLContext:
    """What a server presents that has a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, not_after=until).configure_cert(context)
    return context


VALID = server_context(CA, NAME)
OTHER_NAME = server_context(CA, "www.localhost")
EXPIRED = server_context(CA, NAME, until=datetime.now(UTC) - timedelta(days=1))
EXPIRED_FOR_ANOTHER = server_context(CA, "www.localhost", until=datetime.now(UTC) - timedelta(days=1))
STRANGER = server_context(trustme.CA(), NAME)


@pytest.mark.parametrize(
    ("context", "members", "outcome"),
    [
        (VALID, {}, "200"),
        (OTHER_NAME, {}, "tls_name"),
        (EXPIRED, {}, "tls_expired"),
        (EXPIRED_FOR_ANOTHER, {}, "tls_name"),  # OpenSSL looks at the name first
        (STRANGER, {}, "tls_untrusted"),
        (STRANGER, {"insecure": True}, "200"),
        (EXPIRED_FOR_ANOTHER, {"insecure": True}, "200"),
        (VALID, {"name": "127.0.0.1"}, "tls_name"),
    ],
)
async def test_certificates(context: ssl.SSLContext, members: dict[str, object], outcome: str) -> None:
    async with Server(answer_all, context) as server:
        done = await run(order(server.port, is_tls=True, ca_pem=CA_PEM, requests=1, **members))  # type: ignore[arg-type]
    assert done.outcomes == [outcome]


async def test_connections_serve_again() -> None:
    async with Server(answer_all, VALID) as server:
        done = await run(order(server.port, is_tls=True, ca_pem=CA_PEM, kind="closed", users=1, requests=3))
        assert server.visits == 1
    assert [result.is_reused for result in done.results] == [False, True, True]


async def _answer_in_plain(visit: Visit) -> None:
    await visit.reader.read(10)
    visit.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await visit.wait_gone()


async def _hang(visit: Visit) -> None:
    await visit.wait_gone()


async def _leave(visit: Visit) -> None:
    await visit.reader.read(10)


@pytest.mark.parametrize(
    ("script", "outcome"), [(_answer_in_plain, "tls_other"), (_hang, "connect_timeout"), (_leave, "reset")]
)
async def test_no_tls_at_all(script: object, outcome: str) -> None:
    async with Server(script) as server:  # type: ignore[arg-type]
        done = await run(order(server.port, is_tls=True, ca_pem=CA_PEM, requests=1, connect_timeout_s=0.08))
    assert done.outcomes == [outcome]


@pytest.mark.parametrize("pem", ["nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_ca_that_is_none(pem: str) -> None:
    with pytest.raises(SimlbError, match="holds no certificate") as refused:
        tls_context(order(1, is_tls=True, ca_pem=pem))
    assert refused.value.code == "E658"
