"""Explains how an instance stands: targets, status codes of late, what is amiss, and what would happen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlb.app.registering import unknown_target
from simlb.clock import ScaledClock
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.explain.causes import Outcome
from simlb.explain.dry_place import locate
from simlb.explain.dry_request import DryRequest
from simlb.explain.dry_run import dry_run_story
from simlb.explain.durations import Times
from simlb.explain.overview import Overview, Standing, overview
from simlb.explain.status_codes import count_statuses, find_status
from simlb.explain.status_story import status_story
from simlb.explain.story import Story
from simlb.explain.target_facts import ProcessFacts, TargetFacts
from simlb.explain.target_states import target_story
from simlb.faults.fault import Scope

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.dataplane.node import LoadBalancerNode


OF_LATE_S = 60.0
"""How far back an overview looks, in real seconds."""
ERRORS = 400


class StateExplaining:
    """Answers questions about the present of one application. Asking changes nothing."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def times(self) -> Times:
        """How durations are told on this instance's clock."""
        clock = self._app.clock
        return Times(clock.speed if isinstance(clock, ScaledClock) else 0.0)

    def targets(self, name: str) -> list[Story]:
        """Why the target of that name or `address:port` is in its state: a story for each place it is in.

        Raises SimlbError E302 when there is none.
        """
        everywhere = list(self.all_facts())
        found = [facts for facts in everywhere if name in {facts.name, facts.state.target.address}]
        if not found:
            raise unknown_target(name, (facts.name for facts in everywhere))
        return [target_story(facts) for facts in found]

    def status(self, status_code: int, last_s: float) -> Story:
        """What there was of a status code in the last real seconds."""
        self._app.observing.recorder.flush()
        span = find_status(self._app.observing.ring, status_code, last_s, time.time())
        return status_story(span, list(self.all_facts()), self.times)

    def overview(self) -> Overview:
        """Everything that is not as it should be right now."""
        app = self._app
        app.observing.recorder.flush()
        now, ring = time.time(), app.observing.ring
        counts = count_statuses(ring, OF_LATE_S, now)
        targets = list(self.all_facts())
        errors = [
            status_story(find_status(ring, code, OF_LATE_S, now), targets, self.times)
            for code in sorted(counts)
            if code >= ERRORS
        ]
        return overview(
            Standing(
                nodes=app.nodes,
                models={model.name: model for model in app.configuration.load_balancers},
                targets=targets,
                errors=[story for story in errors if not _is_meant(story)],
                faults=[
                    f"{fault.name}: {fault.words} ({', '.join(fault.acts_on) or fault.on})" for fault in app.faults
                ],
                faults_of=self._faults_of,
                requests=counts.total(),
            )
        )

    def request(self, request: DryRequest, load_balancer: str | None = None) -> Story:
        """What would happen to a request; nothing is sent, and nothing changes. Raises SimlbError E756."""
        app = self._app
        models = {model.name: model for model in app.configuration.load_balancers}
        place = locate(models, app.nodes, request.host, request.port, load_balancer)
        return dry_run_story(place, request, lambda group, state: self.facts(place.node, group, state))

    def _faults_of(self, place: int | str, load_balancer: str | None) -> tuple[str, ...]:
        scope = Scope.LISTENER if isinstance(place, int) else Scope.TARGET_GROUP
        return self._app.faults.words_on(scope, str(place), load_balancer)

    def all_facts(self) -> Iterator[TargetFacts]:
        """What is known of every target in each of its groups."""
        for node in self._app.nodes.values():
            for group in node.groups.values():
                for state in group.targets.values():
                    yield self.facts(node, group, state)

    def facts(self, node: LoadBalancerNode, group: TargetGroupState, state: TargetState) -> TargetFacts:
        """What is known of one target in one group."""
        app = self._app
        process = app.supervisor.get(state.target.process) if state.target.process is not None else None
        return TargetFacts(
            group=group,
            state=state,
            now=node.now(),
            times=self.times,
            next_check_at=node.next_check_at(state),
            is_checking=node.is_checking(state),
            process=None if process is None else ProcessFacts(pid=process.pid, last_status=process.last_status),
            faults=app.faults.words_on(Scope.TARGET, state.target.name),
        )


def _is_meant(story: Story) -> bool:
    """Whether all of these are what a rule says, or what an application says of its client's requests."""
    return all(one["outcome"] in {Outcome.RULE_SAID_ERROR, Outcome.TARGET_SAID_4XX} for one in story.facts["by"])
