"""What people call an exchange: `last`, `#12`, or its trace id. For everything that is asked about single exchanges."""

from __future__ import annotations

import re

from simlb.errors import SimlbError
from simlb.observe.exchange_ring import ExchangeRing, KeptExchange

CODE = "E743"
TRACE_ID_MIN = 8
"""A part of a trace id is enough, but not any: most texts of three characters are in some id."""
_NUMBER = re.compile(r"#([0-9]{1,15})", re.ASCII)


def find_exchange(ring: ExchangeRing, ref: str) -> KeptExchange:
    """The exchange that `ref` means. Flush the recorder first. Raises SimlbError E743 when there is none (any more)."""
    if ref == "last":
        found = next(ring.newest_first(), None)
        if found is None:
            raise SimlbError(CODE, "There has been no request yet.", "send one, and ask again")
        return found
    if match := _NUMBER.fullmatch(ref):
        number = int(match[1])
        found = ring.at(number)
        if found is None:
            what = f"Request #{number} is no longer kept" if number < ring.total else f"There is no request #{number}"
            raise SimlbError(CODE, f"{what}: {_range(ring)}.", "numbers: simlb logs --columns number,clock,status,path")
        return found
    shown = "".join(character if character.isprintable() else "?" for character in ref[:100])
    if ref.isascii() and ref.isdigit():
        raise SimlbError(
            CODE, f"'{shown}' names no request.", f"a number is written '#{shown}', in quotes for the shell"
        )
    found = ring.find(ref) if len(ref) >= TRACE_ID_MIN else None
    if found is None:
        raise SimlbError(
            CODE,
            f"No request with the trace id '{shown}' is kept: {_range(ring)}.",
            "a trace id as the log has it (1-67ab…-…), last, or '#12'",
            "trace ids: simlb logs --columns number,trace,status,path",
        )
    return found


def _range(ring: ExchangeRing) -> str:
    if ring.total == ring.first:
        return "none is kept"
    return f"kept are #{ring.first} to #{ring.total - 1}"
