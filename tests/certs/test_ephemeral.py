"""The CA in memory: any name, nothing written."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simlb.certs.ephemeral import EphemeralAuthority
from simlb.errors import SimlbError

Handshake = Callable[[Path, Path, Path, str], None]


def write(directory: Path, authority: EphemeralAuthority, *names: str) -> tuple[Path, Path, Path]:
    chain, key = authority.issue(names)
    paths = directory / "leaf.pem", directory / "leaf.key", directory / "ca.pem"
    for path, content in zip(paths, (chain, key, authority.ca_pem), strict=True):
        path.write_bytes(content)
    return paths


@pytest.mark.parametrize("host", ["www.example.com", "api.example.com", "10.1.2.3"])
def test_any_name_is_signed(tmp_path: Path, handshake: Handshake, host: str) -> None:
    paths = write(tmp_path, EphemeralAuthority(), "WWW.example.com", "*.example.com", "10.1.2.3")
    handshake(*paths, host)


def test_what_is_no_name_is_refused() -> None:
    with pytest.raises(SimlbError) as caught:
        EphemeralAuthority().issue(["not a name"])
    assert caught.value.code == "E203"


def test_two_authorities_do_not_trust_each_other(tmp_path: Path, handshake: Handshake) -> None:
    certificate, key, ca = write(tmp_path, EphemeralAuthority(), "localhost")
    ca.write_bytes(EphemeralAuthority().ca_pem)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(certificate, key, ca, "localhost")


def test_expired_certificates_can_be_made(tmp_path: Path, handshake: Handshake) -> None:
    then = datetime.now(UTC) - timedelta(days=200)
    paths = write(tmp_path, EphemeralAuthority(now=lambda: then), "localhost")
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        handshake(*paths, "localhost")
