"""What people see of a request that is sent again: cookies, authorisation and query values masked unless asked for."""

from __future__ import annotations

import re

from simlb.core.masking import MASK, mask_field, mask_uri

_USER = re.compile(r"//[^/@?#]*@")


def shown_uri(uri: bytes, *, with_secrets: bool) -> str:
    """A request target for people: masked unless they ask for secrets."""
    text = uri.decode("latin-1")
    if with_secrets:
        return text
    return mask_uri(_USER.sub(f"//{MASK}@", text))


def shown_line(line: bytes, *, with_secrets: bool) -> bytes:
    """A header line for people: masked unless they ask for secrets."""
    if with_secrets:
        return line
    name, colon, value = line.decode("latin-1").partition(":")
    if not colon:
        return line
    masked = mask_field(name.strip(), value.strip())
    return line if masked == value.strip() else f"{name}: {masked}".encode("latin-1")
