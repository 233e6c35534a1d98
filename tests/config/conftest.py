"""What the configuration's tests share: a certificate source and ports that only remember what they were asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simlb import config
from simlb.config import InvalidConfigError
from simlb.core.ids import certificate_arn
from simlb.core.model import Certificate

ADDRESSES = {
    "app.internal": ["10.1.2.3"],
    "here.example": ["127.0.0.5"],
    "metadata.example": ["10.1.2.3", "169.254.169.254"],
    "mapped.example": ["::ffff:169.254.169.254"],
}


class RecordingCertificates:
    """Remembers what was asked for; the files are not there."""

    def __init__(self) -> None:
        self.issued: list[tuple[str, ...]] = []
        self.loaded: list[tuple[Path, Path]] = []

    def issue(self, names: tuple[str, ...]) -> Certificate:
        self.issued.append(names)
        return Certificate(
            arn=certificate_arn("x", names), names=names, certificate_path=Path("c.pem"), key_path=Path("k.pem")
        )

    def load(self, certificate_file: Path, key_file: Path) -> Certificate:
        self.loaded.append((certificate_file, key_file))
        return Certificate(arn="own", names=("own.test",), certificate_path=certificate_file, key_path=key_file)


class RecordingPorts:
    """Hands out 41001, 41002 ... and remembers for whom."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, name: str) -> int:
        self.names.append(name)
        return 41000 + len(self.names)


def resolve(name: str) -> list[str]:
    """Answers from a table: no DNS in tests."""
    if name not in ADDRESSES:
        raise OSError(f"no address for {name}")
    return ADDRESSES[name]


@pytest.fixture
def certificates() -> RecordingCertificates:
    return RecordingCertificates()


@pytest.fixture
def ports() -> RecordingPorts:
    return RecordingPorts()


Load = Callable[..., config.Compiled]


@pytest.fixture
def load(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    certificates: RecordingCertificates,
    ports: RecordingPorts,
) -> Load:
    """Write a text as `simlb.yaml` in the current folder and load it."""
    monkeypatch.chdir(tmp_path)

    def load(text: str, **flags: object) -> config.Compiled:
        path = Path("simlb.yaml")
        path.write_text(text, encoding="utf-8")
        arguments: dict[str, object] = {"certificates": certificates, "allocate_port": ports, "resolve": resolve}
        loader: Callable[..., config.Compiled] = config.load
        return loader(path, **(arguments | flags))

    return load


Refused = Callable[..., list[str]]


@pytest.fixture
def refused(load: Load) -> Refused:
    """The problems of a text, each as `CODE place: what`."""

    def refused(text: str, **flags: object) -> list[str]:
        with pytest.raises(InvalidConfigError) as caught:
            load(text, **flags)
        return [f"{problem.code} {problem.place.text}: {problem.what}" for problem in caught.value.problems]

    return refused
