"""`mutual_authentication` of a listener in the file: what it becomes, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simlb import config
from simlb.config import InvalidConfigError
from simlb.config.certificates import UnissuedCertificates
from simlb.core.model import Configuration, MutualAuthentication
from tests.client_certificates import root

ROOT = root()
CRL = ROOT.revoke(ROOT.issue("bob"))
FILE = """\
simlb: config/1
load_balancers:
  - name: my-alb
    listeners:
      - {{protocol: {protocol}, port: 443, forward: web, mutual_authentication: {{{mutual}}}}}
      - {{protocol: HTTPS, port: 444, forward: web, mutual_authentication: {{{other}}}}}
target_groups: [{{name: web}}]
"""


def load(folder: Path, mutual: str, *, protocol: str = "HTTPS", other: str = "mode: off") -> Configuration:
    (folder / "Our_CA.pem").write_text(ROOT.pem)
    (folder / "crl.pem").write_text(CRL)
    (folder / "key.pem").write_text(ROOT.key_pem)
    path = folder / "simlb.yaml"
    path.write_text(FILE.format(protocol=protocol, mutual=mutual, other=other))
    source = UnissuedCertificates("ap-northeast-2")
    return config.load(path, certificates=source, allocate_port=lambda _: 1, sample_names=()).configuration


def mutual_of(configuration: Configuration, position: int = 0) -> MutualAuthentication | None:
    return configuration.load_balancers[0].listeners[position].mutual_authentication


def test_a_listener_brings_its_trust_store(tmp_path: Path) -> None:
    asked = "mode: verify, trust_store: Our_CA.pem, revocations: [crl.pem], advertise_trust_store_ca_names: on"
    configuration = load(tmp_path, asked, other="mode: verify, trust_store: Our_CA.pem")
    mutual, other = mutual_of(configuration), mutual_of(configuration, 1)
    assert mutual is not None
    assert other is not None
    store = mutual.trust_store
    assert store is not None
    assert store.name == "Our-CA"
    assert store.arn == mutual.trust_store_arn
    assert store.arn.startswith("arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:truststore/Our-CA/")
    assert (store.ca_certificates, store.number_of_ca_certificates) == (ROOT.pem, 1)
    assert [(one.id, one.content, one.entries) for one in store.revocations] == [(1, CRL, 1)]
    assert mutual.advertise_trust_store_ca_names
    assert not mutual.ignore_client_certificate_expiry
    assert other.trust_store is not None
    assert other.trust_store.arn != store.arn, "other files are another trust store"
    assert other.trust_store.name.startswith("Our-CA-")
    assert configuration == load(tmp_path, asked, other="mode: verify, trust_store: Our_CA.pem"), (
        "the same at any start"
    )


def test_the_other_modes_have_none(tmp_path: Path) -> None:
    configuration = load(tmp_path, "mode: passthrough")
    assert mutual_of(configuration) == MutualAuthentication(mode="passthrough")
    assert mutual_of(configuration, 1) is None


WRONG = [
    ("mode: verify", "HTTPS", "a trust store ARN must be specified if the MutualAuthentication mode is 'verify'"),
    ("mode: maybe", "HTTPS", "'maybe'"),
    ("trust_store: Our_CA.pem", "HTTPS", "'mode' is missing"),
    ("mode: passthrough, trust_store: Our_CA.pem", "HTTPS", "cannot be specified if the MutualAuthentication mode is"),
    ("mode: off, revocations: [crl.pem]", "HTTPS", "cannot be specified if the MutualAuthentication mode is 'off'"),
    ("mode: passthrough, ignore_client_certificate_expiry: true", "HTTPS", "IgnoreClientCertificateExpiry cannot be"),
    ("mode: passthrough", "HTTP", "can only be specified for HTTPS listeners"),
    ("mode: verify, trust_store: none.pem", "HTTPS", "none.pem' cannot be read"),
    ("mode: verify, trust_store: .", "HTTPS", "cannot be read"),
    ("mode: verify, trust_store: key.pem", "HTTPS", "'key.pem' is no bundle of CA certificates: line 1 is neither"),
    ("mode: verify, trust_store: Our_CA.pem, revocations: [key.pem]", "HTTPS", "'key.pem' is no revocation list"),
]


@pytest.mark.parametrize(("mutual", "protocol", "message"), WRONG)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, mutual: str, protocol: str, message: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(tmp_path, mutual, protocol=protocol)
    told = caught.value.render()
    assert "simlb.yaml:5" in told
    assert message.lower() in told.lower()
    assert "PRIVATE" not in told
