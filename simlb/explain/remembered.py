"""A finished exchange as it can still be told: its line, what was kept of it, and its head put together again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from simlb.core.rules import RuleVerdict
from simlb.dataplane.exchange import Kept, Rare
from simlb.dataplane.target_failure import NOTHING_SENT, TargetFailure
from simlb.explain.log_line import LogLine
from simlb.observe.exchange_ring import KeptExchange
from simlb.wire.h1_fields import FieldParser
from simlb.wire.h1_request import RequestParser
from simlb.wire.request import RequestHead

NOTHING_RARE = Rare()
NEVER_CONNECTED = NOTHING_SENT | {TargetFailure.NO_DESCRIPTOR}
"""There was no connection to the target."""


class RememberedHead:
    """A request head as rules see it, of which the end of a long header section is no longer there.

    `values` are the header values that rules ask for.
    """

    def __init__(self, head: RequestHead, values: Mapping[bytes, tuple[bytes, ...]]) -> None:
        self.method = head.method
        self.path = head.path
        self.query = head.query
        self.named_host = head.named_host
        self._values = values

    def header_values(self, name: bytes) -> tuple[bytes, ...]:
        """The values of a field that a rule asks for."""
        return self._values.get(name, ())


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """One exchange. `count_before` are known to have come before it on its client connection, perhaps more.

    `are_all_counted` is True when it cannot have been more. `lines_before` are the lines of the last few of them.
    """

    number: int
    line: LogLine
    kept: Kept | None
    count_before: int = 0
    are_all_counted: bool = False
    lines_before: Sequence[LogLine] = ()

    @classmethod
    def of(
        cls,
        exchange: KeptExchange,
        *,
        count_before: int = 0,
        are_all_counted: bool = False,
        lines_before: Sequence[str] = (),
    ) -> Remembered:
        """What can be told of an exchange of the ring."""
        return cls(
            number=exchange.number,
            line=LogLine.read(exchange.line),
            kept=None if exchange.kept is None else Kept(*exchange.kept),
            count_before=count_before,
            are_all_counted=are_all_counted,
            lines_before=[LogLine.read(line) for line in lines_before],
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
        if self.kept is None or self.kept.target is None or self.rare.failure in NEVER_CONNECTED:
            return False
        return not self.kept.is_first_on_connection

    @cached_property
    def head(self) -> RequestHead | None:
        """The head as the client sent it; None when nothing could be read as a request. Cut when it was long."""
        return next(self._readings(), None)

    def _readings(self) -> Iterator[RequestHead]:
        """What may have been sent, the likeliest first: a path that the log shows as a whole URL, or such a URL."""
        if self.kept is None or self.line.method is None:
            return
        line = self.line
        if line.uri != line.target:
            head = self._parsed(line.uri)
            if self._is_of_line(head):
                yield head
        yield self._parsed(line.target)

    def _parsed(self, uri: bytes) -> RequestHead:
        assert self.kept is not None
        line, section = self.line, self.kept.section
        assert line.method is not None
        if self.is_head_cut:
            # The last line may be half of one, and Host may have been behind it.
            section = section.rpartition(b"\r\n")[0]
            if not FieldParser().parse(section).hosts:
                hosts = (self.rare.values or {}).get(b"host", ())
                section = b"\r\n".join([section, *[b"Host: " + host for host in hosts]])
        head = RequestParser(FieldParser()).head(b" ".join((line.method, uri, line.version)), section)
        head.drops_loose_names = self.kept.plan is not None and self.kept.plan.attributes.drop_invalid_header_fields
        return head

    def _is_of_line(self, head: RequestHead) -> bool:
        """Whether the log shows a head in origin form as this line does."""
        assert self.kept is not None
        if self.line.rule_priority is not None and not head.uri.startswith(b"/") and head.uri != b"*":
            # It would have been refused.
            return False
        if head.fields.host is not None:
            return head.fields.host == self.line.host
        # The load balancer's name stands in for a Host that is not there.
        return self.kept.plan is None or self.kept.plan.dns_name == self.line.host

    def verdicts(self) -> Sequence[RuleVerdict] | None:
        """What the rules of then say of it; None when that can no longer be told.

        What is told always agrees with what was decided: the priority in the log line.
        """
        kept, priority = self.kept, self.line.rule_priority
        if kept is None or kept.plan is None or priority is None:
            return None
        values = self.rare.values
        for head in self._readings():
            request = head if values is None else RememberedHead(head, values)
            verdicts = kept.plan.rules.explain(request, self.line.client_ip)
            if verdicts[-1].priority == priority:
                return verdicts
        return None
