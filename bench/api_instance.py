"""An instance of simlb without a file, and calls of its elbv2 API over one connection, without a client library.

What a library does with a call before and after it - signing, retries, reading XML - takes longer than the answer.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlencode

from bench.proxies import ROOT
from bench.system import Cores

REGION = "ap-northeast-2"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
_POLL_S = 0.002
_SCOPE = f"simlb/20260101/{REGION}/elasticloadbalancing/aws4_request"
_HEADERS = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential={_SCOPE}, SignedHeaders=host, Signature=00",
    "Content-Type": "application/x-www-form-urlencoded",
}

Parameters = Mapping[str, str | int]


def flat(name: str, values: Iterable[Parameters]) -> dict[str, str | int]:
    """A list of structures as parameters: `Targets.member.1.Id` ..."""
    return {
        f"{name}.member.{place}.{member}": held
        for place, value in enumerate(values, 1)
        for member, held in value.items()
    }


class ApiInstance:
    """One process, started again on the same state as often as wanted."""

    def __init__(self, folder: Path, certs: Path, cores: Cores) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._cores = cores
        self._environment = {
            **os.environ,
            "SIMLB_HOME": str(folder / "home"),
            "SIMLB_CERTS": str(certs),
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        }
        # Users do not compile simlb at every start either.
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: http.client.HTTPConnection | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        if self._process is None:
            raise RuntimeError("it has not been started")
        return self._process.pid

    def start(self) -> None:
        """Begin to start. What it serves is there when `wait_until_it_answers` is back, its API at the first call."""
        (self._folder / "home" / "run" / "default.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "simlb", "up", "--empty", "--no-keys", "--control-port", "0"]
        with self._cores.for_proxy(), (self._folder / "said").open("wb") as said:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
            )

    def stop(self) -> None:
        """End it, gracefully."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def call(self, operation: str, parameters: Parameters | None = None) -> tuple[float, str]:
        """Seconds until the whole answer was there, and the answer. Raises RuntimeError for anything but a 200."""
        body = urlencode({"Action": operation, "Version": "2015-12-01", **(parameters or {})})
        connection = self._connect()
        began = time.perf_counter()
        connection.request("POST", "/", body, _HEADERS)
        response = connection.getresponse()
        answer = response.read()
        took = time.perf_counter() - began
        if response.status != http.client.OK:
            raise RuntimeError(f"{operation}: {answer.decode()}")
        return took, answer.decode()

    def wait_until_it_answers(self, host: str, port: int, path: str) -> None:
        """Back at the first 200 of a load balancer to that path. Raises RuntimeError when there is none."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                with socket.create_connection((host, port), timeout=2) as stream:
                    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                    if stream.recv(64).startswith(b"HTTP/1.1 200"):
                        return
            except OSError:
                pass
            self._pause(deadline)

    def _connect(self) -> http.client.HTTPConnection:
        if self._connection is None:
            deadline = time.monotonic() + START_TIMEOUT_S
            record = self._folder / "home" / "run" / "default.json"
            while not record.exists():
                self._pause(deadline)
            port = json.loads(record.read_text())["control_port"]
            self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection

    def _pause(self, deadline: float) -> None:
        has_ended = self._process is None or self._process.poll() is not None
        if has_ended or time.monotonic() > deadline:
            raise RuntimeError(f"simlb does not answer:\n{(self._folder / 'said').read_text()}")
        time.sleep(_POLL_S)


def arn(answer: str, member: str) -> str:
    """The ARN that an answer has first under that name."""
    found = re.search(f"<{member}>([^<]+)</{member}>", answer)
    if found is None:
        raise RuntimeError(f"no {member} in {answer}")
    return found[1]
