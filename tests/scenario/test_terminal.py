"""A run as it is shown on a terminal, in both languages, on terminals that can more and less."""

from __future__ import annotations

import io

import msgspec
import pytest

from simlb.cli.terminal import Style
from simlb.controlplane.words import printable
from simlb.scenario.journal import Entry, Spoken, StepMissed
from simlb.scenario.model import Language
from simlb.scenario.summary import Summary
from simlb.scenario.telling import tell
from simlb.scenario.terminal import Narration, clipped, columns_of, outcome_table, padded, total
from tests.scenario.journals import META, a_run, at, request, spoken, state


def shown(
    entries: list[Entry],
    language: Language = "en",
    *,
    is_live: bool = False,
    color: bool = False,
    concludes: bool = False,
) -> str:
    out = io.StringIO()
    narration = Narration(out, Style(color=color), language, is_live=is_live, width=60)
    for entry in entries:
        narration.wrote(entry)
    narration.close()
    if concludes:
        narration.conclude(entries, [(Spoken(en="report", ko="보고서"), "runs/a.html")])
    return out.getvalue()


def test_the_story_has_the_load_balancers_time_and_the_real_one() -> None:
    assert "    11.0 s (  1.6 s) » i-02 is dead." in shown(a_run()).splitlines()


def test_at_real_speed_there_is_only_one_time() -> None:
    entries = a_run(meta=msgspec.structs.replace(META, speed=1.0))
    assert "    11.0 s  » i-02 is dead." in shown(entries).splitlines()


def test_it_is_told_in_korean() -> None:
    text = shown(a_run(), "ko", concludes=True)
    for words in ("서버 한 대가 죽었을 때", "i-02 is dead. (한국어)", "3개 중 2개 실패", "보고서: runs/a.html"):
        assert words in text


@pytest.mark.parametrize(
    "line",
    [
        "                     ✔ steady state: healthy(web) == 2 (2)",
        "     9.0 s (  1.4 s) ? What share will fail?",
        "                      2  50 %",
        "    11.0 s (  1.6 s) ✗ 100 %? No: 50 % – One of two.",
        "    11.0 s (  1.6 s) ✗ fault crash: target.crash · i-02",
        "    35.0 s (  4.0 s) ✗ web/i-02  healthy → unhealthy  (Target.FailedHealthChecks)",
        "    40.0 s (  4.5 s) ✓ fault crash is undone",
        "    41.0 s (  4.6 s) ! A busy machine.",
        "    50.0 s (  5.5 s) ✗ step 4: not within 10 s: health(web/2) == healthy",
    ],
)
def test_a_line_of_the_story(line: str) -> None:
    assert line in shown(a_run()).splitlines()


def test_targets_that_wait_for_their_first_probe_are_no_news() -> None:
    assert "initial" not in shown([META, state(0.0, "i-01", "", "initial"), state(0.0, "i-01", "initial", "initial")])


def test_the_end_is_a_table_of_what_was_seen_and_expected() -> None:
    lines = shown(a_run(), concludes=True).splitlines()
    assert lines[-5:] == [
        " ✔ steady state     healthy(web) == 2 (2)",
        " ✗ step 4           did not happen         health(web/2) == healthy (10 s)",
        " ✔ title of detect  38.5 s                 from 30 s to 62 s",
        " ✗ title of quiet   38.5 s                 expected from 30 s to 62 s       journal line 30, 31",
        " 2 of 3 failed · 6.0 s real (60 s virtual) · report: runs/a.html",
    ]


def test_columns_are_aligned_by_what_korean_letters_take() -> None:
    # Only the columns before the last one: what comes behind them must begin at one place.
    rows = outcome_table(Summary.of(a_run()), Style(color=False), "ko")
    seen = [row for row in rows if "38.5초" in row]
    assert len({columns_of(row[: row.index("38.5초")]) for row in seen}) == 1


def test_a_void_run_says_so() -> None:
    assert "The run is void" in shown(a_run("void"), concludes=True)


def test_on_a_terminal_the_last_line_tells_how_things_stand() -> None:
    entries: list[Entry] = [
        META,
        state(0.0, "i-01", "", "healthy"),
        state(0.0, "i-02", "", "unhealthy"),
        *(request(4.0 + number / 20, 502 if number % 4 == 0 else 200, 0) for number in range(20)),
    ]
    text = shown(entries, is_live=True)
    assert "\r\x1b[K" in text
    last = text.split("\r\x1b[K")[-2]
    assert "healthy 1/2" in last
    assert "5xx" in last


def test_a_line_of_progress_is_never_wider_than_the_terminal() -> None:
    for part in shown(a_run(), "ko", is_live=True).split("\r\x1b[K"):
        if "…" in part:
            assert columns_of(part.partition("\n")[0]) < 60


def test_elsewhere_nothing_is_written_over() -> None:
    text = shown(a_run(), concludes=True)
    assert "\r" not in text
    assert "\x1b" not in text


def test_colours_are_marks_around_words_that_say_it_too() -> None:
    assert "\x1b[1mi-02 is dead.\x1b[0m" in shown(a_run(), color=True)


def test_a_scenario_cannot_command_the_terminal() -> None:
    entries = a_run(meta=msgspec.structs.replace(META, title=spoken("\x1b]0;gotcha\x07")), words="\x1b[2Jgone\rover\n!")
    text = shown(entries, concludes=True)
    assert "\x1b" not in text
    assert "\r" not in text
    assert "�[2Jgone�over !" in text


def test_a_missed_step_cannot_either() -> None:
    missed = StepMissed(**at(1.0), step=1, waited_for="\x1b[2J", within_s=1.0)
    assert "\x1b" not in shown([META, missed], concludes=True)


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("가나", 4), ("a가", 3), ("é", 1), ("", 0)])
def test_how_wide_a_text_is(text: str, columns: int) -> None:
    assert columns_of(text) == columns
    assert columns_of(padded(text, 10)) == 10


@pytest.mark.parametrize(("text", "clip"), [("abcdef", "abc"), ("가나다", "가"), ("ab", "ab")])
def test_a_text_is_clipped_to_columns(text: str, clip: str) -> None:
    assert clipped(text, 3) == clip


def test_what_is_no_character_for_people_is_replaced() -> None:
    assert printable("a\x00b\u202ec\u2028") == "a�b�c�"


def test_requests_and_samples_are_no_story() -> None:
    assert tell(request(1.0, 200, 200)) is None


def test_the_total_in_both_languages() -> None:
    summary = Summary.of(a_run())
    assert total(summary, "en") == "2 of 3 failed · 6.0 s real (60 s virtual)"
    assert total(summary, "ko") == "3개 중 2개 실패 · 실제 6.0초 (가상 60초)"
