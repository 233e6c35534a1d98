"""Collects facts from a running instance, has them judged, and keeps what comes of it.

It listens to the stream of events and to what is too frequent for that: health checks, connections, DNS answers. How
everything stands is looked at after whatever may have changed it, once for all that happens in one go of the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.console.learning import progress as kept
from simlb.console.learning.checks import Tick, Watches
from simlb.console.learning.course import Course
from simlb.console.learning.facts import DnsAnswered, Fact, HandshakeFailed, LeadsTo, Probed, Standing, TargetWas
from simlb.console.learning.progress import Progress
from simlb.console.learning.standing import balancers, standing
from simlb.core.connection_log import UNMAPPED, ConnectionRecord
from simlb.core.dns.answers import Answer
from simlb.core.event_json import Told
from simlb.core.events import ApiCalled, CourseTicked, RequestFinished, RequestsCounted, TargetStateChanged
from simlb.core.health_check_log import ProbeRecord, reason_code
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App

LOOK_S = 0.5
"""How often, in real seconds, it is looked at what changes by itself: load balancers and certificates that are not
ready.
"""


class Watching:
    """One learner on one instance. Used on its loop, from `start` to `close`."""

    def __init__(self, app: App, course: Course, progress: Progress, path: Path | None) -> None:
        """`path` is where progress is kept; None for nowhere."""
        self.progress = progress
        self._app = app
        self._course = course
        self._path = path
        self._watches = Watches(course, progress.ticks())
        self._stop_listening: Callable[[], None] | None = None
        self._looking: asyncio.Handle | None = None
        self._saving: asyncio.Task[None] | None = None
        self._is_dirty = False
        self._is_failing = False
        self._balancers = 0
        self._known: frozenset[str] = frozenset()
        self._groups: frozenset[str] = frozenset()
        self._counted_at = app.clock.now()

    def start(self) -> None:
        """Begin to listen, and look at what is there already."""
        app = self._app
        self._known = balancers(app)
        self._stop_listening = app.observing.events.listen(self._on_event)
        app.observing.probes.on_record = self._on_probe
        app.observing.connections.on_record = self._on_connection
        app.names.on_answered = self._on_dns
        self._look_soon()

    async def close(self) -> None:
        """Listen no more, and keep what there is. Harmless when repeated."""
        if self._stop_listening is None:
            return
        self._stop_listening()
        self._stop_listening = None
        app = self._app
        app.observing.probes.on_record = app.observing.connections.on_record = app.names.on_answered = None
        if self._looking is not None:
            self._looking.cancel()
        self.count_balancers()
        self.save()
        while self._saving is not None:
            await self._saving

    def take(self, fact: Fact) -> None:
        """Something has happened."""
        for tick in self._watches.take(fact):
            self._tick(tick)

    def now(self) -> str:
        """Wall-clock time as it is kept."""
        return datetime.now(UTC).isoformat(timespec="milliseconds")

    def begin_step(self, step: int) -> None:
        """The learner is there now."""
        self.progress.step = step
        if self.progress.of(step).begun_at is None:
            self.progress.of(step).begun_at = self.now()
        self.save()

    def count_balancers(self) -> None:
        """Count the time that load balancers have been there, up to now."""
        now = self._app.clock.now()
        self.progress.balancer_s += self._balancers * (now - self._counted_at)
        self._counted_at = now

    # -- what happens --------------------------------------------------------------------------------------------------

    def _on_event(self, event: Told) -> None:
        if isinstance(event, ApiCalled | RequestFinished | RequestsCounted):
            self.take(event)
        elif isinstance(event, TargetStateChanged) and event.target_group in self._groups:
            self.take(TargetWas(state=event.previous_state))
        if not isinstance(event, CourseTicked | RequestFinished | RequestsCounted):
            self._look_soon()

    def _on_probe(self, record: ProbeRecord) -> None:
        status_code = record.result.status_code if record.result is not None else None
        reason = reason_code(record.result, record.health_check)
        self.take(Probed(status_code=status_code, reason=reason, path=record.health_check.path))

    def _on_connection(self, record: ConnectionRecord) -> None:
        if record.verify_status == UNMAPPED or record.verify_status.startswith("Failed:"):
            self.take(HandshakeFailed(port=record.facts.listener_port))

    def _on_dns(self, name: str, type_: str, answer: Answer) -> None:
        leads_to: LeadsTo = "nothing"
        if any(record.type == type_ for record in answer.records):
            leads_to = "load_balancer" if self._app.names.balancer_of(name) is not None else "elsewhere"
        self.take(DnsAnswered(name=name.removesuffix("."), type=type_, leads_to=leads_to))

    # -- how everything stands -----------------------------------------------------------------------------------------

    def _look_soon(self) -> None:
        """At the end of this go of the loop; rather than at a later one that was planned."""
        if isinstance(self._looking, asyncio.TimerHandle):
            self._looking.cancel()
        elif self._looking is not None:
            return
        self._looking = asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._looking = None
        if self._stop_listening is None:
            return
        seen = standing(self._app, self._known)
        self._known = balancers(self._app)
        self._groups = frozenset(target.group for target in seen.targets)
        self._count(seen)
        self.take(seen)
        if not seen.is_settled:
            self._looking = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _count(self, seen: Standing) -> None:
        self.count_balancers()
        if len(seen.load_balancers) != self._balancers:
            self._balancers = len(seen.load_balancers)
            self.save()

    # -- what comes of it ----------------------------------------------------------------------------------------------

    def _tick(self, tick: Tick) -> None:
        self.progress.tick(tick, self.now())
        at_s, real_s = self._app.narrator.times()
        ticked = CourseTicked(at_s=at_s, real_s=real_s, step=tick.step, item=tick.item, is_mistake=tick.is_mistake)
        # Not from within another event: everybody is to hear that one first.
        asyncio.get_running_loop().call_soon(self._app.observing.events.publish, ticked)
        self.save()

    def save(self) -> None:
        """Have it written, soon and not on the loop."""
        self._is_dirty = True
        if self._path is not None and self._saving is None:
            self._saving = asyncio.get_running_loop().create_task(self._save(self._path))

    async def _save(self, path: Path) -> None:
        try:
            while self._is_dirty:
                self._is_dirty = False
                await asyncio.to_thread(kept.write, path, kept.encoded(self.progress))
            self._is_failing = False
        except SimlbError as error:
            if not self._is_failing:  # said once, until it works again
                self._app.narrator.failed(error)
            self._is_failing = True
        finally:
            self._saving = None
