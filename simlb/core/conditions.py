"""Conditions of rules, compiled once: does one hold for a request, and if not, why not (reference 1.3).

Each condition looks at one *subject* of the request - its host, its path, the values of one field. `subject` takes it
out, `holds` judges it, so that an index may remember the verdict on a subject (`simlb.core.rule_index`).
"""

from __future__ import annotations

import ipaddress
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from simlb.core import model
from simlb.core.path_spans import PathSpans
from simlb.core.paths import normalise_path
from simlb.core.regexes import compile_pattern
from simlb.core.wildcards import Wildcard

S = TypeVar("S")


class RoutedRequest(Protocol):
    """What rules look at. All values are as the client sent them."""

    method: bytes

    @property
    def named_host(self) -> bytes | None:
        """The host without port, lower case; None when the request names none."""

    @property
    def path(self) -> bytes:
        """The path, not normalised, without the query."""

    @property
    def query(self) -> bytes:
        """The query without its question mark."""

    def header_values(self, name: bytes) -> tuple[bytes, ...]:
        """The values of every field `name` (lower case), in the order received, without surrounding white space."""


class MismatchKind(Enum):
    """In which way a condition does not hold."""

    NO_HOST = "the request names no host"
    NO_FIELD = "the request has no such field"
    NO_QUERY = "the request has no query"
    NO_WILDCARD = "what was seen matches none of the wanted wildcards"
    NO_REGEX = "what was seen matches none of the wanted regular expressions"
    NO_METHOD = "what was seen is none of the wanted methods"
    NO_PAIR = "the query that was seen has none of the wanted pairs"
    NO_NETWORK = "the address that was seen is in none of the wanted networks"


class Mismatch(NamedTuple):
    """Why a condition does not hold for a request. `simlb.explain` has the words, and hides what is secret."""

    field: str
    """What the condition is called: its `Field`, with the name of the header if there is one."""
    kind: MismatchKind
    seen: tuple[bytes, ...] = ()
    """What of the request was compared."""
    wanted: tuple[str | model.QueryStringPair, ...] = ()
    """What it was compared with, as the rule has it."""
    sent: bytes | None = None
    """What the client had sent, where it was compared in another form."""


class CompiledCondition(ABC, Generic[S]):
    """One condition of a rule."""

    __slots__ = ("field",)

    field: str
    """What the condition is called in explanations: its `Field`, with the name of the header if there is one."""

    @abstractmethod
    def subject(self, request: RoutedRequest, client_ip: str) -> S:
        """What of the request the condition looks at."""

    @abstractmethod
    def holds(self, subject: S) -> bool:
        """The verdict on a subject."""

    @abstractmethod
    def _explain(self, subject: S, request: RoutedRequest) -> Mismatch:
        """What was compared with what, for a subject for which the condition does not hold."""

    def matches(self, request: RoutedRequest, client_ip: str) -> bool:
        """True when the condition holds for a request of a client at `client_ip`."""
        return self.holds(self.subject(request, client_ip))

    def mismatch(self, request: RoutedRequest, client_ip: str) -> Mismatch | None:
        """Why the condition does not hold; None when it does."""
        subject = self.subject(request, client_ip)
        return None if self.holds(subject) else self._explain(subject, request)


class Alternatives:
    """The `Values` or `RegexValues` of a condition: one of them has to match."""

    __slots__ = ("_matchers", "mismatch_kind", "wanted", "wildcards")

    def __init__(self, values: Sequence[str], regex_values: Sequence[str], *, ignore_case: bool) -> None:
        """Raises RegexSyntaxError for a regular expression that is not accepted."""
        assert bool(values) != bool(regex_values), "the model has either values or regular expressions"
        self.wildcards = tuple(Wildcard(value, ignore_case=ignore_case) for value in values)
        """Empty when there are regular expressions."""
        patterns = [compile_pattern(value, ignore_case=ignore_case) for value in regex_values]
        self._matchers: list[Callable[[bytes], object]] = [
            *(wildcard.matches for wildcard in self.wildcards),
            *(pattern.search for pattern in patterns),
        ]
        self.wanted = tuple(values or regex_values)
        self.mismatch_kind = MismatchKind.NO_REGEX if regex_values else MismatchKind.NO_WILDCARD

    def match(self, text: bytes) -> bool:
        """True when one of the alternatives matches: wildcards all of `text`, a regular expression anywhere in it."""
        for matches in self._matchers:  # noqa: SIM110 - any() would make a generator for each text
            if matches(text):
                return True
        return False


class HostHeader(CompiledCondition[bytes | None]):
    """`host-header`: any case, without port. A request that names no host never matches."""

    __slots__ = ("alternatives",)

    def __init__(self, condition: model.HostHeaderCondition) -> None:
        self.field = model.FIELDS[type(condition)]
        self.alternatives = Alternatives(condition.values, condition.regex_values, ignore_case=True)

    def subject(self, request: RoutedRequest, client_ip: str) -> bytes | None:
        return request.named_host

    def holds(self, subject: bytes | None) -> bool:
        return subject is not None and self.alternatives.match(subject)

    def _explain(self, subject: bytes | None, request: RoutedRequest) -> Mismatch:
        if subject is None:
            return Mismatch(self.field, MismatchKind.NO_HOST)
        return Mismatch(self.field, self.alternatives.mismatch_kind, (subject,), self.alternatives.wanted)


class PathPattern(CompiledCondition[bytes]):
    """`path-pattern`: the normalised path without its query, case-sensitive."""

    __slots__ = ("alternatives", "spans")

    def __init__(self, condition: model.PathPatternCondition) -> None:
        self.field = model.FIELDS[type(condition)]
        self.alternatives = Alternatives(condition.values, condition.regex_values, ignore_case=False)
        self.spans = PathSpans.of(self.alternatives.wildcards)
        """For an index: one rule changes of a hundred, and the conditions of the others go on being used."""

    def subject(self, request: RoutedRequest, client_ip: str) -> bytes:
        return normalise_path(request.path)

    def holds(self, subject: bytes) -> bool:
        return self.alternatives.match(subject)

    def _explain(self, subject: bytes, request: RoutedRequest) -> Mismatch:
        sent = None if request.path == subject else request.path
        return Mismatch(self.field, self.alternatives.mismatch_kind, (subject,), self.alternatives.wanted, sent)


class HttpHeader(CompiledCondition[tuple[bytes, ...]]):
    """`http-header`: any case; each occurrence of the field is tried."""

    __slots__ = ("alternatives", "name")

    def __init__(self, condition: model.HttpHeaderCondition) -> None:
        self.field = f"{model.FIELDS[type(condition)]} {condition.http_header_name}"
        self.name = condition.http_header_name.lower().encode()
        self.alternatives = Alternatives(condition.values, condition.regex_values, ignore_case=True)

    def subject(self, request: RoutedRequest, client_ip: str) -> tuple[bytes, ...]:
        return request.header_values(self.name)

    def holds(self, subject: tuple[bytes, ...]) -> bool:
        return any(self.alternatives.match(value) for value in subject)

    def _explain(self, subject: tuple[bytes, ...], request: RoutedRequest) -> Mismatch:
        if not subject:
            return Mismatch(self.field, MismatchKind.NO_FIELD)
        return Mismatch(self.field, self.alternatives.mismatch_kind, subject, self.alternatives.wanted)


class HttpRequestMethod(CompiledCondition[bytes]):
    """`http-request-method`: one of the values, exactly."""

    __slots__ = ("_methods", "_wanted")

    def __init__(self, condition: model.HttpRequestMethodCondition) -> None:
        self.field = model.FIELDS[type(condition)]
        self._methods = frozenset(value.encode() for value in condition.values)
        self._wanted = tuple(condition.values)

    def subject(self, request: RoutedRequest, client_ip: str) -> bytes:
        return request.method

    def holds(self, subject: bytes) -> bool:
        return subject in self._methods

    def _explain(self, subject: bytes, request: RoutedRequest) -> Mismatch:
        return Mismatch(self.field, MismatchKind.NO_METHOD, (subject,), self._wanted)


class QueryToken(NamedTuple):
    """A part of a query. `value` is None where there is no `=`; then `key` is all of it."""

    key: bytes
    value: bytes | None


class Query:
    """A raw query in lower case, as a whole and in its parts. A fragment does not belong to it."""

    __slots__ = ("text", "tokens")

    def __init__(self, raw: bytes) -> None:
        self.text = raw.partition(b"#")[0].lower()
        self.tokens: list[QueryToken] = []
        for part in self.text.split(b"&"):
            if part:
                key, equals, value = part.partition(b"=")
                self.tokens.append(QueryToken(key, value if equals else None))


class QueryString(CompiledCondition[Query]):
    """`query-string`: one of the pairs occurs in the raw query, any case.

    A value without a key is compared with the value of every pair and with every token that has no `=`; where a key is
    asked for, such a token counts as a key with an empty value.
    """

    __slots__ = ("_needles", "_wanted", "pairs")

    def __init__(self, condition: model.QueryStringCondition) -> None:
        self.field = model.FIELDS[type(condition)]
        self.pairs = tuple(
            (None if pair.key is None else _query_wildcard(pair.key), _query_wildcard(pair.value))
            for pair in condition.values
        )
        wildcards = [[wildcard for wildcard in pair if wildcard is not None] for pair in self.pairs]
        self._needles = [tuple({text for w in own for text in (w.literal, w.tail) if text}) for own in wildcards]
        """What must occur in a query for each pair to occur."""
        self._wanted = tuple(condition.values)

    def subject(self, request: RoutedRequest, client_ip: str) -> Query:
        return Query(request.query)

    def holds(self, subject: Query) -> bool:
        text = subject.text
        for (wanted_key, wanted_value), needles in zip(self.pairs, self._needles, strict=True):
            if not all(map(text.__contains__, needles)):
                # A query may have eight thousand parts: they are gone through only where there is something to find.
                continue
            for key, value in subject.tokens:
                if wanted_key is None:
                    if wanted_value.matches(key if value is None else value):
                        return True
                elif wanted_key.matches(key) and wanted_value.matches(value or b""):
                    return True
        return False

    def _explain(self, subject: Query, request: RoutedRequest) -> Mismatch:
        if not subject.tokens:
            return Mismatch(self.field, MismatchKind.NO_QUERY)
        return Mismatch(self.field, MismatchKind.NO_PAIR, (request.query,), self._wanted)


class SourceIp(CompiledCondition[str]):
    """`source-ip`: the client's own address is in one of the networks."""

    __slots__ = ("_networks",)

    def __init__(self, condition: model.SourceIpCondition) -> None:
        self.field = model.FIELDS[type(condition)]
        self._networks = condition.values

    def subject(self, request: RoutedRequest, client_ip: str) -> str:
        return client_ip

    def holds(self, subject: str) -> bool:
        address = ipaddress.ip_address(subject)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            # An IPv4 client at a socket that serves both families.
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    def _explain(self, subject: str, request: RoutedRequest) -> Mismatch:
        return Mismatch(self.field, MismatchKind.NO_NETWORK, (subject.encode(),), tuple(map(str, self._networks)))


def _query_wildcard(pattern: str) -> Wildcard:
    return Wildcard(pattern, ignore_case=True, escapes=True)


_COMPILED: dict[type, Callable[[Any], CompiledCondition[Any]]] = {
    model.HostHeaderCondition: HostHeader,
    model.PathPatternCondition: PathPattern,
    model.HttpHeaderCondition: HttpHeader,
    model.HttpRequestMethodCondition: HttpRequestMethod,
    model.QueryStringCondition: QueryString,
    model.SourceIpCondition: SourceIp,
}


def compile_condition(condition: model.Condition) -> CompiledCondition[Any]:
    """The compiled form. Raises RegexSyntaxError, or ValueError for a pattern with control characters."""
    return _COMPILED[type(condition)](condition)
