"""The user's own certificate files, as made by somebody else's CA (trustme)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from simlb.certs.store import CertificateStore
from simlb.core.server_names import covers
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from tests.certs.conftest import WallClock


@pytest.fixture(scope="module")
def foreign_ca() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
def pair(foreign_ca: trustme.CA, tmp_path: Path) -> tuple[Path, Path]:
    return write(foreign_ca, tmp_path, "shop.example.com", "*.example.com", "10.1.2.3")


def write(ca: trustme.CA, directory: Path, *names: str, stem: str = "own", **options: Any) -> tuple[Path, Path]:
    certificate = ca.issue_cert(*names, **options)
    certificate_path, key_path = directory / f"{stem}.pem", directory / f"{stem}.key"
    certificate_path.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    key_path.write_bytes(certificate.private_key_pem.bytes())
    return certificate_path, key_path


def write_self_signed(
    directory: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, common_name: str
) -> tuple[Path, Path]:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = directory / "self.pem", directory / "self.key"
    certificate_path.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate_path, key_path


def refused(store: CertificateStore, certificate: Path, key: Path) -> SimlbError:
    with pytest.raises(SimlbError) as caught:
        store.import_pair(certificate, key)
    return caught.value


def test_names_of_any_zone_are_read_and_nothing_is_written(
    store: CertificateStore,
    foreign_ca: trustme.CA,
    pair: tuple[Path, Path],
    tmp_path: Path,
    handshake: Callable[[Path, Path, Path, str], None],
) -> None:
    issued = store.import_pair(*pair)
    assert issued.names == ("shop.example.com", "*.example.com", "10.1.2.3")
    assert (issued.certificate_path, issued.key_path) == pair
    assert not issued.fresh
    assert issued.notices == ()
    assert covers(issued.names, "www.example.com")
    assert not store.directory.exists()
    foreign_ca.cert_pem.write_to_path(str(tmp_path / "foreign-ca.pem"))
    handshake(issued.certificate_path, issued.key_path, tmp_path / "foreign-ca.pem", "www.example.com")


@pytest.mark.slow
def test_rsa_is_served_too(store: CertificateStore, foreign_ca: trustme.CA, tmp_path: Path) -> None:
    pair = write(foreign_ca, tmp_path, "shop.example.com", key_type=trustme.KeyType.RSA)
    assert store.import_pair(*pair).names == ("shop.example.com",)


def test_a_common_name_counts_when_it_is_a_host(
    store: CertificateStore, foreign_ca: trustme.CA, tmp_path: Path
) -> None:
    host = write(foreign_ca, tmp_path, "a.example.com", common_name="B.example.com", stem="host")
    prose = write(foreign_ca, tmp_path, "a.example.com", common_name="Our server no. 5", stem="prose")
    assert store.import_pair(*host).names == ("a.example.com", "b.example.com")
    assert store.import_pair(*prose).names == ("a.example.com",)


def test_a_key_of_another_certificate(
    store: CertificateStore, foreign_ca: trustme.CA, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    other = write(foreign_ca, tmp_path, "shop.example.com", stem="other")
    error = refused(store, pair[0], other[1])
    assert error.code == "E205"
    assert str(pair[0]) in error.what
    assert str(other[1]) in error.what


def test_files_that_are_not_there(store: CertificateStore, pair: tuple[Path, Path], tmp_path: Path) -> None:
    for certificate, key in ((tmp_path / "none.pem", pair[1]), (pair[0], tmp_path / "none.key"), (tmp_path, pair[1])):
        error = refused(store, certificate, key)
        assert error.code == "E204"
        assert "cannot be read" in error.what


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_files_that_make_no_sense(store: CertificateStore, pair: tuple[Path, Path], content: bytes) -> None:
    rubbish = pair[0].with_name("rubbish")
    rubbish.write_bytes(content)
    assert refused(store, rubbish, pair[1]).code == "E204"
    assert refused(store, pair[0], rubbish).code == "E204"


def test_exchanged_files_are_recognised(store: CertificateStore, pair: tuple[Path, Path]) -> None:
    error = refused(store, pair[1], pair[0])
    assert error.code == "E204"
    assert "exchanged" in error.render()


def test_a_passphrase_is_not_asked_for(store: CertificateStore, pair: tuple[Path, Path]) -> None:
    key = load_pem_private_key(pair[1].read_bytes(), password=None)
    pair[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    error = refused(store, *pair)
    assert error.code == "E204"
    assert "openssl pkey" in error.render()


def test_ed25519_is_no_key_for_a_load_balancer(store: CertificateStore, pair: tuple[Path, Path]) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    pair[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    error = refused(store, *pair)
    assert error.code == "E204"
    assert "RSA nor ECDSA" in error.what


def test_a_certificate_without_a_name(store: CertificateStore, tmp_path: Path) -> None:
    error = refused(store, *write_self_signed(tmp_path, ec.generate_private_key(ec.SECP256R1()), "Our server"))
    assert error.code == "E204"
    assert "names no host" in error.what


@pytest.mark.slow
def test_a_key_too_short_for_openssl(store: CertificateStore, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - its weakness is the point
    error = refused(store, *write_self_signed(tmp_path, key, "shop.example.com"))
    assert error.code == "E204"
    assert "cannot be served" in error.what


def test_a_certificate_out_of_its_time_is_let_through_with_a_notice(
    store: CertificateStore, foreign_ca: trustme.CA, tmp_path: Path, wall_clock: WallClock
) -> None:
    pair = write(foreign_ca, tmp_path, "shop.example.com", not_after=datetime(2020, 1, 2, tzinfo=UTC))
    (notice,) = store.import_pair(*pair).notices
    assert "expired on 2020-01-02" in notice
    wall_clock.time = datetime(1990, 1, 1, tzinfo=UTC)
    (notice,) = store.import_pair(*pair).notices
    assert "not yet" in notice
