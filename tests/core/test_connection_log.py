"""The connection-log line (reference 7.2)."""

from __future__ import annotations

import re

import pytest

from simlb.core.access_log import ConnectionFacts
from simlb.core.connection_log import SUCCESS, UNMAPPED, ClientCertificate, ConnectionRecord, format_line

AT = 1696439115.514108
"""2023-10-04T17:05:15.514108Z."""
SAMPLE = (
    "2023-10-04T17:05:15.514108Z 203.0.113.1 36280 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 4.036 "
    '"CN=amazondomains.com,O=endEntity,L=Seattle,ST=Washington,C=US" '
    "NotBefore=2023-09-21T22:43:21Z;NotAfter=2026-06-17T22:43:21Z FEF257372D5C14D4 Success "
    "TID_3180a73013c8ca4bac2f731159d4b0fe"
)
CERTIFICATE = ClientCertificate(
    "CN=amazondomains.com,O=endEntity,L=Seattle,ST=Washington,C=US", 1695336201, 1781736201, "FEF257372D5C14D4"
)


def facts(protocol: str = "-", cipher: str = "-", *, port: int = 443) -> ConnectionFacts:
    found = ConnectionFacts(
        elb="app/web/50dc6c495c0c9188",
        dns_name="web.test",
        scheme="https" if port == 443 else "http",
        listener_port=port,
        client_ip="203.0.113.1",
        client_port=36280,
        node_ip="127.0.0.1",
    )
    found.tls_protocol, found.tls_cipher = protocol, cipher
    found.trace_id = "TID_3180a73013c8ca4bac2f731159d4b0fe"
    return found


TLS = ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")
BEGINNING = "2023-10-04T17:05:15.514108Z 203.0.113.1 36280"
END = "TID_3180a73013c8ca4bac2f731159d4b0fe {} app/web/50dc6c495c0c9188 127.0.0.1"
LINES = [
    pytest.param(
        ConnectionRecord(
            facts(*TLS),
            AT,
            handshake_s=4.036,
            verify_status=SUCCESS,
            certificate=CERTIFICATE,
            key_exchange="x25519",
        ),
        f"{SAMPLE} x25519 app/web/50dc6c495c0c9188 127.0.0.1",
        id="the user guide's sample, and the three newer fields",
    ),
    pytest.param(
        ConnectionRecord(facts(*TLS), AT, handshake_s=0.0004, verify_status=SUCCESS),
        f'{BEGINNING} 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 0.000 "-" - - Success {END.format("-")}',
        id="no client certificate was asked for",
    ),
    pytest.param(
        ConnectionRecord(facts(), AT, verify_status=UNMAPPED),
        f'{BEGINNING} 443 - - - "-" - - Failed:UnmappedConnectionError {END.format("-")}',
        id="a failed handshake",
    ),
    pytest.param(
        ConnectionRecord(facts(port=80), AT),
        f'{BEGINNING} 80 - - - "-" - - - {END.format("-")}',
        id="HTTP",
    ),
]


@pytest.mark.parametrize(("record", "line"), LINES)
def test_lines(record: ConnectionRecord, line: str) -> None:
    assert format_line(record) == line
    assert len(re.findall(r'"[^"]*"|[^ ]+', line)) == 15


@pytest.mark.parametrize("subject", ['CN="x" Success', "CN=a\nb", "CN=\\", "CN=가", "CN=\udcff", ""])
def test_a_subject_never_ends_its_quotes(subject: str) -> None:
    line = format_line(ConnectionRecord(facts(), AT, certificate=CERTIFICATE._replace(subject=subject)))
    assert line.isascii()
    assert line.isprintable()
    assert line.count('"') == 2
