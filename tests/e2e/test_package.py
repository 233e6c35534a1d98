"""What is shipped: a wheel with the samples, importable where POSIX-only modules are missing, at home on any loop."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.e2e.client import exchange
from tests.e2e.harness import Workshop

ROOT = Path(__file__).parents[2]
POSIX_ONLY = ("fcntl", "termios", "pwd", "resource", "grp", "tty", "pty", "uvloop", "syslog", "readline")

IMPORT_ALL = """
import importlib, importlib.abc, pkgutil, sys

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r} (blocked)", name=name)
        return None

BLOCKED = set(sys.argv[1:])
for name in BLOCKED:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Blocker())
import simlb
for module in pkgutil.walk_packages(simlb.__path__, "simlb."):
    if module.name != "simlb.__main__":
        importlib.import_module(module.name)
        print(module.name)
"""

WITHOUT_UVLOOP = "import sys; sys.modules['uvloop'] = None; from simlb.cli.main import main; sys.exit(main())"


def test_every_module_imports_without_posix() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *POSIX_ONLY], capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert "simlb.dataplane.node" in finished.stdout.split()


@pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed here")
def test_the_wheel_holds_samples_and_scenarios(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    (wheel,) = tmp_path.glob("simlb-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"simlb/backends/{name}.py" for name in ("echo", "starter", "slow", "stream")} <= names
    assert "simlb/scenarios/README.md" in names
    assert "simlb/py.typed" in names
    assert not [name for name in names if name.endswith((".pem", ".key")) or name.startswith("tests/")]


def test_the_wheel_takes_along_what_lies_at_the_top() -> None:
    """Without a build: the project file names every folder that the code looks for inside the package."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {"backends": "simlb/backends", "scenarios": "simlb/scenarios"}
    for folder in included:
        assert (ROOT / folder).is_dir()


def test_the_demo_works_on_the_standard_loop(simlb: Workshop) -> None:
    program = (sys.executable, "-c", WITHOUT_UVLOOP)
    instance = simlb.start("demo", "--speed", "50", program=program)
    instance.wait_healthy()
    assert not _maps_uvloop(instance.pid)
    client = instance.client()
    assert {client.get("/").target for _ in range(3)} == {"i-01", "i-02", "i-03"}
    assert instance.client(80).get("/").status == 301
    connection = client.connect()
    try:
        sizes = [len(exchange(connection, "GET", f"/?size={1 << 20}").body) for _ in range(3)]
        posted = exchange(connection, "POST", "/", body=b"x" * 300_000).json()
    finally:
        connection.close()
    assert sizes == [1 << 20] * 3
    assert posted["body"]["size"] == 300_000
    assert simlb.run("target", "kill", "i-02").returncode == 0
    instance.wait_state("i-02", "unhealthy")
    assert {client.get("/").target for _ in range(4)} == {"i-01", "i-03"}
    assert simlb.run("reload").returncode == 0
    assert simlb.run("down").returncode == 0
    assert instance.wait() == 0
    assert "Traceback" not in instance.output


def _maps_uvloop(pid: int) -> bool:
    maps = Path(f"/proc/{pid}/maps")
    return maps.exists() and "uvloop" in maps.read_text()
