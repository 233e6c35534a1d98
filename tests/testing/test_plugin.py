"""The pytest plugin, in test runs of its own."""

from __future__ import annotations

import importlib
import json
import threading
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from simlb.dataplane.descriptors import count_open
from simlb.scenario import charts

pytest_plugins = ["pytester"]

# What a run in this process imports is forgotten with its end. These are imported now, so that there is one of each;
# pygal's importlib_metadata takes the standard one's place for good.
for _name in (
    "anyio._backends._asyncio",
    "httpcore",
    "httpx",
    "simlb.app.remote_control",
    "simlb.config",
    "simlb.controlplane.server",
    "simlb.scenario.runner",
    "simlb.testing.requests_session",
    "simlb.testing.running",
    "yaml",
):
    importlib.import_module(_name)
charts.library()

ROOT = Path(__file__).resolve().parents[2]
INI = """\
[pytest]
addopts = --strict-markers
asyncio_mode = {mode}
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""

FIVE = '''
import asyncio

import httpx


class my_client:
    """Asks again as long as the answer is an error, three times at most."""

    def __init__(self, url):
        self.url = url

    async def fetch(self, path):
        async with httpx.AsyncClient() as client:
            for _ in range(3):
                response = await client.get(self.url + path)
                response.ok = response.is_success
                if response.ok:
                    break
            return response


# 1 – sync: both servers get traffic
def test_round_robin(alb, backend_factory):
    a, b = backend_factory(text="a"), backend_factory(text="b")
    alb.listen(80).forward(alb.target_group("web", a, b))
    with alb.start() as lb:
        assert sorted(lb.get("/").text for _ in range(4)) == ["a", "a", "b", "b"]

# 2 – sync: dead target leaves after unhealthy × interval, without waiting for it
def test_dead_target_is_removed(alb, backend_factory, alb_clock):
    a, b = backend_factory(), backend_factory()
    web = alb.target_group("web", a, b, interval=30, unhealthy=2)
    with alb.listen(80).forward(web).start() as lb:
        a.crash()
        assert {lb.get("/").status_code for _ in range(2)} == {200, 502}
        alb_clock.advance(60)                                   # two checks, milliseconds of real time
        assert web[0].state == "unhealthy" and web[0].reason == "Target.FailedHealthChecks"
        assert [lb.get("/").status_code for _ in range(4)] == [200] * 4

# 3 – async: my client retries twice and then succeeds (the request toxiproxy users ask for)
async def test_client_retries(async_alb, backend):
    async with async_alb.listen(80).forward("web", backend) as lb:
        with lb.fault("http.abort", status=503, count=2):
            assert (await my_client(lb.url).fetch("/orders")).ok
        assert [r.elb_status for r in lb.log] == [503, 503, 200]

# 4 – sync: redirect and certificate, as users will meet them
def test_https(alb, backend, alb_ca):
    alb.listen(80).redirect("https"); alb.listen(443, cert="api.simlb.test").forward("web", backend)
    with alb.start() as lb, lb.session() as s:                  # requests.Session with verify=alb_ca
        r = s.get("http://api.simlb.test/a?b=1")
        assert r.url == "https://api.simlb.test/a?b=1" and r.history[0].status_code == 301
        assert backend.last.headers["X-Forwarded-Proto"] == "https"

# 5 – async: slow backend is a 504, and the log blames the target
async def test_slow_backend(async_alb, backend_factory, alb_clock):
    async with async_alb.attributes(idle_timeout=60).listen(80).forward("web", backend_factory(hang=True)) as lb:
        task = asyncio.create_task(lb.aget("/report")); await lb.in_flight(1); alb_clock.advance(60)
        assert (await task).status_code == 504 and lb.log[-1].target_status == "-"
'''
ANYIO = """
import pytest

pytestmark = pytest.mark.anyio

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


def plugin() -> tuple[str, ...]:
    """How to load it: an installed simlb brings its entry point along, unless it was installed before it had one."""
    is_installed = any(point.value == "simlb.pytest_plugin" for point in entry_points(group="pytest11"))
    return () if is_installed else ("-p", "simlb.pytest_plugin")


class Suite:
    """A test file and how it is run."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        self.path = pytester.path

    def run(self, source: str, *arguments: str, mode: str = "auto") -> pytest.RunResult:
        """Run it in this process."""
        return self._pytester.runpytest_inprocess(*self._prepared(source, arguments, mode))

    def run_apart(self, source: str) -> pytest.RunResult:
        """Run it in a process of its own."""
        return self._pytester.runpytest_subprocess(*self._prepared(source, (), "auto"))

    def _prepared(self, source: str, arguments: tuple[str, ...], mode: str) -> tuple[str, ...]:
        self._pytester.makeini(INI.format(mode=mode))
        self._pytester.makepyfile(source)
        # Without Hypothesis, which every run in this process would import anew.
        return (*plugin(), "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *arguments)


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # for xdist's workers
    return Suite(pytester)


def test_the_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"simlb": "simlb.pytest_plugin"}


class TestTheFive:
    def test_with_pytest_asyncio(self, suite: Suite) -> None:
        suite.run(FIVE).assert_outcomes(passed=5)

    def test_with_anyio(self, suite: Suite) -> None:
        suite.run(ANYIO + FIVE, mode="strict").assert_outcomes(passed=5)

    @pytest.mark.slow
    def test_with_xdist(self, suite: Suite) -> None:
        result = suite.run(FIVE, "-n", "2")
        result.assert_outcomes(passed=5)
        assert any("2 workers" in line for line in result.outlines)


class TestFixtures:
    def test_module_and_factory(self, suite: Suite) -> None:
        suite.run(
            """
            import pytest, simlb

            seen = []

            @pytest.fixture(scope="module")
            def shop(alb_module):
                alb_module.listen(80).forward("web", simlb.FakeBackend(text="shop"))
                with alb_module.start() as lb:
                    yield lb

            @pytest.mark.parametrize("number", [1, 2])
            def test_one_for_all(shop, number):
                seen.append(shop.url)
                assert shop.get("/").text == "shop"
                assert len(set(seen)) == 1

            def test_several(alb_factory):
                first, second = alb_factory("first"), alb_factory("second", region="us-east-1")
                for alb in (first, second):
                    alb.listen(80).fixed(200, alb.name)
                    alb.start()
                assert [alb.running.get("/").text for alb in (first, second)] == ["first", "second"]
                seen.append(first)

            def test_all_are_stopped():
                assert not seen[-1].is_running
            """
        ).assert_outcomes(passed=4)

    def test_client_and_ca(self, suite: Suite) -> None:
        suite.run(
            """
            import os, ssl, urllib.request
            import pytest

            def test_client(alb, backend, alb_client):
                with pytest.raises(Exception, match="is not running"):
                    alb_client.get("/")
                alb.listen(443, cert="api.simlb.test").forward("web", backend)
                alb.start()
                assert alb_client.post("https://api.simlb.test/x", json=1).ok
                assert backend.last.path == "/x"

            def test_ca(alb, alb_ca):
                alb.listen(443, cert="api.simlb.test").fixed(200, "secure")
                with alb.start() as lb, alb_ca.trusted():
                    assert os.environ["SSL_CERT_FILE"] == alb_ca
                    assert urllib.request.urlopen(lb.url_for("https")).read() == b"secure"
                assert alb_ca.pem == lb.ca_pem
                assert os.environ.get("SSL_CERT_FILE") != alb_ca
            """
        ).assert_outcomes(passed=2)


class TestOptionsAndMarks:
    CONFIG = """\
simlb: config/1
load_balancers:
  - {name: filed, listeners: [{protocol: HTTP, port: 80, fixed_response: {status_code: 200, message_body: filed}}]}
"""

    def test_config_by_mark_and_by_option(self, suite: Suite) -> None:
        (suite.path / "other").mkdir()
        (suite.path / "alb.yaml").write_text(self.CONFIG)
        (suite.path / "other" / "simlb.yaml").write_text(self.CONFIG.replace("body: filed", "body: other"))
        suite.run(
            """
            import pytest

            def text(alb):
                with alb.start() as lb:
                    return lb.get("/").text

            @pytest.mark.alb(config="alb.yaml")
            def test_mark(alb):
                assert text(alb) == "filed"

            def test_option(alb):
                assert text(alb) == "other"

            def test_a_name_of_its_own(alb_factory):
                alb = alb_factory("mine")
                alb.listen(80).fixed(200, "mine")
                assert text(alb) == "mine"
            """,
            "--alb-config",
            "other/simlb.yaml",
        ).assert_outcomes(passed=3)

    def test_speed(self, suite: Suite) -> None:
        suite.run(
            """
            import pytest

            @pytest.mark.alb(speed=50)
            def test_mark(alb):
                assert alb.clock.speed == 50

            def test_option(alb, alb_factory):
                assert alb.clock.speed == alb_factory().clock.speed == 20

            def test_a_manual_clock_has_none(alb, alb_clock, async_alb):
                assert alb.clock is alb_clock is async_alb.clock
                assert alb.clock.is_manual
            """,
            "--alb-speed",
            "20",
        ).assert_outcomes(passed=3)

    def test_faults_by_mark(self, suite: Suite) -> None:
        suite.run(
            """
            import pytest

            @pytest.mark.alb_fault("http.abort", status=503, count=2)
            def test_retries(alb, backend):
                with alb.listen(80).forward("web", backend).start() as lb:
                    assert [lb.get("/").status_code for _ in range(3)] == [503, 503, 200]
            """
        ).assert_outcomes(passed=1)

    @pytest.mark.parametrize(
        ("mark", "fixtures", "words"),
        [
            ("alb(sped=50)", "alb", "the mark alb takes config and speed, not ['sped']"),
            ("alb(speed=50)", "alb, alb_clock", "do not go together"),
            ("alb(config='nowhere.yaml')", "alb", "nowhere.yaml"),
        ],
    )
    def test_marks_that_cannot_be(self, suite: Suite, mark: str, fixtures: str, words: str) -> None:
        result = suite.run(f"import pytest\n@pytest.mark.{mark}\ndef test_it({fixtures}): pass")
        result.assert_outcomes(errors=1)
        assert words in result.stdout.str()

    def test_a_speed_that_is_none(self, suite: Suite) -> None:
        result = suite.run("", "--alb-speed", "0")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert "--alb-speed" in result.stderr.str()


class TestFailures:
    SOURCE = """
        def test_it_fails(alb, backend_factory):
            web = alb.target_group("web", backend_factory(), backend_factory(health=404))
            with alb.listen(80).forward(web).start() as lb:
                assert lb.get("/lost").status_code == 418

        def test_it_fails_while_waiting(alb, backend):
            web = alb.target_group("web", backend)
            with alb.listen(80).forward(web).start() as lb:
                lb.wait(web.healthy == 2, timeout=0.01)

        def test_it_fails_with_one_that_runs(alb):
            alb.listen(80).fixed(200)
            alb.start().get("/late")
            assert False

        async def test_it_fails_in_async_code(async_alb, backend):
            async with async_alb.listen(80).forward("web", backend) as lb:
                with lb.fault("http.abort", status=500):
                    assert (await lb.aget("/shop")).ok

        def test_it_fails_before_there_is_one(alb):
            assert False

        def test_it_passes(alb):
            pass
        """

    def test_show_how_everything_stood(self, suite: Suite) -> None:
        result = suite.run(self.SOURCE)
        result.assert_outcomes(failed=5, passed=1)
        result.stdout.fnmatch_lines(
            [
                "*test_it_fails __*",
                "*- simlb my-alb -*",
                "load balancer my-alb, clock real",
                "targets:",
                "*web  i-01 127.0.0.1:*  healthy*",
                "*web  i-02 127.0.0.1:*  initial Elb.InitialHealthChecking  last check: 404 in *",
                "timeline:",
                "last 1 access-log lines:",
                '*GET http://127.0.0.1:80/lost HTTP/1.1" *',
                "*test_it_fails_while_waiting __*",
                "E*web.healthy == 2: not reached within 0.01 s",
                "E*web  i-01*healthy*",
                "*test_it_fails_with_one_that_runs __*",
                "*/late HTTP/1.1*",
                "*test_it_fails_in_async_code __*",
                "faults:",
                "*abort-1: http.abort status=500 on i-01*",
                "*/shop HTTP/1.1*",
            ]
        )
        assert result.stdout.str().count("- simlb my-alb -") == 3, "the wait's own message says it already"

    def test_are_kept_as_json(self, suite: Suite) -> None:
        suite.run(self.SOURCE, "--alb-artifacts", "kept/here")
        files = sorted(path.name for path in (suite.path / "kept/here").iterdir())
        stem = "test_are_kept_as_json.py-test_it_fails"
        assert files == [
            f"{stem}.json",
            f"{stem}_in_async_code.json",
            f"{stem}_while_waiting.json",
            f"{stem}_with_one_that_runs.json",
        ]
        facts = json.loads((suite.path / "kept/here" / files[0]).read_text())
        assert facts["test"] == "test_are_kept_as_json.py::test_it_fails"
        (balancer,) = facts["load_balancers"]
        assert balancer["traffic"][0]["path"] == "/lost"
        assert [target["state"] for target in balancer["target_groups"][0]["targets"]] == ["healthy", "initial"]

    @pytest.mark.slow
    def test_an_async_with_that_is_never_left(self, suite: Suite) -> None:
        result = suite.run_apart(
            """
            async def test_it(async_alb):
                async_alb.listen(80).fixed(200)
                await async_alb.__aenter__()
            """
        )
        result.assert_outcomes(passed=1, errors=1)
        assert "event loop of load balancer 'my-alb' was closed under it" in result.stdout.str()


def test_nothing_is_left(suite: Suite) -> None:
    before = (count_open(), threading.active_count())
    suite.run(FIVE).assert_outcomes(passed=5)
    assert (count_open(), threading.active_count()) == before
