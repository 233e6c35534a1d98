"""What ACM asks of the application: keys, files, wall-clock time, the load balancers, and to keep what it has made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from simlb.controlplane.acm.certificate import ManagedCertificate
from simlb.controlplane.operations.draft import Draft
from simlb.core.certificate_facts import CertificateFacts

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What ImportCertificate was given, in PEM. `chain` is empty for a certificate without one."""

    certificate: bytes
    private_key: bytes
    chain: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """The same as it is kept: what it says, the certificate with its chain, and the key, in PEM."""

    facts: CertificateFacts
    chain: str
    private_key: str


class Workshop(Protocol):
    """An application that makes certificates. Called on its own loop; what takes long happens in threads."""

    def now(self) -> datetime:
        """Wall-clock time, aware."""

    def held(self) -> Mapping[str, ManagedCertificate]:
        """Everything that the API has made, by ARN, in every region."""

    async def of_file(self) -> Mapping[str, ManagedCertificate]:
        """The certificates of the configuration file, by ARN."""

    def users(self) -> Mapping[str, Collection[str]]:
        """ARNs of the load balancers that a certificate serves, by the certificate's ARN. Those in force."""

    def tags(self, arn: str) -> Mapping[str, str]:
        """Of a certificate."""

    async def change(self, edit: Callable[[Draft], T]) -> T:
        """See `Estate.change`."""

    async def inspect(self, given: Given) -> Inspected:
        """Whether that can be served, and what it says. Raises QueryError ValidationException."""

    async def write(self, certificate: ManagedCertificate) -> None:
        """Have its chain and key in the file that listeners load. Raises QueryError ServiceUnavailable."""

    async def present(self, certificate: ManagedCertificate) -> None:
        """Have the listeners that use it show its file as it is now, from the next handshake on."""

    async def discard(self, arn: str) -> None:
        """Remove the file of a certificate that is no more."""

    def expect(self, arn: str) -> None:
        """Begin to look whether a pending certificate's records are there."""

    def why_not(self, certificate: ManagedCertificate) -> str:
        """In words, why it was not issued; empty where that is known from its status."""
