"""Security policies, by the table of reference 6.2; the one that listeners have is what they really offer."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
import trustme

from simlb.core.ssl_policies import LISTENER_POLICY, POLICIES
from simlb.dataplane.tls import server_context


@pytest.mark.parametrize(
    ("name", "versions", "count", "first", "last"),
    [
        ("TLS13-1-3-2021-06", "1.3", 3, "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
        ("TLS13-1-2-Res-PQ-2025-09", "1.3 1.2", 7, "TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES256-GCM-SHA384"),
        ("TLS13-1-2-2021-06", "1.3 1.2", 11, "TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES256-SHA384"),
        ("TLS13-1-2-Ext1-2021-06", "1.3 1.2", 15, "TLS_AES_128_GCM_SHA256", "AES256-SHA256"),
        ("TLS13-1-2-Ext2-2021-06", "1.3 1.2", 21, "TLS_AES_128_GCM_SHA256", "AES256-SHA"),
        ("TLS13-1-0-2021-06", "1.3 1.2 1.1 1", 21, "TLS_AES_128_GCM_SHA256", "AES256-SHA"),
        ("2016-08", "1.2 1.1 1", 18, "ECDHE-ECDSA-AES128-GCM-SHA256", "AES256-SHA"),
        ("TLS-1-2-2017-01", "1.2", 12, "ECDHE-ECDSA-AES128-GCM-SHA256", "AES256-SHA256"),
        ("TLS-1-0-2015-04", "1.2 1.1 1", 19, "ECDHE-ECDSA-AES128-GCM-SHA256", "DES-CBC3-SHA"),
        ("FS-1-2-Res-2020-10", "1.2", 4, "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"),
        ("TLS13-1-3-FIPS-2023-04", "1.3", 2, "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"),
        ("TLS13-1-2-Ext0-FIPS-PQ-2025-09", "1.3 1.2", 14, "TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES256-SHA"),
        ("TLS13-1-2-RFC9151-FIPS-2023-07", "1.3 1.2", 3, "TLS_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
    ],
)
def test_policies(name: str, versions: str, count: int, first: str, last: str) -> None:
    policy = POLICIES[f"ELBSecurityPolicy-{name}"]
    assert policy.protocols == tuple(f"TLSv{version}" for version in versions.split())
    assert (len(policy.ciphers), policy.ciphers[0], policy.ciphers[-1]) == (count, first, last)


def test_there_are_these() -> None:
    assert len(POLICIES) == 42
    assert "ELBSecurityPolicy-TLS13-1-1-PQ-2025-09" not in POLICIES
    assert "ELBSecurityPolicy-TLS13-1-2-Ext0-2021-06" not in POLICIES
    old = (POLICIES["ELBSecurityPolicy-2015-05"], POLICIES["ELBSecurityPolicy-2016-08"])
    assert old[0].ciphers == old[1].ciphers


def test_listeners_offer_what_their_policy_says(tmp_path: Path) -> None:
    leaf = trustme.CA().issue_cert("a.test", not_after=datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1))
    leaf.private_key_pem.write_to_path(tmp_path / "key")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "cert")
    policy = POLICIES[LISTENER_POLICY]
    context = server_context(str(tmp_path / "cert"), str(tmp_path / "key"), policy)
    assert {cipher["name"] for cipher in context.get_ciphers()} == set(policy.ciphers)
    assert (context.minimum_version, policy.protocols[-1]) == (ssl.TLSVersion.TLSv1_2, "TLSv1.2")
