"""`simlb learn`: an instance made for the course, with a program to edit. What was done yesterday counts today."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.cli import loading
from simlb.cli.browser import can_open
from simlb.cli.console import console
from simlb.cli.keyboard import KeyboardPresenter, terminal_descriptor
from simlb.controlplane import runfile
from simlb.controlplane.paths import DEFAULT_INSTANCE, check_instance_name, default_certs_dir, default_state_dir
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.clock import Clock
    from simlb.controlplane.instance import Instance
    from simlb.controlplane.views import InstanceView

SPEED = 10.0
KEPT_AS = "learn"
"""The course's state is not that of `simlb up`, although its instance has the same name and so needs no option."""
CONFIGURATION = """\
# The machines of the course: three of them, and no load balancer yet.   simlb learn
simlb: config/1
dns_port: 0  # simlb's DNS server is there from the start, at any free port
load_balancers: []
target_groups:
  # The EC2 instances. You register them in a target group of your own.
  - name: machines
    target_type: instance
    targets:
      - {sample: starter, name: web-1}  # starter.py in this folder; it starts anew when you save it
      - {sample: starter, name: web-2}
      - {sample: starter, name: web-3}
"""


def learn(arguments: Namespace) -> int:
    """Begin the course, go on with it, or open it where it runs already."""
    page = "learn" if arguments.step is None else f"learn/{arguments.step}"
    state_dir = default_state_dir()
    record = runfile.read(state_dir, check_instance_name(arguments.instance))
    if record is not None:
        if arguments.again:
            raise SimlbError("E844", f"The course runs (pid {record.pid}).", "→ stop it first: simlb down")
        return console(Namespace(instance=arguments.instance, page=page, print=arguments.no_open))
    return _serve(arguments, state_dir, page)


def _serve(arguments: Namespace, state_dir: Path, page: str) -> int:
    from simlb.app import AppOptions, serve
    from simlb.certs.private_folder import sweep_once
    from simlb.cli.console_maker import ConsoleMaker
    from simlb.console.learning import course
    from simlb.console.learning.learning import Lesson

    sweep_once()
    kept_as = KEPT_AS if arguments.instance == DEFAULT_INSTANCE else arguments.instance
    folder = state_dir / "learn" / "program"
    if arguments.again:
        _forget(state_dir, kept_as, folder)
    lesson = Lesson(file=_prepared(folder), course=course.read())
    speed = arguments.speed or SPEED
    certs_dir = default_certs_dir(state_dir)
    maker = ConsoleMaker(lesson, page)
    presenter = LearnPresenter(
        lesson.file,
        maker.address,
        keys=not arguments.no_keys,
        opens=not arguments.no_open and sys.stdout.isatty() and can_open(),
    )
    options = AppOptions(
        instance=arguments.instance,
        state_dir=state_dir,
        certs_dir=certs_dir,
        load=loading.from_file(folder / loading.DEFAULT_FILE, certs_dir=certs_dir, speed=speed, expose=None),
        speed=speed,
        control_port=arguments.control_port,
        keeps_state=True,
        kept_as=kept_as,
    )

    try:
        return serve(options, presenter, extend=maker)
    finally:
        # Whatever ended it: a terminal left without echo would be the user's next problem.
        presenter.release_terminal()


class LearnPresenter(KeyboardPresenter):
    """The terminal of `simlb learn`: also where the page and the program are."""

    def __init__(self, file: Path, console: Callable[[], str], *, keys: bool, opens: bool) -> None:
        super().__init__(sys.stdout, keys=keys, descriptor=terminal_descriptor(), console=console, opens=opens)
        self._file = file
        self._address = console

    def ready(self, view: InstanceView, app: Instance, clock: Clock) -> None:
        """Also: the course."""
        super().ready(view, app, clock)
        if not self._opens:
            self.say("", f"The course    {self._address()}")
        self.say(
            "",
            f"Your program  {self._file}   starts anew when you save it",
            'In a terminal, instead of the page: eval "$(simlb env)", and then the AWS CLI or boto3.',
            "Stop with Ctrl-C or simlb down; simlb learn goes on where you were, simlb learn --again begins anew.",
        )


def _prepared(folder: Path) -> Path:
    """The learner's program, and the configuration beside it. Both stay as they are where they are there already."""
    from simlb.processes.samples import copy_starter

    file = copy_starter(folder)
    configuration = folder / loading.DEFAULT_FILE
    try:
        if not configuration.exists():
            configuration.write_text(CONFIGURATION, encoding="utf-8")
    except OSError as error:
        raise SimlbError("E704", f"Cannot write {configuration}: {error.strerror}.") from error
    return file


def _forget(state_dir: Path, kept_as: str, folder: Path) -> None:
    """What was made and what was done; the program that was edited lies beside the new one."""
    from simlb.console.learning.progress import progress_path
    from simlb.controlplane.store import store_files

    program = folder / "starter.py"
    try:
        # What a write that was broken off has left goes too: it would be taken for a part of the next file.
        for leftover in (*store_files(state_dir, kept_as), progress_path(state_dir, kept_as)):
            leftover.unlink(missing_ok=True)
        if program.exists():
            program.replace(program.with_name("starter.py.before"))
    except OSError as error:
        raise SimlbError("E813", f"{error.filename} cannot be removed: {error.strerror}.") from error
