"""The files of ACM's certificates: chain and key in one, readable by their owner only, in a folder of the instance's.

Python's ssl module reads keys from files only. What counts is the records of the state: a file that is missing, damaged
or of an earlier time is written again from them. One file for both, so that no moment has a key and a certificate that
do not belong together. Every method blocks.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.certs import files

if TYPE_CHECKING:
    from simlb.core.certificate_facts import CertificateFacts


class CertificateFiles:
    """Of one instance. Methods raise SimlbError E206 when the folder cannot be used."""

    def __init__(self, folder: Path) -> None:
        """The folder is made with the first file."""
        self.folder = folder

    def path(self, arn: str) -> Path:
        """Where listeners find a certificate and its key."""
        return self.folder / f"{arn.rpartition('/')[2]}.pem"

    def write(self, arn: str, chain: str, private_key: str) -> None:
        """The whole file, or what was there before."""
        with files.coded_errors(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.write_atomically(self.path(arn), f"{chain}{private_key}".encode(), mode=files.PRIVATE_MODE)

    def discard(self, arn: str) -> None:
        """Remove it. Harmless when repeated."""
        self.path(arn).unlink(missing_ok=True)

    def has(self, arn: str, serial: str) -> bool:
        """Whether the certificate with that serial number is there with its key, as OpenSSL sees it."""
        from simlb.certs.imported import is_servable

        path = self.path(arn)
        if not is_servable(path):
            return False
        found = read_chain(path)
        return found is not None and found[0].serial == serial

    def sweep(self, arns: Collection[str]) -> None:
        """Remove what belongs to none of these: certificates that were taken back, and writing that broke off."""
        known = {self.path(arn).name for arn in arns}
        if self.folder.exists():
            for path in [path for path in self.folder.iterdir() if path.name not in known]:
                path.unlink(missing_ok=True)
            if not known:
                self.folder.rmdir()


def read_chain(path: Path) -> tuple[CertificateFacts, str] | None:
    """What the first certificate of a file says, and all its certificates in PEM; None when there are none."""
    from simlb.certs.described import facts, pem, read_certificates
    from simlb.certs.imported import UNREADABLE

    try:
        found = read_certificates(path.read_bytes())
        return facts(found[0]), pem(found)
    except (OSError, *UNREADABLE):
        return None
