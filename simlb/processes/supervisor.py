"""All target processes of one instance, by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from simlb.core.model import TargetProcess
from simlb.errors import SimlbError, arrowed
from simlb.processes.supervised_process import GRACE_S, ProcessState, SupervisedProcess

__all__ = ["ProcessState", "SupervisedProcess", "Supervisor"]


class Supervisor:
    """Holds the processes and brings them in line with a configuration.

    Logs are `<log_directory>/<name>.log`. The callbacks are those of `SupervisedProcess` with the name in front.
    """

    def __init__(
        self,
        *,
        log_directory: Path,
        on_started: Callable[[str, int], None],
        on_exited: Callable[[str, int, int], None],
        environment: Mapping[str, str] | None = None,
        default_directory: Path | None = None,
    ) -> None:
        self._log_directory = log_directory
        self._on_started = on_started
        self._on_exited = on_exited
        self._environment = environment
        self._default_directory = default_directory
        self._processes: dict[str, SupervisedProcess] = {}
        self._changing = asyncio.Lock()

    def __iter__(self) -> Iterator[SupervisedProcess]:
        return iter(list(self._processes.values()))

    def get(self, name: str) -> SupervisedProcess | None:
        """The process of that name."""
        return self._processes.get(name)

    async def reconcile(
        self, processes: Sequence[TargetProcess], *, down: Collection[str] = (), grace_s: float = GRACE_S
    ) -> None:
        """Make `processes` what there is: stop the removed, start the new, stop and start the changed.

        A process whose description has not changed is left alone, also when it has been killed. Those named in `down`
        are not started. All that can start does start: an error is raised when the rest is done.

        Raises:
            SimlbError: as `SupervisedProcess.start`; E701 naming each when several could not be started.
        """
        async with self._changing:
            wanted = {process.name: process for process in processes}
            assert len(wanted) == len(processes), "the configuration gives each process a name of its own"
            gone = [held for name, held in self._processes.items() if wanted.get(name) != held.process]
            # First all stops, then all starts: a port may move from one process to another.
            await asyncio.gather(*(held.stop(grace_s) for held in gone))
            for held in gone:
                del self._processes[held.name]
            fresh = [self._supervise(process) for name, process in wanted.items() if name not in self._processes]
            # In the order of the configuration, whatever was there before.
            self._processes.update({held.name: held for held in fresh})
            self._processes = {name: self._processes[name] for name in wanted}
            starting = [held for held in fresh if held.name not in down]
            outcomes = await asyncio.gather(*(held.start() for held in starting), return_exceptions=True)
        _raise_all([outcome for outcome in outcomes if outcome is not None])

    async def stop_all(self, grace_s: float = GRACE_S) -> None:
        """Stop every process, all at once, and forget them; back when all are gone."""
        await self.reconcile((), grace_s=grace_s)

    def _supervise(self, process: TargetProcess) -> SupervisedProcess:
        name = process.name
        return SupervisedProcess(
            process,
            log_path=self._log_directory / f"{name}.log",
            on_started=lambda pid: self._on_started(name, pid),
            on_exited=lambda pid, status: self._on_exited(name, pid, status),
            environment=self._environment,
            default_directory=self._default_directory,
        )


def _raise_all(errors: list[BaseException]) -> None:
    for error in errors:
        if not isinstance(error, SimlbError):
            raise error
    coded = [error for error in errors if isinstance(error, SimlbError)]
    if len(coded) == 1:
        raise coded[0]
    if coded:
        notes = tuple(text for error in coded for text in (error.what, *(f"  {arrowed(hint)}" for hint in error.hints)))
        raise SimlbError("E701", f"{len(coded)} target processes cannot be started.", notes=notes)
