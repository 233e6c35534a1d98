"""The user's own certificate and key files: are they what they should be, and which names do they serve?"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from simlb.certs.codes import FILE_UNUSABLE, KEY_MISMATCH
from simlb.core.server_names import canonical
from simlb.errors import SimlbError

UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` says of certificates and keys that make no sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPair:
    """What the files say. Times are aware, in UTC."""

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    sha256: str


def inspect_pair(certificate_path: Path, key_path: Path) -> ImportedPair:
    """Read a PEM certificate (leaf first, then its chain) and its PEM key.

    Raises SimlbError E204 for a file that cannot be read, parsed or served, E205 for a key of another certificate.
    Source: reference 6.1 (RSA and ECDSA; names are the CN and the SANs).
    """
    certificate_pem, private_pem = _read(certificate_path), _read(key_path)
    pair = inspect_pems(certificate_pem, private_pem, f"{certificate_path}", f"{key_path}")
    check_servable(certificate_path, key_path, f"{certificate_path}")
    return pair


def inspect_pems(certificate_pem: bytes, private_pem: bytes, certificate_at: str, key_at: str) -> ImportedPair:
    """The same of what was read already. `certificate_at` and `key_at` say in messages where from."""
    certificate = _certificate(certificate_at, certificate_pem)
    public_key = _public_key(key_at, private_pem)
    if certificate.public_key() != public_key:
        raise SimlbError(
            KEY_MISMATCH,
            f"The key in {key_at} does not belong to the certificate in {certificate_at}.",
            "The file must begin with the server's own certificate; the CAs that lead to the root follow it.",
        )
    try:
        names = _names(certificate)
    except UNREADABLE as error:
        raise SimlbError(FILE_UNUSABLE, f"{certificate_at} has damaged extensions: {error}") from error
    if not names:
        raise SimlbError(
            FILE_UNUSABLE,
            f"{certificate_at} names no host: it has no subject alternative name and no usable common name.",
            "Issue it with a subject alternative name, such as DNS:shop.localhost.",
        )
    return ImportedPair(
        names=names,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SimlbError(FILE_UNUSABLE, f"{path} cannot be read: {error.strerror or error}") from error


def _certificate(path: str, content: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificates(content)[0]
        certificate.public_key()
    except UNREADABLE as error:
        hint = (
            "It holds a private key: are certificate_file and key_file exchanged?"
            if b"PRIVATE KEY-----" in content
            else "A certificate file is PEM: it begins with -----BEGIN CERTIFICATE-----"
        )
        raise SimlbError(FILE_UNUSABLE, f"{path} holds no readable certificate.", hint) from error
    return certificate


def _public_key(path: str, content: bytes) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError as error:  # what cryptography raises when a passphrase would be needed
        raise SimlbError(
            FILE_UNUSABLE,
            f"The key in {path} is protected by a passphrase, which simlb cannot ask for.",
            f"Write one without:  openssl pkey -in {path} -out plain.key",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SimlbError(
            FILE_UNUSABLE,
            f"{path} holds no readable private key.",
            "A key file is PEM: it begins with -----BEGIN PRIVATE KEY-----, -----BEGIN EC PRIVATE KEY----- or "
            "-----BEGIN RSA PRIVATE KEY-----",
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise SimlbError(
            FILE_UNUSABLE,
            f"The key in {path} is neither RSA nor ECDSA, the only kinds that an Application Load Balancer serves.",
        )
    return key.public_key()


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    found: list[str] = []
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        pass
    else:
        found += alternative.get_values_for_type(x509.DNSName)
        found += (str(address) for address in alternative.get_values_for_type(x509.IPAddress))
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        common_name = str(attribute.value)
        # Many a common name is prose ("Development server"): only what could be a host counts.
        if "." in common_name.rstrip(".") and not any(character.isspace() for character in common_name):
            found.append(common_name)
    return tuple(dict.fromkeys(canonical(name) for name in found))


def is_servable(path: Path) -> bool:
    """Whether a file holds a certificate and its key that OpenSSL takes."""
    try:
        check_servable(path, path, "")
    except SimlbError:
        return False
    return True


def check_servable(certificate_path: Path, key_path: Path, certificate_at: str) -> None:
    """Raise SimlbError E204 when OpenSSL does not take the pair."""
    # OpenSSL has its own mind (keys too short, digests too weak): better asked now than in the first handshake.
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate_path, key_path, password="")
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        raise SimlbError(FILE_UNUSABLE, f"{certificate_at} cannot be served over TLS: {reason}") from error
