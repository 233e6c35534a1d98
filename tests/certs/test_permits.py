"""Domains that the user has the local CA sign for: which can be, what clients say, and what goes wrong."""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from simlb.certs import files, permits
from simlb.certs.authority import key_pem, new_key
from simlb.certs.store import CertificateStore
from simlb.errors import SimlbError
from tests.certs.conftest import WallClock

Handshake = Callable[[Path, Path, Path, str], None]
AUTHORITY = ("ca.pem", "issuing-ca.pem", "issuing-ca.key")


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("shop.co.kr", "shop.co.kr"),
        ("API.Shop.co.kr.", "api.shop.co.kr"),
        ("me.github.io", "me.github.io"),
        ("shop.internal", "shop.internal"),
        ("city.kawasaki.jp", "city.kawasaki.jp"),
        ("xn--9d0bm53a3xbzui.kr", "xn--9d0bm53a3xbzui.kr"),
    ],
)
def test_what_can_be_permitted(name: str, domain: str) -> None:
    assert permits.permittable([name, name]) == (domain,)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("co.kr", "a public suffix"),
        ("github.io", "a public suffix"),
        ("kawasaki.jp", "a public suffix"),
        ("a.kawasaki.jp", "a public suffix"),
        ("com", "a single label"),
        ("internal", "a single label"),
        ("*.shop.co.kr", "a wildcard"),
        ("10.0.0.1", "an address"),
        ("2001:db8::1", "an address"),
        ("0.0.0.0", "an address"),  # noqa: S104
        ("shop..kr", "neither a host name"),
        ("shop.kr/x", "neither a host name"),
        ("", "neither a host name"),
        ("쇼핑.kr", "not an ASCII host name"),
    ],
)
def test_what_is_refused(name: str, why: str) -> None:
    with pytest.raises(SimlbError, match=why) as caught:
        permits.permittable([name])
    assert caught.value.code == "E852"
    assert caught.value.hints


@pytest.mark.parametrize(
    ("present", "permit", "forbid", "after"),
    [
        ([], ["shop.co.kr"], [], ["shop.co.kr"]),
        (["shop.co.kr"], ["shop.co.kr"], [], ["shop.co.kr"]),
        (["shop.co.kr"], ["api.shop.co.kr", "*.shop.co.kr"], [], ["shop.co.kr"]),  # lies below
        (["api.shop.co.kr", "a.kr"], ["shop.co.kr"], [], ["a.kr", "shop.co.kr"]),  # takes it in
        (["shop.co.kr", "a.kr"], [], ["A.kr"], ["shop.co.kr"]),
        (["shop.co.kr"], ["a.kr"], ["shop.co.kr"], ["a.kr"]),
        ([], ["localhost", "shop.test", "127.0.0.1", "::1"], [], []),  # its own
    ],
)
def test_changes(present: list[str], permit: list[str], forbid: list[str], after: list[str]) -> None:
    assert permits.changed(present, permit=permit, forbid=forbid) == tuple(after)


def test_only_what_is_permitted_can_be_forbidden() -> None:
    with pytest.raises(SimlbError, match=r"'b\.kr'") as caught:
        permits.changed(["a.kr"], permit=[], forbid=["b.kr"])
    assert (caught.value.code, caught.value.hints) == ("E853", ("there are: a.kr",))


@pytest.mark.parametrize("names", [("shop.co.kr",), ("api.shop.co.kr",), ("*.shop.co.kr",), ("localhost", "a.test")])
def test_clients_that_trust_the_new_root_accept_the_names(
    store: CertificateStore, handshake: Handshake, names: tuple[str, ...]
) -> None:
    store.replace_authority(["shop.co.kr"])
    issued = store.ensure(names)
    handshake(issued.certificate_path, issued.key_path, store.ca_path, names[0].replace("*", "api"))


def test_a_verifier_that_is_not_openssl_agrees(store: CertificateStore) -> None:
    store.replace_authority(["shop.co.kr"])
    issued = store.ensure(["api.shop.co.kr"])
    leaf, issuing = x509.load_pem_x509_certificates(issued.certificate_path.read_bytes())
    root = x509.load_pem_x509_certificate(store.ca_path.read_bytes())
    builder = x509.verification.PolicyBuilder().store(x509.verification.Store([root]))
    verifier = builder.build_server_verifier(x509.DNSName("api.shop.co.kr"))
    assert verifier.verify(leaf, [issuing]) == [leaf, issuing, root]


@pytest.mark.parametrize("name", ["evilshop.co.kr", "co.kr", "shop.co.kr.evil.com", "10.0.0.1"])
def test_a_thief_of_the_key_cannot_sign_other_names(
    store: CertificateStore, handshake: Handshake, tmp_path: Path, name: str
) -> None:
    store.replace_authority(["shop.co.kr"])
    with pytest.raises(SimlbError) as caught:
        store.ensure([name])
    assert caught.value.code == "E203"
    assert "shop.co.kr and *.shop.co.kr" in caught.value.render()
    key = new_key()
    (tmp_path / "thief.pem").write_bytes(store.load_authority().issue([name], key, datetime.now(UTC)).chain_pem)
    (tmp_path / "thief.key").write_bytes(key_pem(key))
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        handshake(tmp_path / "thief.pem", tmp_path / "thief.key", store.ca_path, name)


def test_leafs_of_the_old_authority_are_issued_again(
    store: CertificateStore, handshake: Handshake, tmp_path: Path
) -> None:
    before = store.ensure(["shop.localhost"])
    key = before.key_path.read_bytes()
    old_root = tmp_path / "old.pem"
    old_root.write_bytes(store.ca_path.read_bytes())
    store.replace_authority(["shop.co.kr"])
    again = store.ensure(["shop.localhost"])
    assert again.fresh
    assert again.key_path.read_bytes() == key
    assert not store.ensure(["shop.localhost"]).fresh
    handshake(again.certificate_path, again.key_path, store.ca_path, "shop.localhost")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(again.certificate_path, again.key_path, old_root, "shop.localhost")


def test_root_key_and_old_issuing_key_are_nowhere(store: CertificateStore) -> None:
    store.ensure(["localhost"])
    old = (store.directory / "issuing-ca.key").read_bytes()
    store.replace_authority(["shop.co.kr"])
    root = x509.load_pem_x509_certificate(store.ca_path.read_bytes())
    keys = [content for path in store.directory.iterdir() if b"PRIVATE" in (content := path.read_bytes())]
    assert len(keys) == 2  # the new issuing CA's and the leaf's
    assert old not in keys
    for key in keys:
        assert serialization.load_pem_private_key(key, password=None).public_key() != root.public_key()
    if os.name == "posix":
        assert stat.S_IMODE((store.directory / "permitted.json").stat().st_mode) == 0o600
    assert not (store.directory / "ca.making").exists()


def test_what_is_forbidden_again_is_not_signed_any_more(store: CertificateStore) -> None:
    store.replace_authority(["shop.co.kr"])
    store.ensure(["api.shop.co.kr"])
    store.replace_authority([])
    assert store.load_authority().domains == ()
    assert not (store.directory / "permitted.json").exists()
    with pytest.raises(SimlbError) as caught:
        store.ensure(["api.shop.co.kr"])
    assert caught.value.code == "E203"
    assert "→ have it sign that too: simlb cert ca --permit api.shop.co.kr" in caught.value.render()


def test_a_renewed_authority_keeps_them_and_says_so(store: CertificateStore, wall_clock: WallClock) -> None:
    store.replace_authority(["shop.co.kr"])
    wall_clock.move(days=340)
    (notice,) = store.ensure(["api.shop.co.kr"]).notices
    assert "expires on" in notice
    assert "below shop.co.kr" in notice
    for name in AUTHORITY:
        (store.directory / name).unlink()
    assert "below shop.co.kr" in store.ensure(["api.shop.co.kr"]).notices[0]


@pytest.mark.parametrize("written", range(6))
def test_a_crash_in_the_middle_is_mended_by_the_next_start(
    store: CertificateStore, handshake: Handshake, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """Of the mark, the list, and the CA's three files `written` have been put there when it ends."""
    store.ensure(["localhost"])
    write, unlink, left = files.write_atomically, Path.unlink, [written]

    def until_the_crash(path: Path, content: bytes, *, mode: int) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        write(path, content, mode=mode)

    def crash(path: Path, missing_ok: bool = False) -> None:
        if path.name == "ca.making":
            raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write_atomically", until_the_crash)
        patch.setattr(Path, "unlink", crash)
        with pytest.raises(KeyboardInterrupt):
            store.replace_authority(["shop.co.kr"])
    is_listed = written >= 2
    names = ["api.shop.co.kr"] if is_listed else ["other.localhost"]
    issued = store.ensure(names)
    assert ("broke off" in "".join(issued.notices)) == (written >= 1)
    assert store.load_authority().domains == (("shop.co.kr",) if is_listed else ())
    assert not (store.directory / "ca.making").exists()
    handshake(issued.certificate_path, issued.key_path, store.ca_path, names[0])
    again = store.ensure(["localhost"])
    handshake(again.certificate_path, again.key_path, store.ca_path, "localhost")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"7",
        b'{"version": 2, "domains": []}',
        b'{"version": 1}',
        b'{"version": 1, "domains": "shop.co.kr"}',
        b'{"version": 1, "domains": [1]}',
        b'{"version": 1, "domains": ["com"]}',
        b'{"version": 1, "domains": [""]}',
        b'{"version": 1, "domains": ["*.kr"]}',
        b'{"version": 1, "domains": ["10.0.0.1"]}',
        b"[" * 100_000,
        None,
    ],
)
def test_a_list_that_cannot_be_read_stops_everything(store: CertificateStore, content: bytes | None) -> None:
    store.replace_authority(["shop.co.kr"])
    before = {name: (store.directory / name).read_bytes() for name in AUTHORITY}
    path = store.directory / "permitted.json"
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(SimlbError, match=r"permitted\.json") as caught:
        store.ensure(["localhost"])
    assert caught.value.code == "E855"
    assert {name: (store.directory / name).read_bytes() for name in AUTHORITY} == before


def test_a_list_that_is_not_the_authoritys_is_said_and_can_be_mended(store: CertificateStore) -> None:
    store.replace_authority(["shop.co.kr"])
    store.ensure(["localhost"])
    path = store.directory / "permitted.json"
    for content in (b'{"version": 1, "domains": ["other.kr"]}', None):
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(SimlbError, match=r"may sign shop\.co\.kr beyond its own") as caught:
            store.ensure(["localhost"])
        assert caught.value.code == "E856"
    store.replace_authority(["shop.co.kr"])
    assert store.ensure(["localhost"]).fresh


def test_a_list_written_by_hand_gets_no_public_suffix(store: CertificateStore) -> None:
    store.directory.mkdir()
    (store.directory / "permitted.json").write_bytes(permits.encode(["co.kr"]))
    with pytest.raises(SimlbError) as caught:
        store.ensure(["localhost"])
    assert caught.value.code == "E852"
    assert not store.ca_path.exists()


@pytest.mark.parametrize("name", AUTHORITY)
@pytest.mark.parametrize("content", [b"rubbish", None])
def test_a_damaged_authority_is_not_overwritten(store: CertificateStore, name: str, content: bytes | None) -> None:
    store.ensure(["localhost"])
    path = store.directory / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(SimlbError, match=name) as caught:
        store.replace_authority(["shop.co.kr"])
    assert caught.value.code == "E207"
    assert not (store.directory / "permitted.json").exists()
