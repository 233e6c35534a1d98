"""Certificates that somebody made by hand: refused in words, whatever they are."""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simlb.app.certificate_files import CertificateFiles
from simlb.app.import_check import check_import
from simlb.controlplane.acm.workshop import Given
from simlb.controlplane.query.errors import QueryError
from tests.acm import Foreign

NOW = datetime.now(UTC)
SEED = 20261128
DAMAGED = 300

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@pytest.fixture
def files(tmp_path: Path) -> CertificateFiles:
    """Where what is checked lies for a moment."""
    return CertificateFiles(tmp_path / "acm")


def self_signed(key: Key, *, starts: timedelta = timedelta(days=-1), name: str = "pay.shop.co.kr") -> Given:
    """For two days, without a subject alternative name."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(10)
        .not_valid_before(NOW + starts)
        .not_valid_after(NOW + starts + timedelta(days=2))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA384())
    )
    return Given(
        certificate=certificate.public_bytes(Encoding.PEM),
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


@pytest.mark.parametrize(
    ("key", "algorithm", "signature"),
    [
        (rsa.generate_private_key(65537, 2048), "RSA_2048", "SHA384WITHRSA"),
        (ec.generate_private_key(ec.SECP256R1()), "EC_prime256v1", "SHA384WITHECDSA"),
        (ec.generate_private_key(ec.SECP521R1()), "EC_secp521r1", "SHA384WITHECDSA"),
    ],
)
def test_self_signed_ones_need_no_chain(files: CertificateFiles, key: Key, algorithm: str, signature: str) -> None:
    facts = check_import(self_signed(key), NOW, files).facts
    assert (facts.key_algorithm, facts.signature_algorithm) == (algorithm, signature)
    assert (facts.names, facts.serial, facts.subject) == (("pay.shop.co.kr",), "0a", "CN=pay.shop.co.kr")
    assert (facts.key_usages, facts.extended_key_usages) == (("ANY",), (("NONE", ""),))
    assert list(files.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (self_signed(rsa.generate_private_key(65537, 1024)), "(RSA_1024) cannot be served over TLS"),  # noqa: S505
        (self_signed(ed25519.Ed25519PrivateKey.generate()), "neither RSA nor ECDSA"),
        (self_signed(ec.generate_private_key(ec.SECP256R1()), starts=timedelta(days=-3)), "not now"),
        (self_signed(ec.generate_private_key(ec.SECP256R1()), starts=timedelta(days=1)), "not now"),
        (self_signed(ec.generate_private_key(ec.SECP256R1()), name="My server"), "names no host"),
    ],
)
def test_what_no_listener_could_show(files: CertificateFiles, given: Given, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        check_import(given, NOW, files)
    assert (caught.value.code, words in caught.value.message) == ("ValidationException", True), caught.value.message
    assert not files.folder.exists() or list(files.folder.iterdir()) == []


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_damaged_ones_are_refused_in_words(files: CertificateFiles) -> None:
    draw = random.Random(SEED)
    pairs = [Foreign().pair("pay.shop.co.kr", "*.shop.co.kr"), Foreign().pair("pay.shop.co.kr", rsa=True)]
    refused: list[str] = []
    for _ in range(DAMAGED):
        parts = dict(draw.choice(pairs))
        part = draw.choice([*parts])
        parts[part] = damaged(parts[part], draw)
        given = Given(
            certificate=parts["Certificate"], private_key=parts["PrivateKey"], chain=parts["CertificateChain"]
        )
        try:
            check_import(given, NOW, files)
        except QueryError as error:
            refused.append(error.code)
    assert set(refused) == {"ValidationException"}
    assert len(refused) > DAMAGED * 0.9


def damaged(pem: bytes, draw: random.Random) -> bytes:
    """With up to three changes to the first object."""
    head, _, rest = pem.partition(b"\n")
    body, dashes, tail = rest.partition(b"-----END")
    der = bytearray(base64.b64decode(body))
    for _ in range(draw.randint(1, 3)):
        place = draw.randrange(len(der))
        match draw.randrange(3):
            case 0:
                der[place] = draw.randrange(256)
            case 1:
                del der[place : place + 3]
            case _:
                der[place:place] = draw.randbytes(2)
    return head + b"\n" + base64.encodebytes(bytes(der)) + dashes + tail
