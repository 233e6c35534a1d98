"""RequestCertificate, and what can be said about a request later."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from simlb.controlplane.acm.call import AcmCall, Handlers, Result, in_draft, missing, put
from simlb.controlplane.acm.certificate import ManagedCertificate
from simlb.controlplane.acm.tagging import read_tags
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.core.ids import ACCOUNT

NAMES_MAX = 10
"""AWS's quota of domain names in a certificate, unless it is raised."""

CERTIFICATES_MAX = 2500
"""AWS's quota of certificates of a region."""

COMMON_NAME_MAX = 64
"""RFC 5280: the domain name becomes the common name."""

TOKEN_KNOWN_FOR = timedelta(hours=1)
KEY_ALGORITHMS = ("RSA_2048", "EC_prime256v1", "EC_secp384r1")
"""What can be requested of a public certificate."""


async def request_certificate(call: AcmCall) -> Result:
    """A pending certificate: it is issued once the DNS records of all its names are seen."""
    given = call.parameters
    _refuse_unsupported(given)
    names = _names(given)
    tags = read_tags(given.get("Tags", ()))
    algorithm = given.get("KeyAlgorithm", KEY_ALGORITHMS[0])
    options = given.get("Options", {})
    wanted = ManagedCertificate(
        arn=f"arn:aws:acm:{call.region}:{ACCOUNT}:certificate/{uuid.uuid4()}",
        type="AMAZON_ISSUED",
        status="PENDING_VALIDATION",
        names=names,
        key_algorithm=algorithm,
        created_at=call.workshop.now(),
        idempotency_token=given.get("IdempotencyToken"),
        transparency=options.get("CertificateTransparencyLoggingPreference", "ENABLED"),
    )

    def request(draft: Draft) -> str:
        held = [one for one in call.workshop.held().values() if one.region == call.region]
        earlier = _earlier(wanted, held)
        if earlier is not None:
            return earlier.arn
        if len(held) >= CERTIFICATES_MAX:
            raise QueryError(
                "LimitExceededException", f"The limit of {CERTIFICATES_MAX} certificates in this region is reached."
            )
        put(draft, wanted)
        draft.put_tags(wanted.arn, tags)
        return wanted.arn

    arn = await call.workshop.change(request)
    call.workshop.expect(arn)
    return {"CertificateArn": arn}


def _earlier(wanted: ManagedCertificate, held: list[ManagedCertificate]) -> ManagedCertificate | None:
    """What the same idempotency token has requested within an hour."""
    token = wanted.idempotency_token
    if token is None:
        return None
    since = wanted.created_at - TOKEN_KNOWN_FOR
    found = next((one for one in held if one.idempotency_token == token and one.created_at > since), None)
    if found is None:
        return None
    if (found.names, found.key_algorithm) != (wanted.names, wanted.key_algorithm):
        raise QueryError(
            "InvalidParameterException",
            f"The idempotency token '{token}' was used with other parameters within the last hour.",
        )
    return found


def _names(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The domain name and the others, each once, in lower case."""
    domain: str = given["DomainName"].lower()
    if len(domain) > COMMON_NAME_MAX:
        raise QueryError(
            "InvalidParameterException",
            f"The first domain name can be no longer than {COMMON_NAME_MAX} octets, including periods. Put a longer "
            "one among the SubjectAlternativeNames.",
        )
    names = tuple(dict.fromkeys((domain, *(name.lower() for name in given.get("SubjectAlternativeNames", ())))))
    if len(names) > NAMES_MAX:
        raise QueryError(
            "LimitExceededException", f"The request has {len(names)} domain names; the limit is {NAMES_MAX}."
        )
    return names


def _refuse_unsupported(given: Mapping[str, Any]) -> None:
    method = given.get("ValidationMethod")
    if method != "DNS":
        chosen = "EMAIL, which is what it is when it is not given," if method is None else method
        raise QueryError(
            "InvalidParameterException",
            f"ValidationMethod {chosen} is not supported by simlb: set ValidationMethod to DNS.",
        )
    if given.get("DomainValidationOptions"):
        raise QueryError(
            "InvalidDomainValidationOptionsException",
            "DomainValidationOptions say where e-mails go; simlb validates by DNS and sends none.",
        )
    for name in ("CertificateAuthorityArn", "ManagedBy", "CertificateUsage", "RootHierarchyType"):
        if name in given:
            raise QueryError("InvalidParameterException", f"{name} is not supported by simlb yet.")
    algorithm = given.get("KeyAlgorithm", KEY_ALGORITHMS[0])
    if algorithm not in KEY_ALGORITHMS:
        raise QueryError(
            "InvalidParameterException",
            f"The key algorithm {algorithm} cannot be requested: {', '.join(KEY_ALGORITHMS)}. Others can be imported.",
        )
    check_options(given.get("Options", {}))


def check_options(options: Mapping[str, str]) -> None:
    """Raise QueryError InvalidParameterException for options that simlb does not have."""
    if options.get("Export") == "ENABLED":
        raise QueryError("InvalidParameterException", "Exportable certificates are not supported by simlb yet.")
    if options.get("ValidationMethod", "DNS") != "DNS":
        raise QueryError("InvalidParameterException", "simlb validates by DNS only.")


async def update_options(call: AcmCall) -> Result:
    """Certificate transparency: nothing of simlb's is in a public log either way."""
    options = call.parameters["Options"]
    check_options(options)
    certificate = await call.certificate()
    if certificate.type != "AMAZON_ISSUED" or certificate.is_of_file:
        raise QueryError("InvalidStateException", f"The options of {certificate.arn} cannot be changed: not requested.")

    def update(draft: Draft) -> Result:
        present = in_draft(draft, certificate.arn)
        if present is None:
            raise missing(certificate.arn)
        preference = options.get("CertificateTransparencyLoggingPreference", present.transparency)
        put(draft, replace(present, transparency=preference))
        return {}

    return await call.workshop.change(update)


async def renew_certificate(call: AcmCall) -> Result:
    """ACM's is for private certificates that were exported, of which there are none."""
    certificate = await call.certificate()
    if certificate.status == "PENDING_VALIDATION":
        raise QueryError("RequestInProgressException", f"The certificate {certificate.arn} is not issued yet.")
    how = "renews itself in time" if certificate.type == "AMAZON_ISSUED" else "is renewed by importing a new one"
    raise QueryError("ValidationException", f"The certificate {certificate.arn} {how}: RenewCertificate is not for it.")


async def resend_email(call: AcmCall) -> Result:
    """There is no e-mail to be sent again."""
    certificate = await call.certificate()
    raise QueryError("InvalidStateException", f"The certificate {certificate.arn} is not validated by e-mail.")


HANDLERS: Handlers = {
    "RenewCertificate": renew_certificate,
    "RequestCertificate": request_certificate,
    "ResendValidationEmail": resend_email,
    "UpdateCertificateOptions": update_options,
}
