"""From flags and files to a compiled configuration: where `simlb.config`, `simlb.certs` and ports meet."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.certs.store import IssuedCertificate
    from simlb.config import Compiled
    from simlb.core.model import Certificate

DEFAULT_FILE = "simlb.yaml"

Load = Callable[[], "Compiled"]
"""Reads the configuration, once at the start and again at every reload."""


class Certificates:
    """A `simlb.config.CertificateSource` over the certificates folder. `notices` collects what users should be told."""

    def __init__(self, folder: Path, region: str) -> None:
        from simlb.certs.store import CertificateStore

        self._store = CertificateStore(folder)
        self._region = region
        self.notices: list[str] = []

    def issue(self, names: tuple[str, ...]) -> Certificate:
        """The stored certificate for these names, or a new one of the local CA."""
        return self._described(self._store.ensure(names), names)

    def load(self, certificate_file: Path, key_file: Path) -> Certificate:
        """The user's own files."""
        return self._described(self._store.import_pair(certificate_file, key_file), (str(certificate_file),))

    def _described(self, issued: IssuedCertificate, identity: tuple[str, ...]) -> Certificate:
        from simlb.core.ids import certificate_arn
        from simlb.core.model import Certificate

        self.notices += [notice for notice in issued.notices if notice not in self.notices]
        return Certificate(
            arn=certificate_arn(self._region, identity),
            names=issued.names,
            certificate_path=issued.certificate_path,
            key_path=issued.key_path,
        )


class Ports:
    """Free ports for target processes: the same one for the same target for as long as this instance runs."""

    def __init__(self) -> None:
        self._by_target: dict[str, int] = {}

    def allocate(self, target: str) -> int:
        """The port of `target`, chosen now or before."""
        from simlb.processes.ports import free_ports

        if target not in self._by_target:
            taken = set(self._by_target.values())
            # One more than are taken: at least one of them is new.
            self._by_target[target] = next(port for port in free_ports(len(taken) + 1) if port not in taken)
        return self._by_target[target]


def from_file(path: Path, *, certs_dir: Path, speed: float | None, expose: str | None) -> Load:
    """What reads `path` again and again."""
    ports = Ports()

    def load() -> Compiled:
        from simlb import config
        from simlb.certs import permits
        from simlb.processes.samples import sample_names

        samples = sample_names()
        # Certificates carry the region in their ARN, which only the file knows.
        domains = permits.read(certs_dir)
        region = config.check(path, sample_names=samples, expose=expose, permitted_domains=domains).settings.region
        certificates = Certificates(certs_dir, region)
        compiled = config.load(
            path,
            certificates=certificates,
            allocate_port=ports.allocate,
            sample_names=samples,
            expose=expose,
            speed=speed,
            permitted_domains=domains,
        )
        return _with_notices(compiled, certificates)

    return load


def from_urls(
    urls: Sequence[str],
    *,
    name: str | None,
    health_path: str | None,
    certs_dir: Path,
    speed: float | None,
    expose: str | None,
) -> Load:
    """What puts HTTPS in front of `urls`."""

    def load() -> Compiled:
        from simlb import config
        from simlb.certs import permits
        from simlb.config.commands import DEFAULT_REGION

        certificates = Certificates(certs_dir, DEFAULT_REGION)
        compiled = config.from_urls(
            urls,
            name=name,
            health_path=health_path or "/",
            region=DEFAULT_REGION,
            speed=speed or 1.0,
            expose=expose,
            certificates=certificates,
            permitted_domains=permits.read(certs_dir),
        )
        return _with_notices(compiled, certificates)

    return load


def from_nothing(*, region: str | None, certs_dir: Path, speed: float | None) -> Load:
    """What has no load balancer of its own."""

    def load() -> Compiled:
        from simlb import config
        from simlb.config.commands import DEFAULT_REGION

        return config.empty(
            region=region, speed=speed or 1.0, certificates=Certificates(certs_dir, region or DEFAULT_REGION)
        )

    return load


def from_demo(*, certs_dir: Path, speed: float | None, expose: str | None) -> Load:
    """What runs the example."""
    ports = Ports()

    def load() -> Compiled:
        from simlb import config
        from simlb.config.commands import DEFAULT_REGION
        from simlb.processes.samples import sample_names

        certificates = Certificates(certs_dir, DEFAULT_REGION)
        compiled = config.demo(
            certificates=certificates,
            allocate_port=ports.allocate,
            region=DEFAULT_REGION,
            speed=speed,
            expose=expose,
            sample_names=sample_names(),
        )
        return _with_notices(compiled, certificates)

    return load


def default_file() -> Path:
    """`simlb.yaml` of the current folder. Raises SimlbError E511 when there is none."""
    path = Path(DEFAULT_FILE)
    if not path.is_file():
        raise SimlbError(
            "E511",
            f"There is no {DEFAULT_FILE} in this folder.",
            "→ write one: simlb init        → another file: simlb up -f shop.yaml",
            "→ no file at all: simlb up http://127.0.0.1:3000        → see simlb at work: simlb demo",
            "→ no load balancer until AWS's tools make one: simlb up --empty",
        )
    return path


def _with_notices(compiled: Compiled, certificates: Certificates) -> Compiled:
    return dataclasses.replace(compiled, warnings=(*compiled.warnings, *certificates.notices))
