"""What the local CA is, in X.509: a constrained root, a constrained issuing CA, and leafs. Bytes in, bytes out.

A stolen issuing key must be of no use against anybody. Its certificates are therefore held, critically and on both
levels, to names that exist on no network; to one level (no further CAs); and to TLS servers. Mailboxes and URIs are
held to `invalid`, since a form of name that is left out of the constraints would be free. Directory names are the
exception: Go's verifier refuses any CA that constrains them, so the purpose (TLS server only) has to do there.

Source: RFC 5280 4.2.1.10 (name constraints), 4.2.1.9, 4.2.1.12, 6.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Literal, TypeGuard

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simlb.certs.names import PERMITTED_NETWORKS, PERMITTED_ZONES, is_address

KeyAlgorithm = Literal["EC_prime256v1", "EC_secp384r1", "RSA_2048"]
"""Kinds of a leaf's key, in ACM's words. All but the first only where somebody asks for them."""

LeafKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

AUTHORITY_LIFETIME = timedelta(days=365)
LEAF_LIFETIME = timedelta(days=90)
BACKDATED = timedelta(hours=1)
"""How far a certificate's start lies in the past: clients in containers and virtual machines have their own clocks."""

EXPIRED_FOR = timedelta(days=1)
"""How long ago the time of an expired leaf ended: by more than any clock is wrong."""

ROOT_NAME = "simlb local CA"
"""The root's common name, by which trust stores list it."""

_ISSUING_NAME = "simlb local issuing CA"
_EPHEMERAL_NAME = "simlb ephemeral CA"
ISSUERS = frozenset({_ISSUING_NAME, _EPHEMERAL_NAME})
"""Common names of what signs simlb's leafs."""

_LEAF_ORGANIZATION = "simlb local certificate"
_COMMON_NAME_LENGTH_MAX = 64

_PERMITTED_SUBTREES: tuple[x509.GeneralName, ...] = (
    *(x509.DNSName(zone) for zone in PERMITTED_ZONES),
    *(x509.IPAddress(network) for network in PERMITTED_NETWORKS),
    x509.RFC822Name("invalid"),
    x509.UniformResourceIdentifier("invalid"),
)
"""What every CA may sign. Domains that the user has permitted follow these."""


class AuthorityDamagedError(Exception):
    """The CA's bytes are not a CA that this file could have made; the text says what is wrong with which file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAuthority:
    """A CA just made, as the bytes of its files."""

    root_pem: bytes
    issuing_pem: bytes
    issuing_key_pem: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A certificate just issued. `chain_pem` is the leaf followed by the issuing CA, without the root."""

    chain_pem: bytes
    not_before: datetime
    not_after: datetime
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingAuthority:
    """A certificate and its key that sign leafs until `not_after`.

    `domains` are those that the local CA may sign for beyond its own; `ca_sha256` is its root's fingerprint.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    not_before: datetime
    not_after: datetime
    domains: tuple[str, ...] = ()
    ca_sha256: str = ""

    def issue(self, names: Sequence[str], key: LeafKey, now: datetime) -> Leaf:
        """A leaf for these normalised names and this key: 90 days at most, and never longer than the CA itself."""
        not_before = max(now - BACKDATED, self.not_before).replace(microsecond=0)
        return self._sign(names, key, not_before, min(not_before + LEAF_LIFETIME, self.not_after))

    def issue_expired(self, names: Sequence[str], key: LeafKey, now: datetime) -> Leaf:
        """A leaf whose time ended a day ago: all else about it is right."""
        not_after = (now - EXPIRED_FOR).replace(microsecond=0)
        return self._sign(names, key, not_after - LEAF_LIFETIME, not_after)

    def _sign(self, names: Sequence[str], key: LeafKey, not_before: datetime, not_after: datetime) -> Leaf:
        certificate = (
            _builder(_leaf_subject(names), self.certificate.subject, key.public_key(), not_before, not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False, enciphers=isinstance(key, rsa.RSAPrivateKey)), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(_key_identifier_of(self.certificate), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return Leaf(
            chain_pem=_pem(certificate) + _pem(self.certificate),
            not_before=not_before,
            not_after=not_after,
            sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        )


def make_authority(now: datetime, domains: Sequence[str] = ()) -> NewAuthority:
    """A new root and a new issuing CA, both constrained. The root's key is used once and exists in this call only.

    `domains`, normalised names of hosts, are what it may sign for beyond what exists on no network.
    """
    constraints = x509.NameConstraints(
        permitted_subtrees=[*_PERMITTED_SUBTREES, *map(x509.DNSName, domains)], excluded_subtrees=None
    )
    not_before = (now - BACKDATED).replace(microsecond=0)
    not_after = not_before + AUTHORITY_LIFETIME
    made_on = f"made {now:%Y-%m-%d}"  # tells this year's root from last year's in a trust store's list
    root_key = new_key()
    root = (
        _builder(
            _subject(ROOT_NAME, made_on), _subject(ROOT_NAME, made_on), root_key.public_key(), not_before, not_after
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .add_extension(constraints, critical=True)
        .sign(root_key, hashes.SHA256())
    )
    issuing_key = new_key()
    issuing = (
        _builder(_subject(_ISSUING_NAME, made_on), root.subject, issuing_key.public_key(), not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(constraints, critical=True)
        .add_extension(_key_identifier_of(root), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return NewAuthority(root_pem=_pem(root), issuing_pem=_pem(issuing), issuing_key_pem=key_pem(issuing_key))


def load_authority(root_pem: bytes, issuing_pem: bytes, issuing_key_pem: bytes) -> IssuingAuthority:
    """The issuing CA from the bytes of its files. Raises AuthorityDamagedError unless all three belong together."""
    root = _load_certificate(root_pem, "ca.pem")
    issuing = _load_certificate(issuing_pem, "issuing-ca.pem")
    key = load_key(issuing_key_pem)
    if key is None:
        raise AuthorityDamagedError("issuing-ca.key holds no readable EC P-256 key")
    if key.public_key() != issuing.public_key():
        raise AuthorityDamagedError("issuing-ca.key does not belong to issuing-ca.pem")
    try:
        root.verify_directly_issued_by(root)
        issuing.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature):
        raise AuthorityDamagedError("issuing-ca.pem was not signed by ca.pem") from None
    domains = _domains_of(root)
    for found, file_name in ((domains, "ca.pem"), (_domains_of(issuing), "issuing-ca.pem")):
        if found is None or found != domains:
            raise AuthorityDamagedError(f"{file_name} is not a CA that this simlb made (other name constraints)")
    assert domains is not None
    return IssuingAuthority(
        certificate=issuing,
        key=key,
        not_before=max(root.not_valid_before_utc, issuing.not_valid_before_utc),
        not_after=min(root.not_valid_after_utc, issuing.not_valid_after_utc),
        domains=domains,
        ca_sha256=root.fingerprint(hashes.SHA256()).hex(),
    )


def is_foreign(certificate_pem: bytes | None, private_pem: bytes | None) -> bool:
    """Whether the files at a leaf's place are sound and yet not simlb's: then they are the user's, and not replaced.

    None stands for no such file. Damaged content counts as nobody's.
    """
    if certificate_pem is not None:
        try:
            issuer = x509.load_pem_x509_certificate(certificate_pem).issuer
        except ValueError:
            return False
        return all(name.value != _ISSUING_NAME for name in issuer.get_attributes_for_oid(NameOID.COMMON_NAME))
    if private_pem is None:
        return False
    try:
        key = serialization.load_pem_private_key(private_pem, password=None)
    except TypeError:
        return True  # it has a passphrase, which simlb's keys never have
    except (ValueError, UnsupportedAlgorithm):
        return False
    return not _is_p256(key)


def unconstrained_authority(now: datetime) -> IssuingAuthority:
    """A self-signed CA without name constraints, for memory only: whoever holds its key can sign for any name."""
    key = new_key()
    not_before = (now - BACKDATED).replace(microsecond=0)
    not_after = not_before + AUTHORITY_LIFETIME
    subject = _subject(_EPHEMERAL_NAME, "in memory only")
    certificate = (
        _builder(subject, subject, key.public_key(), not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return IssuingAuthority(certificate=certificate, key=key, not_before=not_before, not_after=not_after)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh EC P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def new_leaf_key(algorithm: KeyAlgorithm) -> LeafKey:
    """A fresh key of that kind. RSA takes its time: a tenth of a second and more."""
    if algorithm == "RSA_2048":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP384R1() if algorithm == "EC_secp384r1" else ec.SECP256R1())


def load_key(content: bytes) -> ec.EllipticCurvePrivateKey | None:
    """The EC P-256 key in a PEM file without passphrase, or None when it is anything else."""
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if _is_p256(key) else None


def key_pem(key: LeafKey) -> bytes:
    """PKCS #8 in PEM, without passphrase."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _is_p256(key: object) -> TypeGuard[ec.EllipticCurvePrivateKey]:
    return isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before.astimezone(UTC))
        .not_valid_after(not_after.astimezone(UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _subject(common_name: str, unit: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "simlb"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _leaf_subject(names: Sequence[str]) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, _LEAF_ORGANIZATION)]
    # Never an address: OpenSSL holds a common name that looks like a host name to the DNS constraints.
    common_name = next((name for name in names if not is_address(name)), None)
    if common_name is not None and len(common_name) <= _COMMON_NAME_LENGTH_MAX:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


def _general_name(name: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(name)) if is_address(name) else x509.DNSName(name)


def _key_usage(*, ca: bool, enciphers: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=enciphers,  # EC keys only sign
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _key_identifier_of(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _domains_of(certificate: x509.Certificate) -> tuple[str, ...] | None:
    """What a CA of simlb's may sign for beyond the usual; None for a CA that is constrained in another way, or not."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return None
    subtrees = tuple(extension.value.permitted_subtrees or ())
    usual, further = subtrees[: len(_PERMITTED_SUBTREES)], subtrees[len(_PERMITTED_SUBTREES) :]
    if not extension.critical or extension.value.excluded_subtrees or usual != _PERMITTED_SUBTREES:
        return None
    domains = tuple(name.value for name in further if isinstance(name, x509.DNSName))
    # An empty one stands for every name there is, and one label for a whole top-level domain.
    return domains if len(domains) == len(further) and all("." in domain.strip(".") for domain in domains) else None


def _load_certificate(content: bytes, file_name: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(content)
    except ValueError:
        raise AuthorityDamagedError(f"{file_name} holds no readable certificate") from None


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
