"""What ImportCertificate asks of a certificate, its key and its chain, in ACM's words. Everything here blocks."""

from __future__ import annotations

import uuid
from datetime import datetime

from cryptography import x509

from simlb.app.certificate_files import CertificateFiles
from simlb.certs.described import facts, is_issued_by, key_text, pem, read_certificates
from simlb.certs.imported import UNREADABLE, check_servable, inspect_pems
from simlb.controlplane.acm.workshop import Given, Inspected
from simlb.controlplane.query.errors import QueryError
from simlb.errors import SimlbError


def check_import(given: Given, now: datetime, files: CertificateFiles) -> Inspected:
    """The parts as they are kept. Raises QueryError ValidationException unless everything fits together."""
    (leaf,) = _certificates(given.certificate, "certificate", 1)
    chain = _certificates(given.chain, "certificate chain", None) if given.chain else []
    try:
        inspect_pems(given.certificate, given.private_key, "Certificate", "PrivateKey")
        found = facts(leaf)
        private_key = key_text(given.private_key)
    except SimlbError as error:
        raise _refused(f"{error.what} (SIMLB-{error.code})") from error
    except UNREADABLE as error:
        raise _refused(f"The certificate cannot be read: {error}.") from error
    if not found.not_before <= now < found.not_after:
        raise _refused(
            f"The certificate is valid from {found.not_before:%Y-%m-%d} to {found.not_after:%Y-%m-%d}: not now."
        )
    _check_chain(leaf, chain)
    inspected = Inspected(facts=found, chain=pem([leaf, *chain]), private_key=private_key)
    _check_servable(inspected, files)
    return inspected


def _certificates(content: bytes, field: str, count: int | None) -> list[x509.Certificate]:
    try:
        found = read_certificates(content)
    except UNREADABLE:
        raise _refused(f"Unable to parse {field}. Please ensure the certificate is in PEM format.") from None
    if count is not None and len(found) != count:
        raise _refused(
            f"The {field} field contains more than one certificate. You can specify only one certificate in this field."
        )
    return found


def _check_chain(leaf: x509.Certificate, chain: list[x509.Certificate]) -> None:
    if not chain:
        if not is_issued_by(leaf, leaf):
            raise _refused(
                "Provided certificate is not a valid self signed. Please provide either a valid self-signed "
                "certificate or certificate chain."
            )
        return
    below = leaf
    for above in chain:
        if not is_issued_by(below, above):
            raise _refused("Could not validate the certificate with the certificate chain.")
        below = above


def _check_servable(inspected: Inspected, files: CertificateFiles) -> None:
    """OpenSSL has its own mind, for one about short keys. It reads files only: this one nobody knows."""
    name = str(uuid.uuid4())
    try:
        files.write(name, inspected.chain, inspected.private_key)
        check_servable(files.path(name), files.path(name), f"The certificate ({inspected.facts.key_algorithm})")
    except SimlbError as error:
        raise _refused(f"{error.what} (SIMLB-{error.code})") from error
    finally:
        files.discard(name)


def _refused(message: str) -> QueryError:
    return QueryError("ValidationException", message)
