"""Certificates in ACM's words: what is in them, and whether what was given as a chain is one."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simlb.certs.authority import ISSUERS
from simlb.core.certificate_facts import CertificateFacts
from simlb.core.server_names import canonical

_CURVES = {"secp256r1": "EC_prime256v1", "secp384r1": "EC_secp384r1", "secp521r1": "EC_secp521r1"}
_USAGES = {
    "digital_signature": "DIGITAL_SIGNATURE",
    "content_commitment": "NON_REPUDIATION",
    "key_encipherment": "KEY_ENCIPHERMENT",
    "data_encipherment": "DATA_ENCIPHERMENT",
    "key_agreement": "KEY_AGREEMENT",
    "key_cert_sign": "CERTIFICATE_SIGNING",
    "crl_sign": "CRL_SIGNING",
}
_EXTENDED_USAGES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "TLS_WEB_SERVER_AUTHENTICATION",
    ExtendedKeyUsageOID.CLIENT_AUTH: "TLS_WEB_CLIENT_AUTHENTICATION",
    ExtendedKeyUsageOID.CODE_SIGNING: "CODE_SIGNING",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "EMAIL_PROTECTION",
    ExtendedKeyUsageOID.TIME_STAMPING: "TIME_STAMPING",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSP_SIGNING",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "ANY",
}


def read_certificates(content: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM text, which may hold other things besides. Raises ValueError."""
    return x509.load_pem_x509_certificates(content)


def facts(certificate: x509.Certificate) -> CertificateFacts:
    """What it says. Raises ValueError for extensions that cannot be read."""
    number = certificate.serial_number
    digits = f"{number:x}"
    digits = digits.zfill(len(digits) + len(digits) % 2)
    issuer = [str(name.value) for name in certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return CertificateFacts(
        names=_names(certificate),
        serial=":".join(digits[at : at + 2] for at in range(0, len(digits), 2)),
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key_algorithm=_key_algorithm(certificate),
        signature_algorithm=_signature_algorithm(certificate),
        key_usages=_key_usages(certificate),
        extended_key_usages=_extended_key_usages(certificate),
        is_of_simlb=any(name in ISSUERS for name in issuer),
    )


def pem(certificates: Sequence[x509.Certificate]) -> str:
    """One after the other."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates).decode("ascii")


def key_text(content: bytes) -> str:
    """A key without passphrase as PKCS #8 in PEM, without what else is in its file. Raises ValueError, TypeError."""
    key = load_pem_private_key(content, password=None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the one has signed the other: names and signature. Itself for what is self-signed."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    common = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return tuple(dict.fromkeys(map(canonical, common)))
    found = [*alternative.get_values_for_type(x509.DNSName), *map(str, alternative.get_values_for_type(x509.IPAddress))]
    names = [canonical(name) for name in found]
    first = [canonical(name) for name in common if canonical(name) in names]
    return tuple(dict.fromkeys((*first, *names)))


def _key_algorithm(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA_{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name, f"EC_{key.curve.name}")
    raise ValueError("its key is neither RSA nor ECDSA")


def _signature_algorithm(certificate: x509.Certificate) -> str:
    digest = certificate.signature_hash_algorithm
    if digest is None:
        return certificate.signature_algorithm_oid.dotted_string  # Ed25519 and its like sign without one
    signer = "ECDSA" if isinstance(certificate.signature_algorithm_parameters, ec.ECDSA) else "RSA"
    return f"{digest.name.upper()}WITH{signer}"


def _key_usages(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ("ANY",)
    return tuple(word for attribute, word in _USAGES.items() if getattr(usage, attribute))


def _extended_key_usages(certificate: x509.Certificate) -> tuple[tuple[str, str], ...]:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return (("NONE", ""),)
    return tuple((_EXTENDED_USAGES.get(usage, "CUSTOM"), usage.dotted_string) for usage in usages)
