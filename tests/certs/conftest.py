"""A TLS handshake in memory, and a wall clock that tests move."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simlb.certs.store import CertificateStore


class WallClock:
    """The present, plus what a test has added to it."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, **duration: float) -> None:
        self.time += timedelta(**duration)


def shake_hands(certificate_path: Path, key_path: Path, ca_path: Path, host: str) -> None:
    """Verify as a strict client does that trusts `ca_path` only. Raises ssl.SSLCertVerificationError."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificate_path, key_path)
    client_context = ssl.create_default_context(cafile=str(ca_path))
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    unfinished = [client, server]
    for _ in range(10):
        for side in tuple(unfinished):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            unfinished.remove(side)
        if not unfinished:
            return
    pytest.fail("the handshake does not end")


@pytest.fixture
def wall_clock() -> WallClock:
    return WallClock()


@pytest.fixture
def store(tmp_path: Path, wall_clock: WallClock) -> CertificateStore:
    return CertificateStore(tmp_path / "certs", now=wall_clock)


@pytest.fixture
def handshake() -> Callable[[Path, Path, Path, str], None]:
    return shake_hands
