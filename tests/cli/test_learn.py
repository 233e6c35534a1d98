"""`simlb learn` before anything serves: what it prepares, what it refuses, what it forgets."""

from __future__ import annotations

from pathlib import Path

import pytest

from simlb import config
from simlb.cli.learn import CONFIGURATION, KEPT_AS, _forget, _prepared
from simlb.cli.main import main
from simlb.config.certificates import UnissuedCertificates
from simlb.console.learning.progress import progress_path
from simlb.controlplane.store import store_path
from simlb.processes.samples import sample_names


def test_the_configuration_is_three_instances_without_a_load_balancer(tmp_path: Path) -> None:
    file = _prepared(tmp_path / "program")
    assert file.name == "starter.py"
    compiled = config.load(
        file.with_name("simlb.yaml"),
        certificates=UnissuedCertificates("ap-northeast-2"),
        allocate_port=lambda name: 9000 + int(name[-1]),
        sample_names=sample_names(),
    )
    assert compiled.configuration.load_balancers == ()
    assert [instance.name for instance in compiled.configuration.instances] == ["web-1", "web-2", "web-3"]
    assert not compiled.warnings


def test_what_the_learner_changed_stays(tmp_path: Path) -> None:
    file = _prepared(tmp_path)
    file.write_text("mine")
    file.with_name("simlb.yaml").write_text("mine too")
    assert _prepared(tmp_path) == file
    assert (file.read_text(), file.with_name("simlb.yaml").read_text()) == ("mine", "mine too")


def test_to_begin_anew_forgets_all_but_the_program(tmp_path: Path) -> None:
    folder = tmp_path / "learn" / "program"
    file = _prepared(folder)
    state = store_path(tmp_path, KEPT_AS)
    beside = (state.with_name(f"{state.name}{end}") for end in ("-wal", "-journal"))
    gone = (state, *beside, progress_path(tmp_path, KEPT_AS))
    others = (store_path(tmp_path, "default"), progress_path(tmp_path, "default"))
    for path in (file, *gone, *others):
        path.write_text("old")
    _forget(tmp_path, KEPT_AS, folder)
    assert not any(path.exists() for path in (file, *gone))
    assert all(path.exists() for path in others)
    assert file.with_name("starter.py.before").read_text() == "old"
    _forget(tmp_path, KEPT_AS, folder)


@pytest.mark.parametrize("arguments", [("16",), ("-1",), ("six",), ("--speed", "0")])
def test_what_is_no_step_is_refused(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn", *arguments]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_configuration_says_what_starts_it() -> None:
    assert "simlb learn" in CONFIGURATION
