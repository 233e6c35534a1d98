"""The attributes of a listener: the tables of reference 1.2.1, and what they come to, typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from simlb.core.attributes.table import Attribute, AttributeValueError, flag, resolve, table

_REQUEST = "routing.http.request"
_RESPONSE = "routing.http.response"
_SERVER = f"{_RESPONSE}.server.enabled"
TLS_VERSION = "X-Amzn-Tls-Version"
TLS_CIPHER_SUITE = "X-Amzn-Tls-Cipher-Suite"


class MutualTlsHeaders(NamedTuple):
    """How targets get to know a client's certificate: with passthrough under `chain`, with verify under the others."""

    serial_number: str = "X-Amzn-Mtls-Clientcert-Serial-Number"
    issuer: str = "X-Amzn-Mtls-Clientcert-Issuer"
    subject: str = "X-Amzn-Mtls-Clientcert-Subject"
    validity: str = "X-Amzn-Mtls-Clientcert-Validity"
    leaf: str = "X-Amzn-Mtls-Clientcert-Leaf"
    chain: str = "X-Amzn-Mtls-Clientcert"


MUTUAL_TLS = MutualTlsHeaders()
_RENAMED = (*MUTUAL_TLS, TLS_VERSION, TLS_CIPHER_SUITE)
_WRITTEN = (
    "Strict-Transport-Security",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Credentials",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
)
_VALUE = re.compile(r"[A-Za-z0-9 _:;.,\\/'?!(){}\[\]@<>=\-+*#&`|~^%]*")
"""What AWS accepts in a response header's value; whether it makes sense there is not looked at."""
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A field name (RFC 9110 5.1)."""
_OWN_NAME = re.compile(
    r"host|connection|content-length|transfer-encoding|upgrade|keep-alive|te|trailer|expect|x-amzn-trace-id|x-forwarded-.*",
    re.IGNORECASE,
)
"""Names that already mean something to a target: a second field of that name could change what it reads."""


def _renamed_key(header: str) -> str:
    return f"{_REQUEST}.{header.lower().replace('-', '_')}.header_name"


def _written_key(header: str) -> str:
    return f"{_RESPONSE}.{header.lower().replace('-', '_')}.header_value"


def _check_name(value: str) -> None:
    if _NAME.fullmatch(value) is None:
        raise AttributeValueError(f"'{value}' is not a valid header name")
    if _OWN_NAME.fullmatch(value) is not None:
        raise AttributeValueError(f"'{value}' cannot be the name of this header: it has a meaning of its own")


def _check_value(value: str) -> None:
    if _VALUE.fullmatch(value) is None:
        raise AttributeValueError(f"the header value '{value}' contains invalid characters")


HTTP_LISTENER_ATTRIBUTES: Mapping[str, Attribute] = table(
    flag(_SERVER, "true"),
    *(Attribute(key=_written_key(header), kind="str", default="", rule=_check_value) for header in _WRITTEN),
)
HTTPS_LISTENER_ATTRIBUTES: Mapping[str, Attribute] = {
    **table(
        *(Attribute(key=_renamed_key(header), kind="str", default=header, rule=_check_name) for header in _RENAMED)
    ),
    **HTTP_LISTENER_ATTRIBUTES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerAttributes:
    """What a listener changes about headers.

    `written` are response headers, name and value, that take the place of the target's and stand in answers of the load
    balancer's own; `names_server` is whether those have a Server line. The others are what a target gets to know TLS
    version, cipher and client certificate under.
    """

    written: tuple[tuple[str, str], ...] = ()
    names_server: bool = True
    tls_version_header: str = TLS_VERSION
    tls_cipher_suite_header: str = TLS_CIPHER_SUITE
    mutual_tls_headers: MutualTlsHeaders = MUTUAL_TLS
    given: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """The wire strings it was read from."""

    @classmethod
    def from_wire(cls, given: Mapping[str, str]) -> ListenerAttributes:
        """Read AWS's keys and string values; what is not given has AWS's default. Raises AttributeValueError."""
        values = resolve(HTTPS_LISTENER_ATTRIBUTES, given)
        written = ((header, values[_written_key(header)]) for header in _WRITTEN)
        return cls(
            written=tuple((header, value) for header, value in written if value),
            names_server=values[_SERVER] == "true",
            tls_version_header=values[_renamed_key(TLS_VERSION)],
            tls_cipher_suite_header=values[_renamed_key(TLS_CIPHER_SUITE)],
            mutual_tls_headers=MutualTlsHeaders(*(values[_renamed_key(header)] for header in MUTUAL_TLS)),
            given=dict(given),
        )

    def to_wire(self, rows: Mapping[str, Attribute]) -> dict[str, str]:
        """Every attribute of a table with its value in force, as AWS shows them."""
        return {key: self.given.get(key, row.default) for key, row in rows.items()}
