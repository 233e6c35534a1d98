"""The pytest plugin: load balancers, fake backends and a clock as fixtures, and what a failed test needs to see.

It is imported by every test run of an environment that has simlb, so it imports next to nothing itself: what the
fixtures need is imported by the first test that asks for one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simlb.testing import ALB, Clock, FakeBackend
    from simlb.testing.ca import CaFile
    from simlb.testing.client import Client

_SCENARIOS = (".alb.yaml", ".scenario.yaml")
_IN_USE = pytest.StashKey[list["ALB"]]()
"""The load balancers of a test, for the report of its failure."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options, in a group of their own."""
    group = parser.getgroup("simlb", "simlb: load balancers in tests")
    group.addoption(
        "--alb-speed",
        type=_speed,
        metavar="N",
        help="run the fixtures' load balancers N times as fast (not those with the manual alb_clock)",
    )
    group.addoption(
        "--alb-config", type=Path, metavar="FILE", help="build the fixtures' load balancers from this simlb.yaml"
    )
    group.addoption(
        "--alb-artifacts",
        type=Path,
        metavar="DIR",
        help="for every failed test, write its load balancers' states, events, traffic and log lines there as JSON",
    )

    group.addoption(
        "--alb-allow-run", action="store_true", help="let collected scenario files start the commands that they name"
    )


def _speed(written: str) -> float:
    value = float(written)
    if not (value > 0 and math.isfinite(value)):
        raise ValueError
    return value


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Scenario files are tests: `*.alb.yaml` and `*.scenario.yaml`."""
    if not file_path.name.endswith(_SCENARIOS):
        return None
    from simlb.testing.scenario_items import ScenarioFile

    collector: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return collector


def pytest_configure(config: pytest.Config) -> None:
    """Marks."""
    config.addinivalue_line(
        "markers", "alb(config=FILE, speed=N): the test's load balancer from this simlb.yaml, at this speed"
    )
    config.addinivalue_line(
        "markers",
        "alb_fault(type, on=..., **parameters): a fault that the test's load balancer has from its start on",
    )


# -- load balancers ----------------------------------------------------------------------------------------------------


@pytest.fixture
def alb(alb_factory: Callable[..., ALB]) -> ALB:
    """A load balancer to build and start; stopped after the test."""
    return alb_factory()


@pytest.fixture
def async_alb(alb_factory: Callable[..., ALB]) -> ALB:
    """The same, for `async with`: it runs on the test's own loop."""
    return alb_factory()


@pytest.fixture
def alb_factory(request: pytest.FixtureRequest) -> Iterator[Callable[..., ALB]]:
    """Makes load balancers: `alb_factory("second-alb")`, with the arguments of `simlb.ALB`. All are stopped."""
    yield from _factory(request)


@pytest.fixture(scope="module")
def alb_module(request: pytest.FixtureRequest) -> Iterator[ALB]:
    """One load balancer for all tests of a module. Marks of the module count; build and start it in a fixture."""
    for make in _factory(request):
        yield make()


def _factory(request: pytest.FixtureRequest) -> Iterator[Callable[..., ALB]]:
    from simlb.testing import ALB

    made: list[ALB] = request.node.stash.setdefault(_IN_USE, [])

    def make(name: str | None = None, **options: Any) -> ALB:
        mark = request.node.get_closest_marker("alb")
        wanted: dict[str, Any] = dict(mark.kwargs) if mark is not None else {}
        file = wanted.pop("config", None)
        speed = wanted.pop("speed", None)
        if mark is not None and (wanted or mark.args):
            raise pytest.UsageError(f"the mark alb takes config and speed, not {[*mark.args, *wanted]}")
        options.setdefault("clock", _clock(request, speed))
        path = _file(request, file)
        if name is None and path is not None:
            built = ALB.from_file(path, **options)
        else:
            built = ALB(name or "my-alb", **options)
        for fault in reversed(list(request.node.iter_markers("alb_fault"))):
            built.fault_at_start(*fault.args, **fault.kwargs)
        made.append(built)
        return built

    yield make
    for built in reversed(made):
        built.stop()
    for built in made:
        built.check_inside()


def _clock(request: pytest.FixtureRequest, speed: float | None) -> Clock | float:
    if "alb_clock" in request.fixturenames and request.scope == "function":
        if speed is not None:
            raise pytest.UsageError(
                "the mark alb(speed=...) and the fixture alb_clock, which is manual, do not go together"
            )
        clock: Clock = request.getfixturevalue("alb_clock")
        return clock
    given: float | None = speed if speed is not None else request.config.getoption("--alb-speed")
    return 1.0 if given is None else given


def _file(request: pytest.FixtureRequest, file: str | None) -> Path | None:
    """The mark's is relative to the test's folder, the option's to where pytest was started."""
    if file is not None:
        return request.path.parent / file
    given: Path | None = request.config.getoption("--alb-config")
    return None if given is None else request.config.invocation_params.dir / given


@pytest.fixture
def alb_clock() -> Clock:
    """A manual clock, which `alb`, `async_alb` and `alb_factory` then use: `alb_clock.advance(60)`."""
    from simlb.testing import Clock

    return Clock("manual")


@pytest.fixture
def alb_client(alb: ALB) -> Client:
    """The built-in client of the test's load balancer, once that runs: `alb_client.get("/")`."""
    from simlb.testing.client import Client

    def refuse_blocking(what: str, instead: str) -> None:
        alb.running.home.refuse_blocking(what, instead)

    return Client(lambda: alb.running.routes, refuse_blocking)


@pytest.fixture(scope="session")
def alb_ca(tmp_path_factory: pytest.TempPathFactory) -> CaFile:
    """The path of the test CA's certificate. `with alb_ca.trusted(): ...` sets SSL_CERT_FILE and its like."""
    from simlb.testing.ca import CaFile

    return CaFile.write(tmp_path_factory.mktemp("simlb-ca"))


# -- backends ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def backend(backend_factory: Callable[..., FakeBackend]) -> FakeBackend:
    """A fake target that answers 200."""
    return backend_factory()


@pytest.fixture
def backend_factory() -> Callable[..., FakeBackend]:
    """Makes fake targets, with the arguments of `simlb.FakeBackend`: `backend_factory(text="a")`, `(app=my_app)`."""
    from simlb.testing import FakeBackend

    return FakeBackend


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show states, faults, timeline and log lines of a failed test's load balancers; write them if asked to."""
    outcome = yield
    if not outcome.failed or call.when == "teardown":
        return outcome
    runs = [built.last_run for node in item.listchain() for built in node.stash.get(_IN_USE, [])]
    shown = str(call.excinfo.value) if call.excinfo is not None else ""
    for run in runs:
        if run is None:
            continue
        text = run.report()
        if text not in shown:
            outcome.sections.append((f"simlb {run.alb.name}", text))
    given: Path | None = item.config.getoption("--alb-artifacts")
    if given is not None:
        folder = item.config.invocation_params.dir / given
        path = _write(item, folder, [run.to_json() for run in runs if run is not None])
        if path is not None:
            outcome.sections.append(("simlb artifacts", str(path)))
    return outcome


def _write(item: pytest.Item, folder: Path, facts: list[dict[str, Any]]) -> Path | None:
    import json
    import re

    write_scenario: Callable[[Path], Path | None] | None = getattr(item, "write_artifacts", None)
    if write_scenario is not None:
        return write_scenario(folder)
    if not facts:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', item.nodeid).strip('-')}.json"
    content = {"test": item.nodeid, "load_balancers": facts}
    path.write_text(json.dumps(content, indent=2, default=str, ensure_ascii=False), encoding="utf-8")
    return path
