"""DescribeCertificate and ListCertificates."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from datetime import datetime
from typing import Any

from simlb.controlplane.acm.call import AcmCall, Handlers, Result
from simlb.controlplane.acm.certificate import ManagedCertificate
from simlb.controlplane.acm.dns import validation_record
from simlb.controlplane.query.errors import QueryError

PAGE = 1000
LISTED_KEYS = ("RSA_1024", "RSA_2048")
"""What ListCertificates lists unless `keyTypes` says otherwise, as AWS's does: others have to be asked for."""

_VALIDATION_STATUS = {"PENDING_VALIDATION": "PENDING_VALIDATION", "FAILED": "FAILED", "VALIDATION_TIMED_OUT": "FAILED"}


async def describe_certificate(call: AcmCall) -> Result:
    """Everything about one."""
    certificate = await call.certificate()
    users = call.workshop.users().get(certificate.arn, ())
    return {"Certificate": _detail(certificate, users, call.workshop.now())}


async def list_certificates(call: AcmCall) -> Result:
    """Those that pass the filters, in pages."""
    given = call.parameters
    if ("SortBy" in given) != ("SortOrder" in given):
        raise QueryError("ValidationException", "SortBy and SortOrder have to be given together.")
    if "RootHierarchyTypes" in given:
        raise QueryError("ValidationException", "RootHierarchyTypes is not supported by simlb yet.")
    now, users = call.workshop.now(), call.workshop.users()
    everything = list((await call.certificates()).values())
    if given.get("SortOrder"):
        everything.sort(key=lambda one: one.created_at, reverse=given["SortOrder"] == "DESCENDING")
    found = [one for one in everything if _passes(call, one, now)]
    first = _place(given.get("NextToken"), found)
    last = first + given.get("MaxItems", PAGE)
    result: Result = {
        "CertificateSummaryList": [_summary(one, users.get(one.arn, ()), now) for one in found[first:last]]
    }
    if last < len(found):
        result["NextToken"] = base64.b64encode(found[last - 1].arn.encode()).decode()
    return result


def _place(token: str | None, found: list[ManagedCertificate]) -> int:
    """Where the page begins: a token names the last certificate of the page before."""
    if token is None:
        return 0
    try:
        arn = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, ValueError):
        raise QueryError("ValidationException", "The NextToken is not valid.") from None
    place = next((index for index, one in enumerate(found, 1) if one.arn == arn), None)
    if place is None:
        raise QueryError("ValidationException", "The NextToken is not valid.")
    return place


def _passes(call: AcmCall, certificate: ManagedCertificate, now: datetime) -> bool:
    given = call.parameters
    statuses = given.get("CertificateStatuses")
    origins = given.get("CertificateKeyPairOrigins")
    includes = given.get("Includes", {})
    facts = certificate.facts
    usages = facts.key_usages if facts else ()
    extended = [name for name, _ in facts.extended_key_usages] if facts else []
    return (
        (not statuses or certificate.status_at(now) in statuses)
        and (not origins or _origin(certificate) in origins)
        and certificate.key_algorithm in (includes.get("keyTypes") or LISTED_KEYS)
        and set(includes.get("keyUsage", ())) <= set(usages)
        and set(includes.get("extendedKeyUsage", ())) <= set(extended)
        and includes.get("exportOption", "DISABLED") == "DISABLED"
        and "managedBy" not in includes
    )


def _summary(certificate: ManagedCertificate, users: Collection[str], now: datetime) -> Any:
    facts = certificate.facts
    return {
        "CertificateArn": certificate.arn,
        "DomainName": certificate.names[0],
        "SubjectAlternativeNameSummaries": list(certificate.names),
        "HasAdditionalSubjectAlternativeNames": False,
        "Status": certificate.status_at(now),
        "Type": certificate.type,
        "KeyAlgorithm": certificate.key_algorithm,
        "KeyUsages": list(facts.key_usages) if facts else [],
        "ExtendedKeyUsages": [name for name, _ in facts.extended_key_usages] if facts else [],
        "ExportOption": "DISABLED" if certificate.type == "AMAZON_ISSUED" else None,
        "InUse": bool(users),
        "RenewalEligibility": _eligibility(certificate, users),
        "NotBefore": facts and facts.not_before,
        "NotAfter": facts and facts.not_after,
        "CreatedAt": certificate.created_at,
        "IssuedAt": certificate.issued_at,
        "ImportedAt": certificate.imported_at,
        "CertificateKeyPairOrigin": _origin(certificate),
    }


def _detail(certificate: ManagedCertificate, users: Collection[str], now: datetime) -> Any:
    facts = certificate.facts
    detail: dict[str, Any] = {
        "CertificateArn": certificate.arn,
        "DomainName": certificate.names[0],
        "SubjectAlternativeNames": list(certificate.names),
        "CreatedAt": certificate.created_at,
        "IssuedAt": certificate.issued_at,
        "ImportedAt": certificate.imported_at,
        "Status": certificate.status_at(now),
        "KeyAlgorithm": certificate.key_algorithm,
        "InUseBy": list(users),
        "FailureReason": certificate.failure_reason,
        "Type": certificate.type,
        "RenewalEligibility": _eligibility(certificate, users),
        "CertificateKeyPairOrigin": _origin(certificate),
        "KeyUsages": [],
        "ExtendedKeyUsages": [],
    }
    if certificate.type == "AMAZON_ISSUED":
        detail["Options"] = {
            "CertificateTransparencyLoggingPreference": certificate.transparency,
            "Export": "DISABLED",
        }
    if certificate.type == "AMAZON_ISSUED" and not certificate.is_of_file:
        validations = [_validation(certificate, name) for name in certificate.names]
        detail["DomainValidationOptions"] = validations
        if certificate.renewed_at is not None:
            detail["RenewalSummary"] = {
                "RenewalStatus": "SUCCESS",
                "DomainValidationOptions": validations,
                "UpdatedAt": certificate.renewed_at,
            }
    if facts is not None:
        detail |= {
            "Serial": facts.serial,
            "Subject": facts.subject,
            "Issuer": facts.issuer,
            "NotBefore": facts.not_before,
            "NotAfter": facts.not_after,
            "SignatureAlgorithm": facts.signature_algorithm,
            "KeyUsages": [{"Name": name} for name in facts.key_usages],
            "ExtendedKeyUsages": [
                {"Name": name, "OID": oid} if oid else {"Name": name} for name, oid in facts.extended_key_usages
            ],
        }
    return detail


def _validation(certificate: ManagedCertificate, name: str) -> Any:
    record = validation_record(name)
    is_seen = name in certificate.validated or certificate.status == "ISSUED"
    return {
        "DomainName": name,
        "ValidationDomain": name,
        "ValidationStatus": "SUCCESS" if is_seen else _VALIDATION_STATUS[certificate.status],
        "ResourceRecord": {"Name": record.name, "Type": "CNAME", "Value": record.value},
        "ValidationMethod": "DNS",
    }


def _eligibility(certificate: ManagedCertificate, users: Collection[str]) -> str:
    return "ELIGIBLE" if users and certificate.type == "AMAZON_ISSUED" else "INELIGIBLE"


def _origin(certificate: ManagedCertificate) -> str:
    return "AWS_MANAGED" if certificate.type == "AMAZON_ISSUED" else "CUSTOMER_PROVIDED"


HANDLERS: Handlers = {"DescribeCertificate": describe_certificate, "ListCertificates": list_certificates}
