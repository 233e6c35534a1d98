"""Names for certificates: how they are written, which of them the local CA may sign, and how their files are called."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from simlb.certs.codes import NAME_NOT_PERMITTED
from simlb.core.server_names import canonical, is_within
from simlb.errors import SimlbError

PERMITTED_ZONES = ("localhost", "test")
"""The DNS names the local CA may sign: these and everything below them (RFC 6761: neither exists on the Internet)."""

PERMITTED_NETWORKS: tuple[IPv4Network | IPv6Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
"""The IP addresses the local CA may sign: loopback, nothing else."""

_PERMITTED_WORDS = (
    "Certificates can be issued for localhost, *.localhost, *.test and loopback addresses (127.0.0.0/8, ::1)"
)

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")  # the underscore is no host name by RFC 952, yet in common use
_NAME_LENGTH_MAX = 253
_SLUG_LENGTH_MAX = 120


def normalised(names: Sequence[str]) -> tuple[str, ...]:
    """The names in their one spelling, without repetition, in the given order.

    Raises SimlbError E203 for a list without names, and for what is neither a host name (a wildcard may be its leftmost
    label) nor an IP address. Names in other scripts are refused with their punycode form, which clients ask for.
    """
    if not names:
        raise SimlbError(NAME_NOT_PERMITTED, "A certificate needs at least one name.", _words(()))
    return tuple(dict.fromkeys(_normalised(name) for name in names))


def permitted(names: Sequence[str], domains: Collection[str] = ()) -> tuple[str, ...]:
    """`normalised`, and refused with SimlbError E203 when the local CA may not sign one of them.

    `domains` are those that it may sign for beyond its own, with everything below them (`simlb.certs.permits`).
    """
    wanted = normalised(names)
    for name in wanted:
        if not is_permitted(name, domains):
            raise SimlbError(
                NAME_NOT_PERMITTED,
                f"The local CA may not issue a certificate for '{name}'.",
                _words(domains),
                *permit_hints(name),
                "or bring your own files:  certificates: [{certificate_file: ..., key_file: ...}]",
            )
    return wanted


def is_permitted(name: str, domains: Collection[str] = ()) -> bool:
    """Whether the local CA may sign a normalised name."""
    if is_address(name):
        address = ip_address(name)
        # Scoped addresses (::1%eth0) have no place in a certificate.
        return "%" not in name and any(address in network for network in PERMITTED_NETWORKS)
    return is_within(name, (*PERMITTED_ZONES, *domains))


def permit_hints(name: str) -> tuple[str, ...]:
    """How to have the local CA sign a normalised name; nothing for those that it is never given."""
    domain = name.removeprefix("*.")
    return (
        () if is_address(domain) or "." not in domain else (f"have it sign that too: simlb cert ca --permit {domain}",)
    )


def hardly_accepted(names: Sequence[str]) -> tuple[str, ...]:
    """Those of these normalised names that most clients do not honour: a wildcard for a whole zone (`*.localhost`)."""
    return tuple(name for name in names if name.removeprefix("*.") in PERMITTED_ZONES and name.startswith("*."))


def is_address(name: str) -> bool:
    """Whether a normalised name is an IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def slug(names: Sequence[str]) -> str:
    """The file name, without ending, of the certificate for these normalised names.

    One name is its own file name. Several are told apart by a digest, so that two load balancers that share a first
    name do not overwrite each other's files for ever. No permitted name can collide with the CA's own files.
    """
    # "+" occurs in no host name and is fine in file names everywhere; "*" and ":" are not, on Windows.
    first = names[0].replace("*.", "wildcard+").replace(":", "_")
    if len(names) == 1 and len(first) <= _SLUG_LENGTH_MAX:
        return first
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:8]
    return f"{first[:_SLUG_LENGTH_MAX]}+{len(names) - 1}-{digest}"


def _normalised(name: str) -> str:
    plain = canonical(name)
    if is_address(plain):
        return plain
    if not plain.isascii():
        raise SimlbError(NAME_NOT_PERMITTED, f"'{name}' is not an ASCII host name.", *_punycode_hint(plain))
    labels = plain.removeprefix("*.").split(".")
    if len(plain) > _NAME_LENGTH_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        raise SimlbError(
            NAME_NOT_PERMITTED,
            f"'{name}' is neither a host name nor an IP address.",
            "Host names are labels of letters, digits and hyphens (up to 63 each) between dots; "
            "a wildcard is the whole first label: *.simlb.test",
        )
    return plain


def _punycode_hint(name: str) -> tuple[str, ...]:
    try:
        # Python's codec follows the rules of 2003; they and today's agree in nearly all scripts.
        return (f"Use its punycode form: {name.encode('idna').decode('ascii')}",)
    except UnicodeError:
        return ("Use its punycode form (xn--...), or a name in ASCII.",)


def _words(domains: Collection[str]) -> str:
    return f"{_PERMITTED_WORDS}{''.join(f', {domain} and *.{domain}' for domain in domains)}."
