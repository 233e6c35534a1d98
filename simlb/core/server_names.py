"""Which names cover which hosts, and so which certificate answers: what a listener chooses and a client accepts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from simlb.core.model import Certificate


def choose_certificate(certificates: Sequence[Certificate], server_name: str | None) -> tuple[Certificate, bool]:
    """The certificate for a server name, and whether the name chose it; the first is the default (reference 6.1)."""
    if server_name is not None:
        for certificate in certificates:
            if covers(certificate.names, server_name):
                return certificate, True
    return certificates[0], False


def covers(names: Iterable[str], host: str) -> bool:
    """Whether one of a certificate's names covers `host`.

    A name covers the host it spells, without regard to case or to a trailing dot. A wildcard, as the whole leftmost
    label, stands for exactly one label: `*.simlb.test` covers `api.simlb.test`, neither `simlb.test` nor
    `a.b.simlb.test`. An IP address is covered by the same address only, however it is written. Never raises.

    Source: reference 6.1 (name match); RFC 6125 6.4.3.
    """
    wanted = canonical(host)
    if not wanted:
        return False
    label, _, parent = wanted.partition(".")
    wildcard = f"*.{parent}" if label and parent and not _is_address(wanted) else None
    return any((name := canonical(candidate)) == wanted or name == wildcard for candidate in names)


def is_within(name: str, domains: Iterable[str]) -> bool:
    """Whether a name, perhaps a wildcard, is one of these domains or lies below one. All are canonical."""
    bare = name.removeprefix("*.")
    return any(bare == domain or bare.endswith(f".{domain}") for domain in domains)


def canonical(name: str) -> str:
    """The one spelling by which names are compared: lower case, no trailing dot, addresses in their short form."""
    name = name.strip().lower().removesuffix(".")
    if _may_be_address(name):
        try:
            return str(ip_address(name))
        except ValueError:
            return name
    return name


def _is_address(name: str) -> bool:
    if not _may_be_address(name):
        return False
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _may_be_address(name: str) -> bool:
    # Spares the usual host name the parser: addresses hold a colon or end in a digit.
    return ":" in name or name[-1:].isdigit()
