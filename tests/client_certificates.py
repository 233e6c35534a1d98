"""Certificate authorities, certificates of clients and revocation lists, good and bad, for tests of mutual TLS."""

from __future__ import annotations

import base64
import ssl
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def name(common: str, organization: str = "simlb tests") -> x509.Name:
    """A distinguished name of two parts."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


class Party:
    """A certificate with its key and what is above it, the next one first; the root is not among those."""

    def __init__(self, certificate: x509.Certificate, key: Any, above: tuple[x509.Certificate, ...] = ()) -> None:
        self.certificate = certificate
        self.key = key
        self.above = above

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def chain_pem(self) -> str:
        return self.pem + "".join(one.public_bytes(Encoding.PEM).decode() for one in self.above)

    @property
    def key_pem(self) -> str:
        return str(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())

    def write(self, folder: Path, stem: str) -> tuple[Path, Path]:
        """Chain and key as files."""
        chain, key = folder / f"{stem}.pem", folder / f"{stem}.key"
        chain.write_text(self.chain_pem)
        key.write_text(self.key_pem)
        return chain, key

    def issue(
        self,
        common: str,
        *,
        is_authority: bool = False,
        key: Any = None,
        since: datetime = NOW - DAY,
        until: datetime = NOW + 30 * DAY,
        usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.CLIENT_AUTH,
        digest: Any = None,
        subject: x509.Name | None = None,
        serial: int | None = None,
        filling_bytes: int = 0,
    ) -> Party:
        """A certificate that this one signs."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject or name(common))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if usage is not None and not is_authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if filling_bytes:
            filling = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), bytes(filling_bytes))
            builder = builder.add_extension(filling, critical=False)
        above = () if self.certificate.issuer == self.certificate.subject else (self.certificate, *self.above)
        return Party(builder.sign(self.key, digest or hashes.SHA256()), key, above)

    def revoke(self, *revoked: Party, last_update: datetime = NOW - DAY, next_update: datetime = NOW + 30 * DAY) -> str:
        """A revocation list that this authority signs, as PEM."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(last_update)
            .next_update(next_update)
        )
        for party in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(party.certificate.serial_number)
                .revocation_date(last_update)
                .build()
            )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def root(common: str = "Root", organization: str = "simlb tests") -> Party:
    """A new authority at the top."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = name(common, organization)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 365 * DAY)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Party(certificate, key)


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """One for all tests: they take long to make."""
    return rsa.generate_private_key(65537, bits)


def give(context: ssl.SSLContext, party: Party, folder: Path) -> ssl.SSLContext:
    """Have a client present a certificate."""
    chain, key = party.write(folder, f"client-{party.certificate.serial_number:x}")
    context.load_cert_chain(chain, key)
    return context


def mangled(authority: Party, party: Party, old: bytes, new: bytes) -> tuple[str, str]:
    """Chain and key as PEM of a certificate that is signed all the same, with other bytes of the same length inside."""
    inside = party.certificate.tbs_certificate_bytes
    assert inside.count(old) >= 1
    assert len(old) == len(new)
    inside = inside.replace(old, new, 1)
    signature = b"\0" + authority.key.sign(inside, ec.ECDSA(hashes.SHA256()))
    kind = bytes.fromhex("300a06082a8648ce3d040302")  # ecdsa-with-SHA256
    der = _wrapped(0x30, inside + kind + _wrapped(0x03, signature))
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n", party.key_pem


def _wrapped(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content
