"""Certificates for faults: wrong in one thing only, and stored nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from simlb.certs.ephemeral import EphemeralAuthority
from simlb.certs.store import CertificateStore
from simlb.errors import SimlbError

Issue = Callable[[list[str]], tuple[bytes, bytes]]


def leaf(pems: tuple[bytes, bytes]) -> x509.Certificate:
    return x509.load_pem_x509_certificates(pems[0])[0]


def test_an_expired_leaf_is_right_in_everything_but_its_time(tmp_path: Path) -> None:
    store = CertificateStore(tmp_path)
    for good, expired, name in (
        (leaf(store.issue(["a.test"])), leaf(store.issue_expired(["a.test"])), "store"),
        (_ephemeral(expired=False), _ephemeral(expired=True), "ephemeral"),
    ):
        assert expired.issuer == good.issuer, name
        assert expired.subject == good.subject
        ago = datetime.now(UTC) - expired.not_valid_after_utc
        assert timedelta(hours=23) < ago < timedelta(hours=25)
        assert expired.not_valid_before_utc < expired.not_valid_after_utc
        assert good.not_valid_after_utc > datetime.now(UTC)


def _ephemeral(*, expired: bool) -> x509.Certificate:
    authority = EphemeralAuthority()
    issue: Issue = authority.issue_expired if expired else authority.issue
    return leaf(issue(["a.test"]))


def test_the_store_keeps_none_of_them(tmp_path: Path) -> None:
    store = CertificateStore(tmp_path)
    kept = store.ensure(["a.test"])
    before = sorted(path.name for path in tmp_path.iterdir())
    store.issue(["a.test"])
    store.issue_expired(["b.test"])
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert store.ensure(["a.test"]).sha256 == kept.sha256
    with pytest.raises(SimlbError) as caught:
        store.issue(["example.com"])
    assert caught.value.code == "E203"
