"""One target in several groups: which of them is meant."""

from __future__ import annotations

import pytest

from simlb.app.aliases import Labels, groups_of
from simlb.core.events import TargetStateChanged
from simlb.core.model import Target, TargetGroup
from simlb.core.target_group import TargetGroupState
from tests.app.conftest import Bench


def live(**groups: str) -> list[TargetGroupState]:
    """Groups of targets such as `a:1`, each with a process of its name."""
    made = []
    for name, written in groups.items():
        parts = [entry.partition(":") for entry in written.split()]
        targets = tuple(
            Target(id="127.0.0.1", port=int(port), dial_host="127.0.0.1", dial_port=int(port), name=one, process=one)
            for one, _, port in parts
        )
        made.append(TargetGroupState(TargetGroup(name=name, arn="arn", targets=targets), 0, cookie_key=bytes(32)))
    return made


@pytest.mark.parametrize(
    ("web", "api", "words"),
    [
        ("a:1 b:2", "c:3", "a"),
        ("a:1 b:2", "a:1", "a in web"),
        ("a:1 b:2", "a:9", "a in web"),
        ("a:1 a:2", "b:3", "a:1"),
        ("a:1 a:2", "a:1", "a:1 in web"),
        ("", "a:1", "a in web"),  # it is just gone from web
    ],
)
def test_a_label_says_as_much_as_it_takes(web: str, api: str, words: str) -> None:
    (told,) = live(web="a:1")[0].targets.values()
    groups = live(web=web, api=api)
    assert Labels(lambda: groups).of("web", told.target) == words


def test_a_label_follows_the_targets() -> None:
    groups = live(web="a:1 b:2", api="c:3")
    labels = Labels(lambda: groups)
    (told,) = live(web="a:1")[0].targets.values()
    assert labels.of("web", told.target) == "a"
    description = groups[1].group
    groups[1].reconcile(live(api="a:1")[0].group, 0, in_use=True)
    assert labels.of("web", told.target) == "a in web"
    groups[1].reconcile(description, 0, in_use=True)
    assert labels.of("web", told.target) == "a in web"  # it drains there
    groups[1].on_deadline(301)
    assert labels.of("web", told.target) == "a"
    del groups[1]
    assert labels.of("web", told.target) == "a"


@pytest.mark.parametrize(("process", "groups"), [("a", ("web", "api")), ("b", ("web",)), ("c", ())])
def test_the_groups_of_a_process(process: str, groups: tuple[str, ...]) -> None:
    assert groups_of(live(web="a:1 a:2 b:3", api="a:1"), process) == groups


async def test_a_change_of_state_names_the_group(bench: Bench) -> None:
    shop, other = '{url: "http://127.0.0.1:9", name: shop}', '{url: "http://127.0.0.2:9"}'
    await bench.start(web=[shop, other], api=["{target: shop}"])
    await bench.clock.advance(60)
    changes = [event for event in bench.audience.events if isinstance(event, TargetStateChanged)]
    labels = {change.label for change in changes if change.state == "unhealthy"}
    assert labels == {"shop in web", "i-01", "shop in api"}
