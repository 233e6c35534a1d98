"""`Marker` and `PageSize`: long lists in pages. A marker says after which item to go on, and in which list.

Lists may change between two pages. What comes after the named item comes; when it is gone, its place is what counts.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from simlb.controlplane.operations.call import Call, Result
from simlb.controlplane.query.errors import invalid

PAGE_MAX = 400

T = TypeVar("T")


def paged(
    call: Call, member: str, items: Iterable[T], describe: Callable[[T], Any], identify: Callable[[T], str]
) -> Result:
    """The page that the call asks for, as `{member: [...], "NextMarker": "..."}`; the last one has no marker.

    `describe` is called for the items of the page only; `identify` names an item. Raises QueryError ValidationError for
    a marker that this operation has not given.
    """
    everything = list(items)
    first = _place(call, everything, identify)
    page = everything[first : first + (call.parameters.get("PageSize") or PAGE_MAX)]
    result: Result = {member: [describe(item) for item in page]}
    if page and first + len(page) < len(everything):
        result["NextMarker"] = _marker(call.operation, first + len(page), identify(page[-1]))
    return result


def _marker(operation: str, place: int, last: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([operation, place, last]).encode()).decode()


def _place(call: Call, items: Sequence[T], identify: Callable[[T], str]) -> int:
    marker = call.text("Marker")
    if not marker:
        return 0
    try:
        operation, place, last = json.loads(base64.b64decode(marker, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        operation = None
    if operation != call.operation or type(place) is not int or type(last) is not str or place < 0:
        raise invalid(f"The marker '{marker}' is not valid")
    if place <= len(items) and place and identify(items[place - 1]) == last:
        return place
    return next((index for index, item in enumerate(items, 1) if identify(item) == last), min(place, len(items)))
