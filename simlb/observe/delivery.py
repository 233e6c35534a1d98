"""Gzips a sealed file into its bucket, a piece at a time, so that lines that come meanwhile do not wait for it."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

from simlb.observe.buckets import ObjectWriter, write_all
from simlb.observe.open_interval import Sealed

PIECE_BYTES = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 1  # 64 MB of lines take 0.3 s instead of the 0.9 s of level 6, and become 7 % of their size instead of 5 %


class Delivery:
    """One file on its way. Raises OSError from `__init__` and `step`; nothing is left of the object then."""

    def __init__(self, root: Path, sealed: Sealed) -> None:
        self.sealed = sealed
        self._left = sealed.size
        self._source = os.open(sealed.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            self._object = ObjectWriter(root, sealed.bucket, sealed.key)
        except BaseException:
            os.close(self._source)
            raise
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)

    def step(self) -> bool:
        """Do a piece of the work; True when the object is in its place and the file gone."""
        try:
            data = os.read(self._source, min(PIECE_BYTES, self._left))
            self._left -= len(data)
            is_end = not data or not self._left
            packed = self._gzip.compress(data)
            write_all(self._object.descriptor, packed + self._gzip.flush() if is_end else packed)
        except OSError:
            self.abort()
            raise
        if not is_end:
            return False
        os.close(self._source)
        self._object.commit()
        self.sealed.remove()
        return True

    def abort(self) -> None:
        """Stop in the middle; the file stays."""
        os.close(self._source)
        self._object.abort()
