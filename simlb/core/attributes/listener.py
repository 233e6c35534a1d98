"""The attributes of a listener: the tables of reference 1.2.1. simlb does not act on them yet: defaults only."""

from __future__ import annotations

from collections.abc import Mapping

from simlb.core.attributes.table import Attribute, flag, table

_REQUEST = "routing.http.request"
_RESPONSE = "routing.http.response"
_RENAMED = (
    "X-Amzn-Mtls-Clientcert-Serial-Number",
    "X-Amzn-Mtls-Clientcert-Issuer",
    "X-Amzn-Mtls-Clientcert-Subject",
    "X-Amzn-Mtls-Clientcert-Validity",
    "X-Amzn-Mtls-Clientcert-Leaf",
    "X-Amzn-Mtls-Clientcert",
    "X-Amzn-Tls-Version",
    "X-Amzn-Tls-Cipher-Suite",
)
_WRITTEN = (
    "strict_transport_security",
    "access_control_allow_origin",
    "access_control_allow_methods",
    "access_control_allow_headers",
    "access_control_allow_credentials",
    "access_control_expose_headers",
    "access_control_max_age",
    "content_security_policy",
    "x_content_type_options",
    "x_frame_options",
)


def _renaming(header: str) -> Attribute:
    """What the target sees a header of the load balancer's own under."""
    key = header.lower().replace("-", "_")
    return Attribute(key=f"{_REQUEST}.{key}.header_name", kind="str", default=header, supported=False)


def _writing(name: str) -> Attribute:
    """What the client gets as a response header; empty leaves it alone."""
    return Attribute(key=f"{_RESPONSE}.{name}.header_value", kind="str", default="", supported=False)


HTTP_LISTENER_ATTRIBUTES: Mapping[str, Attribute] = table(
    flag(f"{_RESPONSE}.server.enabled", "true", supported=False),
    *map(_writing, _WRITTEN),
)
HTTPS_LISTENER_ATTRIBUTES: Mapping[str, Attribute] = {
    **table(*map(_renaming, _RENAMED)),
    **HTTP_LISTENER_ATTRIBUTES,
}
