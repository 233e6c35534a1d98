"""A client's certificate as the load balancer tells of it: request headers, log fields (reference 6.6, 7.2).

Times are UTC. Nothing here decides whether a certificate is good.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from simlb.core.attributes.listener import MutualTlsHeaders
from simlb.core.connection_log import ClientCertificate
from simlb.core.model.mutual_authentication import MutualMode

PEM_SAFE = "+=/"
"""What stays as it is in a URL-encoded PEM; a line end becomes %0A, a space %20."""
_SHORT_NAMES = {
    NameOID.EMAIL_ADDRESS: "emailAddress",
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.SURNAME: "SN",
    NameOID.GIVEN_NAME: "GN",
    NameOID.TITLE: "title",
}
"""Attributes beyond those of RFC 2253 that OpenSSL has short names for."""


class ClientIdentity:
    """Who the client of a connection is, once its handshake is done. `chain` begins with the client's own certificate.

    Raises one of `client_verification.UNREADABLE` for a certificate that cannot be read.
    """

    __slots__ = ("_chain", "_issuer", "certificate", "mode")

    def __init__(self, mode: MutualMode, chain: Sequence[x509.Certificate]) -> None:
        leaf = chain[0]
        self.mode = mode
        self.certificate = logged(leaf)
        """What the connection log shows."""
        self._issuer = distinguished_name(leaf.issuer)
        told = chain if mode == "passthrough" else chain[:1]
        self._chain = quote("".join(_pem(one) for one in told), safe=PEM_SAFE)

    def header_lines(self, names: MutualTlsHeaders) -> bytes:
        """What targets get to know, under these names."""
        pem = self._chain
        if self.mode == "passthrough":
            return f"{names.chain}: {pem}\r\n".encode()
        shown = self.certificate
        return (
            f"{names.serial_number}: {shown.serial_number}\r\n{names.issuer}: {self._issuer}\r\n"
            f"{names.subject}: {shown.subject}\r\n{names.validity}: {shown.validity}\r\n{names.leaf}: {pem}\r\n"
        ).encode()


def logged(certificate: x509.Certificate) -> ClientCertificate:
    """What is told of a certificate. Raises one of `client_verification.UNREADABLE` when it cannot be read."""
    return ClientCertificate(
        distinguished_name(certificate.subject),
        _seconds(certificate.not_valid_before_utc),
        _seconds(certificate.not_valid_after_utc),
        serial_number(certificate.serial_number),
    )


def serial_number(number: int) -> str:
    """Upper-case hex digits, two for each byte. Raises ValueError for a negative one, which X.509 has not."""
    if number < 0:
        raise ValueError(f"the serial number {number} is negative")
    digits = f"{number:X}"
    return digits if len(digits) % 2 == 0 else f"0{digits}"


def distinguished_name(name: x509.Name) -> str:
    r"""By RFC 2253: the most specific part first. What is no printable ASCII is `\HH` of its UTF-8 bytes.

    A client has chosen most of these characters: a line end in a name must not end a header line.
    """
    text = name.rfc4514_string(_SHORT_NAMES)
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if " " <= character <= "~"
        else "".join(f"\\{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
        for character in text
    )


def _seconds(moment: datetime) -> float:
    return moment.astimezone(UTC).timestamp()


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
