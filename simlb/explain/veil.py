"""What a story shows of a request: secrets are masked unless the owner asks for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from simlb.core.masking import MASK, is_secret, mask_field, mask_uri

SHOWN_MAX_BYTES = 256
"""How much of a request's value an explanation repeats."""
_VALUES_MAX = 8
TEXT_SHOWN_MAX = 512
_USER = re.compile(r"^([a-zA-Z]*://)[^/@?#]*@")


class Veil:
    """Masks values of cookies, of authorisation and of queries (`simlb.core.masking`); `unmasked` shows everything."""

    def __init__(self, *, unmasked: bool = False) -> None:
        self.unmasked = unmasked

    def uri(self, uri: str) -> str:
        """A request target or URL."""
        if self.unmasked:
            return uri
        return mask_uri(_USER.sub(rf"\1{MASK}@", uri, count=1))

    def field(self, name: str, value: str) -> str:
        """The value of a header field."""
        return value if self.unmasked else mask_field(name, value)

    def nameless(self, text: str) -> str:
        """A line of a header section that is no field: nobody knows what it is."""
        return text if self.unmasked else MASK

    def wanted(self, name: str, values: Sequence[str]) -> list[str]:
        """What a rule wants a header field to be: as secret as what it is compared with."""
        return [MASK] * len(values) if is_secret(name) and not self.unmasked else list(values)


def quoted(*values: str) -> str:
    """Values in quotes: escaped where they are not printable, and cut where they are long or many."""
    text = ", ".join([repr(value[:SHOWN_MAX_BYTES]) for value in values[:_VALUES_MAX]])
    is_cut = len(values) > _VALUES_MAX or any(len(value) > SHOWN_MAX_BYTES for value in values)
    return text + "..." if is_cut else text


def shortened(text: str) -> str:
    """Text of a client with nothing in it that a terminal would act on, cut where it is long."""
    shown = text[:TEXT_SHOWN_MAX] + ("..." if len(text) > TEXT_SHOWN_MAX else "")
    return (
        shown if shown.isprintable() else "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in shown)
    )


def decoded(value: bytes) -> str:
    """Bytes of a request as text."""
    return value.decode("utf-8", "backslashreplace")
