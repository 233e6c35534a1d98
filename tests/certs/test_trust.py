"""What clients say that trust nothing but ca.pem - and what they say to a thief of the issuing key."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simlb.certs.authority import IssuingAuthority, key_pem, load_authority, new_key
from simlb.certs.store import CertificateStore

Handshake = Callable[[Path, Path, Path, str], None]
NAMES = ("localhost", "shop.localhost", "*.simlb.test", "127.0.0.1", "127.0.0.2", "::1")


@pytest.mark.parametrize(
    "host", ["localhost", "shop.localhost", "SHOP.localhost", "api.simlb.test", "127.0.0.1", "127.0.0.2", "::1"]
)
def test_a_client_that_trusts_the_root_accepts_the_names(
    store: CertificateStore, handshake: Handshake, host: str
) -> None:
    issued = store.ensure(NAMES)
    handshake(issued.certificate_path, issued.key_path, store.ca_path, host)


@pytest.mark.parametrize("names", [("127.0.0.1",), ("::1",), ("shop.localhost",), ("*.simlb.test",)])
def test_single_names_work_alone(store: CertificateStore, handshake: Handshake, names: tuple[str]) -> None:
    issued = store.ensure(names)
    handshake(issued.certificate_path, issued.key_path, store.ca_path, names[0].replace("*", "api"))


@pytest.mark.parametrize("host", ["other.localhost", "simlb.test", "a.b.simlb.test", "127.0.0.3"])
def test_a_client_refuses_other_names(store: CertificateStore, handshake: Handshake, host: str) -> None:
    issued = store.ensure(NAMES)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"[Hh]ostname mismatch|IP address mismatch"):
        handshake(issued.certificate_path, issued.key_path, store.ca_path, host)


def test_a_client_that_trusts_another_root_refuses(
    store: CertificateStore, handshake: Handshake, tmp_path: Path
) -> None:
    other = CertificateStore(tmp_path / "other")
    other.ensure(["localhost"])
    issued = store.ensure(["localhost"])
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(issued.certificate_path, issued.key_path, other.ca_path, "localhost")


def test_the_form_of_the_certificates(store: CertificateStore) -> None:
    issued = store.ensure(["shop.localhost"])
    leaf, issuing = x509.load_pem_x509_certificates(issued.certificate_path.read_bytes())
    root = x509.load_pem_x509_certificate(store.ca_path.read_bytes())
    assert issuing == x509.load_pem_x509_certificate((store.directory / "issuing-ca.pem").read_bytes())
    for certificate, path_length in ((root, 1), (issuing, 0)):
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert basic.critical
        assert basic.value == x509.BasicConstraints(ca=True, path_length=path_length)
        constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
        assert constraints.critical
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=365)
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=90)
    assert leaf.fingerprint(hashes.SHA256()).hex() == issued.sha256
    assert leaf.not_valid_after_utc == issued.not_after


def test_the_root_key_is_nowhere(store: CertificateStore) -> None:
    store.ensure(["shop.localhost"])
    root = x509.load_pem_x509_certificate(store.ca_path.read_bytes())
    keys = 0
    for path in store.directory.iterdir():
        content = path.read_bytes()
        if b"PRIVATE KEY" in content:
            keys += 1
            key = serialization.load_pem_private_key(content, password=None)
            assert key.public_key() != root.public_key()
    assert keys == 2  # the issuing CA's and the leaf's


class TestThief:
    """Somebody has read issuing-ca.key."""

    @pytest.fixture
    def stolen(self, store: CertificateStore) -> IssuingAuthority:
        store.ensure(["localhost"])
        contents = ((store.directory / name).read_bytes() for name in ("ca.pem", "issuing-ca.pem", "issuing-ca.key"))
        return load_authority(*contents)

    @pytest.mark.parametrize("name", ["evil.example.com", "example.localhost.com", "10.0.0.1", "2001:db8::1"])
    def test_names_outside(
        self, store: CertificateStore, stolen: IssuingAuthority, handshake: Handshake, tmp_path: Path, name: str
    ) -> None:
        key = new_key()
        leaf = stolen.issue([name], key, datetime.now(UTC))
        certificate_path, key_path = self._write(tmp_path, leaf.chain_pem, key)
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
            handshake(certificate_path, key_path, store.ca_path, name)

    @pytest.mark.parametrize(
        "extra", [x509.RFC822Name("you@bank.example"), x509.UniformResourceIdentifier("https://bank.example/")]
    )
    def test_mailboxes_and_uris(
        self,
        store: CertificateStore,
        stolen: IssuingAuthority,
        handshake: Handshake,
        tmp_path: Path,
        extra: x509.GeneralName,
    ) -> None:
        key = new_key()
        chain = self._sign(stolen, key, "localhost", [x509.DNSName("localhost"), extra])
        certificate_path, key_path = self._write(tmp_path, chain, key)
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
            handshake(certificate_path, key_path, store.ca_path, "localhost")

    def test_a_common_name_instead_of_alternative_names(
        self, store: CertificateStore, stolen: IssuingAuthority, handshake: Handshake, tmp_path: Path
    ) -> None:
        key = new_key()
        chain = self._sign(stolen, key, "bank.example", [])
        certificate_path, key_path = self._write(tmp_path, chain, key)
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(certificate_path, key_path, store.ca_path, "bank.example")

    def test_a_further_authority(
        self, store: CertificateStore, stolen: IssuingAuthority, handshake: Handshake, tmp_path: Path
    ) -> None:
        sub_key, key = new_key(), new_key()
        sub_chain = self._sign(stolen, sub_key, "sub", [], path_length=0)
        sub_certificate = x509.load_pem_x509_certificate(sub_chain)
        sub = IssuingAuthority(
            certificate=sub_certificate,
            key=sub_key,
            not_before=stolen.not_before,
            not_after=stolen.not_after,
        )
        chain = sub.issue(["localhost"], key, datetime.now(UTC)).chain_pem
        issuing_pem = stolen.certificate.public_bytes(serialization.Encoding.PEM)
        certificate_path, key_path = self._write(tmp_path, chain + issuing_pem, key)
        with pytest.raises(ssl.SSLCertVerificationError, match="path length constraint exceeded"):
            handshake(certificate_path, key_path, store.ca_path, "localhost")

    def _write(self, directory: Path, chain: bytes, key: ec.EllipticCurvePrivateKey) -> tuple[Path, Path]:
        certificate_path, key_path = directory / "thief.pem", directory / "thief.key"
        certificate_path.write_bytes(chain)
        key_path.write_bytes(key_pem(key))
        return certificate_path, key_path

    def _sign(
        self,
        stolen: IssuingAuthority,
        key: ec.EllipticCurvePrivateKey,
        common_name: str,
        names: list[x509.GeneralName],
        *,
        path_length: int | None = None,
    ) -> bytes:
        issuer = stolen.certificate
        identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(stolen.not_before)
            .not_valid_after(stolen.not_after)
            .add_extension(x509.BasicConstraints(ca=path_length is not None, path_length=path_length), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        )
        if path_length is not None:
            usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
            builder = builder.add_extension(usage, critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        signed = builder.sign(stolen.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return signed + issuer.public_bytes(serialization.Encoding.PEM)


def test_a_verifier_that_is_not_openssl_agrees(store: CertificateStore, tmp_path: Path) -> None:
    issued = store.ensure(["shop.localhost", "127.0.0.1"])
    leaf, issuing = x509.load_pem_x509_certificates(issued.certificate_path.read_bytes())
    root = x509.load_pem_x509_certificate(store.ca_path.read_bytes())
    builder = x509.verification.PolicyBuilder().store(x509.verification.Store([root]))
    chain = builder.build_server_verifier(x509.DNSName("shop.localhost")).verify(leaf, [issuing])
    assert chain == [leaf, issuing, root]
