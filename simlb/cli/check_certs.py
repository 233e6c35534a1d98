"""The doctor's questions about the local certificate authority."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.cli.findings import Finding, failure, fine, warning
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.certs.authority import IssuingAuthority

_AUTHORITY_FILES = ("ca.pem", "issuing-ca.pem", "issuing-ca.key")
_OTHERS = 0o077


def authority(folder: Path) -> Iterator[Finding]:
    """Is there a CA, is it sound and constrained, and until when?"""
    paths = [folder / name for name in _AUTHORITY_FILES]
    if not any(path.exists() for path in paths):
        yield fine("local CA", "not made yet: the first start with an HTTPS listener makes it")
        return
    from simlb.certs.authority import AuthorityDamagedError, load_authority

    try:
        found = load_authority(*(path.read_bytes() for path in paths))
    except OSError as error:
        yield failure("local CA", f"{error.filename}: {error.strerror}", _mend(folder))
    except AuthorityDamagedError as error:
        yield failure("local CA", str(error), _mend(folder))
    else:
        signs = ", ".join(("localhost", "*.test", "loopback", *(f"*.{domain}" for domain in found.domains)))
        text = f"{paths[0]}, signs {signs} only, until {found.not_after:%Y-%m-%d}"
        if found.not_after <= datetime.now(UTC):
            yield warning("local CA", text, "→ expired: the next start makes a new one, which must be trusted again")
        else:
            yield fine("local CA", text)
        yield from _domains(folder, found)


def _domains(folder: Path, found: IssuingAuthority) -> Iterator[Finding]:
    from simlb.certs.store import CertificateStore

    try:
        CertificateStore(folder).check_domains(found)
    except SimlbError as error:
        yield failure("permitted domains", error.what, *error.hints)


def permissions(folder: Path) -> Iterator[Finding]:
    """Can others read the key, or replace files?"""
    if os.name == "nt" or not folder.is_dir():
        return
    open_to_others = [path.name for path in sorted(folder.glob("*.key")) if path.stat().st_mode & _OTHERS]
    if open_to_others:
        yield failure(
            "key files", f"others can read {', '.join(open_to_others)}", f"→ chmod 600 {folder}/*.key", _mend(folder)
        )
    elif folder.stat().st_mode & 0o002:
        yield failure("key files", f"everybody can write in {folder}", f"→ chmod o-w {folder}")
    else:
        yield fine("key files", "readable by you only")


def leafs(folder: Path) -> Iterator[Finding]:
    """Which certificates have been issued, and until when?"""
    from simlb.certs import sidecar

    now = datetime.now(UTC)
    for path in sorted(folder.glob("*.json")):
        if (known := sidecar.read(path)) is None:
            continue
        text = f"{', '.join(known.names)} until {known.not_after:%Y-%m-%d}"
        if known.not_after <= now:
            yield warning("certificate", text, "→ expired: the next start issues it again")
        else:
            yield fine("certificate", text)


def left_folders() -> Iterator[Finding]:
    """Keys of instances and scenario runs that were killed? They are removed right here."""
    from simlb.certs.private_folder import sweep

    swept = sweep()
    if swept.removed:
        yield fine("temporary folders", f"removed what a killed simlb had left: {', '.join(map(str, swept.removed))}")
    for what in swept.stuck:
        yield warning(
            "temporary folders", f"a killed simlb's cannot be removed: {what}", "→ remove it: keys may be in it"
        )


def _mend(folder: Path) -> str:
    return f"→ in doubt move ca.pem, issuing-ca.pem and issuing-ca.key out of {folder}: the next start makes a new CA"
