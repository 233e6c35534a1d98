"""Where a configuration's certificates come from. Issuing is somebody else's: it comes in as a `CertificateSource`."""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import Protocol

from simlb.config.problems import CERTIFICATE_FILE, Refused
from simlb.core.ids import certificate_arn
from simlb.core.model import Certificate


class CertificateSource(Protocol):
    """Issues certificates and loads foreign ones."""

    def issue(self, names: tuple[str, ...]) -> Certificate:
        """A certificate for DNS names (perhaps `*.` in front) and addresses. May raise SimlbError."""

    def load(self, certificate_file: Path, key_file: Path) -> Certificate:
        """A PEM chain (leaf first) and its key. May raise SimlbError."""


class UnissuedCertificates:
    """Stands in while a configuration is checked: nothing is issued or written, only looked for."""

    def __init__(self, region: str) -> None:
        self._region = region

    def issue(self, names: tuple[str, ...]) -> Certificate:
        """A description without files."""
        return Certificate(
            arn=certificate_arn(self._region, names), names=names, certificate_path=Path(), key_path=Path()
        )

    def load(self, certificate_file: Path, key_file: Path) -> Certificate:
        """A description of files that exist; what they hold is read when the load balancer starts."""
        for path in (certificate_file, key_file):
            # os.path, not pathlib: it says no where pathlib raises (too long, not permitted, a NUL).
            if not os.path.isfile(path):  # noqa: PTH113
                raise Refused(f"there is no file '{path}'", code=CERTIFICATE_FILE)
        return Certificate(
            arn=certificate_arn(self._region, (str(certificate_file),)),
            names=(),
            certificate_path=certificate_file,
            key_path=key_file,
        )
