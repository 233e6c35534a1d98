"""Which exchange is meant: `last`, `#12`, or a trace id."""

from __future__ import annotations

import re

from simlb.errors import SimlbError
from simlb.explain.remembered import Remembered
from simlb.observe.exchange_ring import ExchangeRing, KeptExchange

LAST = "last"
LINES_BEFORE = 20
"""So many requests before one on its connection tell whether it goes round in circles."""
_NUMBER = re.compile(r"#?([0-9]{1,15})")
_TRACE_ID_MIN = 8
"""So much of a trace id has to be given."""
_TRACE_ID_MAX = 8 * 1024


def find_exchange(ring: ExchangeRing, reference: str) -> Remembered:
    """The exchange that is meant. Raises SimlbError E750 when it is not kept, E751 for what is no reference."""
    exchange = _found(ring, reference)
    if exchange is None:
        raise _not_kept(ring, reference)
    return Remembered.of(
        exchange,
        count_before=ring.count_before(exchange),
        are_all_counted=ring.first == 0,
        lines_before=ring.lines_before(exchange, LINES_BEFORE),
    )


def _found(ring: ExchangeRing, reference: str) -> KeptExchange | None:
    if reference == LAST:
        return ring.at(ring.total - 1)
    number = _NUMBER.fullmatch(reference)
    if number is not None:
        return ring.at(int(number[1]))
    if not (_TRACE_ID_MIN <= len(reference) <= _TRACE_ID_MAX and reference.isascii() and reference.isprintable()):
        raise SimlbError(
            "E751",
            f"{reference[:64]!r} names no exchange.",
            "→ last        → its number: '#12'        → its trace id, as in simlb logs: Root=1-67e5c9a1-…",
        )
    return ring.find(reference)


def _not_kept(ring: ExchangeRing, reference: str) -> SimlbError:
    if ring.total == 0:
        return SimlbError("E750", "No request has finished yet.", "→ send one, then: simlb explain last")
    kept = f"#{ring.first} to #{ring.total - 1}"
    what = f"No exchange {reference[:64]!r} is kept."
    return SimlbError(
        "E750", what, f"→ kept are {kept}, the last {ring.total - ring.first} of {ring.total}: simlb logs"
    )
