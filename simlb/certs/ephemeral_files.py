"""Files for certificates of an ephemeral CA: Python's ssl module reads a key from nowhere else than a file.

They lie in a private folder (`simlb.certs.private_folder`) for as long as somebody may load them. The CA's own key is
in no file.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from simlb.certs.ephemeral import EphemeralAuthority
from simlb.certs.names import normalised, slug
from simlb.certs.private_folder import PrivateFolder
from simlb.certs.store import CertificateStore
from simlb.core.ids import certificate_arn
from simlb.core.model import Certificate


class EphemeralFiles:
    """Leafs of one `EphemeralAuthority` in a folder that only its owner can enter. Usable from several threads."""

    def __init__(self, authority: EphemeralAuthority | None = None) -> None:
        """A CA of its own unless one is given. The folder is made now, below the system's temporary one."""
        self.authority = authority or EphemeralAuthority()
        self._private = PrivateFolder()
        self.folder = self._private.path
        self.ca_path = self.folder / "ca.pem"
        """The CA's certificate, for clients that want a file."""
        self.ca_path.write_bytes(self.authority.ca_pem)
        self._issued: set[tuple[str, ...]] = set()
        self._issuing = threading.Lock()

    def ensure(self, names: Sequence[str]) -> tuple[tuple[str, ...], Path, Path]:
        """The names in their one spelling, and where certificate (a PEM chain) and key for exactly these lie.

        Raises SimlbError E203 for what is neither a host name nor an IP address.
        """
        wanted = normalised(names)
        stem = slug(wanted)
        certificate_path, key_path = self.folder / f"{stem}.crt", self.folder / f"{stem}.key"
        with self._issuing:
            if wanted not in self._issued:
                chain_pem, key_pem = self.authority.issue(wanted)
                certificate_path.write_bytes(chain_pem)
                key_path.write_bytes(key_pem)
                self._issued.add(wanted)
        return wanted, certificate_path, key_path

    def close(self) -> None:
        """Remove the folder and all that lies in it. Harmless when repeated."""
        self._private.close()


class EphemeralCertificates:
    """A `simlb.config.CertificateSource` over `EphemeralFiles`. `notices` collects what users should be told."""

    def __init__(self, files: EphemeralFiles, region: str) -> None:
        self._files = files
        self._region = region
        self.notices: list[str] = []

    def issue(self, names: tuple[str, ...]) -> Certificate:
        """A certificate for these names, whatever they are: the one made before, or a new one."""
        written, certificate_path, key_path = self._files.ensure(names)
        return Certificate(
            arn=certificate_arn(self._region, names),
            names=written,
            certificate_path=certificate_path,
            key_path=key_path,
        )

    def load(self, certificate_file: Path, key_file: Path) -> Certificate:
        """The user's own files, checked. Raises SimlbError E204 or E205."""
        pair = CertificateStore(self._files.folder).import_pair(certificate_file, key_file)
        self.notices += [notice for notice in pair.notices if notice not in self.notices]
        return Certificate(
            arn=certificate_arn(self._region, (str(certificate_file),)),
            names=pair.names,
            certificate_path=pair.certificate_path,
            key_path=pair.key_path,
        )
