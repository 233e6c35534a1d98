"""Starts `simlb` as its users do: a real process, a state folder of its own, found through `simlb status`."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from simlb.controlplane import runfile
from simlb.controlplane.client import ControlClient
from simlb.controlplane.views import InstanceView, ListenerView, TargetView
from tests.e2e.client import Client

DEADLINE_S = 20.0
"""A tripwire far above what anything takes on an idle machine: a shared one may be slow for seconds."""
POLL_S = 0.01
SIMLB = (sys.executable, "-m", "simlb")
_T = TypeVar("_T")


def wait_until(condition: Callable[[], _T | None], what: str | Callable[[], str], deadline_s: float = DEADLINE_S) -> _T:
    """Ask until the answer is true, and give it back."""
    give_up_at = time.monotonic() + deadline_s
    while not (answer := condition()):
        if time.monotonic() > give_up_at:
            raise AssertionError(f"not within {deadline_s:g} s: {what() if callable(what) else what}")
        time.sleep(POLL_S)
    return answer


class Workshop:
    """A state folder with everything that a test runs in it. The fixture `simlb` makes one and checks what is left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.certs = folder / "certs"
        self.here = folder / "here"
        self.here.mkdir()
        self.mark = f"SIMLB_HOME={self.home}"
        outside = {name: value for name, value in os.environ.items() if not name.startswith("SIMLB_")}
        outside.pop("COLUMNS", None)  # workers that run side by side have the width of a terminal that they are not on
        self.environment = outside | {"SIMLB_HOME": str(self.home), "SIMLB_CERTS": str(self.certs), "NO_COLOR": "1"}
        self.instances: list[Instance] = []
        self._servers: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, *arguments: str, program: Sequence[str] = SIMLB) -> subprocess.CompletedProcess[str]:
        """One command to its end."""
        return subprocess.run(
            [*program, *arguments],
            cwd=self.here,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    def launch(
        self, *arguments: str, instance: str = "default", program: Sequence[str] = SIMLB, control_port: int = 0
    ) -> Instance:
        """Start a serving command, without waiting for it."""
        command = [*program, *arguments, "--instance", instance, "--control-port", str(control_port)]
        made = Instance(self, instance, command)
        self.instances.append(made)
        return made

    def start(self, *arguments: str, instance: str = "default", program: Sequence[str] = SIMLB) -> Instance:
        """Start a serving command and wait until it serves."""
        made = self.launch(*arguments, instance=instance, program=program)
        made.wait_ready()
        return made

    def serve(self, text: str, *arguments: str, instance: str = "default") -> Instance:
        """`simlb up` with this configuration as simlb.yaml."""
        self.write(text)
        return self.start("up", *arguments, instance=instance)

    def write(self, text: str) -> Path:
        """Write simlb.yaml, by replacing it as editors do."""
        path = self.here / "simlb.yaml"
        draft = path.with_suffix(".new")
        draft.write_text(text, encoding="utf-8")
        return draft.replace(path)

    def target_server(self, name: str, *answers: str, port: int = 0) -> int:
        """Start a web server that is not simlb's; its port. `answers` are `PATH=STATUS`."""
        program = Path(__file__).with_name("target_server.py")
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(program), name, str(port), *answers],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        self._servers[name] = process
        assert process.stdout is not None
        return int(process.stdout.readline())

    def end_target_server(self, name: str) -> None:
        """Kill one of them."""
        process = self._servers.pop(name)
        process.kill()
        process.communicate()

    def close(self) -> None:
        """End everything that still runs, as politely as it lets us."""
        for name in list(self._servers):
            self.end_target_server(name)
        for instance in self.instances:
            instance.close()


class Instance:
    """A `simlb up` or `simlb demo` in a session of its own, so that Ctrl-C can be sent to all of it."""

    def __init__(self, workshop: Workshop, name: str, command: Sequence[str]) -> None:
        self.workshop = workshop
        self.name = name
        self.output_path = workshop.folder / f"output-{len(workshop.instances)}.txt"
        self.began = time.monotonic()
        with self.output_path.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=workshop.here,
                env=workshop.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self.process.pid

    # -- what it says --------------------------------------------------------------------------------------------------

    @property
    def output(self) -> str:
        """What the terminal showed so far."""
        return self.output_path.read_text(encoding="utf-8")

    def wait_output(self, text: str) -> str:
        """Wait until the terminal shows `text`; all that it showed."""
        wait_until(lambda: text in self.output, lambda: f"{text!r} in the output:\n{self.output}")
        return self.output

    def wait_ready(self) -> None:
        """Wait until it serves and has said so."""

        def is_ready() -> bool:
            assert self.process.poll() is None, f"simlb ended with {self.process.poll()}:\n{self.output}"
            record = runfile.read(self.workshop.home, self.name)
            return record is not None and record.pid == self.pid and "Try in another terminal" in self.output

        wait_until(is_ready, lambda: f"simlb serves; it said:\n{self.output}")

    def status(self) -> dict[str, Any]:
        """`simlb status --json`."""
        finished = self.workshop.run("status", "--json", "--instance", self.name)
        assert finished.returncode == 0, finished.stderr
        answer: dict[str, Any] = json.loads(finished.stdout)
        return answer

    def view(self) -> InstanceView:
        """The same, from the control port: quick enough to ask often."""
        with ControlClient.for_instance(self.workshop.home, self.name) as client:
            return client.status()

    def target(self, name: str) -> TargetView:
        """One target as it stands."""
        return next(target for target in self.view().targets() if target.name == name)

    def wait_state(self, name: str, state: str) -> TargetView:
        """Wait until a target has a state."""

        wait_until(
            lambda: self.target(name).state == state,
            lambda: f"{name} is {state}; it is {self.target(name)}\n{self.output}",
        )
        return self.target(name)

    def wait_healthy(self) -> None:
        """Wait until every target is healthy."""
        wait_until(
            lambda: all(target.state == "healthy" for target in self.view().targets()),
            lambda: f"all targets are healthy: {list(self.view().targets())}\n{self.output}",
        )

    @property
    def access_log(self) -> str:
        """The access log, once every line that there is by now has come to the disk."""

        if self.process.poll() is None:
            written = self.view().counters["access_log_lines"]  # those that traffic adds meanwhile are not waited for

            def is_there() -> bool:
                lost = self.view().counters.get("access_log_lines_lost", 0)
                return self.log_on_disk().count("\n") >= written - lost

            wait_until(is_there, "all lines are on the disk")
        return self.log_on_disk()

    def log_on_disk(self, kind: str = "access") -> str:
        """The lines of one kind of log in files: delivered ones first, then those that were written to last."""
        opened = {}
        written_at = {}
        for path in (self.workshop.home / "logs" / self.name / "open").glob(f"{kind}-*.log"):
            with contextlib.suppress(FileNotFoundError):  # delivered just now
                digits = path.stem.rpartition("-")[2]
                opened[digits], written_at[digits] = path.read_text(), path.stat().st_mtime_ns
        beginning = {"access": "", "connection": "conn_log_", "health_check": "health_check_log_"}[kind]
        objects = (self.workshop.home / "s3").rglob(f"{beginning}000000000000_*.log.gz")
        texts = []
        for path in sorted(objects, key=lambda path: path.stat().st_mtime_ns):
            opened.pop(path.name.removesuffix(".log.gz").rpartition("_")[2], None)
            texts.append(gzip.decompress(path.read_bytes()).decode())
        return "".join([*texts, *(opened[digits] for digits in sorted(opened, key=written_at.__getitem__))])

    # -- where it is ---------------------------------------------------------------------------------------------------

    def listener(self, port: int) -> ListenerView:
        """The listener at AWS's `port`."""
        return next(
            listener
            for balancer in self.view().load_balancers
            for listener in balancer.listeners
            if listener.port == port
        )

    def client(self, port: int = 443, *, name: str | None = None, source: str | None = None) -> Client:
        """A client for the listener at AWS's `port`, under the load balancer's first name."""
        balancer = self.view().load_balancers[0]
        listener = self.listener(port)
        return Client(
            listener.bind_host,
            listener.published_port,
            name or (*balancer.names, balancer.dns_name)[0],
            ca=self.ca if listener.protocol == "HTTPS" else None,
            source=source,
        )

    @property
    def ca(self) -> Path:
        """The root certificate."""
        return self.workshop.certs / "ca.pem"

    # -- its end -------------------------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """Ctrl-C: SIGINT to all of the terminal's foreground job."""
        os.killpg(self.pid, signal.SIGINT)

    def wait(self) -> int:
        """Wait for its end; the exit status."""
        try:
            return self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"simlb does not end:\n{self.output}") from None

    def close(self) -> None:
        """End it, if it runs."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"simlb did not end on SIGTERM:\n{self.output}") from None
