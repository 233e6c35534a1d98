"""When a certificate ends."""

from __future__ import annotations

from pathlib import Path


def not_after(certificate_path: Path) -> str:
    """ISO 8601, in UTC, of the first certificate in a PEM file. Raises OSError or ValueError."""
    # Imported here, as wherever an instance without HTTPS can do without it.
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    return certificate.not_valid_after_utc.isoformat()
