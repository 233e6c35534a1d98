"""Which rule matches first, without asking every rule.

A set of rules is an int, one bit for each rule, the lowest bit for the first in priority. For each kind of condition an
index tells, for one subject (a host, a path, ...), the set of rules whose conditions of that kind hold or which have
none. The rules that match are the intersection; its lowest bit is the answer. What an index cannot settle - wildcards
in the middle of a path, regular expressions on paths, most query strings - is verified in order of priority, only for
rules that everything else speaks for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from simlb.core.conditions import (
    CompiledCondition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    Query,
    QueryString,
    RoutedRequest,
    SourceIp,
)
from simlb.core.paths import normalise_path
from simlb.core.wildcards import MATCHABLE, WildcardKind

SUBJECTS_REMEMBERED_MAX = 1024
SUBJECT_REMEMBERED_MAX_BYTES = 256

Conditions = Sequence[CompiledCondition[Any]]
S = TypeVar("S", bound=Hashable)
C = TypeVar("C", bound=CompiledCondition[Any])
V = TypeVar("V")


class MaskMemo(dict[S, int]):
    """The rules whose conditions of one kind hold, by subject: for what repeats from request to request.

    Subjects come from clients, so their number and size are bounded; what is not remembered is judged again.
    """

    __slots__ = ("_conditions",)

    def __init__(self, conditions: Sequence[Sequence[CompiledCondition[S]]]) -> None:
        super().__init__()
        self._conditions = conditions
        """Those of the kind, by rule."""

    def __missing__(self, subject: S) -> int:
        mask = 0
        for place, conditions in enumerate(self._conditions):
            if all(condition.holds(subject) for condition in conditions):
                mask |= 1 << place
        _remember(self, subject, mask)
        return mask


def _remember(memo: dict[S, int], subject: S, mask: int) -> None:
    if _size(subject) <= SUBJECT_REMEMBERED_MAX_BYTES:
        if len(memo) >= SUBJECTS_REMEMBERED_MAX:
            memo.clear()
        memo[subject] = mask


def _size(subject: object) -> int:
    if isinstance(subject, tuple):
        return sum(len(value) + 1 for value in subject)
    return len(subject) if isinstance(subject, (bytes, str)) else 0


class _Intervals:
    """Sets of rules over intervals of texts, in the order of bytes.

    The texts that begin with a prefix are an interval, and so is a single text. Between two neighbouring ends the set
    of rules is always the same: one search finds it, however many and however long the prefixes are.
    """

    __slots__ = ("_ends", "_masks")

    def __init__(self, everywhere: int, spans: Sequence[tuple[bytes, bytes | None, int]]) -> None:
        """`everywhere`: rules for all texts. Each span: the first text, the first one behind (None: none), a rule."""
        self._ends = sorted({end for low, high, _ in spans for end in (low, high) if end})
        self._masks = [everywhere] * (len(self._ends) + 1)
        for low, high, rule in spans:
            last = len(self._masks) if high is None else bisect_right(self._ends, high)
            for position in range(bisect_right(self._ends, low), last):
                self._masks[position] |= rule

    def __getitem__(self, text: bytes) -> int:
        return self._masks[bisect_right(self._ends, text)]


class PathIndex:
    """The rules whose path pattern may match, by how the path begins and how it ends."""

    __slots__ = ("_by_end", "_by_start", "_with_controls", "unsure")

    def __init__(self, conditions: Sequence[PathPattern | None]) -> None:
        """`conditions` by rule; None for a rule without one."""
        starts: list[tuple[bytes, bytes | None, int]] = []
        ends: list[tuple[bytes, bytes | None, int]] = []
        free = 0
        has_tails = False
        self.unsure = 0
        """The rules whose pattern has to be verified."""
        for place, condition in enumerate(conditions):
            rule = 1 << place
            if condition is None:
                free |= rule
                continue
            spans = condition.spans
            for low, high in spans.starts:
                starts.append((low, high, rule))
            for low, high in spans.ends:
                ends.append((low, high, rule))
                has_tails = has_tails or bool(low)
            if not spans.is_sure:
                self.unsure |= rule
        self._by_start = _Intervals(free, starts)
        self._by_end = _Intervals(free, ends) if has_tails else None
        self._with_controls = free | self.unsure

    def mask(self, path: bytes) -> int:
        """The rules that have no path pattern, or one that matches the normalised `path` or is to be verified."""
        if path.translate(None, MATCHABLE):
            # No wildcard stands for a control character.
            return self._with_controls
        mask = self._by_start[path]
        return mask if self._by_end is None else mask & self._by_end[path[::-1]]


class QueryIndex(dict[bytes, int]):
    """The rules whose query-string condition holds, for those conditions that have no wildcards, by raw query.

    A memo like `MaskMemo`: taking a query apart costs twice what the rest of a decision does, and queries repeat.
    """

    __slots__ = ("_pairs", "_rest", "_values")

    def __init__(self, conditions: Sequence[QueryString | None]) -> None:
        """`conditions` by rule, indexable ones; None for a rule without one."""
        super().__init__()
        self._rest = 0
        self._pairs: dict[tuple[bytes, bytes], int] = {}
        self._values: dict[bytes, int] = {}
        for place, condition in enumerate(conditions):
            bit = 1 << place
            if condition is None:
                self._rest |= bit
                continue
            for key, value in condition.pairs:
                if key is None:
                    self._values[value.literal] = self._values.get(value.literal, 0) | bit
                else:
                    pair = (key.literal, value.literal)
                    self._pairs[pair] = self._pairs.get(pair, 0) | bit

    @staticmethod
    def can_hold(condition: QueryString) -> bool:
        """True when every pair is literal."""
        wildcards = [wildcard for pair in condition.pairs for wildcard in pair if wildcard is not None]
        return all(wildcard.kind is WildcardKind.EXACT for wildcard in wildcards)

    def __missing__(self, raw_query: bytes) -> int:
        """The rules whose condition holds for a query, and all without an indexed one."""
        mask = self._rest
        pairs, values = self._pairs, self._values
        for key, value in Query(raw_query).tokens:
            mask |= pairs.get((key, value or b""), 0) | values.get(key if value is None else value, 0)
        _remember(self, raw_query, mask)
        return mask


class _Doubts(NamedTuple):
    """What is left to ask of a rule that hosts, methods, addresses and paths speak for.

    What its headers and its query tell is true of all rules at once. The other conditions are its own.
    """

    headers: tuple[tuple[bytes, MaskMemo[tuple[bytes, ...]]], ...]
    query_index: QueryIndex | None
    own_queries: tuple[QueryString, ...]
    own_paths: tuple[PathPattern, ...]


class RuleIndex:
    """The rules of one listener, indexed."""

    __slots__ = ("_all", "_doubts", "_hosts", "_methods", "_paths", "_sources", "_unsure", "_without_query")

    def __init__(self, rules: Sequence[Conditions]) -> None:
        """`rules`: the conditions of each rule, the first in priority first."""
        self._all = (1 << len(rules)) - 1
        hosts = _of_kind(rules, HostHeader)
        methods = _of_kind(rules, HttpRequestMethod)
        sources = _of_kind(rules, SourceIp)
        self._hosts = MaskMemo(_by_place(rules, hosts)) if hosts else None
        self._methods = MaskMemo(_by_place(rules, methods)) if methods else None
        self._sources = MaskMemo(_by_place(rules, sources)) if sources else None
        paths = _of_kind(rules, PathPattern)
        # AWS lets a rule have one path pattern; the model does not say so.
        self._paths = PathIndex([own[0] if own else None for own in _by_place(rules, paths)]) if paths else None
        queries = _of_kind(rules, QueryString)
        indexed = {place: next(filter(QueryIndex.can_hold, own), None) for place, own in queries.items()}
        query_index = QueryIndex([indexed.get(place) for place in range(len(rules))]) if queries else None
        self._without_query = self._all ^ sum(1 << place for place in queries)
        """The rules that need no query: no condition holds for a request that has none."""
        headers = _of_kind(rules, HttpHeader)
        memos = {
            name: MaskMemo([[header for header in own if header.name == name] for own in _by_place(rules, headers)])
            for name in {header.name for own in headers.values() for header in own}
        }
        self._doubts: dict[int, _Doubts] = {}
        """By the places of the rules that have any."""
        self._unsure = 0
        path_unsure = self._paths.unsure if self._paths is not None else 0
        more_paths = {place for place, own in paths.items() if len(own) > 1 or path_unsure >> place & 1}
        for place in {*headers, *queries, *more_paths}:
            own_paths, own_query = paths.get(place, ()), indexed.get(place)
            self._doubts[place] = _Doubts(
                tuple((name, memos[name]) for name in {header.name: None for header in headers.get(place, ())}),
                None if own_query is None else query_index,
                tuple(query for query in queries.get(place, ()) if query is not own_query),
                tuple(own_paths if path_unsure >> place & 1 else own_paths[1:]),
            )
            self._unsure |= 1 << place

    def first(self, request: RoutedRequest, client_ip: str) -> int:
        """The place of the first rule all of whose conditions hold; -1 when there is none."""
        mask = self._all
        # A subscript of a dict that makes up for missing keys takes a fifth of the time of a call.
        if self._hosts is not None:
            mask &= self._hosts[request.named_host]
        if self._methods is not None:
            mask &= self._methods[request.method]
        if self._sources is not None:
            mask &= self._sources[client_ip]
        path = raw_query = b""
        if self._paths is not None:
            path = normalise_path(request.path)
            mask &= self._paths.mask(path)
        if self._without_query != self._all:
            raw_query = request.query
            if not raw_query:
                mask &= self._without_query
        query: Query | None = None
        unsure = self._unsure
        while mask:
            lowest = mask & -mask
            place = lowest.bit_length() - 1
            if not lowest & unsure:
                return place
            headers, query_index, own_queries, own_paths = self._doubts[place]
            for name, memo in headers:
                mask &= memo[request.header_values(name)]
            if query_index is not None:
                mask &= query_index[raw_query]
            if mask & lowest:
                if own_queries and query is None:
                    query = Query(raw_query)
                if _all_hold(own_paths, path) and _all_hold(own_queries, query):
                    return place
                mask ^= lowest
        return -1


def _of_kind(rules: Sequence[Conditions], kind: type[C]) -> dict[int, list[C]]:
    """The conditions of one kind, by the places of the rules that have any."""
    found: dict[int, list[C]] = {}
    for place, conditions in enumerate(rules):
        for condition in conditions:
            # Asking for the very class takes a fifth of the time: they are abstract classes' children.
            if type(condition) is kind:
                found.setdefault(place, []).append(condition)
    return found


def _by_place(rules: Sequence[Conditions], found: Mapping[int, Sequence[V]]) -> list[Sequence[V]]:
    """What was found, for all rules in their order."""
    return [found.get(place, ()) for place in range(len(rules))]


def _all_hold(conditions: Sequence[CompiledCondition[Any]], subject: object) -> bool:
    for condition in conditions:  # noqa: SIM110 - all() would make a generator for each rule
        if not condition.holds(subject):
            return False
    return True
