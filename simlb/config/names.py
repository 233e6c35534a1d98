"""Names, durations and networks as a configuration writes them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

from simlb.config.problems import NOT_SIGNED, NOT_YET, Refused
from simlb.core.model import IPNetwork
from simlb.core.regions import is_region
from simlb.core.server_names import is_within
from simlb.core.validation import ElbError, load_balancer_name_errors, name_errors, target_group_name_errors

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"  # the underscore is no host name by RFC 952, yet in common use
_DNS_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|s|m)")
_UNIT_S = {"ms": 0.001, "s": 1, "m": 60}
_SIZE = re.compile(r"([0-9]{1,9}) ?([km]?)", re.IGNORECASE | re.ASCII)
_UNIT_BYTES = {"": 1, "k": 1024, "m": 1024 * 1024}

# What the local CA's name constraints allow it to sign (docs/config.md, Certificates).
_SIGNED_DOMAINS = ("localhost", "test")


def resource_name(kind: str, name: str) -> str:
    """A target's or an instance's name. Raises Refused with AWS's sentence."""
    return _accepted(name, name_errors(kind, name))


def load_balancer_name(name: str) -> str:
    """A load balancer's name (reference 1.1)."""
    return _accepted(name, load_balancer_name_errors(name))


def target_group_name(name: str) -> str:
    """A target group's name (reference 1.5)."""
    return _accepted(name, target_group_name_errors(name))


def _accepted(name: str, errors: Iterator[ElbError]) -> str:
    for error in errors:
        raise Refused(error.message)
    return name


def region_name(region: str) -> str:
    """An AWS region's name; it becomes a label of DNS names and a part of ARNs."""
    if not is_region(region):
        raise Refused(f"'{region}' is not a region such as ap-northeast-2")
    return region


def dns_name(name: str) -> str:
    """A DNS name in lower case, without a final dot."""
    lowered = name.lower().removesuffix(".")
    if len(lowered) > 253 or _DNS_NAME.fullmatch(lowered) is None or is_address(lowered):
        raise Refused(f"'{name}' is not a DNS name such as shop.localhost")
    return lowered


def certificate_name(name: str, *, signs_any: bool = False, domains: Sequence[str] = ()) -> str:
    """A DNS name, perhaps `*.` in front, or an address, that the local CA may sign; a CA in memory `signs_any`.

    `domains` are those that the local CA may sign for beyond its own.
    """
    if is_address(name):
        address = ipaddress.ip_address(name)
        signed = address.is_loopback
        plain = str(address)
    else:
        plain = ("*." if name.startswith("*.") else "") + dns_name(name.removeprefix("*."))
        signed = is_within(plain, (*_SIGNED_DOMAINS, *domains))
    if not (signed or signs_any):
        also = "".join(f", under {domain}" for domain in domains)
        bare = plain.removeprefix("*.")
        raise Refused(
            f"the local CA does not sign '{name}'",
            f"it signs names under .localhost and .test{also}, and loopback addresses",
            *([] if is_address(bare) or "." not in bare else [f"have it sign that too: simlb cert ca --permit {bare}"]),
            "or bring your own files: certificates: [{certificate_file: x.pem, key_file: x.key}]",
            code=NOT_SIGNED,
        )
    return plain


def is_address(text: str) -> bool:
    """True for an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def network(text: str) -> IPNetwork:
    """An address or a network in CIDR notation."""
    if text.startswith("sg-"):
        raise Refused(f"'{text}': security groups as a source are not supported yet", code=NOT_YET)
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        try:
            meant = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise Refused(f"'{text}' is not a network such as 127.0.0.0/8") from None
        raise Refused(f"'{text}' has host bits set (did you mean '{meant}'?)") from None


def duration_s(value: float | str) -> float:
    """Seconds from `30s`, `500ms`, `5m` or a number of seconds."""
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value)
    if match is None:
        raise Refused(f"'{value}' is not a duration such as 30s")
    seconds = float(match[1]) * _UNIT_S[match[2]]
    return int(seconds) if seconds == int(seconds) else seconds


def size_bytes(value: int | str) -> int:
    """Bytes from `64k`, `1m`, or a number of bytes."""
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value)
    if match is None:
        raise Refused(f"'{value}' is not a size such as 64k")
    return int(match[1]) * _UNIT_BYTES[match[2].lower()]
