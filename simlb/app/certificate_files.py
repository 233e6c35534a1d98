"""The files of ACM's certificates: chain and key in one, readable by their owner only, in a folder of the instance's.

    <uuid>.pem      what listeners load
    <uuid>.new      what takes its place once the change is safe on disk

One file for both, so that no moment has a key and a certificate that do not belong together. Every method blocks.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.certs import files

if TYPE_CHECKING:
    from simlb.controlplane.acm.workshop import Pems
    from simlb.core.certificate_facts import CertificateFacts


class CertificateFiles:
    """Of one instance. Methods raise SimlbError E206 when the folder cannot be used."""

    def __init__(self, folder: Path) -> None:
        """The folder is made with the first file."""
        self.folder = folder

    def path(self, arn: str) -> Path:
        """Where listeners find a certificate and its key."""
        return self.folder / f"{arn.rpartition('/')[2]}.pem"

    def stage(self, arn: str, chain_pem: bytes, key_pem: bytes) -> None:
        """Write a certificate beside the one that is in use."""
        with files.coded_errors(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            content = b"\n".join((chain_pem.strip(), key_pem.strip(), b""))
            files.write_atomically(self._staged(arn), content, mode=files.PRIVATE_MODE)

    def adopt(self, arn: str) -> None:
        """Have what was staged in use."""
        with files.coded_errors(self.folder):
            self._staged(arn).replace(self.path(arn))

    def unstage(self, arn: str) -> None:
        """Remove what was staged. Harmless when repeated."""
        self._staged(arn).unlink(missing_ok=True)

    def discard(self, arn: str) -> None:
        """Remove all of a certificate. Harmless when repeated."""
        self.unstage(arn)
        self.path(arn).unlink(missing_ok=True)

    def settle(self, arn: str, serial: str) -> CertificateFacts | None:
        """After a start: adopt what was staged if it is what the change was about, and say what is there now.

        None for a file that is missing or damaged.
        """
        staged = self._facts(self._staged(arn))
        if staged is not None and staged.serial == serial:
            self.adopt(arn)
        self.unstage(arn)
        return self._facts(self.path(arn))

    def sweep(self, arns: Collection[str]) -> None:
        """Remove what belongs to none of these: certificates of changes that were never finished, or taken back."""
        known = {path.name for arn in arns for path in (self.path(arn), self._staged(arn))}
        if self.folder.exists():
            for path in [path for path in self.folder.iterdir() if path.name not in known]:
                path.unlink(missing_ok=True)
            if not known:
                self.folder.rmdir()

    def pems(self, arn: str) -> Pems | None:
        """The certificate and what follows it, without the key."""
        return read_pems(self.path(arn))

    def _staged(self, arn: str) -> Path:
        return self.path(arn).with_suffix(".new")

    def _facts(self, path: Path) -> CertificateFacts | None:
        from simlb.certs.imported import is_servable

        return read_facts(path) if is_servable(path) else None


def read_facts(path: Path) -> CertificateFacts | None:
    """What the first certificate of a file says; None when there is none to be read."""
    from simlb.certs.described import facts, read_certificates

    try:
        return facts(read_certificates(path.read_bytes())[0])
    except (OSError, ValueError):
        return None


def read_pems(path: Path) -> Pems | None:
    """The certificates of a file, without the key; None when there are none."""
    from simlb.certs.described import pem, read_certificates
    from simlb.controlplane.acm.workshop import Pems

    try:
        leaf, *chain = read_certificates(path.read_bytes())
    except (OSError, ValueError):
        return None
    return Pems(certificate=pem([leaf]), chain=pem(chain))
