"""Sealed cookie values: what only this load balancer can make, read or alter (reference 5.5; 11, point 11).

AES-GCM over a text of fixed size, as base64 in the standard alphabet without padding. AWS's own format is not public;
the lengths are AWS's: 124 characters for AWSALB, 172 for AWSALBTG.
"""

from __future__ import annotations

import binascii
from random import Random

KEY_BYTES = 32
NONCE_BYTES = 12
_OVERHEAD_BYTES = NONCE_BYTES + 16  # and the tag


class CookieSealer:
    """Seals and opens with one key. The purpose is bound in: a value sealed for one cookie cannot pass as another."""

    __slots__ = ("_aead", "_invalid_tag")

    def __init__(self, key: bytes) -> None:
        """`key` is 32 secret bytes."""
        # Takes a while to import, and only groups with stickiness need it.
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        assert len(key) == KEY_BYTES
        self._aead = AESGCM(key)
        self._invalid_tag = InvalidTag

    def seal(self, purpose: bytes, text: bytes, random: Random) -> bytes:
        """The sealed value. The length of `text` is to be 2 over a multiple of 3: then no `=` is needed."""
        assert (len(text) + _OVERHEAD_BYTES) % 3 == 0
        nonce = random.randbytes(NONCE_BYTES)
        return binascii.b2a_base64(nonce + self._aead.encrypt(nonce, text, purpose), newline=False)

    def open(self, purpose: bytes, value: bytes, text_bytes: int) -> bytes | None:
        """The sealed text of `text_bytes` bytes; None for whatever was not sealed with this key for this purpose."""
        sealed_bytes = text_bytes + _OVERHEAD_BYTES
        if len(value) != sealed_bytes // 3 * 4:
            return None
        try:
            sealed = binascii.a2b_base64(value, strict_mode=True)
        except binascii.Error:
            return None
        if len(sealed) != sealed_bytes:
            return None
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose)
        except self._invalid_tag:
            return None
