"""Why a client's certificate is turned down, in the codes of AWS's connection log, and which kinds AWS supports.

Reference 6.6, 7.2. The chain itself is OpenSSL's to verify: its error numbers are what is sorted here.
"""

from __future__ import annotations

from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CHAIN_DEPTH_MAX = 4
"""How far above the client's certificate, which is 0, the trusted root may be."""
CHAIN_MAX_BYTES = 64 * 1024
RSA_BITS = range(2048, 8193)
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


class ClientCertFailure(StrEnum):
    """`Failed:<code>` of the connection log."""

    MAX_CHAIN_DEPTH_EXCEEDED = "ClientCertMaxChainDepthExceeded"
    MAX_SIZE_EXCEEDED = "ClientCertMaxSizeExceeded"
    CRL_HIT = "ClientCertCrlHit"
    CRL_PROCESSING_ERROR = "ClientCertCrlProcessingError"
    UNTRUSTED = "ClientCertUntrusted"
    NOT_YET_VALID = "ClientCertNotYetValid"
    EXPIRED = "ClientCertExpired"
    TYPE_UNSUPPORTED = "ClientCertTypeUnsupported"
    INVALID = "ClientCertInvalid"
    PURPOSE_INVALID = "ClientCertPurposeInvalid"
    UNMAPPED = "UnmappedConnectionError"


UNREADABLE = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)
"""What reading a part of a certificate that a stranger has made may raise."""

HAS_EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED."""
NO_CRL = 3
"""X509_V_ERR_UNABLE_TO_GET_CRL: the authority has published none, as most have not."""

_BY_ERROR = {
    4: ClientCertFailure.INVALID,  # signature that cannot be read
    6: ClientCertFailure.INVALID,  # key that cannot be read
    8: ClientCertFailure.CRL_PROCESSING_ERROR,  # signature of the list
    9: ClientCertFailure.NOT_YET_VALID,
    HAS_EXPIRED: ClientCertFailure.EXPIRED,
    11: ClientCertFailure.CRL_PROCESSING_ERROR,  # list not yet valid
    12: ClientCertFailure.CRL_PROCESSING_ERROR,  # list expired
    13: ClientCertFailure.INVALID,  # not-before field
    14: ClientCertFailure.INVALID,  # not-after field
    15: ClientCertFailure.CRL_PROCESSING_ERROR,  # last-update field
    16: ClientCertFailure.CRL_PROCESSING_ERROR,  # next-update field
    22: ClientCertFailure.MAX_CHAIN_DEPTH_EXCEEDED,
    23: ClientCertFailure.CRL_HIT,
    25: ClientCertFailure.MAX_CHAIN_DEPTH_EXCEEDED,  # the authority's own limit
    26: ClientCertFailure.PURPOSE_INVALID,
    33: ClientCertFailure.CRL_PROCESSING_ERROR,  # no issuer of the list
    34: ClientCertFailure.INVALID,  # critical extension
    35: ClientCertFailure.CRL_PROCESSING_ERROR,  # the authority may not sign lists
    36: ClientCertFailure.CRL_PROCESSING_ERROR,  # critical extension of the list
    44: ClientCertFailure.CRL_PROCESSING_ERROR,  # scope of the list
    54: ClientCertFailure.CRL_PROCESSING_ERROR,  # path to the list
}
_KEY_ERRORS = {66, 67, 68}
"""Key or digest too weak for the level of security that OpenSSL keeps."""


def failure_of(error: int) -> ClientCertFailure:
    """The code for one of OpenSSL's verification errors. Most say that no way leads to the trust store."""
    if error in _KEY_ERRORS:
        return ClientCertFailure.TYPE_UNSUPPORTED
    return _BY_ERROR.get(error, ClientCertFailure.UNTRUSTED)


def is_supported(certificate: x509.Certificate) -> bool:
    """Whether AWS takes such a certificate: X.509v3, RSA of 2048 to 8192 bits or a NIST curve, signed with SHA-2."""
    try:
        key, digest = certificate.public_key(), certificate.signature_hash_algorithm
    except UNREADABLE:
        return False
    if certificate.version is not x509.Version.v3 or not isinstance(digest, _HASHES):
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size in RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES)
