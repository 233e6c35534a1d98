"""Security policies of HTTPS listeners: TLS versions and ciphers by name (reference 6.2) - one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "ELBSecurityPolicy-"
LISTENER_POLICY = f"{PREFIX}TLS13-1-2-Res-2021-06"
"""What a listener of a configuration file has that says nothing else."""

API_POLICY = f"{PREFIX}2016-08"
"""What CreateListener gives a listener when the call says nothing else (reference 1.2)."""

_ORDER = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES128-SHA256",
    "AES128-SHA",
    "AES256-GCM-SHA384",
    "AES256-SHA256",
    "AES256-SHA",
    "DES-CBC3-SHA",
)
"""The order of preference that all policies share."""

_T13 = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"})
_CHACHA = frozenset({"TLS_CHACHA20_POLY1305_SHA256"})
_G = frozenset(
    {
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
    }
)
_C2 = frozenset(
    {
        "ECDHE-ECDSA-AES128-SHA256",
        "ECDHE-RSA-AES128-SHA256",
        "ECDHE-ECDSA-AES256-SHA384",
        "ECDHE-RSA-AES256-SHA384",
    }
)
_S1 = frozenset({"ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA", "ECDHE-ECDSA-AES256-SHA"})
_R2 = frozenset({"AES128-GCM-SHA256", "AES128-SHA256", "AES256-GCM-SHA384", "AES256-SHA256"})
_R1 = frozenset({"AES128-SHA", "AES256-SHA"})
_3DES = frozenset({"DES-CBC3-SHA"})
_256 = frozenset({"TLS_AES_256_GCM_SHA384"})
_G256 = frozenset({"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"})
_R256 = frozenset({"AES256-GCM-SHA384"})

_V13 = ("TLSv1.3",)
_V12 = ("TLSv1.2",)
_V11 = ("TLSv1.2", "TLSv1.1")
_V10 = ("TLSv1.2", "TLSv1.1", "TLSv1")


@dataclass(frozen=True, slots=True)
class SslPolicy:
    """A policy: its TLS versions, newest first, and its ciphers in the order of preference."""

    name: str
    protocols: tuple[str, ...]
    ciphers: tuple[str, ...]
    load_balancer_types: tuple[str, ...] = ("application", "network")


def _policy(name: str, protocols: tuple[str, ...], *sets: frozenset[str]) -> SslPolicy:
    chosen = frozenset().union(*sets)
    return SslPolicy(f"{PREFIX}{name}", protocols, tuple(cipher for cipher in _ORDER if cipher in chosen))


_ALL = (_G, _C2, _S1, _R2, _R1)
_TLS13 = {
    "1-3": (_V13, (_T13,)),
    "1-2-Res": ((*_V13, *_V12), (_T13, _G)),
    "1-2": ((*_V13, *_V12), (_T13, _G, _C2)),
    "1-2-Ext0": ((*_V13, *_V12), (_T13, _G, _C2, _S1)),
    "1-2-Ext1": ((*_V13, *_V12), (_T13, _G, _C2, _R2)),
    "1-2-Ext2": ((*_V13, *_V12), (_T13, *_ALL)),
    "1-1": ((*_V13, *_V11), (_T13, *_ALL)),
    "1-0": ((*_V13, *_V10), (_T13, *_ALL)),
}
"""What the policies of a name have in common; those for FIPS are without ChaCha20, and `Ext0` is one of theirs."""


def _tls13() -> tuple[SslPolicy, ...]:
    made = []
    for name, (protocols, sets) in _TLS13.items():
        fips = tuple(each - _CHACHA for each in sets)
        if name != "1-2-Ext0":
            made.append(_policy(f"TLS13-{name}-2021-06", protocols, *sets))
            if name != "1-1":
                made.append(_policy(f"TLS13-{name}-PQ-2025-09", protocols, *sets))
        made.append(_policy(f"TLS13-{name}-FIPS-2023-04", protocols, *fips))
        if name != "1-1":
            made.append(_policy(f"TLS13-{name}-FIPS-PQ-2025-09", protocols, *fips))
    return tuple(made)


_TABLE = (
    _policy("2016-08", _V10, *_ALL),
    _policy("2015-05", _V10, *_ALL),
    *_tls13(),
    _policy("TLS13-1-3-RFC9151-FIPS-2023-07", _V13, _256),
    _policy("TLS13-1-2-RFC9151-FIPS-2023-07", (*_V13, *_V12), _256, _G256),
    _policy("TLS13-1-2-Ext0-RFC9151-FIPS-2023-07", (*_V13, *_V12), _256, _G256, _R256),
    _policy("TLS-1-2-Ext-2018-06", _V12, *_ALL),
    _policy("TLS-1-2-2017-01", _V12, _G, _C2, _R2),
    _policy("TLS-1-1-2017-01", _V11, *_ALL),
    _policy("TLS-1-0-2015-04", _V10, *_ALL, _3DES),
    _policy("FS-2018-06", _V10, _G, _C2, _S1),
    _policy("FS-1-1-2019-08", _V11, _G, _C2, _S1),
    _policy("FS-1-2-2019-08", _V12, _G, _C2, _S1),
    _policy("FS-1-2-Res-2019-08", _V12, _G, _C2),
    _policy("FS-1-2-Res-2020-10", _V12, _G),
)
POLICIES: Mapping[str, SslPolicy] = {policy.name: policy for policy in _TABLE}
"""By name. The reference does not carry the four `RFC9151-INTEROP` ones."""


def refusal(name: str) -> str | None:
    """Why simlb's listeners cannot have a policy that AWS has; None when they can. `name` is one of `POLICIES`.

    What remains are exact: versions and ciphers are the policy's, no more and no fewer. Whether the machine's OpenSSL
    can do them is not for this module to know.
    """
    policy = POLICIES[name]
    if "-PQ-" in name:
        return "its post-quantum key exchange cannot be chosen in Python's ssl module"
    if "TLSv1.3" in policy.protocols and _T13 - set(policy.ciphers):
        return "the TLS 1.3 ciphers that it leaves out cannot be turned off in Python's ssl module"
    if _3DES & set(policy.ciphers):
        return "OpenSSL is built without its cipher DES-CBC3-SHA"
    return None
