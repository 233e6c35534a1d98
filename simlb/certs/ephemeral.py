"""A CA for one process's lifetime: signs any name, is never written, and nobody but the test that made it trusts it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from cryptography.hazmat.primitives.serialization import Encoding

from simlb.certs.authority import KeyAlgorithm, key_pem, new_key, new_leaf_key, unconstrained_authority
from simlb.certs.names import normalised


class EphemeralAuthority:
    """For tests and ephemeral mode. Unlike the CA on disk it has no name constraints: keep its key in memory."""

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`now` gives the wall-clock time, aware; move it to get certificates that have expired."""
        self._now = now
        self._authority = unconstrained_authority(now())
        self.ca_pem: bytes = self._authority.certificate.public_bytes(Encoding.PEM)
        """The certificate that a client has to trust, in PEM."""

    def issue(self, names: Sequence[str], algorithm: KeyAlgorithm = "EC_prime256v1") -> tuple[bytes, bytes]:
        """A certificate for these host names and IP addresses: its chain and its key, both in PEM.

        Valid from an hour ago for 90 days, at most as long as the CA (a year from its making). Raises SimlbError E203
        for what is neither a host name nor an IP address.
        """
        key = new_leaf_key(algorithm)
        return self._authority.issue(normalised(names), key, self._now()).chain_pem, key_pem(key)

    def issue_expired(self, names: Sequence[str]) -> tuple[bytes, bytes]:
        """As `issue`, but its time ended a day ago: clients refuse it for that alone."""
        key = new_key()
        return self._authority.issue_expired(normalised(names), key, self._now()).chain_pem, key_pem(key)
