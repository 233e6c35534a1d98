"""Certificates for any name, signed by a CA that exists in this process alone and is never written or trusted."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from simlb.certs.ephemeral import EphemeralAuthority
from simlb.core.ids import certificate_arn
from simlb.core.model import Certificate

_BESIDES = ("localhost", "127.0.0.1", "::1")
"""In every certificate, so that `lb.url_for("https")` works with any client that trusts the CA."""


@functools.cache
def authority() -> EphemeralAuthority:
    """The CA of this process."""
    return EphemeralAuthority()


@functools.cache
def _pair(names: tuple[str, ...]) -> bytes:
    """Chain and key in one PEM: made once per process and names."""
    chain, key = authority().issue(names)
    return chain + key


class EphemeralCertificates:
    """A `simlb.config.CertificateSource` for one load balancer. `close` once it has stopped.

    OpenSSL reads keys from files only. On Linux these have no name and are gone with the process; elsewhere they lie,
    readable by their owner alone, in `folder` until the load balancer stops.
    """

    def __init__(self, region: str, folder: Path) -> None:
        self._region = region
        self._folder = folder
        self._descriptors: list[int] = []

    def issue(self, names: tuple[str, ...]) -> Certificate:
        """A certificate for these names, and for loopback besides."""
        path = self._file(_pair(tuple(dict.fromkeys((*names, *_BESIDES)))))
        return Certificate(arn=certificate_arn(self._region, names), names=names, certificate_path=path, key_path=path)

    def load(self, certificate_file: Path, key_file: Path) -> Certificate:
        """The test's own files. Raises SimlbError E204 or E205."""
        from simlb.certs.imported import inspect_pair

        return Certificate(
            arn=certificate_arn(self._region, (str(certificate_file),)),
            names=inspect_pair(certificate_file, key_file).names,
            certificate_path=certificate_file,
            key_path=key_file,
        )

    def close(self) -> None:
        """Let the keys go."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()

    def _file(self, content: bytes) -> Path:
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("simlb-certificate", os.MFD_CLOEXEC)
            self._descriptors.append(descriptor)
            os.write(descriptor, content)
            return Path(f"/proc/self/fd/{descriptor}")
        path = self._folder / f"certificate-{len(list(self._folder.iterdir()))}.pem"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        return path
