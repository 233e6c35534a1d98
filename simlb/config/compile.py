"""From the entries of a configuration to `simlb.core.model.Configuration`.

It runs twice: first with stand-ins, to find every problem; then, only when there is none, with the real certificate
source and port allocator - so that a wrong file issues nothing, takes nothing and starts nothing.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from simlb.config import binds, names
from simlb.config.addresses import AddressPolicy
from simlb.config.certificates import UnissuedCertificates
from simlb.config.context import Context, Tools
from simlb.config.decode import Places, decode
from simlb.config.documents import ConfigFile
from simlb.config.load_balancers import LoadBalancerCompiler
from simlb.config.problems import Place, Problems, Refused
from simlb.config.quotas import check_quotas
from simlb.config.source import Source
from simlb.config.target_groups import GroupCompiler
from simlb.core.model import Configuration, IPNetwork

KEEP_BODIES_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What concerns the whole instance. `speed` is load-balancer seconds in a real second.

    `allow_targets` are the networks beyond loopback that targets may be in. Of each request's body the first
    `keep_bodies_bytes` are kept for replays. With `explain_header` responses to requests with `X-Simlb-Explain: 1` say
    why. `foreign_ids` says what becomes of subnets, security groups and VPCs that are neither simlb's nor known at
    `foreign_endpoint`, the URL of another EC2. `dns_port` is where the DNS server listens from the start; None: on any
    free port, once there is a hosted zone.
    """

    region: str
    speed: float
    control_port: int
    strict: bool
    allow_targets: tuple[IPNetwork, ...] = ()
    keep_bodies_bytes: int = 0
    explain_header: bool = False
    dns_port: int | None = None
    foreign_ids: Literal["refuse", "accept"] = "refuse"
    foreign_endpoint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A configuration that is ready to run. `source` is its file, if it has one."""

    settings: Settings
    configuration: Configuration
    warnings: tuple[str, ...]
    source: Path | None


def compile_source(source: Source, tools: Tools) -> Compiled:
    """Compile and issue what it takes. Raises InvalidConfigError with all problems found."""
    tools = replace(tools, resolve=functools.cache(tools.resolve))
    file, places = _checked(source, tools)
    problems = Problems()
    compiled = _compile(file, places, problems, tools, source.path)
    problems.raise_any()
    return compiled


def check_source(source: Source, tools: Tools) -> Compiled:
    """Compile without issuing or allocating anything. Raises InvalidConfigError with all problems found."""
    problems = Problems()
    file, places = decode(source, problems)
    compiled = _compile(file, places, problems, _stand_ins(tools, file.region), source.path)
    problems.raise_any()
    return compiled


def _checked(source: Source, tools: Tools) -> tuple[ConfigFile, Places]:
    problems = Problems()
    file, places = decode(source, problems)
    _compile(file, places, problems, _stand_ins(tools, file.region), source.path)
    problems.raise_any()
    return file, places


def _stand_ins(tools: Tools, region: str) -> Tools:
    # Negative numbers: ports that no file can name.
    return replace(tools, certificates=UnissuedCertificates(region), allocate_port=_imaginary_ports())


def _imaginary_ports() -> Callable[[str], int]:
    numbers = itertools.count(-1, -1)
    return lambda _name: next(numbers)


def _compile(file: ConfigFile, places: Places, problems: Problems, tools: Tools, path: Path | None) -> Compiled:
    if tools.expose is not None:
        with problems.at(Place("--expose")):
            tools = replace(tools, expose=binds.exposed_address(tools.expose))
    context = Context(places=places, problems=problems, tools=tools, strict=file.strict)
    with context.at(file, "region"):
        names.region_name(file.region)
    allowed = _allowed_networks(context, file)
    groups = GroupCompiler(context, file.region, AddressPolicy(allowed, tools.resolve))
    target_groups = groups.compile(file.target_groups)
    balancers = LoadBalancerCompiler(context, file.region, target_groups, file.control_port)
    load_balancers = balancers.compile(file.load_balancers)
    # Without a load balancer the groups are for those that the API makes.
    for name in balancers.unused_groups() if file.load_balancers else ():
        entry = next(entry for entry in file.target_groups if entry.name == name)
        context.warn(entry, "name", what=f"no listener forwards to target group '{name}'")
    configuration = Configuration(
        load_balancers=load_balancers,
        target_groups=target_groups,
        processes=tuple(groups.processes),
        instances=groups.instances,
    )
    check_quotas(context, file, configuration)
    return Compiled(
        settings=Settings(
            region=file.region,
            speed=float(file.speed),
            control_port=file.control_port,
            strict=file.strict,
            allow_targets=allowed,
            keep_bodies_bytes=_kept_bytes(context, file),
            explain_header=file.explain_header,
            dns_port=file.dns_port,
            foreign_ids=file.foreign_ids,
            foreign_endpoint=_endpoint(context, file, AddressPolicy(allowed, tools.resolve)),
        ),
        configuration=configuration,
        warnings=tuple(context.warnings),
        source=path,
    )


def _kept_bytes(context: Context, file: ConfigFile) -> int:
    with context.at(file, "keep_bodies"):
        size = names.size_bytes(file.keep_bodies)
        if not 0 <= size <= KEEP_BODIES_MAX_BYTES:
            raise Refused(f"'keep_bodies' must be from 0 to 1m, not {file.keep_bodies}")
        return size
    return 0


def _endpoint(context: Context, file: ConfigFile, policy: AddressPolicy) -> str | None:
    if file.foreign_endpoint is None:
        return None
    with context.at(file, "foreign_endpoint"):
        if not file.foreign_endpoint.startswith("http://"):
            raise Refused("'foreign_endpoint' is an http URL such as http://127.0.0.1:5000")
        place = policy.locate(file.foreign_endpoint)
        host = f"[{place.dial_host}]" if ":" in place.dial_host else place.dial_host
        return f"http://{host}:{place.port}/"
    return None


def _allowed_networks(context: Context, file: ConfigFile) -> tuple[IPNetwork, ...]:
    allowed: list[IPNetwork] = []
    for position, written in enumerate(file.allow_targets):
        with context.at(file, "allow_targets", position):
            allowed.append(names.network(written))
    return tuple(allowed)
