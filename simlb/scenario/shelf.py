"""Where scenarios are found: files by their path, shipped ones by their id; and the template of a new one."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from simlb.config.problems import Refused, did_you_mean
from simlb.errors import SimlbError
from simlb.scenario.compile import check_id

_SUFFIXES = (".yaml", ".yml")


def shipped_directory() -> Path:
    """The folder of the scenarios that come with simlb: in the installed package, or at the top of a checkout."""
    package = Path(str(resources.files("simlb")))
    for directory in (package / "scenarios", package.parent / "scenarios"):
        if directory.is_dir():
            return directory
    raise SimlbError(
        "E669", f"The shipped scenarios are missing: no scenarios folder in {package}.", "install simlb again"
    )


def shipped() -> Iterator[Path]:
    """Their files, by id."""
    yield from sorted(shipped_directory().glob("*.yaml"))


def find(written: str) -> Path:
    """The file that a command line names, by path or by id. Raises SimlbError E660."""
    path = Path(written)
    if path.suffix in _SUFFIXES or len(path.parts) > 1:
        return path
    known = {file.stem: file for file in shipped()}
    if written in known:
        return known[written]
    what = f"There is no scenario '{written}'{did_you_mean(written, known)}."
    raise SimlbError("E660", what, "simlb scenario ls", "a file of your own: simlb scenario run ./crash.yaml")


def write_template(written: str) -> Path:
    """Write a commented scenario to begin with, `ID.yaml` in this folder. Raises SimlbError E667."""
    try:
        name = check_id(written)
    except Refused as refused:
        raise SimlbError("E667", f"{refused.what}.") from None
    path = Path(f"{name}.yaml")
    text = (Path(__file__).with_name("template.yaml")).read_text(encoding="utf-8").replace("SCENARIO-ID", name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise SimlbError("E667", f"{path} exists already.", "another id, or remove the file") from None
    except OSError as error:
        raise SimlbError("E667", f"{path} cannot be written: {error.strerror}.") from error
    return path
