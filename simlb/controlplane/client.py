"""Talking to a running instance with nothing but the standard library: the command line must answer at once."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from simlb.controlplane import runfile
from simlb.controlplane.runfile import RunFile
from simlb.controlplane.views import InstanceView, LogPage, TargetChange
from simlb.core.log_kinds import LogKind
from simlb.errors import EXIT_USAGE, SimlbError

DEFAULT_TIMEOUT_S = 30.0

_View = TypeVar("_View", InstanceView, LogPage, TargetChange)


class ControlClient:
    """The control port of one instance. Use it as a context manager, or call `close`; one connection is kept."""

    def __init__(self, record: RunFile, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self.record = record
        self._connection = http.client.HTTPConnection(record.control_host, record.control_port, timeout=timeout_s)

    @classmethod
    def for_instance(cls, state_dir: Path, name: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> ControlClient:
        """The client of the living instance `name`. Raises SimlbError E602 when there is none."""
        record = runfile.read(state_dir, name)
        if record is None:
            raise _not_running(state_dir, name)
        return cls(record, timeout_s=timeout_s)

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def status(self) -> InstanceView:
        """How the instance stands."""
        return self._read(InstanceView, self.ask("GET", "/api/v1/status"))

    def logs(self, after: int, limit: int, kind: LogKind = LogKind.ACCESS) -> LogPage:
        """Log lines, as `Instance.log_lines`."""
        return self._read(LogPage, self.ask("GET", f"/api/v1/logs?kind={kind}&after={after}&limit={limit}"))

    def kill_target(self, name: str) -> str:
        """Kill a target's process; the sentence about it."""
        return self._message(f"/api/v1/targets/{segment(name)}/kill")

    def restart_target(self, name: str) -> str:
        """Start a target's process again; the sentence about it."""
        return self._message(f"/api/v1/targets/{segment(name)}/restart")

    def register_target(self, target_group: str, url: str, name: str | None = None) -> TargetChange:
        """Register a target, as `Instance.register_target`."""
        body = {"url": url} if name is None else {"url": url, "name": name}
        path = f"/api/v1/target-groups/{segment(target_group)}/targets"
        return self._read(TargetChange, self.ask("POST", path, body))

    def deregister_target(self, name: str, target_group: str | None = None) -> TargetChange:
        """Deregister a target, as `Instance.deregister_target`."""
        if target_group is None:
            answer = self.ask("POST", f"/api/v1/targets/{segment(name)}/deregister")
        else:
            answer = self.ask("DELETE", f"/api/v1/target-groups/{segment(target_group)}/targets/{segment(name)}")
        return self._read(TargetChange, answer)

    def reload(self) -> str:
        """Have the configuration read again; the sentence about it."""
        return self._message("/api/v1/reload")

    def stop(self) -> str:
        """Begin the graceful stop; the sentence about it."""
        return self._message("/api/v1/stop")

    def _message(self, path: str) -> str:
        return str(self.ask("POST", path)["message"])

    def _read(self, kind: type[_View], data: dict[str, Any]) -> _View:
        try:
            return kind.from_json(data)
        except (KeyError, TypeError) as error:
            raise self._not_understood(f"its answer lacks {error}") from error

    def text(self, path: str) -> str:
        """A page that is no JSON, such as `/metrics`. Raises SimlbError."""
        status, answer = self._exchange("GET", path, None, accept="text/plain")
        if status >= http.client.BAD_REQUEST:
            raise self._not_understood(f"status {status}")
        return answer.decode()

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One request of the control port; its answer. Raises SimlbError, also for what the server refuses."""
        status, answer = self._exchange(method, path, body, accept="application/json")
        try:
            data = json.loads(answer)
        except ValueError as error:
            raise self._not_understood(f"status {status}, and no JSON") from error
        if not isinstance(data, dict):
            raise self._not_understood("its answer is no JSON object")
        if status >= http.client.BAD_REQUEST:
            raise refusal(status, data)
        return data

    def _exchange(self, method: str, path: str, body: Mapping[str, Any] | None, *, accept: str) -> tuple[int, bytes]:
        """Status and body of the answer."""
        headers = {"Accept": accept}
        if method != "GET":
            headers["Authorization"] = f"Bearer {self.record.token}"
        content = None if body is None else json.dumps(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, path, content, headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise SimlbError(
                "E603",
                f"simlb (pid {self.record.pid}) runs, but its control port {self._address} does not answer: "
                f"{error or type(error).__name__}.",
                "→ it may be starting or stopping: try again in a moment",
                f"→ else end it yourself: process {self.record.pid}",
            ) from error

    @property
    def _address(self) -> str:
        return f"{self.record.control_host}:{self.record.control_port}"

    def _not_understood(self, seen: str) -> SimlbError:
        return SimlbError(
            "E604",
            f"The answer of {self._address} was not understood: {seen}.",
            f"→ it runs simlb {self.record.version}; use the same version here, or start it anew: simlb down, simlb up",
        )


def refusal(status: int, data: Mapping[str, Any]) -> SimlbError:
    """The error that the control port has answered with."""
    return SimlbError(
        str(data.get("code", "E604")),
        str(data.get("message", status)),
        *map(str, data.get("hints") or []),
        notes=tuple(map(str, data.get("notes") or [])),
        exit_status=int(data.get("exit_status", EXIT_USAGE)),
    )


def segment(name: str) -> str:
    """A name as one segment of a path, whatever the shell has handed over as one."""
    return quote(name, safe="", errors="replace")


def _not_running(state_dir: Path, name: str) -> SimlbError:
    others = [record.instance for record in runfile.list_instances(state_dir)]
    if others:
        hints = [f"→ running: {', '.join(others)}        → choose one: --instance {others[0]}"]
    else:
        hints = ["→ start it: simlb up        → see it at work: simlb demo"]
    return SimlbError("E602", f"simlb is not running (instance '{name}').", *hints)
