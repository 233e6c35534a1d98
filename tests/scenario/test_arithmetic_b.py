"""The dry run of shipped scenarios, in AWS's time: what a person with a pencil would get."""

from __future__ import annotations

import pytest

from simlb.scenario import shelf
from simlb.scenario.arithmetic import dry_run
from simlb.scenario.compile import load
from simlb.scenario.model import Scenario

Range = tuple[float, float]
NOTHING, ONCE, TWICE = (0, 0), (1, 1), (2, 2)


def shipped(name: str) -> Scenario:
    return load(shelf.find(name))


@pytest.mark.parametrize(
    ("name", "quantity", "wanted"),
    [
        # Interval 30 s, timeout 5 s, 2 failures to leave: 35 to 65 s for a check that gets no answer.
        ("shallow-check", "detect_hang", (35, 65)),
        # A request that gets no answer is given up after the idle timeout.
        ("shallow-check", "hang_first", (60, 60)),
        # One of four targets has a quarter of 20 a second, for up to 60 s: that many wait for it.
        ("shallow-check", "hang_in_flight", (175, 300)),
        ("flapping", "detect", (30, 60)),
        ("flapping", "back", (120, 150)),
        # Interval 10 s, 2 failures to leave, 2 passes to return.
        ("rolling-deploy", "detect", (10, 20)),
        ("rolling-deploy", "back", (10, 20)),
        ("rolling-deploy", "new", (0, 10)),
        ("rolling-deploy", "drain", (0, 15)),
    ],
)
def test_what_comes_of_the_settings(name: str, quantity: str, wanted: Range) -> None:
    found = {each.id: (each.low, each.high) for each in dry_run(shipped(name), 1).estimates}
    assert found[quantity] == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("name", "expectation", "wanted"),
    [
        # The first 504 comes after 60 s, a quarter of all answers from then on; the other path finds it in
        # 35 to 65 s. A check may be under way already when a target goes: two seconds less are left room for.
        ("shallow-check", "first-504", (59, 64)),
        ("shallow-check", "share", (0.20, 0.30)),
        ("shallow-check", "no-flip", NOTHING),
        ("shallow-check", "detect", (33, 67)),
        ("shallow-check", "others", (3, 3)),
        ("shallow-check", "over", NOTHING),
        # FS: half of the answers fail, and it never leaves. FFS: it leaves for good. FFSSSSS: out and back in 210 s.
        ("flapping", "overlooked", NOTHING),
        ("flapping", "half", (0.45, 0.55)),
        ("flapping", "users", (0.22, 0.28)),
        ("flapping", "detect", (28, 62)),
        ("flapping", "never-back", ONCE),
        ("flapping", "flaps", TWICE),
        ("flapping", "time-in", (55, 65)),
        ("flapping", "round", (205, 215)),
        # Five requests a second meet the wrong certificate for 20 s: none of them reaches the log.
        ("wrong-certificate", "refused", (90, 110)),
        ("wrong-certificate", "no-trace", NOTHING),
        ("wrong-certificate", "served", (90, 110)),
        ("wrong-certificate", "no-trace-again", NOTHING),
        ("keepalive-race", "new-are-fine", NOTHING),
        ("keepalive-race", "no-502", NOTHING),
        # Round robin: a quarter whoever is slow. 30 requests a second come to the slow one, eight at a time in 300 ms
        # are 26.7: 38 s of the difference are 127 that wait.
        ("slow-one", "rr-share", (0.23, 0.27)),
        ("slow-one", "lor-share", (0.05, 0.12)),
        ("slow-one", "rr-p95", (0.329, 0.519)),
        ("slow-one", "lor-p95", (0.234, 0.424)),
        ("slow-one", "waiting", (0.8 * 38 * (30 - 8 / 0.3), 38 * (30 - 8 / 0.35) + 8)),
        ("slow-one", "lor120-p95", (0.203, 0.413)),
        # 20 a second, 8 s each, three targets: 53 are under way at each of them; the last 3 s of an eight are 20.
        ("rolling-deploy", "killed", (0.7 * 53.333, 1.3 * 53.333)),
        ("rolling-deploy", "detect", (8, 22)),
        ("rolling-deploy", "share", (0.2333, 0.4333)),
        ("rolling-deploy", "drain-time", (13, 17)),
        ("rolling-deploy", "no-errors", NOTHING),
        ("rolling-deploy", "cut", (10, 40)),
    ],
)
def test_what_is_expected(name: str, expectation: str, wanted: Range) -> None:
    found = {each.expectation.id: each for each in dry_run(shipped(name), 1).expected}[expectation]
    assert found.words is not None
    if found.bounds is None:  # a number, exactly
        assert (float(found.words.en), float(found.words.en)) == wanted
    else:
        assert found.bounds == pytest.approx(wanted, rel=1e-3)
