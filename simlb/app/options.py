"""How an instance is told to run, and whom it tells what happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from simlb.app.flawed_certificates import Issuer
from simlb.clock import Clock
from simlb.controlplane.instance import Instance
from simlb.controlplane.views import InstanceView
from simlb.core.events import Event

if TYPE_CHECKING:
    from simlb.config import Compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class AppOptions:
    """How an instance runs. `load` reads the configuration, at the start and at each reload.

    A setting that is None is the configuration's. `keeps_traffic` keeps the last exchanges as records, for tests and
    scenarios; `seed` makes every draw of the instance repeatable. `issuer` is the authority that clients trust,
    where it is not the one in `certs_dir`: faults have it sign certificates that are wrong in one thing only.
    `token` is the control port's, a fresh one by itself. `is_ephemeral`: nobody finds it by its name, it ends with the
    program that started it, and its certificates are not renewed. `keeps_state`: what API calls and commands change
    outlives the instance, in its state folder; under the instance's name, or as `kept_as`.
    """

    instance: str
    state_dir: Path
    certs_dir: Path
    load: Callable[[], Compiled]
    speed: float | None = None
    control_port: int | None = None
    dns_port: int | None = None
    expose: str | None = None
    keeps_traffic: bool = False
    seed: int | None = None
    issuer: Issuer | None = None
    token: str | None = None
    is_ephemeral: bool = False
    keeps_state: bool = False
    kept_as: str | None = None

    @property
    def kept_name(self) -> str:
        """The name that the instance's state is kept under."""
        return self.kept_as or self.instance


class Presenter(Protocol):
    """Shows an instance to a person. Called on the instance's loop."""

    def ready(self, view: InstanceView, app: Instance, clock: Clock) -> None:
        """Everything listens."""

    def event(self, event: Event) -> None:
        """Something happened."""

    def stopping(self) -> None:
        """The graceful stop has begun."""

    def close(self) -> None:
        """It is over."""
