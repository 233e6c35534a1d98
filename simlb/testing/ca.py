"""The test CA as a file, for clients that want one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simlb.testing.certificates import authority

_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class CaFile(str):
    """The path of a PEM file with the CA's certificate: `requests.get(url, verify=alb_ca)`."""

    __slots__ = ()

    @classmethod
    def write(cls, folder: Path) -> CaFile:
        """Put the certificate - never the key - into a folder."""
        path = folder / "simlb-test-ca.pem"
        path.write_bytes(authority().ca_pem)
        return cls(path)

    @property
    def pem(self) -> str:
        """The certificate."""
        return authority().ca_pem.decode()

    @contextmanager
    def trusted(self) -> Iterator[CaFile]:
        """Have clients that go by environment variables trust it, and it alone, within the block.

        These are Python's ssl (SSL_CERT_FILE), requests (REQUESTS_CA_BUNDLE) and curl (CURL_CA_BUNDLE), in this process
        and in those that it starts.
        """
        before = {name: os.environ.get(name) for name in _VARIABLES}
        os.environ.update(dict.fromkeys(_VARIABLES, str(self)))
        try:
            yield self
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
