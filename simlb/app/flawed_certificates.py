"""Certificates that clients are to refuse, as files in a folder of the instance's own while faults present them."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from simlb.core.ids import certificate_arn
from simlb.core.model import Certificate
from simlb.faults.site import CertificateFlaw

if TYPE_CHECKING:
    from simlb.app.options import AppOptions
    from simlb.certs.authority import KeyAlgorithm


class Issuer(Protocol):
    """The authority whose certificates this instance's clients trust. Both methods give a chain and a key in PEM."""

    def issue(self, names: tuple[str, ...], algorithm: KeyAlgorithm = ...) -> tuple[bytes, bytes]:
        """A good certificate. Raises SimlbError for names that it may not sign."""

    def issue_expired(self, names: tuple[str, ...]) -> tuple[bytes, bytes]:
        """One whose time ended yesterday."""


class FlawedCertificates:
    """Issues them into `<state folder>/faults/<instance>`, which goes with the last of them, and with the instance."""

    def __init__(self, options: AppOptions) -> None:
        self.flaws: dict[Certificate, CertificateFlaw] = {}
        """Those that have been issued and not been discarded."""
        self._options = options
        self._folder = options.state_dir / "faults" / options.instance
        self._numbers = itertools.count(1)
        self._has_begun = False

    def issue(self, flaw: CertificateFlaw, names: tuple[str, ...], region: str) -> Certificate:
        """A certificate with that flaw for these names. Raises SimlbError E203 for names that cannot be signed."""
        chain_pem, key_pem = self._pems(flaw, names)
        if not self._has_begun:
            self.close()  # what an instance left that was killed
            self._has_begun = True
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stem = f"{next(self._numbers)}"
        certificate = Certificate(
            arn=certificate_arn(region, (flaw.value, *names)),
            names=names,
            certificate_path=self._folder / f"{stem}.pem",
            key_path=self._folder / f"{stem}.key",
        )
        key_path = Path(certificate.key_path)
        key_path.touch(mode=0o600)
        key_path.write_bytes(key_pem)
        Path(certificate.certificate_path).write_bytes(chain_pem)
        self.flaws[certificate] = flaw
        return certificate

    def discard(self, certificate: Certificate) -> None:
        """Remove the files of one. Harmless when repeated."""
        self.flaws.pop(certificate, None)
        for path in (certificate.certificate_path, certificate.key_path):
            Path(path).unlink(missing_ok=True)
        if self._folder.exists() and not any(self._folder.iterdir()):
            self.close()

    def close(self) -> None:
        """Remove all of them. Harmless when repeated."""
        if self._folder.exists():
            shutil.rmtree(self._folder)
            with contextlib.suppress(OSError):  # another instance has some too
                self._folder.parent.rmdir()

    def _pems(self, flaw: CertificateFlaw, names: tuple[str, ...]) -> tuple[bytes, bytes]:
        from simlb.certs.ephemeral import EphemeralAuthority
        from simlb.certs.store import CertificateStore

        issuer: Issuer = self._options.issuer or CertificateStore(self._options.certs_dir)
        match flaw:
            case CertificateFlaw.WRONG_NAME:
                return issuer.issue(names)
            case CertificateFlaw.EXPIRED:
                return issuer.issue_expired(names)
            case CertificateFlaw.UNTRUSTED:
                return EphemeralAuthority().issue(names)
