"""An application on loopback whose time a test moves; its targets listen nowhere, and its file is at hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simlb import config
from simlb.app.application import App
from simlb.app.options import AppOptions
from simlb.clock import Clock, ManualClock
from simlb.config.certificates import UnissuedCertificates
from simlb.controlplane.instance import Instance
from simlb.controlplane.views import InstanceView, TargetGroupView
from simlb.core.events import Event, Notice
from simlb.core.health import ProbeResult

HEAD = """\
simlb: config/1
control_port: 0
load_balancers:
  - name: my-alb
    listeners:
      - {protocol: HTTP, port: 80, bind: "127.0.0.1:0", forward: web}
      - {protocol: HTTP, port: 81, bind: "127.0.0.1:0", forward: api}
target_groups:
"""


class Audience:
    """A presenter that remembers."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.notices: list[str] = []

    def ready(self, view: InstanceView, app: Instance, clock: Clock) -> None:
        """Nobody waits for it here."""

    def event(self, event: Event) -> None:
        """Keep it, and what people should know as text."""
        self.events.append(event)
        if isinstance(event, Notice):
            self.notices.append(event.text)

    def stopping(self) -> None:
        """Nobody waits for it here."""

    def close(self) -> None:
        """Nobody waits for it here."""


class Bench:
    """The application with its file, clock and audience."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "simlb.yaml"
        self.audience = Audience()
        self.clock = ManualClock()
        self.folder = folder
        self.app: App

    async def start(self, *, more: str = "", **groups: list[str]) -> App:
        """Serve these target groups: flow mappings of targets by group, `web` and `api` in any case.

        `more` are further members of every group, each with a comma behind it.
        """
        self.write(more=more, **groups)
        options = AppOptions(instance="default", state_dir=self.folder, certs_dir=self.folder, load=self._load)
        self.app = App(options, self.audience, self._load(), clock=self.clock)
        await self.app.start()
        return self.app

    def write(self, *, more: str = "", **groups: list[str]) -> None:
        """The file of the next reload."""
        text = HEAD
        no_targets: dict[str, list[str]] = {"web": [], "api": []}
        for name, targets in (no_targets | groups).items():
            text += f"  - {{name: {name}, health_check: {{path: /up}}, {more}targets: [{', '.join(targets)}]}}\n"
        self.path.write_text(text)

    def _load(self) -> config.Compiled:
        certificates = UnissuedCertificates("ap-northeast-2")
        return config.load(self.path, certificates=certificates, allocate_port=lambda _: 1, sample_names=())

    def probed(self, target: str, result: ProbeResult, group: str = "web") -> None:
        """As if a probe had come back with that."""
        live = self.app.live_group(group)
        assert live is not None
        state = next(state for state in live.targets.values() if state.target.name == target)
        live.on_probe(state, result, self.clock.now())

    def group(self, name: str = "web") -> TargetGroupView:
        """A group as it stands."""
        return next(group for group in self.app.view().target_groups if group.name == name)

    def states(self, name: str = "web") -> dict[str, str]:
        """Its targets' names and states."""
        return {target.name: target.state for target in self.group(name).targets}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Starts one application."""
    bench = Bench(tmp_path)
    yield bench
    await bench.app.close(grace_s=0)
