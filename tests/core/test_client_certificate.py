"""How a client's certificate is told of (reference 6.6, 7.2)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from simlb.core.attributes import ListenerAttributes
from simlb.core.client_certificate import ClientIdentity, distinguished_name, serial_number
from tests.client_certificates import root

SERIALS = [(1, "01"), (0x3A5B1, "03A5B1"), (0xFEF257372D5C14D4, "FEF257372D5C14D4"), (0xABC, "0ABC")]


@pytest.mark.parametrize(("number", "written"), SERIALS)
def test_serial_numbers_are_whole_bytes(number: int, written: str) -> None:
    assert serial_number(number) == written


NAMES = [
    ([("C", "US"), ("ST", "Washington"), ("L", "Seattle"), ("O", "endEntity"), ("CN", "amazondomains.com")],
     "CN=amazondomains.com,O=endEntity,L=Seattle,ST=Washington,C=US"),
    ([("O", "a, b"), ("CN", "c+d")], r"CN=c\+d,O=a\, b"),
    ([("CN", "x\r\ny")], r"CN=x\0D\0Ay"),
    ([("CN", "홍길동")], r"CN=\ED\99\8D\EA\B8\B8\EB\8F\99"),
    ([("CN", "tab\there")], r"CN=tab\09here"),
    ([("E", "a@b.test")], "emailAddress=a@b.test"),
    ([], ""),
]  # fmt: skip
OIDS = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "CN": NameOID.COMMON_NAME,
    "E": NameOID.EMAIL_ADDRESS,
}


@pytest.mark.parametrize(("parts", "written"), NAMES)
def test_names_are_written_by_rfc_2253(parts: list[tuple[str, str]], written: str) -> None:
    name = x509.Name([x509.NameAttribute(OIDS[kind], value) for kind, value in parts])
    assert distinguished_name(name) == written


def test_the_headers_of_both_modes() -> None:
    authority = root("Root").issue("Inner", is_authority=True)
    since, until = datetime(2023, 9, 21, 1, 50, 17, tzinfo=UTC), datetime(2024, 9, 20, 1, 50, 17, tzinfo=UTC)
    leaf = authority.issue("alice", serial=0x3A5B1, since=since, until=until)
    chain = [leaf.certificate, *leaf.above]
    names = ListenerAttributes().mutual_tls_headers
    lines = ClientIdentity("verify", chain).header_lines(names).decode().split("\r\n")
    assert lines[:4] == [
        "X-Amzn-Mtls-Clientcert-Serial-Number: 03A5B1",
        "X-Amzn-Mtls-Clientcert-Issuer: CN=Inner,O=simlb tests",
        "X-Amzn-Mtls-Clientcert-Subject: CN=alice,O=simlb tests",
        "X-Amzn-Mtls-Clientcert-Validity: NotBefore=2023-09-21T01:50:17Z;NotAfter=2024-09-20T01:50:17Z",
    ]
    encoded = leaf.pem.replace(" ", "%20").replace("\n", "%0A")
    assert lines[4:] == [f"X-Amzn-Mtls-Clientcert-Leaf: {encoded}", ""], "+ = and / stay as they are"
    (line, rest) = ClientIdentity("passthrough", chain).header_lines(names).decode().split("\r\n")
    above = leaf.chain_pem.replace(" ", "%20").replace("\n", "%0A")
    assert (line, rest) == (f"X-Amzn-Mtls-Clientcert: {above}", "")
