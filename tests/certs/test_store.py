"""Reuse, renewal and repair of what lies in the certificates directory."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from simlb.certs.authority import key_pem, new_key
from simlb.certs.ephemeral import EphemeralAuthority
from simlb.certs.store import CertificateStore
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from tests.certs.conftest import WallClock

posix_only = pytest.mark.skipif(os.name != "posix", reason="file modes are a POSIX matter")


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


class TestReuse:
    def test_the_same_names_are_served_by_the_same_certificate(self, store: CertificateStore) -> None:
        first = store.ensure(["shop.localhost", "127.0.0.1"])
        before = contents(store.directory)
        second = store.ensure(["SHOP.localhost.", "127.0.0.1"])
        assert first.fresh
        assert not second.fresh
        assert second.names == ("shop.localhost", "127.0.0.1")
        assert (second.sha256, second.not_after) == (first.sha256, first.not_after)
        assert first.not_after.tzinfo is UTC
        assert contents(store.directory) == before

    def test_other_names_get_a_certificate_of_their_own_from_the_same_authority(self, store: CertificateStore) -> None:
        one, two = store.ensure(["shop.localhost"]), store.ensure(["shop.localhost", "api.localhost"])
        assert two.fresh
        assert one.certificate_path != two.certificate_path
        assert not store.ensure(["shop.localhost"]).fresh
        assert not store.ensure(["shop.localhost", "api.localhost"]).fresh

    @pytest.mark.slow
    def test_a_warm_start_does_not_import_cryptography(self, tmp_path: Path) -> None:
        program = (
            "import sys; from pathlib import Path; from simlb.certs.store import CertificateStore\n"
            "issued = CertificateStore(Path(sys.argv[1])).ensure(['shop.localhost'])\n"
            "print(issued.fresh, 'cryptography' in sys.modules)"
        )
        results = [
            subprocess.run(
                [sys.executable, "-c", program, str(tmp_path / "certs")], capture_output=True, text=True, check=True
            ).stdout.split()
            for _ in range(2)
        ]
        assert results == [["True", "True"], ["False", "False"]]

    def test_a_warm_start_neither_writes_nor_locks(self, store: CertificateStore) -> None:
        store.ensure(["shop.localhost"])
        (store.directory / ".lock").unlink()
        before = contents(store.directory)
        assert not store.ensure(["shop.localhost"]).fresh
        assert contents(store.directory) == before

    @posix_only
    def test_keys_are_readable_by_their_owner_only(self, store: CertificateStore) -> None:
        mask = os.umask(0)
        try:
            issued = store.ensure(["shop.localhost"])
        finally:
            os.umask(mask)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.directory.iterdir()}
        assert modes["issuing-ca.key"] == 0o600
        assert modes[issued.key_path.name] == 0o600
        assert modes["ca.pem"] == 0o644
        assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700

    @posix_only
    def test_a_key_is_never_wider_than_its_owner_not_even_for_a_moment(
        self, store: CertificateStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened: dict[str, int] = {}
        really_open = os.open

        def spy(path: Path, flags: int, mode: int = 0o777) -> int:
            opened[Path(path).name] = mode
            return really_open(path, flags, mode)

        monkeypatch.setattr(os, "open", spy)
        store.ensure(["shop.localhost"])
        assert {mode for name, mode in opened.items() if ".key" in name} == {0o600}
        assert sum(".key" in name for name in opened) == 2

    @posix_only
    def test_a_key_that_others_can_read_is_closed_to_them_and_said(self, store: CertificateStore) -> None:
        store.ensure(["shop.localhost"])
        key_path = store.directory / "issuing-ca.key"
        key_path.chmod(0o644)
        issued = store.ensure(["api.localhost"])
        assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
        assert any("issuing-ca.key" in notice for notice in issued.notices)

    def test_a_wildcard_for_a_whole_zone_comes_with_a_warning(self, store: CertificateStore) -> None:
        assert "'*.localhost'" in store.ensure(["localhost", "*.localhost"]).notices[0]
        assert store.ensure(["*.simlb.test"]).notices == ()


class TestTime:
    def test_a_leaf_is_renewed_when_less_than_thirty_days_are_left(
        self, store: CertificateStore, wall_clock: WallClock
    ) -> None:
        first = store.ensure(["shop.localhost"])
        wall_clock.time = first.not_after - timedelta(days=30)
        assert not store.ensure(["shop.localhost"]).fresh
        wall_clock.time += timedelta(seconds=1)
        second = store.ensure(["shop.localhost"])
        assert second.fresh
        assert second.sha256 != first.sha256
        assert second.not_after > first.not_after
        assert second.notices == ()  # the same authority

    def test_a_renewed_leaf_keeps_its_key(self, store: CertificateStore, wall_clock: WallClock) -> None:
        before = store.ensure(["shop.localhost"]).key_path.read_bytes()
        wall_clock.move(days=61)
        renewed = store.ensure(["shop.localhost"])
        assert renewed.fresh
        assert renewed.key_path.read_bytes() == before

    def test_leafs_never_outlive_the_authority_and_a_new_one_is_announced(
        self, store: CertificateStore, wall_clock: WallClock
    ) -> None:
        store.ensure(["shop.localhost"])
        first_root = store.ca_path.read_bytes()
        end = x509.load_pem_x509_certificate(first_root).not_valid_after_utc
        wall_clock.move(days=330)
        late = store.ensure(["shop.localhost"])
        assert late.not_after == end
        assert store.ca_path.read_bytes() == first_root
        wall_clock.move(days=10)
        renewed = store.ensure(["shop.localhost"])
        assert store.ca_path.read_bytes() != first_root
        (notice,) = renewed.notices
        assert f"expires on {end:%Y-%m-%d}" in notice
        assert "Trust it again" in notice
        assert store.ensure(["shop.localhost"]).notices == ()

    def test_an_expired_authority_is_replaced_and_said(self, store: CertificateStore, wall_clock: WallClock) -> None:
        store.ensure(["shop.localhost"])
        wall_clock.move(days=400)
        assert "expired on" in store.ensure(["shop.localhost"]).notices[0]

    def test_a_leaf_of_the_old_authority_is_issued_again(self, store: CertificateStore, wall_clock: WallClock) -> None:
        store.ensure(["a.localhost"])
        wall_clock.move(days=330)
        store.ensure(["b.localhost"])
        wall_clock.move(days=10)
        assert store.ensure(["a.localhost"]).notices
        assert store.ensure(["b.localhost"]).fresh

    def test_a_clock_set_back_is_said(self, store: CertificateStore, wall_clock: WallClock) -> None:
        store.ensure(["shop.localhost"])
        wall_clock.move(days=-2)
        with pytest.raises(SimlbError, match="clock") as caught:
            store.ensure(["shop.localhost"])
        assert caught.value.code == "E207"


class TestDamage:
    @pytest.mark.parametrize("suffix", ["pem", "key", "json"])
    @pytest.mark.parametrize("content", [b"", b"rubbish\xff\x00", b"[]", b'{"version": 1}', None])
    def test_a_damaged_leaf_is_issued_again(
        self,
        store: CertificateStore,
        handshake: Callable[[Path, Path, Path, str], None],
        suffix: str,
        content: bytes | None,
    ) -> None:
        first = store.ensure(["shop.localhost"])
        path = first.certificate_path.with_suffix(f".{suffix}")
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        again = store.ensure(["shop.localhost"])
        assert again.fresh
        handshake(again.certificate_path, again.key_path, store.ca_path, "shop.localhost")
        assert not store.ensure(["shop.localhost"]).fresh

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("not_after", "soon"),
            ("not_after", 5),
            ("not_before", None),
            ("names", ["evil.example.com"]),
            ("names", 7),
            ("version", 99),
            ("authority_sha256", "00"),
            ("file_sha256", "00"),
        ],
    )
    def test_a_sidecar_that_makes_no_sense_is_not_believed(
        self, store: CertificateStore, field: str, value: object
    ) -> None:
        path = store.ensure(["shop.localhost"]).certificate_path.with_suffix(".json")
        fields = json.loads(path.read_bytes())
        path.write_text(json.dumps(fields | {field: value}))
        assert store.ensure(["shop.localhost"]).fresh

    def test_a_key_of_another_leaf_is_noticed(self, store: CertificateStore) -> None:
        issued = store.ensure(["shop.localhost"])
        issued.key_path.write_bytes(key_pem(new_key()))
        assert store.ensure(["shop.localhost"]).fresh

    @pytest.mark.parametrize("name", ["ca.pem", "issuing-ca.pem", "issuing-ca.key"])
    @pytest.mark.parametrize("content", [b"", b"rubbish", None, "another's"])
    def test_a_damaged_authority_is_refused_by_name_of_the_file(
        self, store: CertificateStore, tmp_path: Path, name: str, content: bytes | str | None
    ) -> None:
        store.ensure(["shop.localhost"])
        path = store.directory / name
        if content is None:
            path.unlink()
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            other = CertificateStore(tmp_path / "other")
            other.ensure(["localhost"])
            path.write_bytes((other.directory / name).read_bytes())
        before = contents(store.directory)
        with pytest.raises(SimlbError) as caught:
            store.ensure(["api.localhost"])
        assert caught.value.code == "E207"
        assert name.removesuffix(".key").removesuffix(".pem") in caught.value.what
        assert contents(store.directory) == before  # nothing of it was overwritten

    def test_an_authority_of_somebody_else_is_not_used(self, store: CertificateStore) -> None:
        foreign = EphemeralAuthority()
        store.directory.mkdir()
        store.ca_path.write_bytes(foreign.ca_pem)
        (store.directory / "issuing-ca.pem").write_bytes(foreign.ca_pem)
        (store.directory / "issuing-ca.key").write_bytes(key_pem(foreign._authority.key))
        with pytest.raises(SimlbError, match="name constraints") as caught:
            store.ensure(["localhost"])
        assert caught.value.code == "E207"

    def test_an_encrypted_issuing_key_is_refused_without_asking(self, store: CertificateStore) -> None:
        store.ensure(["shop.localhost"])
        path = store.directory / "issuing-ca.key"
        key = load_pem_private_key(path.read_bytes(), password=None)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")))
        with pytest.raises(SimlbError) as caught:
            store.ensure(["api.localhost"])
        assert caught.value.code == "E207"

    def test_a_crash_while_the_authority_was_made_mends_itself(self, store: CertificateStore) -> None:
        store.ensure(["shop.localhost"])
        (store.directory / "ca.making").touch()
        (store.directory / "issuing-ca.key").write_bytes(key_pem(new_key()))
        issued = store.ensure(["api.localhost"])
        assert "broke off" in issued.notices[0]
        assert not (store.directory / "ca.making").exists()
        assert store.ensure(["api.localhost"]).notices == ()

    def test_what_a_crashed_writer_left_is_swept_up(self, store: CertificateStore) -> None:
        store.ensure(["shop.localhost"])
        leftover = store.directory / "x.key-0011.unfinished-write"
        leftover.touch()
        store.ensure(["api.localhost"])
        assert not leftover.exists()

    def test_a_failed_write_leaves_the_old_file_and_nothing_else(
        self, store: CertificateStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.ensure(["shop.localhost"])
        before = contents(store.directory)

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(SimlbError, match="No space left") as caught:
            store.ensure(["api.localhost"])
        assert caught.value.code == "E206"
        assert contents(store.directory) == before

    def test_a_file_where_the_directory_should_be(self, tmp_path: Path) -> None:
        path = tmp_path / "certs"
        path.write_text("not a directory")
        with pytest.raises(SimlbError) as caught:
            CertificateStore(path).ensure(["localhost"])
        assert caught.value.code == "E206"
        assert str(path) in caught.value.what

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the administrator may read everything")
    def test_a_directory_that_may_not_be_entered(self, store: CertificateStore) -> None:
        store.ensure(["localhost"])
        store.directory.chmod(0)
        try:
            with pytest.raises(SimlbError) as caught:
                store.ensure(["localhost"])
        finally:
            store.directory.chmod(0o700)
        assert caught.value.code == "E206"


class TestForeignLeafs:
    def test_a_certificate_of_the_users_own_is_not_overwritten(self, store: CertificateStore) -> None:
        chain, key = EphemeralAuthority().issue(["shop.localhost"])
        store.directory.mkdir()
        (store.directory / "shop.localhost.pem").write_bytes(chain)
        (store.directory / "shop.localhost.key").write_bytes(key)
        before = contents(store.directory)
        with pytest.raises(SimlbError) as caught:
            store.ensure(["shop.localhost"])
        assert caught.value.code == "E209"
        assert "certificate_file" in caught.value.render()
        assert {name: content for name, content in contents(store.directory).items() if name != ".lock"} == before

    @pytest.mark.slow
    def test_a_key_of_the_users_own_is_not_overwritten(self, store: CertificateStore) -> None:
        key = rsa.generate_private_key(65537, 2048)
        store.directory.mkdir()
        path = store.directory / "shop.localhost.key"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with pytest.raises(SimlbError) as caught:
            store.ensure(["shop.localhost"])
        assert caught.value.code == "E209"
