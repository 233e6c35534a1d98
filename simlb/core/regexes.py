"""Regular expressions of rules and transforms: linear-time matching by RE2, whatever the pattern (reference 1.3).

RE2 has no look-around, no back-references, no atomic groups, no possessive quantifiers and no recursion, as AWS says of
its own. Unicode classes (`\\p{L}`), which RE2 has and AWS has not, are refused here.
"""

from __future__ import annotations

import re
from typing import Any, Protocol, cast

_ESCAPE = re.compile(r"\\(?:[pP]|[QE]|C|.)", re.DOTALL)
_REFUSED_ESCAPES = {
    "\\p": "Unicode character properties (\\p)",
    "\\P": "Unicode character properties (\\P)",
    "\\C": "single bytes (\\C)",
    "\\Q": "quoted stretches (\\Q...\\E)",
}


class RegexSyntaxError(ValueError):
    """A pattern that is not accepted; the message says what in it is the matter."""


class Pattern(Protocol):
    """A compiled pattern over bytes."""

    groups: int

    def search(self, text: bytes) -> Any:
        """The first match (`.start()`, `.end()`, `.group(n)`) or None."""


def compile_pattern(pattern: str, *, ignore_case: bool) -> Pattern:
    """Compile `pattern` for bytes. Raises RegexSyntaxError for what AWS does not support or nobody can read."""
    import re2  # a compiled extension: only for those who use regular expressions

    for escape in _ESCAPE.findall(pattern):
        if escape in _REFUSED_ESCAPES:
            raise RegexSyntaxError(f"{_REFUSED_ESCAPES[escape]} are not supported")
    if not pattern.isascii():
        raise RegexSyntaxError("only ASCII characters are allowed")
    options = re2.Options()
    options.case_sensitive = not ignore_case
    # One byte is one character: a byte that is no UTF-8 matches `.` too, and no letter folds to one beyond ASCII.
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    try:
        return cast("Pattern", re2.compile(pattern.encode("ascii"), options))
    except re2.error as error:
        reason = error.args[0]
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise RegexSyntaxError(text) from None
