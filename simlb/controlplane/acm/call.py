"""One call of an operation of ACM's, and the certificate that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simlb.controlplane.acm.certificate import ARN, KIND, ManagedCertificate, of_record
from simlb.controlplane.acm.workshop import Workshop
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.protocol import Answer, Values

Result = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmCall:
    """An operation's name, its checked parameters, and the region that it is made in."""

    operation: str
    parameters: Values
    region: str
    workshop: Workshop

    def arn(self, parameter: str = "CertificateArn") -> str:
        """Raises QueryError InvalidArnException for one that is no certificate's."""
        arn: str = self.parameters[parameter]
        if ARN.fullmatch(arn) is None:
            raise QueryError("InvalidArnException", f"The provided ARN '{arn}' is not the ARN of a certificate.")
        return arn

    async def certificates(self) -> dict[str, ManagedCertificate]:
        """All of the region, the file's first."""
        workshop = self.workshop
        held = {arn: one for arn, one in workshop.held().items() if one.region == self.region}
        return {**{arn: one for arn, one in (await workshop.of_file()).items() if one.region == self.region}, **held}

    async def certificate(self, parameter: str = "CertificateArn") -> ManagedCertificate:
        """The one that the call names. Raises QueryError ResourceNotFoundException."""
        arn = self.arn(parameter)
        found = (await self.certificates()).get(arn)
        if found is None:
            raise missing(arn)
        return found


def missing(arn: str) -> QueryError:
    """AWS's words."""
    return QueryError("ResourceNotFoundException", f"Could not find certificate {arn}.")


def in_draft(draft: Draft, arn: str) -> ManagedCertificate | None:
    """One of the API's, as it is in a change."""
    body = draft.changes.records.get(KIND, {}).get(arn)
    return None if body is None else of_record(body)


def put(draft: Draft, certificate: ManagedCertificate) -> None:
    """A new certificate, or one as it is to be."""
    draft.put_record(KIND, certificate.arn, certificate.to_record())


Handler = Callable[[AcmCall], Answer]
Handlers = Mapping[str, Handler]
