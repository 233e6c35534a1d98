"""How far a learner is, and what the course has not cost."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.console.learning.course import Course, Step
from simlb.console.learning.progress import Progress, StepProgress
from simlb.console.learning.views import LearnView, SavedMoney, StepView

if TYPE_CHECKING:
    from simlb.app.application import App

HOURS_PER_MONTH = 730
"""AWS's own figure for a month."""


def view(app: App, course: Course, progress: Progress, file: Path | None) -> LearnView:
    """As `GET /api/v1/learn` answers."""
    steps = [_step(step, progress.steps.get(str(step.number), StepProgress())) for step in course.steps]
    hours, price = progress.balancer_s / 3600, course.price
    return LearnView(
        begun_at=progress.begun_at,
        speed=app.clock.speed,
        region=course.region,
        step=progress.step,
        file=None if file is None else str(file),
        http_port=_published(app, 80),
        https_port=_published(app, 443),
        steps=steps,
        observations=sum(len(step.observe) for step in course.steps),
        observations_done=sum(len(step.ticks) for step in steps),
        mistakes=sum(len(step.mistakes) for step in course.steps),
        mistakes_tried=sum(len(step.mistakes) for step in steps),
        learning_s=_between(progress.begun_at, progress.last_at),
        saved=SavedMoney(
            load_balancer_hours=round(hours, 4),
            usd=round(hours * price.usd_per_hour, 4),
            usd_per_hour=price.usd_per_hour,
            usd_per_month=round(price.usd_per_hour * HOURS_PER_MONTH, 2),
            assumption={"en": price.assumption.en, "ko": price.assumption.ko},
        ),
    )


def _step(step: Step, done: StepProgress) -> StepView:
    """Without what an earlier edition of the course had."""
    ticks = {item.id: done.ticks[item.id] for item in step.observe if item.id in done.ticks}
    return StepView(
        number=step.number,
        begun_at=done.begun_at,
        done_at=max(ticks.values()) if step.observe and len(ticks) == len(step.observe) else None,
        ticks=ticks,
        mistakes={item.id: done.mistakes[item.id] for item in step.mistakes if item.id in done.mistakes},
    )


def _published(app: App, port: int) -> int | None:
    for node in app.nodes.values():
        if port in node.listeners:
            return node.listeners[port].published_port
    return None


def _between(first: str | None, last: str | None) -> float:
    if first is None or last is None:
        return 0.0
    return max(0.0, round((datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds(), 3))
