"""`simlb env`: the environment in which AWS's clients talk to a running instance and to nothing else."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping

from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.errors import EXIT_FINE

SERVICES = (
    "ELASTIC_LOAD_BALANCING_V2",
    "ACM",
    "CLOUDWATCH",
    "EC2",
    "IAM",
    "ROUTE_53",
    "STS",
)
"""Services that an instance answers, as AWS's clients call them in `AWS_ENDPOINT_URL_<SERVICE>`."""

UNSET = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)
"""What would bring real credentials back, or have the endpoint passed over."""


def env(arguments: Namespace) -> int:
    """Print it, for a shell to carry out."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        variables = aws_variables(
            f"http://{client.record.control_host}:{client.record.control_port}", client.status().region
        )
    if arguments.json:
        print(json.dumps({"set": variables, "unset": UNSET}, indent=2))
    else:
        print("\n".join(_LINES[arguments.shell](variables)))
    return EXIT_FINE


def aws_variables(endpoint: str, region: str) -> dict[str, str]:
    """The variables to set. The keys are no one's: simlb takes any."""
    return {
        **{f"AWS_ENDPOINT_URL_{service}": endpoint for service in SERVICES},
        "AWS_ACCESS_KEY_ID": "simlb",
        "AWS_SECRET_ACCESS_KEY": "simlb",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }


def _sh(variables: Mapping[str, str]) -> Iterator[str]:
    # With semicolons it works without quotes around $(simlb env) too.
    yield from (f"export {name}={shlex.quote(value)};" for name, value in variables.items())
    yield f"unset {' '.join(UNSET)};"


def _fish(variables: Mapping[str, str]) -> Iterator[str]:
    yield from (f"set -gx {name} {shlex.quote(value)};" for name, value in variables.items())
    yield from (f"set -e {name};" for name in UNSET)


def _powershell(variables: Mapping[str, str]) -> Iterator[str]:
    yield from (f"$env:{name} = '{value}'" for name, value in variables.items())
    yield from (f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in UNSET)


def _cmd(variables: Mapping[str, str]) -> Iterator[str]:
    yield from (f'set "{name}={value}"' for name, value in variables.items())
    yield from (f'set "{name}="' for name in UNSET)


_LINES: Mapping[str, Callable[[Mapping[str, str]], Iterator[str]]] = {
    "sh": _sh,
    "fish": _fish,
    "powershell": _powershell,
    "cmd": _cmd,
}
