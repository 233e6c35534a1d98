"""The journal's file: written at once, and a clear error where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from simlb.errors import SimlbError
from simlb.scenario import journal
from simlb.scenario.journal import Entry
from simlb.scenario.recorder import Recorder
from tests.scenario.journals import META, a_run, state


def test_records_are_in_the_file_as_soon_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "a.jsonl"
    seen: list[Entry] = []
    recorder = Recorder(path, seen.append)
    for entry in a_run():
        recorder.write(entry)
        assert list(journal.read(path)) == recorder.entries == seen
    recorder.close()
    recorder.close()


def test_conditions_see_what_was_written() -> None:
    recorder = Recorder(None, lambda entry: None)
    recorder.write(META)
    recorder.write(state(1.0, "i-01", "", "healthy"))
    assert recorder.history.state("web", "i-01") == ("healthy", None)


def test_a_muted_one_only_remembers(tmp_path: Path) -> None:
    seen: list[Entry] = []
    recorder = Recorder(tmp_path / "a.jsonl", seen.append)
    recorder.write(META)
    recorder.mute()
    recorder.write(state(1.0, "i-01", "", "healthy"))
    assert len(recorder.entries) == 2
    assert seen == list(journal.read(tmp_path / "a.jsonl")) == [META]


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(SimlbError, match="cannot be written") as raised:
        Recorder(tmp_path, lambda entry: None)
    assert raised.value.code == "E680"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_a_full_disk_is_told() -> None:
    recorder = Recorder(Path("/dev/full"), lambda entry: None)
    with pytest.raises(SimlbError) as raised:
        recorder.write(META)
    assert raised.value.code == "E680"
    recorder.close()
