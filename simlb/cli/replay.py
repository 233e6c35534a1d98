"""`simlb replay REF`: a request of the past once more, then and now side by side."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from simlb.cli.curl import curl_command
from simlb.cli.replay_display import shown_uri
from simlb.cli.terminal import Style, columns, printable
from simlb.controlplane.client import ControlClient, segment
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.replay_request import ReplayRequest, request_of
from simlb.controlplane.replay_sending import Answer, send
from simlb.controlplane.replay_views import RequestView
from simlb.core.log_kinds import LogKind
from simlb.errors import EXIT_FINE, SimlbError
from simlb.observe.log_fields import Entry, known_fields, split

CLIENT_LEFT = 460
LOGGED_WITHIN_S = 2.0
POLL_S = 0.02
PAGE_LINES = 1000
_FIELDS = known_fields(LogKind.ACCESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a request. `by` is who produced the status; times are as in the log, -1 for none.

    `target` is its address; `error` says what the client saw in place of a whole answer.
    """

    status: int | None
    by: str
    target: str | None
    rule: int | None
    group: str | None
    reason: str | None
    request_processing_time: float
    target_processing_time: float
    response_processing_time: float
    trace: str | None
    error: str | None = None

    @property
    def words(self) -> str:
        """`502 from the load balancer`."""
        if self.status is None:
            return self.error or "no answer"
        if self.status == CLIENT_LEFT:
            return f"{self.status}, since the client left"
        return f"{self.status} from {self.target}" if self.by == "target" else f"{self.status} from the load balancer"


def replay(arguments: Namespace) -> int:
    """Send a request again, or print how to."""
    if arguments.as_curl and (arguments.json or arguments.times != 1):
        flag = "--json" if arguments.json else "--times"
        raise SimlbError("E741", f"--as-curl and {flag} do not go together.", "leave one of them out")
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        view = _view(client, arguments.ref)
        request = request_of(
            view,
            without_body=arguments.without_body,
            body=None if arguments.body is None else _read(arguments.body),
            partial=arguments.partial,
        )
        if arguments.as_curl:
            print(curl_command(view, request, with_secrets=arguments.with_secrets, verifies=not arguments.insecure))
            if not arguments.with_secrets:
                print("simlb: secrets are masked; for a command that works: --with-secrets", file=sys.stderr)
            return EXIT_FINE
        then = outcome_of(view.log_line)
        verifies = not arguments.insecure
        now = [
            _once(client, view, request, timeout_s=arguments.timeout, verifies=verifies) for _ in range(arguments.times)
        ]
    if arguments.json:
        print(json.dumps(_as_json(view, then, now, with_secrets=arguments.with_secrets), indent=2))
    else:
        lines = report(view, request, then, now, Style.of(sys.stdout), with_secrets=arguments.with_secrets)
        print("\n".join(lines))
    return EXIT_FINE


def _view(client: ControlClient, ref: str) -> RequestView:
    data = client.ask("POST", f"/api/v1/exchanges/{segment(ref)}/request")
    try:
        return RequestView.from_json(data)
    except (KeyError, TypeError) as error:
        raise SimlbError(
            "E604",
            f"What it says about a request was not understood: it lacks {error}.",
            "→ use the same version of simlb on both sides, or start it anew: simlb down, simlb up",
        ) from error


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise SimlbError("E742", f"{printable(name)} cannot be read: {error.strerror or error}.") from None


# -- now ---------------------------------------------------------------------------------------------------------------


def _once(
    client: ControlClient, view: RequestView, request: ReplayRequest, *, timeout_s: float, verifies: bool
) -> Outcome:
    before = client.logs(-1, 1).next
    answer = send(view, request.to_bytes(), timeout_s=timeout_s, verifies=verifies)
    line = _logged(client, before, answer)
    if line is None:
        return _unlogged(answer)
    found = outcome_of(line)
    if answer.error is None:
        return found
    by = found.by if answer.status is not None else "nobody"
    return replace(found, status=answer.status, by=by, error=answer.error)


def _logged(client: ControlClient, after: int, answer: Answer) -> str | None:
    """The line of what was just sent: the one from this client's port. None when there is none in time."""
    give_up_at = time.monotonic() + LOGGED_WITHIN_S
    while True:
        page = client.logs(after, PAGE_LINES)
        for line in page.lines:
            if split(line)[3] == answer.client:
                return line
        after = page.next
        if len(page.lines) < PAGE_LINES:
            if time.monotonic() > give_up_at:
                return None
            time.sleep(POLL_S)


def _unlogged(answer: Answer) -> Outcome:
    return Outcome(
        status=answer.status,
        by="nobody" if answer.status is None else "load balancer",
        target=None,
        rule=None,
        group=None,
        reason=None,
        request_processing_time=-1.0,
        target_processing_time=-1.0,
        response_processing_time=-1.0,
        trace=None,
        error=answer.error,
    )


def outcome_of(line: str) -> Outcome:
    """What a line of the access log tells."""
    entry = Entry(split(line))

    def value(name: str) -> object:
        return _FIELDS[name].get(entry)

    return Outcome(
        status=_number(value("elb_status_code")),
        by=_producer(value("elb_status_code"), value("target_status_code")),
        target=_text(value("target:port")),
        rule=_number(value("matched_rule_priority")),
        group=_text(value("group")),
        reason=_text(value("error_reason")),
        request_processing_time=_seconds(value("request_processing_time")),
        target_processing_time=_seconds(value("target_processing_time")),
        response_processing_time=_seconds(value("response_processing_time")),
        trace=_text(value("trace")),
    )


def _producer(status: object, target_status: object) -> str:
    if target_status is not None:
        return "target"
    # Nobody got a 460 (reference 4.1): there was nobody left to get it.
    return "nobody" if status == CLIENT_LEFT else "load balancer"


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else -1.0


# -- then and now ------------------------------------------------------------------------------------------------------


def report(
    view: RequestView,
    request: ReplayRequest,
    then: Outcome,
    now: Sequence[Outcome],
    style: Style,
    *,
    with_secrets: bool,
) -> Iterator[str]:
    """Everything as text."""
    yield style.bold(f"#{view.number}  {printable(view.method)} {_url(view, request.uri, with_secrets=with_secrets)}")
    if len(now) == 1:
        header, *lines = columns([("", "THEN", "NOW"), *_side_by_side(then, now[0])])
        yield style.dim(header)
        yield from lines
    else:
        rows = [("", "STATUS", "BY", "TARGET", "SECONDS", "TRACE ID"), _row("then", then)]
        rows += [_row(f"now {place}", one) for place, one in enumerate(now, 1)]
        header, *lines = columns(rows)
        yield style.dim(header)
        yield from lines
    if request.left_out:
        yield style.dim(f"not sent again, the load balancer writes it: {printable(', '.join(request.left_out))}")
    yield difference(then, now)


def _url(view: RequestView, uri: bytes, *, with_secrets: bool) -> str:
    shown = shown_uri(uri, with_secrets=with_secrets)
    if not shown.startswith("/"):
        return printable(shown)
    hosts = [line.partition(":")[2].strip() for line in view.lines if line.lower().startswith("host:")]
    host = hosts[0] if hosts else f"{view.address}:{view.published_port}"
    return printable(f"{'https' if view.is_tls else 'http'}://{host}{shown}")


def _side_by_side(then: Outcome, now: Outcome) -> Iterator[tuple[str, str, str]]:
    for name, one, other in zip(
        ("status", "by", "target", "target group", "rule", "error reason", "times (s)", "trace id", "client saw"),
        _cells(then),
        _cells(now),
        strict=True,
    ):
        if (one, other) != ("-", "-"):
            yield name, one, other


def _cells(outcome: Outcome) -> tuple[str, ...]:
    rule = "-" if outcome.rule is None else "default" if outcome.rule == 0 else str(outcome.rule)
    times = (
        outcome.request_processing_time,
        outcome.target_processing_time,
        outcome.response_processing_time,
    )
    return (
        "-" if outcome.status is None else str(outcome.status),
        outcome.by,
        outcome.target or "-",
        outcome.group or "-",
        rule,
        outcome.reason or "-",
        " ".join(map(_time, times)),
        outcome.trace or "-",
        outcome.error or "-",
    )


def _time(seconds: float) -> str:
    return "-1" if seconds < 0 else f"{seconds:.3f}"


def _row(name: str, outcome: Outcome) -> tuple[str, ...]:
    cells = _cells(outcome)
    return name, cells[0], cells[1], cells[2], cells[6], cells[7]


def difference(then: Outcome, now: Sequence[Outcome]) -> str:
    """What differs, in one sentence."""
    if len(now) > 1:
        counts = Counter(outcome.words for outcome in now)
        said = ", ".join(f"{count} × {words}" for words, count in counts.most_common())
        return f"Then {then.words}; now {said}."
    one = now[0]
    if one.error is not None and one.status is None:
        return f"Then {then.words}; now the connection brought no answer: {one.error}."
    more = ""
    if then.rule != one.rule and then.rule is not None and one.rule is not None:
        more = f", by another rule ({_cells(then)[4]} then, {_cells(one)[4]} now)"
    if one.error is not None:
        more += f"; {one.error}"
    if (then.status, then.by) != (one.status, one.by):
        return f"Then {then.words}; now {one.words}{more}."
    if then.target != one.target:
        to = f"to {then.target or 'no target'} then, to {one.target or 'no target'} now"
        who = "the targets" if one.by == "target" else "the load balancer"
        return f"The same status, {one.status} from {who}, but it went elsewhere: {to}{more}."
    return f"The same as then: {one.words}{more}."


def _as_json(view: RequestView, then: Outcome, now: Sequence[Outcome], *, with_secrets: bool) -> dict[str, object]:
    return {
        "number": view.number,
        "method": view.method,
        "uri": shown_uri(view.uri.encode("latin-1"), with_secrets=with_secrets),
        "then": asdict(then),
        "now": [asdict(outcome) for outcome in now],
        "difference": difference(then, now),
    }
