"""`simlb init`, `simlb config check`, `simlb config schema`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path

from simlb.cli.terminal import Style
from simlb.controlplane.paths import default_certs_dir, default_state_dir
from simlb.errors import EXIT_FINE, SimlbError


def init(arguments: Namespace) -> int:
    """Write a first configuration; an existing file is kept unless forced."""
    from simlb.config import template

    path = Path(arguments.file)
    try:
        with path.open("w" if arguments.force else "x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError:
        raise SimlbError("E513", f"{path} exists already.", "→ replace it: simlb init --force") from None
    except OSError as error:
        raise SimlbError("E514", f"{path} cannot be written: {error.strerror}.") from error
    where = "" if path == Path("simlb.yaml") else f" -f {path}"
    print(f"{path} written.  Start it: simlb up{where}      Check it after a change: simlb config check {path}")
    return EXIT_FINE


def check(arguments: Namespace) -> int:
    """Say that a configuration is right, with what may surprise; a wrong one raises ConfigError."""
    from simlb import config
    from simlb.certs import permits
    from simlb.processes.samples import sample_names

    path = Path(arguments.file)
    compiled = config.check(
        path, sample_names=sample_names(), permitted_domains=permits.read(default_certs_dir(default_state_dir()))
    )
    style = Style.of(sys.stdout)
    for warning in compiled.warnings:
        print(style.yellow(f"! {warning}"))
    configuration = compiled.configuration
    balancers = len(configuration.load_balancers)
    listeners = sum(len(balancer.listeners) for balancer in configuration.load_balancers)
    rules = sum(len(listener.rules) for balancer in configuration.load_balancers for listener in balancer.listeners)
    targets = sum(len(group.targets) for group in configuration.target_groups.values())
    print(
        f"{style.green('✔')} {path} is right: load balancers {balancers}, listeners {listeners}, "
        f"rules {rules}, target groups {len(configuration.target_groups)}, targets {targets}."
    )
    return EXIT_FINE


def schema(_: Namespace) -> int:
    """Print the JSON Schema of the configuration."""
    from simlb.config import json_schema

    print(json.dumps(json_schema(), indent=2))
    return EXIT_FINE
