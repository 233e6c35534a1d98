"""The part of ACM's API (2015-12-08, JSON 1.1) that is answered, and the names of the rest. A test holds its shapes and
constraints against botocore's.

Parameters of operations that are refused are passed over, so that the refusal is the first thing that is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from simlb.controlplane.query.model import Model

TARGET = "CertificateManager"

_STATUSES = [
    "PENDING_VALIDATION",
    "ISSUED",
    "INACTIVE",
    "EXPIRED",
    "VALIDATION_TIMED_OUT",
    "REVOKED",
    "FAILED",
]
_KEY_USAGES = [
    "DIGITAL_SIGNATURE",
    "NON_REPUDIATION",
    "KEY_ENCIPHERMENT",
    "DATA_ENCIPHERMENT",
    "KEY_AGREEMENT",
    "CERTIFICATE_SIGNING",
    "CRL_SIGNING",
    "ENCIPHER_ONLY",
    "DECIPHER_ONLY",
    "ANY",
    "CUSTOM",
]
_EXTENDED_KEY_USAGES = [
    "TLS_WEB_SERVER_AUTHENTICATION",
    "TLS_WEB_CLIENT_AUTHENTICATION",
    "CODE_SIGNING",
    "EMAIL_PROTECTION",
    "TIME_STAMPING",
    "OCSP_SIGNING",
    "IPSEC_END_SYSTEM",
    "IPSEC_TUNNEL",
    "IPSEC_USER",
    "ANY",
    "NONE",
    "CUSTOM",
]
_TAG_TEXT = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"


def _structure(required: str = "", /, **members: str) -> dict[str, Any]:
    return {"type": "structure", "members": members, "required": required.split()}


def _list(member: str, **constraints: int) -> dict[str, Any]:
    return {"type": "list", "member": member, **constraints}


def _enum(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


_ONE: dict[str, Any] = _structure("CertificateArn", CertificateArn="Arn")
_SHAPES: dict[str, Any] = {
    "String": {"type": "string"},
    "Boolean": {"type": "boolean"},
    "Time": {"type": "timestamp"},
    "Strings": _list("String"),
    "Arn": {
        "type": "string",
        "min": 20,
        "max": 2048,
        "pattern": r"arn:[\w+=/,.@-]+:acm:[\w+=/,.@-]*:[0-9]+:[\w+=,.@-]+(/[\w+=,.@-]+)*",
    },
    "DomainNameString": {
        "type": "string",
        "min": 1,
        "max": 253,
        # botocore's has (?!-) in two places, which RE2 does not know: it says that no label begins with a hyphen.
        "pattern": r"(\*\.)?(([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9])\.)+"
        r"([A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9])",
    },
    "DomainList": _list("DomainNameString", min=1, max=100),
    "ValidationMethod": _enum("EMAIL", "DNS", "HTTP"),
    "KeyAlgorithm": _enum(
        "RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"
    ),
    "KeyAlgorithmList": _list("KeyAlgorithm"),
    "IdempotencyToken": {"type": "string", "min": 1, "max": 32, "pattern": r"\w+"},
    "Preference": _enum("ENABLED", "DISABLED"),
    "CertificateOptions": _structure(
        CertificateTransparencyLoggingPreference="Preference", Export="Preference", ValidationMethod="ValidationMethod"
    ),
    "DomainValidationOption": _structure(
        "DomainName ValidationDomain", DomainName="DomainNameString", ValidationDomain="DomainNameString"
    ),
    "DomainValidationOptionList": _list("DomainValidationOption", min=1, max=100),
    "ManagedBy": _enum("CLOUDFRONT"),
    "Usage": _enum("CLIENT_AND_SERVER_AUTH", "CLIENT_AUTH_ONLY"),
    "RootHierarchyType": _enum("N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED"),
    "RootHierarchyTypes": _list("RootHierarchyType", min=1, max=5),
    "TagKey": {"type": "string", "min": 1, "max": 128, "pattern": _TAG_TEXT},
    "TagValue": {"type": "string", "min": 0, "max": 256, "pattern": _TAG_TEXT},
    "TagKeyList": _list("TagKey", min=1, max=50),
    "Tag": _structure("Key", Key="TagKey", Value="TagValue"),
    "TagList": _list("Tag", min=1, max=50),
    "Status": _enum(*_STATUSES),
    "Statuses": _list("Status"),
    "KeyUsageName": _enum(*_KEY_USAGES),
    "KeyUsageNames": _list("KeyUsageName"),
    "ExtendedKeyUsageName": _enum(*_EXTENDED_KEY_USAGES),
    "ExtendedKeyUsageNames": _list("ExtendedKeyUsageName"),
    "KeyPairOrigin": _enum("AWS_MANAGED", "ACME", "CUSTOMER_PROVIDED"),
    "KeyPairOrigins": _list("KeyPairOrigin", min=1, max=3),
    "Filters": _structure(
        extendedKeyUsage="ExtendedKeyUsageNames",
        keyUsage="KeyUsageNames",
        keyTypes="KeyAlgorithmList",
        exportOption="Preference",
        managedBy="ManagedBy",
    ),
    "NextToken": {"type": "string", "min": 1, "max": 10000},
    "MaxItems": {"type": "integer", "min": 1, "max": 1000},
    "SortBy": _enum("CREATED_AT"),
    "SortOrder": _enum("ASCENDING", "DESCENDING"),
    "CertificateBlob": {"type": "blob", "min": 1, "max": 32768},
    "ChainBlob": {"type": "blob", "min": 1, "max": 2097152},
    "KeyBlob": {"type": "blob", "min": 1, "max": 8192},
    "PositiveInteger": {"type": "integer", "min": 1},
    "ExpiryEvents": _structure(DaysBeforeExpiry="PositiveInteger"),
    "ResourceRecord": _structure(Name="String", Type="String", Value="String"),
    "DomainValidation": _structure(
        DomainName="String",
        ValidationDomain="String",
        ValidationStatus="String",
        ResourceRecord="ResourceRecord",
        ValidationMethod="String",
    ),
    "DomainValidationList": _list("DomainValidation"),
    "RenewalSummary": _structure(
        RenewalStatus="String", DomainValidationOptions="DomainValidationList", UpdatedAt="Time"
    ),
    "KeyUsage": _structure(Name="String"),
    "KeyUsageList": _list("KeyUsage"),
    "ExtendedKeyUsage": _structure(Name="String", OID="String"),
    "ExtendedKeyUsageList": _list("ExtendedKeyUsage"),
    "CertificateDetail": _structure(
        CertificateArn="String",
        DomainName="String",
        SubjectAlternativeNames="Strings",
        DomainValidationOptions="DomainValidationList",
        Serial="String",
        Subject="String",
        Issuer="String",
        CreatedAt="Time",
        IssuedAt="Time",
        ImportedAt="Time",
        Status="String",
        NotBefore="Time",
        NotAfter="Time",
        KeyAlgorithm="String",
        SignatureAlgorithm="String",
        InUseBy="Strings",
        FailureReason="String",
        Type="String",
        RenewalSummary="RenewalSummary",
        KeyUsages="KeyUsageList",
        ExtendedKeyUsages="ExtendedKeyUsageList",
        RenewalEligibility="String",
        Options="CertificateOptions",
        CertificateKeyPairOrigin="String",
    ),
    "CertificateSummary": _structure(
        CertificateArn="String",
        DomainName="String",
        SubjectAlternativeNameSummaries="Strings",
        HasAdditionalSubjectAlternativeNames="Boolean",
        Status="String",
        Type="String",
        KeyAlgorithm="String",
        KeyUsages="Strings",
        ExtendedKeyUsages="Strings",
        ExportOption="String",
        InUse="Boolean",
        RenewalEligibility="String",
        NotBefore="Time",
        NotAfter="Time",
        CreatedAt="Time",
        IssuedAt="Time",
        ImportedAt="Time",
        CertificateKeyPairOrigin="String",
    ),
    "CertificateSummaryList": _list("CertificateSummary"),
}

_TAGS = _structure(Tags="TagList")
_NEW = _structure(CertificateArn="Arn")
_ANSWERED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "AddTagsToCertificate": (_structure("CertificateArn Tags", CertificateArn="Arn", Tags="TagList"), _structure()),
    "DeleteCertificate": (_ONE, _structure()),
    "DescribeCertificate": (_ONE, _structure(Certificate="CertificateDetail")),
    "GetAccountConfiguration": (_structure(), _structure(ExpiryEvents="ExpiryEvents")),
    "GetCertificate": (_ONE, _structure(Certificate="String", CertificateChain="String")),
    "ImportCertificate": (
        _structure(
            "Certificate PrivateKey",
            CertificateArn="Arn",
            Certificate="CertificateBlob",
            PrivateKey="KeyBlob",
            CertificateChain="ChainBlob",
            Tags="TagList",
        ),
        _NEW,
    ),
    "ListCertificates": (
        _structure(
            CertificateStatuses="Statuses",
            CertificateKeyPairOrigins="KeyPairOrigins",
            RootHierarchyTypes="RootHierarchyTypes",
            Includes="Filters",
            NextToken="NextToken",
            MaxItems="MaxItems",
            SortBy="SortBy",
            SortOrder="SortOrder",
        ),
        _structure(NextToken="NextToken", CertificateSummaryList="CertificateSummaryList"),
    ),
    "ListTagsForCertificate": (_ONE, _TAGS),
    "ListTagsForResource": (_structure("ResourceArn", ResourceArn="Arn"), _TAGS),
    "RemoveTagsFromCertificate": (
        _structure("CertificateArn Tags", CertificateArn="Arn", Tags="TagList"),
        _structure(),
    ),
    "RenewCertificate": (_ONE, _structure()),
    "RequestCertificate": (
        _structure(
            "DomainName",
            DomainName="DomainNameString",
            ValidationMethod="ValidationMethod",
            SubjectAlternativeNames="DomainList",
            IdempotencyToken="IdempotencyToken",
            DomainValidationOptions="DomainValidationOptionList",
            Options="CertificateOptions",
            CertificateAuthorityArn="String",
            Tags="TagList",
            KeyAlgorithm="KeyAlgorithm",
            ManagedBy="ManagedBy",
            CertificateUsage="Usage",
            RootHierarchyType="RootHierarchyType",
        ),
        _NEW,
    ),
    "ResendValidationEmail": (
        _structure(
            "CertificateArn Domain ValidationDomain",
            CertificateArn="Arn",
            Domain="DomainNameString",
            ValidationDomain="DomainNameString",
        ),
        _structure(),
    ),
    "TagResource": (_structure("ResourceArn Tags", ResourceArn="Arn", Tags="TagList"), _structure()),
    "UntagResource": (_structure("ResourceArn TagKeys", ResourceArn="Arn", TagKeys="TagKeyList"), _structure()),
    "UpdateCertificateOptions": (
        _structure("CertificateArn Options", CertificateArn="Arn", Options="CertificateOptions"),
        _structure(),
    ),
}
REFUSED = (
    "CreateAcmeDomainValidation",
    "CreateAcmeEndpoint",
    "CreateAcmeExternalAccountBinding",
    "DeleteAcmeDomainValidation",
    "DeleteAcmeEndpoint",
    "DeleteAcmeExternalAccountBinding",
    "DescribeAcmeAccount",
    "DescribeAcmeDomainValidation",
    "DescribeAcmeEndpoint",
    "DescribeAcmeExternalAccountBinding",
    "ExportCertificate",
    "GetAcmeExternalAccountBindingCredentials",
    "ListAcmeAccounts",
    "ListAcmeDomainValidations",
    "ListAcmeEndpoints",
    "ListAcmeExternalAccountBindings",
    "ListCertificateDomainValidations",
    "PutAccountConfiguration",
    "RevokeAcmeAccount",
    "RevokeAcmeExternalAccountBinding",
    "RevokeCertificate",
    "SearchCertificates",
    "UpdateAcmeDomainValidation",
    "UpdateAcmeEndpoint",
)
"""What has no sense here (nobody outside trusts the local CA) or is not carried out yet."""

ERRORS: Mapping[str, int] = dict.fromkeys(
    (
        "ConflictException",
        "InvalidArgsException",
        "InvalidArnException",
        "InvalidDomainValidationOptionsException",
        "InvalidParameterException",
        "InvalidStateException",
        "InvalidTagException",
        "LimitExceededException",
        "RequestInProgressException",
        "ResourceInUseException",
        "ResourceNotFoundException",
        "TooManyTagsException",
    ),
    400,
)


@cache
def acm_model() -> Model:
    """The API."""
    shapes = {**_SHAPES, "Nothing": _structure()}
    operations = {name: {"input": "Nothing", "output": "Nothing", "errors": []} for name in REFUSED}
    for name, (given, result) in _ANSWERED.items():
        shapes[f"{name}Request"], shapes[f"{name}Response"] = given, result
        operations[name] = {"input": f"{name}Request", "output": f"{name}Response", "errors": []}
    return Model.of(
        {
            "service": "acm",
            "version": "2015-12-08",
            "namespace": "",
            "operations": operations,
            "errors": ERRORS,
            "shapes": shapes,
        }
    )
