"""Configurations that no file gives: `simlb up URL ...`, `up --empty`, `demo`. They are compiled as a file would be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simlb.config import names
from simlb.config.addresses import Resolver, system_resolver
from simlb.config.certificates import CertificateSource
from simlb.config.compile import Compiled, compile_source
from simlb.config.context import Tools
from simlb.config.documents import SAMPLE_NAMES
from simlb.config.problems import Refused
from simlb.config.source import FlagSource, OverriddenSource, Steps
from simlb.config.template import template
from simlb.config.yaml_source import YamlSource

DEFAULT_REGION = "ap-northeast-2"
DEFAULT_CONTROL_PORT = 8089


def from_urls(
    urls: Sequence[str],
    *,
    name: str | None = None,
    health_path: str = "/",
    region: str = DEFAULT_REGION,
    speed: float = 1.0,
    control_port: int = DEFAULT_CONTROL_PORT,
    allow_targets: Sequence[str] = (),
    expose: str | None = None,
    certificates: CertificateSource,
    resolve: Resolver = system_resolver,
    signs_any_name: bool = False,
    permitted_domains: Sequence[str] = (),
) -> Compiled:
    """HTTPS and a redirect in front of `urls`: one load balancer, one group `web`, matcher 200-299, access logs on.

    `name` is a DNS name for the load balancer (`shop.localhost`), any one if the certificates' CA `signs_any_name`,
    one below `permitted_domains` if the local CA may sign for them.
    Raises InvalidConfigError, whose places are flags.
    """
    values = {
        "simlb": "config/1",
        "region": region,
        "speed": speed,
        "control_port": control_port,
        "allow_targets": list(allow_targets),
        "load_balancers": [
            {
                "name": _load_balancer_name(name),
                "dns": [name] if name is not None else [],
                "attributes": {"access_logs.s3.enabled": True},
                "listeners": [
                    {"protocol": "HTTP", "port": 80, "redirect": "https"},
                    {"protocol": "HTTPS", "port": 443, "forward": "web"},
                ],
            }
        ],
        "target_groups": [
            {
                "name": "web",
                "health_check": {"path": health_path, "matcher": "200-299"},
                "targets": [{"url": url} for url in urls],
            }
        ],
    }
    flags: dict[Steps, str] = {
        ("region",): "--region",
        ("speed",): "--speed",
        ("control_port",): "--control-port",
        ("allow_targets",): "--allow-targets",
        ("load_balancers", 0, "dns"): "--name",
        # A name that the local CA does not sign shows at the listener whose certificate would need it.
        ("load_balancers", 0, "listeners", 1): "--name",
        ("target_groups", 0, "health_check", "path"): "--health",
    }
    flags |= {("target_groups", 0, "targets", index): f"URL {index + 1}" for index in range(len(urls))}
    tools = Tools(
        certificates=certificates,
        allocate_port=_no_ports,
        sample_names=(),
        resolve=resolve,
        expose=expose,
        signs_any_name=signs_any_name,
        permitted_domains=permitted_domains,
    )
    return compile_source(FlagSource(values, flags), tools)


def empty(*, region: str | None = None, speed: float = 1.0, certificates: CertificateSource) -> Compiled:
    """No load balancer at all: API calls make what there is. Raises InvalidConfigError, whose places are flags."""
    values = {
        "simlb": "config/1",
        "region": region or DEFAULT_REGION,
        "speed": speed,
        "control_port": DEFAULT_CONTROL_PORT,
        "load_balancers": [],
    }
    flags: dict[Steps, str] = {("region",): "--region", ("speed",): "--speed"}
    tools = Tools(certificates=certificates, allocate_port=_no_ports, sample_names=(), resolve=system_resolver)
    return compile_source(FlagSource(values, flags), tools)


def demo(
    *,
    certificates: CertificateSource,
    allocate_port: Callable[[str], int],
    region: str | None = None,
    speed: float | None = None,
    control_port: int | None = None,
    expose: str | None = None,
    sample_names: Sequence[str] = SAMPLE_NAMES,
) -> Compiled:
    """The template as it stands: `my-alb` before three `sample: echo` targets."""
    flags = {"region": region, "speed": speed, "control_port": control_port}
    source = OverriddenSource(YamlSource(template(), "demo"), flags)
    tools = Tools(
        certificates=certificates,
        allocate_port=allocate_port,
        sample_names=sample_names,
        resolve=system_resolver,
        expose=expose,
    )
    return compile_source(source, tools)


def _load_balancer_name(name: str | None) -> str:
    """The first label of `--name` where it can be a load balancer's name, else `simlb`."""
    label = (name or "").partition(".")[0].lower()
    try:
        return names.load_balancer_name(label)
    except Refused:
        return "simlb"


def _no_ports(name: str) -> int:
    raise AssertionError(f"target {name} of a URL has its own port")
