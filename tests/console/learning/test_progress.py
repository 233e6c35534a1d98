"""What a learner has done, in its file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from simlb.console.learning import progress
from simlb.console.learning.checks import Tick
from simlb.console.learning.progress import Progress
from simlb.errors import SimlbError

TICK, MISTAKE = Tick(3, "name_is_free", is_mistake=False), Tick(3, "bad_name", is_mistake=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return progress.progress_path(tmp_path, "learn")


def test_it_is_read_as_it_was_written_by_its_owner_only(path: Path) -> None:
    done = Progress(begun_at="a")
    done.tick(TICK, "2026-01-01")
    done.tick(MISTAKE, "2026-01-02")
    done.tick(TICK, "2026-01-03")
    progress.write(path, progress.encoded(done))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = progress.read(path)
    assert again == done
    assert again is not None
    assert list(again.ticks()) == [TICK, MISTAKE]
    assert again.of(3).ticks == {"name_is_free": "2026-01-01"}, "the first time counts"
    assert [one.name for one in path.parent.iterdir()] == ["learn.json"], "no temporary file is left"


def test_nothing_is_there_at_first(path: Path) -> None:
    assert progress.read(path) is None
    progress.remove(path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b'{"simlb": "learn/2"}', b'{"simlb": "learn/1", "steps": 3}', b'{"other": 1}']
)
def test_what_cannot_be_read_is_set_aside(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    for number in (1, 2):
        path.write_bytes(content)
        with pytest.raises(SimlbError) as refused:
            progress.read(path)
        assert refused.value.code == "E841"
        aside = path.with_name(f"learn.json.unreadable-{number}")
        assert str(aside) in refused.value.hints[0]
        assert aside.read_bytes() == content
        assert not path.exists()


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "learn").write_text("a file where the folder should be")
    with pytest.raises(SimlbError) as refused:
        progress.write(progress.progress_path(tmp_path, "learn"), b"{}")
    assert refused.value.code == "E842"
