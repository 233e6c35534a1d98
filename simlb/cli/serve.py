"""`simlb up` and `simlb demo`: an instance in this very process, until it is stopped."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from simlb.cli import loading
from simlb.cli.browser import can_open
from simlb.cli.keyboard import KeyboardPresenter, terminal_descriptor
from simlb.cli.spelling import quote
from simlb.controlplane import runfile
from simlb.controlplane.paths import check_instance_name, default_certs_dir, default_state_dir
from simlb.errors import SimlbError

DEMO_SPEED = 10.0


def demo(arguments: Namespace) -> int:
    """The example, ten times as fast as AWS."""
    certs_dir = default_certs_dir(default_state_dir())
    speed = arguments.speed or DEMO_SPEED
    load = loading.from_demo(certs_dir=certs_dir, speed=speed, expose=arguments.expose)
    return _serve(arguments, load, speed, kills=True, keeps_state=False, opens=not arguments.no_browser)


def up(arguments: Namespace) -> int:
    """A configuration file, or HTTPS in front of URLs."""
    certs_dir = default_certs_dir(default_state_dir())
    check_empty(arguments, "E512")
    if arguments.empty:
        load = loading.from_nothing(region=arguments.region, certs_dir=certs_dir, speed=arguments.speed)
    elif arguments.urls:
        if arguments.file is not None:
            raise SimlbError("E512", "Give either URLs or a file, not both.", "→ in a file: targets: [{url: …}]")
        for word in arguments.urls:
            if word.endswith((".yaml", ".yml")):
                raise SimlbError("E512", f"'{word}' is a file, not a URL.", f"→ simlb up -f {quote(word)}")
        load = loading.from_urls(
            arguments.urls,
            name=arguments.name,
            health_path=arguments.health,
            certs_dir=certs_dir,
            speed=arguments.speed,
            expose=arguments.expose,
        )
    else:
        if arguments.name is not None or arguments.health is not None:
            raise SimlbError(
                "E512",
                "--name and --health go with URLs.",
                "→ simlb up http://127.0.0.1:3000 --name shop.localhost        → in a file: dns and health_check",
            )
        path = Path(arguments.file) if arguments.file is not None else loading.default_file()
        load = loading.from_file(path, certs_dir=certs_dir, speed=arguments.speed, expose=arguments.expose)
    return _serve(arguments, load, arguments.speed, kills=False, keeps_state=True)


def check_empty(arguments: Namespace, code: str) -> None:
    """Raise SimlbError for what does not go with --empty, and for what goes with nothing else."""
    if arguments.empty and (arguments.urls or arguments.file is not None):
        raise SimlbError(code, "--empty means no load balancer: neither URLs nor a file go with it.")
    if arguments.region is not None and not arguments.empty:
        raise SimlbError(code, "--region goes with --empty.", "in a file: region: eu-west-1")


def _serve(
    arguments: Namespace,
    load: loading.Load,
    speed: float | None,
    *,
    kills: bool,
    keeps_state: bool,
    opens: bool = False,
) -> int:
    state_dir = default_state_dir()
    # Said before anything starts; the run file itself has the last word.
    runfile.ensure_free(state_dir, check_instance_name(arguments.instance))
    from simlb.app import AppOptions, serve
    from simlb.certs.private_folder import sweep_once
    from simlb.cli.console_maker import ConsoleMaker

    sweep_once()
    maker = ConsoleMaker()
    presenter = KeyboardPresenter(
        sys.stdout,
        keys=not arguments.no_keys,
        kills=kills,
        descriptor=terminal_descriptor(),
        console=maker.address,
        opens=opens and sys.stdout.isatty() and can_open(),
    )
    options = AppOptions(
        instance=arguments.instance,
        state_dir=state_dir,
        certs_dir=default_certs_dir(state_dir),
        load=load,
        speed=speed,
        control_port=arguments.control_port,
        dns_port=arguments.dns_port,
        expose=arguments.expose,
        keeps_state=keeps_state,
    )
    try:
        return serve(options, presenter, extend=maker)
    finally:
        # Whatever ended it: a terminal left without echo would be the user's next problem.
        presenter.release_terminal()
