"""Which certificate answers for a server name (reference 6.1)."""

from __future__ import annotations

from collections.abc import Sequence

from simlb.core.model import Certificate


def covers(name: str, server_name: str) -> bool:
    """True when `name` is `server_name`, or a wildcard whose leftmost label stands for exactly one label of it."""
    name, server_name = name.lower(), server_name.lower()
    if name == server_name:
        return True
    if not name.startswith("*."):
        return False
    label, dot, rest = server_name.partition(".")
    return bool(label and dot) and rest == name[2:]


def choose_certificate(certificates: Sequence[Certificate], server_name: str | None) -> tuple[Certificate, bool]:
    """The certificate for `server_name`, and whether the name was matched; the first one is the default."""
    if server_name is not None:
        for certificate in certificates:
            if any(covers(name, server_name) for name in certificate.names):
                return certificate, True
    return certificates[0], False
