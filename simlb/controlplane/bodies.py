"""Request bodies of the control port: their members, and what is said when they are others."""

from __future__ import annotations

import threading
from typing import Annotated, Any, TypeVar

import msgspec

from simlb.errors import SimlbError

_Body = TypeVar("_Body", bound=msgspec.Struct)
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]


class RegisterTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A target for a group: where it listens, and what to call it (by itself: the next free `i-NN`)."""

    url: _Text
    name: _Text | None = None


_decoders: dict[type[msgspec.Struct], msgspec.json.Decoder[Any]] = {}
_making = threading.Lock()


def _decoder(kind: type[_Body]) -> msgspec.json.Decoder[_Body]:
    """Made by one thread at a time: see the end of `simlb.load.plan`."""
    decoder = _decoders.get(kind)
    if decoder is None:
        with _making:
            decoder = _decoders.setdefault(kind, msgspec.json.Decoder(kind))
    return decoder


def decode_body(kind: type[_Body], content: bytes) -> _Body:
    """The body as `kind`. Raises SimlbError E608 that names the member and what is wrong with it."""
    try:
        return _decoder(kind).decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SimlbError(
            "E608", f"The body was not understood: {error}.", f"→ JSON with: {', '.join(kind.__struct_encode_fields__)}"
        ) from None


def refuse_body(content: bytes) -> None:
    """For operations without one: nothing is passed over in silence. Raises SimlbError E608."""
    if content.strip():
        raise SimlbError("E608", "This operation takes no body.")


def error_body(error: SimlbError) -> dict[str, Any]:
    """An error as programs get it."""
    return {
        "code": error.code,
        "message": error.what,
        "hints": list(error.hints),
        "notes": list(error.notes),
        "exit_status": error.exit_status,
    }
