"""Security policies by real handshakes: each listener speaks its policy's versions and ciphers, no others (6.2)."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from dataclasses import replace
from functools import cache

import pytest
import trustme

from simlb.core.model import Certificate, FixedResponseAction, Protocol
from simlb.core.ssl_policies import POLICIES, PREFIX, SslPolicy, refusal
from simlb.dataplane import tls
from simlb.errors import SimlbError
from tests.dataplane.harness import ARN, GET, Rig

VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
SERVED = [name.removeprefix(PREFIX) for name in POLICIES if refusal(name) is None]


@cache
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Certificate]:
    """One with an ECDSA key, one with an RSA key."""
    folder = tmp_path_factory.mktemp("keys")
    found = {}
    for kind in ("ECDSA", "RSA"):
        leaf = authority().issue_cert("lb.test", key_type=trustme.KeyType[kind])
        leaf.private_key_pem.write_to_path(folder / f"{kind}.key")
        leaf.cert_chain_pems[0].write_to_path(folder / f"{kind}.pem")
        found[kind] = Certificate(
            arn=f"{ARN}:certificate/{kind}",
            names=("lb.test",),
            certificate_path=folder / f"{kind}.pem",
            key_path=folder / f"{kind}.key",
        )
    return found


@cache
def client(version: str, ciphers: str = "ALL:@SECLEVEL=0") -> ssl.SSLContext:
    """One that speaks this version only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority().configure_trust(context)
    context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = VERSIONS[version]
    return context


def shake(server: ssl.SSLContext, asking: ssl.SSLContext) -> tuple[str, str] | None:
    """Version and cipher of a handshake in memory; None when it fails."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        asking.wrap_bio(back, there, server_hostname="lb.test"),
        server.wrap_bio(there, back, server_side=True),
    ]
    waiting = set(ends)
    for _ in range(6):
        for end in [end for end in ends if end in waiting]:
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                return None
    cipher, version = ends[0].cipher(), ends[0].version()
    assert not waiting
    assert cipher is not None
    assert version is not None
    return version, cipher[0]


def context(certificate: Certificate, policy: str) -> ssl.SSLContext:
    files = str(certificate.certificate_path), str(certificate.key_path)
    return tls.server_context(*files, POLICIES[f"{PREFIX}{policy}"])


@pytest.mark.parametrize("policy", SERVED)
def test_a_policy_s_versions_are_spoken_and_no_others(certificates: dict[str, Certificate], policy: str) -> None:
    allowed = POLICIES[f"{PREFIX}{policy}"].protocols
    for kind in ("ECDSA", "RSA"):
        server = context(certificates[kind], policy)
        spoken = {version: shake(server, client(version)) for version in VERSIONS}
        assert [version for version, met in spoken.items() if met is not None] == list(reversed(allowed))
        for version, met in spoken.items():
            assert met is None or (met[0] == version and met[1] in POLICIES[f"{PREFIX}{policy}"].ciphers)


CIPHERS = [
    ("2016-08", "AES256-SHA", True),
    ("TLS-1-2-2017-01", "AES128-GCM-SHA256", True),
    ("TLS-1-2-2017-01", "ECDHE-RSA-AES128-SHA", False),
    ("FS-1-2-2019-08", "ECDHE-RSA-AES128-SHA", True),
    ("FS-1-2-2019-08", "AES128-GCM-SHA256", False),
    ("FS-1-2-Res-2019-08", "ECDHE-RSA-AES128-SHA256", True),
    ("FS-1-2-Res-2020-10", "ECDHE-RSA-AES128-SHA256", False),
    ("TLS13-1-2-Res-2021-06", "ECDHE-RSA-AES256-SHA384", False),
    ("TLS13-1-2-2021-06", "ECDHE-RSA-AES256-SHA384", True),
    ("2016-08", "ECDHE-RSA-CHACHA20-POLY1305", False),
    ("2016-08", "ADH-AES128-SHA", False),
]


@pytest.mark.parametrize(("policy", "cipher", "served"), CIPHERS)
def test_a_client_of_one_cipher(certificates: dict[str, Certificate], policy: str, cipher: str, served: bool) -> None:
    """Under TLS 1.2, whose ciphers are the policy's in the policy's order."""
    met = shake(context(certificates["RSA"], policy), client("TLSv1.2", f"{cipher}:@SECLEVEL=0"))
    assert met == (("TLSv1.2", cipher) if served else None)


def test_the_policy_s_order_counts(certificates: dict[str, Certificate]) -> None:
    asking = client("TLSv1.2", "AES256-SHA:ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0")
    assert shake(context(certificates["RSA"], "2016-08"), asking) == ("TLSv1.2", "ECDHE-RSA-AES128-SHA")


REFUSED = [
    ("TLS13-1-2-Res-PQ-2025-09", "post-quantum"),
    ("TLS13-1-2-FIPS-2023-04", "cannot be turned off"),
    ("TLS13-1-3-RFC9151-FIPS-2023-07", "cannot be turned off"),
    ("TLS-1-0-2015-04", "DES-CBC3-SHA"),
]


@pytest.mark.parametrize(("policy", "why"), REFUSED)
def test_what_cannot_be_served_to_the_letter_is_refused(policy: str, why: str) -> None:
    assert why in (refusal(f"{PREFIX}{policy}") or "")


def test_seventeen_can_be_served() -> None:
    assert len(SERVED) == 17


def test_what_this_openssl_cannot_do_is_said(certificates: dict[str, Certificate]) -> None:
    policy = SslPolicy("Odd", ("TLSv1.2",), ("ECDHE-RSA-AES128-GCM-SHA256", "ROT13"))
    files = str(certificates["RSA"].certificate_path), str(certificates["RSA"].key_path)
    with pytest.raises(
        SimlbError, match=r"^Security policy Odd cannot be served here: OpenSSL .* has no ROT13"
    ) as failed:
        tls.server_context(*files, policy)
    assert failed.value.code == "E805"


async def test_a_listener_speaks_its_policy_until_it_has_another(
    rig: Rig, certificates: dict[str, Certificate]
) -> None:
    listener = rig.listener(
        FixedResponseAction(status_code=200), port=443, protocol=Protocol.HTTPS, certificates=(certificates["RSA"],)
    )
    old = replace(listener, ssl_policy="ELBSecurityPolicy-2016-08")
    await rig.apply(old)
    answer = await (await rig.client(443, ssl=client("TLSv1"), server_hostname="lb.test")).ask(GET)
    assert answer.status == 200
    assert rig.lines[0][14:16] == ["ECDHE-RSA-AES128-SHA", "TLSv1"]
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        await rig.client(443, ssl=client("TLSv1.3"), server_hostname="lb.test")
    await rig.apply(replace(listener, ssl_policy="ELBSecurityPolicy-TLS13-1-3-2021-06"))
    answer = await (await rig.client(443, ssl=client("TLSv1.3"), server_hostname="lb.test")).ask(GET)
    assert answer.status == 200
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await rig.client(443, ssl=client("TLSv1.2"), server_hostname="lb.test")
