"""Files of a CA in memory: any name, one pair for the same names, nothing left behind, the CA's key nowhere."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simlb.certs.ephemeral_files import EphemeralCertificates, EphemeralFiles
from simlb.errors import SimlbError

Handshake = Callable[[Path, Path, Path, str], None]


@pytest.fixture
def files() -> Iterator[EphemeralFiles]:
    files = EphemeralFiles()
    yield files
    files.close()


@pytest.mark.parametrize("name", ["api.example.com", "*.example.com", "10.1.2.3", "::1", "ca", "localhost"])
def test_any_name_can_be_served(files: EphemeralFiles, handshake: Handshake, name: str) -> None:
    _, certificate_path, key_path = files.ensure([name])
    handshake(certificate_path, key_path, files.ca_path, name.replace("*", "www"))


def test_the_same_names_have_the_same_files(files: EphemeralFiles) -> None:
    first = files.ensure(["API.example.com", "example.com"])
    content = first[1].read_bytes()
    assert files.ensure(["api.example.com", "example.com"]) == first
    assert first[1].read_bytes() == content
    assert files.ensure(["api.example.com", "example.org"])[1] != first[1]


def test_threads_that_ask_for_the_same_names_get_one_pair(files: EphemeralFiles) -> None:
    with ThreadPoolExecutor(8) as pool:
        pairs = set(pool.map(lambda _: files.ensure(["api.example.com"]), range(32)))
    assert len(pairs) == 1
    assert len(list(files.folder.iterdir())) == 4  # with the CA and what says whose it is


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_only_its_owner_enters_the_folder(files: EphemeralFiles) -> None:
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700


def test_the_only_keys_are_those_of_leafs(files: EphemeralFiles) -> None:
    _, _, key_path = files.ensure(["api.example.com"])
    keys = [path for path in files.folder.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert keys == [key_path]


def test_closing_removes_everything_and_may_be_repeated(files: EphemeralFiles) -> None:
    files.ensure(["api.example.com"])
    files.close()
    assert not files.folder.exists()
    files.close()


def test_several_may_share_one_authority() -> None:
    first = EphemeralFiles()
    second = EphemeralFiles(first.authority)
    assert first.folder != second.folder
    assert first.ca_path.read_bytes() == second.ca_path.read_bytes()
    first.close()
    second.close()


def test_what_is_no_name_is_refused(files: EphemeralFiles) -> None:
    with pytest.raises(SimlbError) as caught:
        files.ensure(["not a name"])
    assert caught.value.code == "E203"


def test_it_describes_certificates_for_a_configuration(files: EphemeralFiles) -> None:
    source = EphemeralCertificates(files, "eu-central-1")
    certificate = source.issue(("api.example.com",))
    assert certificate.names == ("api.example.com",)
    assert certificate.arn.startswith("arn:aws:acm:eu-central-1:000000000000:certificate/")
    assert source.issue(("api.example.com",)) == certificate


def test_the_users_own_files_are_used_where_they_lie(files: EphemeralFiles, tmp_path: Path) -> None:
    chain_pem, key_pem = files.authority.issue(["own.example.com"])
    certificate_path, key_path = tmp_path / "own.pem", tmp_path / "own.key"
    certificate_path.write_bytes(chain_pem)
    key_path.write_bytes(key_pem)
    loaded = EphemeralCertificates(files, "eu-central-1").load(certificate_path, key_path)
    assert (loaded.names, loaded.certificate_path) == (("own.example.com",), certificate_path)
    with pytest.raises(SimlbError) as caught:
        EphemeralCertificates(files, "eu-central-1").load(tmp_path / "missing.pem", key_path)
    assert caught.value.code == "E204"
