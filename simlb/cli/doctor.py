"""`simlb doctor`: everything about this machine that simlb depends on, one line each."""

from __future__ import annotations

import dataclasses
import json
import sys
from argparse import Namespace
from collections.abc import Iterator

from simlb.cli import check_certs, check_network, check_system
from simlb.cli.findings import Finding, Verdict
from simlb.cli.terminal import Style
from simlb.controlplane import runfile
from simlb.controlplane.paths import default_certs_dir, default_state_dir
from simlb.errors import EXIT_EXPECTATION_FAILED, EXIT_FINE, arrowed

_SIGNS: dict[Verdict, str] = {"fine": "✔", "warning": "!", "failure": "✗"}


def doctor(arguments: Namespace) -> int:
    """Print the findings; exit status 1 when one of them is a failure."""
    findings = []
    style = Style.of(sys.stdout)
    for finding in examine():
        findings.append(finding)
        if not arguments.json:
            _print(finding, style)  # at once: some checks take a moment
    if arguments.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    failed = any(finding.verdict == "failure" for finding in findings)
    return EXIT_EXPECTATION_FAILED if failed else EXIT_FINE


def examine() -> Iterator[Finding]:
    """Every check, in a sensible order."""
    state_dir = default_state_dir()
    certs_dir = default_certs_dir(state_dir)
    instances = runfile.list_instances(state_dir)
    yield from check_system.python()
    yield from check_system.uvloop()
    yield from check_system.clock()
    yield from check_system.file_limit()
    yield from check_system.folder("state folder", state_dir)
    yield from check_system.folder("certificates folder", certs_dir)
    yield from check_system.disk(state_dir)
    yield from check_certs.authority(certs_dir)
    yield from check_certs.permissions(certs_dir)
    yield from check_certs.leafs(certs_dir)
    yield from check_certs.left_folders()
    yield from check_network.ports({record.pid: record.instance for record in instances})
    yield from check_network.resolver()
    yield from check_system.instances(instances)


def _print(finding: Finding, style: Style) -> None:
    paint = {"fine": style.green, "warning": style.yellow, "failure": style.red}[finding.verdict]
    print(f"{paint(_SIGNS[finding.verdict])} {finding.check:<20} {finding.text}")
    for hint in finding.hints:
        print(f"{'':<22} {arrowed(hint)}")
    sys.stdout.flush()
