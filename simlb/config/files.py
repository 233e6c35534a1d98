"""Configuration files: load one to run it, or only check it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from simlb.config.addresses import Resolver, system_resolver
from simlb.config.certificates import CertificateSource, UnissuedCertificates
from simlb.config.compile import Compiled, check_source, compile_source
from simlb.config.context import Tools
from simlb.config.documents import SAMPLE_NAMES
from simlb.config.source import OverriddenSource
from simlb.config.yaml_source import read


def load(
    path: Path,
    *,
    certificates: CertificateSource,
    allocate_port: Callable[[str], int],
    sample_names: Sequence[str] = SAMPLE_NAMES,
    resolve: Resolver = system_resolver,
    expose: str | None = None,
    region: str | None = None,
    speed: float | None = None,
    control_port: int | None = None,
    signs_any_name: bool = False,
    permitted_domains: Sequence[str] = (),
) -> Compiled:
    """Read, check and compile a file; then issue its certificates and take ports for its processes.

    `allocate_port(target name)` gives a free port for a `run` or `sample` target without one. `region`, `speed` and
    `control_port` are flags that override the file; `signs_any_name` says that the certificates' CA may sign what the
    local one may not, `permitted_domains` what that one may sign beyond its own. Raises ConfigError: for a wrong file
    an InvalidConfigError with all its problems, and nothing has been issued or taken; or one with what the real
    certificate source refused.
    """
    flags = {"region": region, "speed": speed, "control_port": control_port}
    tools = Tools(
        certificates=certificates,
        allocate_port=allocate_port,
        sample_names=sample_names,
        resolve=resolve,
        expose=expose,
        folder=path.absolute().parent,
        signs_any_name=signs_any_name,
        permitted_domains=permitted_domains,
    )
    return compile_source(OverriddenSource(read(path), flags), tools)


def check(
    path: Path,
    *,
    sample_names: Sequence[str] = SAMPLE_NAMES,
    resolve: Resolver = system_resolver,
    expose: str | None = None,
    signs_any_name: bool = False,
    permitted_domains: Sequence[str] = (),
) -> Compiled:
    """Say whether `load` would take a file, without issuing, allocating or writing anything.

    What is returned shows what the file means; its certificates have no files and ports yet to be chosen are negative.
    Raises ConfigError.
    """
    tools = Tools(
        certificates=UnissuedCertificates(""),
        allocate_port=_never,
        sample_names=sample_names,
        resolve=resolve,
        expose=expose,
        folder=path.absolute().parent,
        signs_any_name=signs_any_name,
        permitted_domains=permitted_domains,
    )
    return check_source(read(path), tools)


def _never(name: str) -> int:
    raise AssertionError(f"checking took a port for {name}")
