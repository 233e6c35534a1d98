"""The timeline, played by hand: what has come, what is performed, what was missed."""

from __future__ import annotations

from simlb.scenario.expression_tree import Expression, Name
from simlb.scenario.model import After, At, Mark, Step, When
from simlb.scenario.timeline import Finished, Missed, Perform, Timeline


class Facts:
    """A judge who is told what is so, and since when."""

    def __init__(self) -> None:
        self.since: dict[str, float] = {}

    def holds(self, expression: Expression) -> bool:
        return expression.text in self.since

    def latest(self, expression: Expression) -> float | None:
        return self.since.get(expression.text)


def said(text: str) -> Expression:
    return Expression(text=text, tree=Name(at=0, name=text))


def step(trigger: At | When | After) -> Step:
    return Step(trigger=trigger, actions=(Mark(name="m"),))


def performed(command: object) -> int:
    assert isinstance(command, Perform)
    return command.index


def test_steps_come_at_their_times_one_after_another() -> None:
    story = Timeline([step(At(at_s=0)), step(At(at_s=10)), step(At(at_s=10))], Facts())
    assert performed(story.start(100)) == 0
    assert story.next_deadline() is None, "nothing comes while a step is performed"
    assert story.on_performed(101) is None
    assert story.next_deadline() == 110
    assert story.on_change(105) is None
    command = story.on_deadline(110)
    assert isinstance(command, Perform)
    assert (command.index, command.elapsed_s) == (1, 10)
    assert performed(story.on_performed(110)) == 2
    assert story.on_performed(112) == Finished()
    assert story.is_over
    assert story.next_deadline() is None
    assert story.on_change(113) is None


def test_a_condition_is_looked_at_again_and_again_until_its_deadline() -> None:
    facts = Facts()
    story = Timeline([step(When(condition=said("out"), within_s=65))], facts)
    assert story.start(0) is None
    assert story.next_deadline() == 0.5
    assert story.on_deadline(0.5) is None
    facts.since["out"] = 45
    assert performed(story.on_change(45)) == 0


def test_a_condition_that_does_not_come_ends_the_story() -> None:
    steps = [step(At(at_s=0)), step(When(condition=said("out"), within_s=65)), step(At(at_s=90))]
    story = Timeline(steps, Facts())
    story.start(0)
    story.on_performed(2)
    assert story.on_deadline(66.9) is None
    assert story.next_deadline() == 67
    command = story.on_deadline(67)
    assert isinstance(command, Missed)
    assert (command.index, command.waited_for.text, command.within_s) == (1, "out", 65)
    assert story.is_over
    assert story.next_deadline() is None


def test_a_condition_that_holds_already_comes_at_once() -> None:
    facts = Facts()
    facts.since["out"] = -3
    assert performed(Timeline([step(When(condition=said("out"), within_s=1))], facts).start(0)) == 0


def test_some_time_after_an_event_that_has_happened_already() -> None:
    facts = Facts()
    facts.since["out"] = 45
    story = Timeline([step(After(event=said("out"), wait_s=20, within_s=60))], facts)
    assert story.start(50) is None
    assert story.next_deadline() == 65
    assert story.on_deadline(64.9) is None
    assert performed(story.on_deadline(65)) == 0


def test_the_wait_after_an_event_does_not_count_against_its_deadline() -> None:
    facts = Facts()
    story = Timeline([step(After(event=said("out"), wait_s=100, within_s=60))], facts)
    assert story.start(0) is None
    facts.since["out"] = 59
    assert story.on_change(59) is None
    assert story.on_change(61) is None
    assert story.next_deadline() == 159
    assert performed(story.on_deadline(159)) == 0


def test_an_event_that_does_not_come_ends_the_story() -> None:
    story = Timeline([step(After(event=said("out"), wait_s=20, within_s=60))], Facts())
    story.start(0)
    assert isinstance(story.on_deadline(60), Missed)


def test_story_time_stands_still_while_a_question_is_open() -> None:
    story = Timeline([step(At(at_s=5)), step(At(at_s=10))], Facts())
    assert story.start(0) is None
    assert performed(story.on_deadline(5)) == 0
    story.on_asked(5)
    assert story.story_s(20) == 5
    assert story.on_change(20) is None
    story.on_answered(35)
    assert story.story_s(36) == 6
    assert story.on_performed(36) is None
    assert story.next_deadline() == 40
    assert story.on_deadline(39) is None
    assert performed(story.on_deadline(40)) == 1


def test_in_a_pause_no_step_comes_and_story_time_stands_still() -> None:
    facts = Facts()
    story = Timeline([step(At(at_s=5)), step(When(condition=said("out"), within_s=10)), step(At(at_s=9))], facts)
    assert story.start(0) is None
    story.on_paused(3)
    story.on_paused(4)
    assert story.next_deadline() is None
    assert story.on_change(20) is None
    story.on_resumed(23)
    story.on_resumed(24)
    assert story.story_s(24) == 4
    assert story.next_deadline() == 25
    assert performed(story.on_deadline(25)) == 0
    assert story.on_performed(25) is None
    # What happens in a pause counts when it is over, and its length does not count against `within`.
    story.on_paused(30)
    facts.since["out"] = 31
    assert story.on_change(50) is None
    story.on_resumed(50)
    assert performed(story.on_change(50)) == 1
    assert performed(story.on_performed(50)) == 2


def test_a_pause_does_not_make_a_step_late() -> None:
    story = Timeline([step(When(condition=said("out"), within_s=10))], Facts())
    story.start(0)
    story.on_paused(4)
    story.on_resumed(104)
    assert story.on_deadline(109) is None
    assert isinstance(story.on_deadline(110), Missed)


def test_a_pause_over_a_question_ends_when_both_are_over() -> None:
    story = Timeline([step(At(at_s=5)), step(At(at_s=10))], Facts())
    story.on_paused(0)
    assert story.start(2) is None, "paused before it began"
    story.on_resumed(10)
    assert performed(story.on_deadline(15)) == 0
    story.on_asked(15)
    story.on_paused(16)
    story.on_answered(20)
    assert story.story_s(30) == 5
    assert story.on_performed(30) is None
    story.on_resumed(40)
    assert story.story_s(41) == 6
    assert performed(story.on_deadline(45)) == 1


def test_a_story_without_steps_is_over_at_once() -> None:
    assert Timeline([], Facts()).start(0) == Finished()
