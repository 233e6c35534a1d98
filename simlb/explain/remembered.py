"""A finished exchange as it can still be told: its line, what was kept of it, and its head put together again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from simlb.core.rules import RuleVerdict
from simlb.dataplane.exchange import Kept, Rare
from simlb.explain.log_line import LogLine
from simlb.observe.exchange_ring import KeptExchange
from simlb.wire.h1_fields import FieldParser
from simlb.wire.h1_request import RequestParser
from simlb.wire.request import RequestHead

NOTHING_RARE = Rare()


class RememberedHead:
    """A request head as rules see it, of which the end of a long header section is no longer there.

    `values` are the header values that rules ask for; `named_host` may stand for one in the part that is gone.
    """

    def __init__(self, head: RequestHead, named_host: bytes | None, values: Mapping[bytes, tuple[bytes, ...]]) -> None:
        self.method = head.method
        self.path = head.path
        self.query = head.query
        self.named_host = named_host
        self._values = values

    def header_values(self, name: bytes) -> tuple[bytes, ...]:
        """The values of a field that a rule asks for."""
        return self._values.get(name, ())


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """One exchange. `earlier` are the lines that came before it on its client connection.

    `has_all_earlier` is False when there may have been more of them.
    """

    number: int
    line: LogLine
    kept: Kept | None
    earlier: Sequence[LogLine] = ()
    has_all_earlier: bool = False

    @classmethod
    def of(cls, exchange: KeptExchange, earlier: Sequence[str] = (), *, has_all_earlier: bool = False) -> Remembered:
        """What can be told of an exchange of the ring."""
        return cls(
            number=exchange.number,
            line=LogLine.read(exchange.line),
            kept=None if exchange.kept is None else Kept(*exchange.kept),
            earlier=[LogLine.read(line) for line in earlier],
            has_all_earlier=has_all_earlier,
        )

    @property
    def rare(self) -> Rare:
        """What few exchanges have."""
        return NOTHING_RARE if self.kept is None or self.kept.rare is None else self.kept.rare

    @property
    def is_head_cut(self) -> bool:
        """Whether the end of its header section is no longer there."""
        return self.rare.values is not None

    @property
    def head_bytes(self) -> int:
        """The size of its header section as it was received; 0 when nothing of it is known."""
        return self.rare.section_bytes or (0 if self.kept is None else len(self.kept.section))

    @property
    def has_no_weights(self) -> bool:
        """Whether every weight of its action was 0."""
        routed = self.rare.routed
        return routed is not None and routed.draw is not None and routed.draw.target_group is None

    @property
    def is_on_kept_connection(self) -> bool:
        """Whether it went to its target over a connection that had served before."""
        return self.kept is not None and self.kept.target is not None and not self.kept.is_first_on_connection

    @cached_property
    def head(self) -> RequestHead | None:
        """The head as the client sent it; None when nothing could be read as a request. Cut when it was long."""
        if self.kept is None or self.line.method is None:
            return None
        for uri in (self.line.uri, self.line.target):
            head = self._parsed(uri)
            if self._is_of_line(head, uri):
                return head
        return self._parsed(self.line.target)

    def _parsed(self, uri: bytes) -> RequestHead:
        assert self.kept is not None
        line, section = self.line, self.kept.section
        assert line.method is not None
        if self.is_head_cut:
            # The last line may be half of one.
            section = section.rpartition(b"\r\n")[0]
        head = RequestParser(FieldParser()).head(b" ".join((line.method, uri, line.version)), section)
        head.drops_loose_names = self.kept.plan is not None and self.kept.plan.attributes.drop_invalid_header_fields
        return head

    def _is_of_line(self, head: RequestHead, uri: bytes) -> bool:
        """Whether a head in origin form, which the log shows as a whole URL, is what was sent."""
        if uri == self.line.target:
            return True
        if not uri.startswith(b"/") and uri != b"*":
            return False
        # A Host that is not there may have been in the part that was cut, or the load balancer's name stands in for it.
        return head.fields.host is None or head.fields.host == self.line.host

    def verdicts(self) -> Sequence[RuleVerdict] | None:
        """What the rules of then say of it; None when that can no longer be told.

        What is told always agrees with what was decided: the priority in the log line.
        """
        kept, priority = self.kept, self.line.rule_priority
        if kept is None or kept.plan is None or priority is None or self.head is None:
            return None
        for request in self._as_rules_saw_it(self.head):
            verdicts = kept.plan.rules.explain(request, self.line.client_ip)
            if verdicts[-1].priority == priority:
                return verdicts
        return None

    def _as_rules_saw_it(self, head: RequestHead) -> Iterator[RequestHead | RememberedHead]:
        values = self.rare.values
        if values is None:
            yield head
            return
        if head.named_host is None:
            # Its Host was in the part that is gone, or it had none, and the load balancer's own name is in the line.
            yield RememberedHead(head, self.line.host, values)
        yield RememberedHead(head, head.named_host, values)
