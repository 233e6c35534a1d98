"""Where logs go: the attributes `<kind>.s3.enabled`, `.bucket` and `.prefix` (reference 1.1.1).

A bucket is a folder in the state folder, so names and prefixes are held to what S3 accepts and what is a path below it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from simlb.core.attributes.table import Attribute, AttributeValueError, flag

DEFAULT_BUCKET = "simlb-logs"
"""Where logs go that are enabled without a bucket, which AWS refuses (docs/parity.md)."""
PREFIX_BYTES_MAX = 512
"""S3's 1,024 bytes for a whole key leave room for more; a path on disk does not everywhere."""
PREFIX_PART_BYTES_MAX = 200

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")
_RESERVED_BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_PREFIX_PART = re.compile(r"[A-Za-z0-9!_.'()=+,@&$-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBucket:
    """A bucket, and the prefix in it without slashes at its ends; empty for none."""

    bucket: str = DEFAULT_BUCKET
    prefix: str = ""


def log_rows(kind: str) -> tuple[Attribute, ...]:
    """The three rows of one kind of log, such as `access_logs`."""
    return (
        flag(f"{kind}.s3.enabled"),
        Attribute(key=f"{kind}.s3.bucket", kind="str", default="", rule=check_bucket),
        Attribute(key=f"{kind}.s3.prefix", kind="str", default="", rule=check_prefix),
    )


def log_bucket(values: Mapping[str, str], kind: str) -> LogBucket | None:
    """What those rows say; None when the log is not enabled."""
    if values[f"{kind}.s3.enabled"] != "true":
        return None
    return LogBucket(bucket=values[f"{kind}.s3.bucket"] or DEFAULT_BUCKET, prefix=values[f"{kind}.s3.prefix"])


def check_bucket(name: str) -> None:
    """S3's rules for the names of buckets. Raises AttributeValueError. Empty is no bucket."""
    if not name:
        return
    is_good = (
        _BUCKET.fullmatch(name)
        and ".." not in name
        and not _ADDRESS.fullmatch(name)
        and not name.startswith(_RESERVED_BEGINNINGS)
        and not name.endswith(_RESERVED_ENDS)
    )
    if not is_good:
        raise AttributeValueError(
            f"'{name}' is not a bucket name: 3-63 lower-case letters, digits, hyphens and dots, beginning and ending "
            "with a letter or digit, without '..' and S3's reserved beginnings and ends",
            code="InvalidConfigurationRequest",
        )


def check_prefix(prefix: str) -> None:
    """A prefix that AWS accepts and that is a path below the bucket. Raises AttributeValueError. Empty is none."""
    if not prefix:
        return
    if "AWSLogs" in prefix:
        raise AttributeValueError(
            f"the prefix '{prefix}' must not contain 'AWSLogs', which is added behind it",
            code="InvalidConfigurationRequest",
        )
    parts = prefix.split("/")
    is_good = len(prefix) <= PREFIX_BYTES_MAX and all(
        _PREFIX_PART.fullmatch(part) and part.strip(".") and len(part) <= PREFIX_PART_BYTES_MAX for part in parts
    )
    if not is_good:
        raise AttributeValueError(
            f"'{prefix}' is not a prefix: letters, digits and !_.'()=+,@&$- between slashes, none at its beginning or "
            f"end; no part of dots alone; at most {PREFIX_BYTES_MAX} characters, {PREFIX_PART_BYTES_MAX} in a part",
            code="InvalidConfigurationRequest",
        )
