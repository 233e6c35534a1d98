"""The small JSON file beside a leaf: all that a later start must know to use it without importing `cryptography`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """What is known about an issued leaf. Times are aware, in UTC; digests are SHA-256 in lower-case hex."""

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    sha256: str
    """Of the certificate (DER): the fingerprint that browsers show."""
    file_sha256: str
    """Of the PEM file that holds leaf and chain, as written."""
    authority_sha256: str
    """Of the CA's two PEM files and of what it may sign (see `authority_digest`) at the time of issue."""

    def encode(self) -> bytes:
        """The file's content."""
        fields = asdict(self) | {
            "version": _VERSION,
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
        }
        return json.dumps(fields, indent=2).encode() + b"\n"


def read(path: Path) -> Sidecar | None:
    """The sidecar at `path`, or None when there is none that makes sense: the leaf is then issued again."""
    try:
        fields = json.loads(path.read_bytes())
        if fields["version"] != _VERSION:
            return None
        return Sidecar(
            names=tuple(str(name) for name in fields["names"]),
            not_before=datetime.fromisoformat(fields["not_before"]).astimezone(UTC),
            not_after=datetime.fromisoformat(fields["not_after"]).astimezone(UTC),
            sha256=str(fields["sha256"]),
            file_sha256=str(fields["file_sha256"]),
            authority_sha256=str(fields["authority_sha256"]),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def digest(content: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def authority_digest(root_pem: bytes, issuing_pem: bytes, domains: Sequence[str] = ()) -> str:
    """One digest for the CA as it is now; another one means another CA, whose leafs must be issued anew.

    `domains` are those that it may sign for beyond its own.
    """
    further = digest("\n".join(domains).encode()).encode() if domains else b""
    return digest(digest(root_pem).encode() + digest(issuing_pem).encode() + further)
