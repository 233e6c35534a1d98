"""Domains that the local CA may sign for beyond its own, because the user has said so: which can be, and their file.

    permitted.json        beside the CA's files: {"version": 1, "domains": ["shop.co.kr"]}

Each stands for itself and every name below it. The CA's certificates say the same in their name constraints, which is
what clients go by; the file says it to a start that does not want to read certificates, and to the CA's next renewal.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.certs.codes import NOT_LISTED, NOT_PERMITTABLE, PERMITS_UNREADABLE
from simlb.certs.names import is_address, is_permitted, normalised
from simlb.core.server_names import is_within
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

FILE_NAME = "permitted.json"
_VERSION = 1


def read(directory: Path) -> tuple[str, ...]:
    """The domains, none where there is no such file. Raises SimlbError E855 for a file that cannot be understood."""
    path = directory / FILE_NAME
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        if not os.access(directory, os.X_OK):
            return ()  # nothing in it can be read: that is reported for all of it
        raise _unreadable(path, error.strerror or str(error)) from error
    try:
        return _decoded(content)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, str(error)) from error


def encode(domains: Sequence[str]) -> bytes:
    """The file's content."""
    return json.dumps({"version": _VERSION, "domains": list(domains)}, indent=2).encode() + b"\n"


def permittable(names: Sequence[str]) -> tuple[str, ...]:
    """The domains in their one spelling. Raises SimlbError E852 for what the local CA is never given.

    That is what belongs to many: public suffixes (`com`, `co.kr`, `github.io`) and single labels. And what is no
    domain: wildcards, addresses, misspelt names.
    """
    suffixes = _suffixes()
    domains = []
    for name in names:
        domain = _spelt(name)
        why = _never(domain) or (
            "a public suffix: anybody can have a name below it" if suffixes.is_public(domain) else None
        )
        if why is not None:
            raise SimlbError(NOT_PERMITTABLE, f"'{domain}' cannot be permitted: it is {why}.", *_instead(domain))
        domains.append(domain)
    return tuple(dict.fromkeys(domains))


def changed(present: Sequence[str], *, permit: Sequence[str], forbid: Sequence[str]) -> tuple[str, ...]:
    """What the CA may sign for when these are added and those taken away.

    A domain that lies below another is not listed beside it. Raises SimlbError E852 for what cannot be added, E853 for
    what is not there to be taken away.
    """
    left = list(present)
    for name in normalised(forbid) if forbid else ():
        if name not in left:
            listed = ", ".join(present) or "none"
            raise SimlbError(NOT_LISTED, f"'{name}' is not a domain that was permitted.", f"there are: {listed}")
        left.remove(name)
    for name in permit:
        if is_permitted(_spelt(name), left):
            continue
        (domain,) = permittable([name])
        left = [*(other for other in left if not is_within(other, [domain])), domain]
    return tuple(left)


def _decoded(content: bytes) -> tuple[str, ...]:
    """Raises ValueError or RecursionError, with words for a person, for anything that `encode` has not made."""
    fields = json.loads(content)
    if not isinstance(fields, dict) or fields.get("version") != _VERSION:
        raise ValueError(f"it is not of version {_VERSION}")
    names = fields.get("domains")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("its domains are no list of names")
    try:
        domains = normalised(names) if names else ()
    except SimlbError as error:
        raise ValueError(error.what.rstrip(".")) from error
    for domain in domains:
        if (why := _never(domain)) is not None:
            raise ValueError(f"'{domain}' is {why}")
    return domains


@functools.cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # the list takes a tenth of a second to read

    return PublicSuffixList()


def _spelt(name: str) -> str:
    try:
        (spelt,) = normalised([name])
    except SimlbError as error:
        raise SimlbError(NOT_PERMITTABLE, error.what, *error.hints) from error
    return spelt


def _never(domain: str) -> str | None:
    if is_address(domain):
        return "an address"
    if domain.startswith("*."):
        return "a wildcard"
    return "a single label" if "." not in domain else None


def _instead(domain: str) -> tuple[str, ...]:
    if domain.startswith("*."):
        return (f"a domain stands for every name below it: --permit {domain.removeprefix('*.')}",)
    if is_address(domain):
        return ("loopback addresses (127.0.0.0/8, ::1) are signed already; others never",)
    return (f"permit one domain below it: --permit shop.{domain}",)


def _unreadable(path: Path, why: str) -> SimlbError:
    return SimlbError(
        PERMITS_UNREADABLE,
        f"{path}, what the local CA may sign beyond its own, cannot be used: {why}.",
        "Put the file right, or move it away and say again what is in it: simlb cert ca --permit NAME",
    )
