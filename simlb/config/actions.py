"""Default actions: AWS's rules for the members of `redirect` and `fixed-response` (reference 1.4)."""

from __future__ import annotations

import re

from simlb.config.documents import FixedResponse, RedirectAction
from simlb.config.problems import Refused
from simlb.core import model

REDIRECT_TO_HTTPS = model.RedirectAction(protocol="HTTPS", port="443")
"""What the shorthand `redirect: https` stands for."""

_PLACEHOLDER = re.compile(r"#\{([^}]*)\}?")
_KEYWORDS = {
    "host": ("host",),
    "path": ("host", "path", "port"),
    "query": ("protocol", "host", "port", "path", "query"),
}
_FIXED_STATUS = re.compile(r"[245][0-9][0-9]")


def redirect(entry: RedirectAction, protocol: str, port: int) -> model.RedirectAction:
    """The redirect of a listener with `protocol` and `port`. Raises Refused."""
    for member in ("host", "path", "query"):
        _check_text(member, getattr(entry, member))
    if not entry.path.startswith("/"):
        raise Refused(f"redirect path '{entry.path}' must start with '/'")
    if entry.query.startswith("?"):
        raise Refused(f"redirect query '{entry.query}' must not start with '?'")
    target_port = str(entry.port)
    if target_port != "#{port}" and not (_is_port(target_port)):
        raise Refused(f"redirect port '{target_port}' must be from 1 to 65535 or '#{{port}}'")
    if protocol == "HTTPS" and entry.protocol == "HTTP":
        raise Refused("a redirect from HTTPS to HTTP is not allowed")
    if (
        entry.protocol in {"#{protocol}", protocol}
        and target_port in {"#{port}", str(port)}
        and entry.host == "#{host}"
        and entry.path == "/#{path}"
    ):
        raise Refused("the redirect leads back to itself: change at least one of protocol, host, port and path")
    return model.RedirectAction(
        protocol=entry.protocol,
        host=entry.host,
        port=target_port,
        path=entry.path,
        query=entry.query,
        status_code=entry.status_code,
    )


def fixed_response(entry: FixedResponse) -> model.FixedResponseAction:
    """A fixed response. Raises Refused."""
    code = str(entry.status_code)
    if _FIXED_STATUS.fullmatch(code) is None:
        raise Refused(f"fixed-response status_code '{code}' must be 2xx, 4xx or 5xx, such as 404")
    return model.FixedResponseAction(
        status_code=int(code), message_body=entry.message_body, content_type=entry.content_type
    )


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535


def _check_text(member: str, value: str) -> None:
    # It is written into a header line: no spaces, no controls, nothing beyond ASCII.
    if not all("!" <= char <= "~" for char in value):
        raise Refused(f"redirect {member} may hold visible ASCII characters only (percent-encode the others)")
    for match in _PLACEHOLDER.finditer(value):
        if match[1] not in _KEYWORDS[member] or not match[0].endswith("}"):
            allowed = ", ".join(f"#{{{keyword}}}" for keyword in _KEYWORDS[member])
            raise Refused(f"redirect {member} must not hold '{match[0]}'; it may hold {allowed}")
