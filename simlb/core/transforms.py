"""Rewriting the Host and the URL of a request on its way to the target (reference 1.3.1).

Applied when rule and target are chosen, so that a rewrite never changes the choice. A result that could not be sent as
it stands - or that a target could read as the end of a line and the beginning of another - is a failure, which the
client sees as a 500; it is never repaired.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from simlb.core.forwarding import split_host
from simlb.core.model import Rewrite, Rule
from simlb.core.regexes import RegexSyntaxError, compile_pattern

REWRITE_MAX_CHARACTERS = 1024
"""Of a regular expression, and of a replacement."""
RESULT_MAX_BYTES = 16 * 1024
"""As much as a request line may have (reference 3.2)."""

_URL = re.compile(rb"/[!-\"$-~]*")
"""Visible ASCII but `#`: no blank, no control character, no fragment."""
_GROUP = re.compile(r"\$(?:([0-9]+)|\{([0-9]+)\})")


class TransformStatus(StrEnum):
    """`request_transform_status` of the access log (reference 7.1).

    What AWS finds wrong with an expression or a replacement only when it is used is refused here when it is compiled.
    """

    SUCCESS = "TransformSuccess"
    BUFFER_TOO_SMALL = "TransformBufferTooSmall"
    INVALID_HOST = "TransformInvalidHost"
    INVALID_PATH = "TransformInvalidPath"


class ReplaceSyntaxError(RegexSyntaxError):
    """A replacement that is not accepted; the message goes on where "the 'Replace' value" has begun."""


class Transformed(NamedTuple):
    """What the transforms of a rule make of a request.

    `host` and `path_and_query` are None when they stay as they are. `status` is None when no expression matched;
    anything but SUCCESS means that the request must not be sent: 500.
    """

    host: bytes | None
    path_and_query: bytes | None
    status: TransformStatus | None


UNCHANGED = Transformed(None, None, None)


class CompiledRewrite:
    """A regular expression and the replacement of its first match.

    `$1` or `${1}` stands for a group (as many digits as there are), and any other `$` for itself. A group that took no
    part is empty.
    """

    __slots__ = ("_parts", "_pattern")

    def __init__(self, rewrite: Rewrite, *, ignore_case: bool) -> None:
        """Raises RegexSyntaxError for an expression that is not accepted, ReplaceSyntaxError for a replacement."""
        if len(rewrite.regex) > REWRITE_MAX_CHARACTERS:
            raise RegexSyntaxError(f"it is too long; the limit is '{REWRITE_MAX_CHARACTERS}'")
        if len(rewrite.replace) > REWRITE_MAX_CHARACTERS:
            raise ReplaceSyntaxError(f"is too long; the limit is '{REWRITE_MAX_CHARACTERS}'")
        if not rewrite.replace.isascii():
            raise ReplaceSyntaxError("may hold ASCII characters only")
        self._pattern = compile_pattern(rewrite.regex, ignore_case=ignore_case)
        self._parts: list[bytes | int] = []
        """Literals, and numbers of groups."""
        position = 0
        for reference in _GROUP.finditer(rewrite.replace):
            number, groups = int(reference[1] or reference[2]), self._pattern.groups
            if not 1 <= number <= groups:
                have = f"'$1' to '${groups}'" if groups > 1 else "only '$1'" if groups else "no capture groups"
                raise ReplaceSyntaxError(f"refers to '{reference[0]}', but the 'Regex' value has {have}")
            self._parts += [rewrite.replace[position : reference.start()].encode(), number]
            position = reference.end()
        self._parts.append(rewrite.replace[position:].encode())

    def apply(self, text: bytes) -> bytes | TransformStatus | None:
        """The rewritten text; None when nothing matches; BUFFER_TOO_SMALL when it would exceed 16 kB."""
        match = self._pattern.search(text)
        if match is None:
            return None
        pieces = [part if isinstance(part, bytes) else match.group(part) or b"" for part in self._parts]
        # Added up before they are joined: a thousand groups of 16 kB each are 16 MB.
        before, behind = text[: match.start()], text[match.end() :]
        if len(before) + len(behind) + sum(map(len, pieces)) > RESULT_MAX_BYTES:
            return TransformStatus.BUFFER_TOO_SMALL
        return b"".join((before, *pieces, behind))


class CompiledTransforms:
    """The transforms of one rule: at most one for the host and one for path and query."""

    __slots__ = ("_host", "_url")

    def __init__(self, host: CompiledRewrite | None, url: CompiledRewrite | None) -> None:
        self._host = host
        self._url = url

    @classmethod
    def of(cls, rule: Rule) -> CompiledTransforms | None:
        """Those of a rule, or None when it has none. Raises RegexSyntaxError."""
        host, url = rule.host_header_rewrite, rule.url_rewrite
        if host is None and url is None:
            return None
        return cls(
            None if host is None else CompiledRewrite(host, ignore_case=True),
            None if url is None else CompiledRewrite(url, ignore_case=False),
        )

    def apply(self, host: bytes | None, path_and_query: bytes) -> Transformed:
        """Rewrite `host` (None: the request names none, which stays so) and `path_and_query` (`/path?query`)."""
        new_host = None if self._host is None or host is None else self._host.apply(host)
        if isinstance(new_host, TransformStatus):
            return Transformed(None, None, new_host)
        if new_host is not None and split_host(new_host) is None:
            return Transformed(None, None, TransformStatus.INVALID_HOST)
        new_url = None if self._url is None else self._url.apply(path_and_query)
        if isinstance(new_url, TransformStatus):
            return Transformed(None, None, new_url)
        if new_url is not None and _URL.fullmatch(new_url) is None:
            return Transformed(None, None, TransformStatus.INVALID_PATH)
        if new_host is None and new_url is None:
            return UNCHANGED
        return Transformed(
            None if new_host == host else new_host,
            None if new_url == path_and_query else new_url,
            TransformStatus.SUCCESS,
        )
