"""Values of records: from Route 53's text to the parts that go on the wire, with Route 53's words for what is wrong."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simlb.core.dns.names import DnsNameError, canonical

TXT_STRING_BYTES_MAX = 255
VALUE_CHARACTERS_MAX = 4000

_NUMBER = re.compile(r"[0-9]{1,10}")
_CHARACTER = re.compile(r"\\([0-3][0-7]{2})|\\([!-~])|([ -!#-\[\]-~])")
_CAA_TAG = re.compile(r"[A-Za-z0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Address:
    """A, AAAA."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """CNAME, NS: a canonical name."""

    name: str


@dataclass(frozen=True, slots=True)
class Texts:
    """TXT: one or more strings of at most 255 bytes."""

    strings: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """MX."""

    preference: int
    name: str


@dataclass(frozen=True, slots=True)
class Authority:
    """CAA: who may issue certificates."""

    flags: int
    tag: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Start:
    """SOA. Times are seconds."""

    server: str
    mailbox: str
    serial: int
    refresh_s: int
    retry_s: int
    expire_s: int
    minimum_s: int


Data = Address | Name | Texts | Exchange | Authority | Start


class DnsValueError(ValueError):
    """A value that a record of its type cannot have. `words` is how Route 53 says it."""

    def __init__(self, problem: str, value: str) -> None:
        self.words = f"FATAL problem: {problem} encountered with '{value}'"
        super().__init__(self.words)


def read_value(type_: str, value: str) -> Data:
    """The parts of a value. `type_` is one of `TYPES`. Raises DnsValueError."""
    if len(value) > VALUE_CHARACTERS_MAX:
        raise DnsValueError("CharacterStringTooLong (Value is too long)", f"{value[:40]}...")
    return _READERS[type_](value)


def _ipv4(value: str) -> Data:
    try:
        return Address(str(ipaddress.IPv4Address(value)))
    except ValueError:
        raise DnsValueError("ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)", value) from None


def _ipv6(value: str) -> Data:
    try:
        address = ipaddress.IPv6Address(value)
    except ValueError:
        address = None
    if address is None or address.scope_id is not None:
        raise DnsValueError("AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)", value)
    return Address(str(address))


def _name(value: str) -> Data:
    return Name(_canonical(value, value))


def _texts(value: str) -> Data:
    return Texts(tuple(_strings(value)))


def _exchange(value: str) -> Data:
    fields = value.split()
    if len(fields) != 2:
        raise DnsValueError("MXRRDATANotTwoFields (Value should have two fields: a preference and a name)", value)
    return Exchange(_number(fields[0], 65535, value), _canonical(fields[1], value))


def _authority(value: str) -> Data:
    fields = value.split(maxsplit=2)
    if len(fields) != 3:
        raise DnsValueError("CAARRDATANotThreeFields (Value should have three fields: flags, a tag, a value)", value)
    if not _CAA_TAG.fullmatch(fields[1]):
        raise DnsValueError("CAARRDATAIllegalTag (The tag should be 1 to 15 letters and digits)", value)
    strings = _strings(fields[2])
    if len(strings) != 1 or not strings[0].isascii():
        raise DnsValueError("CAARRDATAIllegalValue (The value should be one string of ASCII in quotation marks)", value)
    return Authority(_number(fields[0], 255, value), fields[1].lower(), strings[0])


def _start(value: str) -> Data:
    fields = value.split()
    if len(fields) != 7:
        raise DnsValueError("SOARRDATANotSevenFields (Value should have seven fields)", value)
    server, mailbox = (_canonical(field, value) for field in fields[:2])
    return Start(server, mailbox, *(_number(field, 2**31 - 1, value) for field in fields[2:]))


def _strings(value: str) -> list[bytes]:
    """Strings in quotation marks with blanks between them; `\\"` and octal codes within."""
    strings = []
    place = 0
    while True:
        if value[place : place + 1] != '"':
            raise DnsValueError("InvalidCharacterString (Value should be enclosed in quotation marks)", value)
        place += 1
        string = bytearray()
        while part := _CHARACTER.match(value, place):
            octal, escaped, plain = part.groups()
            string.append(int(octal, 8) if octal else ord(escaped or plain))
            place = part.end()
        if value[place : place + 1] != '"':
            raise DnsValueError("InvalidCharacterString (Value should be enclosed in quotation marks)", value)
        if len(string) > TXT_STRING_BYTES_MAX:
            raise DnsValueError("CharacterStringTooLong (Value is too long)", value)
        strings.append(bytes(string))
        rest = value[place + 1 :]
        if not rest.strip():
            return strings
        if not rest[0].isspace():
            raise DnsValueError("InvalidCharacterString (Value should be enclosed in quotation marks)", value)
        place = len(value) - len(rest.lstrip())


def _canonical(name: str, value: str) -> str:
    try:
        return canonical(name)
    except DnsNameError as error:
        raise DnsValueError(error.problem, value) from None


def _number(text: str, maximum: int, value: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) > maximum:
        raise DnsValueError(f"IllegalNumber (Value should be a number from 0 to {maximum})", value)
    return int(text)


_READERS: Mapping[str, Callable[[str], Data]] = {
    "A": _ipv4,
    "AAAA": _ipv6,
    "CAA": _authority,
    "CNAME": _name,
    "MX": _exchange,
    "NS": _name,
    "SOA": _start,
    "TXT": _texts,
}
TYPES = tuple(_READERS)
"""The types that records may have here."""
UNSUPPORTED_TYPES = ("DS", "HTTPS", "NAPTR", "PTR", "SPF", "SRV", "SSHFP", "SVCB", "TLSA")
"""Route 53 has these too."""
