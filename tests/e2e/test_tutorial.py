"""The tutorial of examples/tutorial, run as its readers would: with the AWS CLI, and with boto3."""

from __future__ import annotations

import http.server
import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.conftest import opened
from tests.e2e.harness import Workshop

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "tutorial"
SH, PY = ("./tutorial.sh",), ("python3", "tutorial.py")
COMMANDS = {
    "aws": (sys.executable, "-P", "-m", "awscli"),
    "python3": (sys.executable,),
    "simlb": (sys.executable, "-P", "-m", "simlb"),
}
"""What readers have on their PATH."""
OTHER_PORTS = """\
import socket, subprocess, sys
taken = [socket.socket(), socket.socket()]
for one, port in zip(taken, (80, 443)):
    one.bind(("127.0.0.1", port))
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""
"""Runs a command while ports 80 and 443 are somebody else's."""

SEEN = """\
account 000000000000
instances 3
subnets, one in each zone 4
only one zone ValidationError
open 80 0.0.0.0/0
open 443 0.0.0.0/0
target group arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:targetgroup/web-tg/*
targets 2 unused Target.NotInUse
load balancer provisioning
load balancer active
in another region []
targets 2 unhealthy Target.ResponseCodeMismatch
status code 200
ask web-3 itself 200
the new target healthy
targets 3 healthy None
my-alb-*.ap-northeast-2.elb.localhost 127.0.0.1
the program saw Host: my-alb-*.ap-northeast-2.elb.localhost
the program saw X-Forwarded-For: 127.0.0.1
the program saw X-Forwarded-Proto: http
the program saw X-Forwarded-Port: 80
the program saw X-Amzn-Trace-Id: Root=1-*
and of a health check User-Agent: ELB-HealthChecker/2.0
six requests 2 Hello from web-1,2 Hello from web-2,2 Hello from web-3
access log http * app/my-alb/* 200 200 * "GET http://my-alb-*.ap-northeast-2.elb.localhost:80/ HTTP/1.1" * "forward" *
create the old record PENDING
api.simlb.test 127.0.0.1
delete the old record PENDING
api.simlb.test
create the alias PENDING
api.simlb.test 127.0.0.1
the program saw Host: api.simlb.test
certificate PENDING_VALIDATION
create the CNAME records PENDING
certificate ISSUED
listener 443
the program saw X-Forwarded-Proto: https
the action of HTTP:80 redirect
path and query are kept *https://api.simlb.test:443/a[?]b=1
access log http * - -1 -1 -1 301 - * http://api.simlb.test:80/a[?]b=1 HTTP/1.1" * "redirect" *
delete the target group ResourceInUse
delete the certificate ResourceInUseException
delete the security group DependencyViolation
delete the hosted zone HostedZoneNotEmpty
delete the records PENDING
api.simlb.test
its listeners LoadBalancerNotFound
targets 3 unused Target.NotInUse
security group deleted [Tt]rue
hosted zone deleted PENDING
instances stopping stopping stopping
"""
"""What both scripts show, in this order."""

SEEN_WITH_THE_CLI = """\
by the other name, curl says 60
by its name alone Hello from web-?
without listener, curl says 7
status line HTTP/1.1 301 Moved Permanently
curl follows X-Forwarded-Proto: https
deletion protection true
delete the load balancer OperationNotPermitted
deletion protection false
"""
SEEN_WITH_BOTO3 = """\
targets [12] initial Elb.*
why Health checks failed with these codes: [[]404]
the others unhealthy
by the other name hostname *doesn't match*
status code 301
while it is protected OperationNotPermitted
"""
DEADLINE_S = 150.0
"""Far above what a script takes: half a minute, when nobody else has the processor."""


class Run:
    """A script in a network of its own, with an instance of its own."""

    def __init__(self, simlb: Workshop, *command: str) -> None:
        self._here = simlb.here
        self._output = simlb.folder / "output.txt"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                ["./own-network.sh", "bash", "-c", f"{shlex.join(command)} && simlb status --json >left.json"],
                cwd=simlb.here,
                env=settle(simlb, COMMANDS),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def end(self) -> list[str]:
        """Wait for its end; what there was to see. It has to leave everything as it was."""
        status = self.process.wait(DEADLINE_S)
        output = self._output.read_text(encoding="utf-8")
        assert status == 0, output
        assert (self._here / "shop.py").read_bytes() == (EXAMPLE / "shop.py").read_bytes()
        left = json.loads((self._here / "left.json").read_text())
        assert (left["load_balancers"], left["hosted_zones"]) == ([], [])
        assert [group["name"] for group in left["target_groups"]] == ["machines"]
        return [" ".join(line.split()) for line in output.splitlines() if line.startswith("   ")]


class Runs(NamedTuple):
    """Both scripts, at the same time: each waits for health checks more than it works."""

    aws_cli: Run
    boto3: Run


def settle(simlb: Workshop, commands: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Copy the example to where commands run; an environment that has them, and nothing of AWS's or of a proxy."""
    programs = simlb.folder / "bin"
    programs.mkdir()
    for name, command in commands.items():
        path = programs / name
        path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        path.chmod(0o755)
    shutil.copytree(EXAMPLE, simlb.here, dirs_exist_ok=True)
    outside = {
        name: value
        for name, value in simlb.environment.items()
        if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
    }
    return outside | {
        "HOME": str(simlb.folder),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(EXAMPLE.parents[1]), os.environ.get("PYTHONPATH")))),
    }


def missing(expected: str, lines: list[str]) -> list[str]:
    """The expected lines that do not come, or not in this order."""
    coming = iter(lines)
    return [wanted for wanted in expected.splitlines() if not any(fnmatchcase(line, wanted) for line in coming)]


@pytest.fixture(scope="session")
def own_network() -> None:
    """Where a process may not have a network of its own, the test is skipped; under CI, on Linux, it fails."""
    if sys.platform != "linux":
        pytest.skip("networks of their own need Linux")
    tried = subprocess.run(
        ["bash", "-c", "unshare --map-root-user --net --mount ip link set lo up"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if tried.returncode:
        if os.environ.get("CI"):
            pytest.fail(f"no network of its own, and CI must not go without it: {tried.stderr}")
        pytest.skip(f"no network of its own: nobody has checked that the tutorial works: {tried.stderr}")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, curl: str, own_network: None) -> Iterator[Runs]:
    """Both, started. What they started has to be gone at the end."""
    with ExitStack() as stack:
        sh, py = (stack.enter_context(contextmanager(opened)(tmp_path_factory.mktemp(name))) for name in ("sh", "py"))
        runs = Runs(Run(sh, *SH), Run(py, "python3", "-c", OTHER_PORTS, *PY))
        stack.callback(lambda: [run.process.wait(DEADLINE_S) for run in runs])
        yield runs


def test_with_boto3(runs: Runs) -> None:
    """With other ports than 80 and 443, which the script finds."""
    seen = runs.boto3.end()
    assert missing(SEEN, seen) == []
    assert missing(SEEN_WITH_BOTO3, seen) == []


def test_with_the_aws_cli(runs: Runs) -> None:
    """With ports 80, 443 and 53, so that names alone lead everywhere."""
    seen = runs.aws_cli.end()
    assert missing(SEEN, seen) == []
    assert missing(SEEN_WITH_THE_CLI, seen) == []


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """An endpoint where the caller is in somebody's real account, and the calls that were made there."""
    calls: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            answer = (
                b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
                b"<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            )
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", calls
        server.shutdown()
        thread.join()


@pytest.mark.skipif(sys.platform == "win32", reason="puts shell scripts on the PATH")
@pytest.mark.parametrize("script", [SH, PY], ids=["sh", "py"])
def test_it_stops_where_the_account_is_a_real_one(
    simlb: Workshop, script: tuple[str, ...], elsewhere: tuple[str, list[str]]
) -> None:
    url, calls = elsewhere
    variables = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    said = {
        SH: "\n".join(f"export {name}={value};" for name, value in variables.items()),
        PY: json.dumps({"set": variables, "unset": []}),
    }
    ended = subprocess.run(
        script,
        cwd=simlb.here,
        env=settle(simlb, COMMANDS | {"simlb": ("sh", "-c", 'echo "$0"', said[script])}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Account 123456789012 is not simlb's: nothing was done." in ended.stderr
    assert [call for call in calls if "Action=GetCallerIdentity" not in call] == []
    assert len(calls) == 1
