"""ImportCertificate: the user's own, new or in place of an earlier one; GetCertificate and DeleteCertificate."""

from __future__ import annotations

import uuid
from dataclasses import replace

from simlb.controlplane.acm.call import AcmCall, Handlers, Result, in_draft, missing, put
from simlb.controlplane.acm.certificate import KIND, ManagedCertificate
from simlb.controlplane.acm.tagging import read_tags
from simlb.controlplane.acm.workshop import Given
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.core.certificate_facts import CertificateFacts
from simlb.core.ids import ACCOUNT

_END = "-----END CERTIFICATE-----\n"


async def import_certificate(call: AcmCall) -> Result:
    """A new one; with CertificateArn in place of that, on every listener that has it, from the next handshake on."""
    parameters = call.parameters
    given = Given(
        certificate=parameters["Certificate"],
        private_key=parameters["PrivateKey"],
        chain=parameters.get("CertificateChain", b""),
    )
    if "CertificateArn" not in parameters:
        tags = read_tags(parameters.get("Tags", ()))
        return await _import_new(call, given, tags)
    if "Tags" in parameters:
        raise QueryError("InvalidParameterException", "Tags cannot be given when a certificate is imported again.")
    return await _import_again(call, await call.certificate(), given)


async def _import_new(call: AcmCall, given: Given, tags: dict[str, str]) -> Result:
    workshop = call.workshop
    inspected = await workshop.inspect(given)
    now = workshop.now()
    certificate = ManagedCertificate(
        arn=f"arn:aws:acm:{call.region}:{ACCOUNT}:certificate/{uuid.uuid4()}",
        type="IMPORTED",
        status="ISSUED",
        names=inspected.facts.names,
        key_algorithm=inspected.facts.key_algorithm,
        created_at=now,
        imported_at=now,
        facts=inspected.facts,
        chain=inspected.chain,
        private_key=inspected.private_key,
    )

    def add(draft: Draft) -> None:
        put(draft, certificate)
        draft.put_tags(certificate.arn, tags)

    await workshop.write(certificate)
    try:
        await workshop.change(add)
    except BaseException:
        await workshop.discard(certificate.arn)
        raise
    return {"CertificateArn": certificate.arn}


async def _import_again(call: AcmCall, present: ManagedCertificate, given: Given) -> Result:
    workshop = call.workshop
    if present.type != "IMPORTED" or present.is_of_file:
        raise QueryError(
            "ValidationException",
            f"Only what was imported through the API can be imported again: {present.arn} was not.",
        )
    inspected = await workshop.inspect(given)
    check_again(present, inspected.facts)

    def change(draft: Draft) -> ManagedCertificate:
        held = in_draft(draft, present.arn)
        if held is None:
            raise missing(present.arn)
        new = replace(
            held,
            names=inspected.facts.names,
            imported_at=workshop.now(),
            facts=inspected.facts,
            chain=inspected.chain,
            private_key=inspected.private_key,
        )
        put(draft, new)
        return new

    new = await workshop.change(change)
    await workshop.write(new)
    await workshop.present(new)
    return {"CertificateArn": present.arn}


def check_again(present: ManagedCertificate, facts: CertificateFacts) -> None:
    """Raise QueryError ValidationException for what must not change: the key's type and size."""
    if facts.key_algorithm != present.key_algorithm:
        raise QueryError(
            "ValidationException",
            f"The key type and size of a certificate cannot change when it is imported again: {present.key_algorithm} "
            f"is there, {facts.key_algorithm} was given.",
        )


async def get_certificate(call: AcmCall) -> Result:
    """Certificate and chain in PEM."""
    certificate = await call.certificate()
    if certificate.status == "PENDING_VALIDATION":
        raise QueryError("RequestInProgressException", f"The certificate {certificate.arn} has not been issued yet.")
    if certificate.facts is None:
        why = call.workshop.why_not(certificate)
        raise QueryError(
            "ResourceNotFoundException",
            f"The certificate {certificate.arn} was not issued ({certificate.status}). {why}",
        )
    leaf, end, rest = certificate.chain.partition(_END)
    return {"Certificate": f"{leaf}{end}", "CertificateChain": rest or None}


async def delete_certificate(call: AcmCall) -> Result:
    """One that no listener uses."""
    certificate = await call.certificate()
    arn = certificate.arn
    if certificate.is_of_file:
        raise _in_use(arn)

    def delete(draft: Draft) -> None:
        if in_draft(draft, arn) is None:
            raise missing(arn)
        balancers = draft.everything.load_balancers
        if any(held.arn == arn for one in balancers for listener in one.listeners for held in listener.certificates):
            raise _in_use(arn)
        draft.remove_record(KIND, arn)
        draft.put_tags(arn, {})

    await call.workshop.change(delete)
    await call.workshop.discard(arn)
    return {}


def _in_use(arn: str) -> QueryError:
    return QueryError("ResourceInUseException", f"Certificate {arn} in account {ACCOUNT} is in use.")


HANDLERS: Handlers = {
    "DeleteCertificate": delete_certificate,
    "GetCertificate": get_certificate,
    "ImportCertificate": import_certificate,
}
