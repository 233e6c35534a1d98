"""Which bytes may stand where in a head (RFC 9110 5.5-5.6, RFC 9112; reference 3.7).

Each table is meant for `bytes.translate(None, TABLE)`: what is left over is what does not belong there. On the hot path
that is several times as fast as a regular expression.
"""

from __future__ import annotations

TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Method and field-name bytes."""

STRICT_NAME = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Field-name bytes that `drop_invalid_header_fields` lets through."""

VALUE = b"\t" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
"""Field-value bytes."""

URI = bytes(range(0x21, 0x7F))
"""Request-target bytes that every target reads alike."""

WHITESPACE = b" \t"
