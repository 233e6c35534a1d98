"""Listeners that ask for certificates of clients: who gets in, what targets and logs are told (reference 6.6, 7.2)."""

from __future__ import annotations

import asyncio
import gc
import ssl
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL

from simlb.core import connection_log
from simlb.core.attributes import ListenerAttributes
from simlb.core.model import Certificate, MutualAuthentication, Protocol, Revocation, TrustStore
from simlb.core.ssl_policies import LISTENER_POLICY, POLICIES
from simlb.dataplane.mutual_tls import MutualConnection, MutualContext
from simlb.errors import SimlbError
from tests.client_certificates import DAY, NOW, Party, give, mangled, name, root, rsa_key
from tests.dataplane.harness import GET, Rig, Script, echo, until
from tests.dataplane.test_clients import post
from tests.dataplane.test_tls import certificates, trusting

__all__ = ["certificates"]

STORE_ARN = "arn:aws:elasticloadbalancing:us-east-1:000000000000:truststore/clients/0123456789abcdef"
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
BOTH = pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS.keys())
ROOT = root()
FOREIGN = root("Foreign")
INNER = ROOT.issue("Inner", is_authority=True)
GOOD = ROOT.issue("alice")


def store(*authorities: Party, revoked: tuple[str, ...] = ()) -> TrustStore:
    return TrustStore(
        name="clients",
        arn=STORE_ARN,
        ca_certificates="".join(authority.pem for authority in authorities),
        number_of_ca_certificates=len(authorities),
        revocations=tuple(Revocation(id=number, content=content) for number, content in enumerate(revoked, 1)),
    )


def verify(*authorities: Party, revoked: tuple[str, ...] = (), **members: bool) -> MutualAuthentication:
    trusted = store(*(authorities or (ROOT,)), revoked=revoked)
    return MutualAuthentication(mode="verify", trust_store_arn=STORE_ARN, trust_store=trusted, **members)


TOO_LARGE = "Failed:ClientCertMaxSizeExceeded"
PASSTHROUGH = MutualAuthentication(mode="passthrough")


@dataclass
class Shaken:
    """How a handshake in memory ended on both sides."""

    server: MutualConnection
    client: ssl.SSLObject
    server_error: str | None = None
    client_error: str | None = None
    session: ssl.SSLSession | None = None
    received: list[bytes] = field(default_factory=list)

    @property
    def end(self) -> str:
        return self.server.verify_status if self.server_error is not None else "in"


def shake(context: MutualContext, asking: ssl.SSLContext, session: ssl.SSLSession | None = None) -> Shaken:
    """Let a client shake hands, send a byte and get one, without sockets."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(to_client, to_server, server_hostname="lb.test", session=session)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    shaken = Shaken(server, client)
    done: dict[str, bool] = {}

    def step(key: str, work: Callable[[], object]) -> str | None:
        if key in done:
            return None
        try:
            work()
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLError as error:
            done[key] = False
            return error.reason or str(error)
        done[key] = True
        return None

    for _ in range(6):
        shaken.client_error = step("client", client.do_handshake) or shaken.client_error
        shaken.server_error = step("server", server.do_handshake) or shaken.server_error
        if done.get("client"):
            shaken.client_error = step("read", lambda: shaken.received.append(client.read(10))) or shaken.client_error
        if done.get("server"):
            step("write", lambda: server.write(b"x"))
    if shaken.server_error is None:
        shaken.session = client.session
    return shaken


@pytest.fixture(scope="module")
def presented(certificates: tuple[Certificate, ...]) -> tuple[str, str]:
    return str(certificates[0].certificate_path), str(certificates[0].key_path)


def context(presented: tuple[str, str], mutual: MutualAuthentication, policy: str = LISTENER_POLICY) -> MutualContext:
    return MutualContext(*presented, POLICIES[policy], mutual)


def deep(count: int) -> Party:
    """A client with `count` authorities below the root."""
    above = ROOT
    for number in range(count):
        above = above.issue(f"Level {number}", is_authority=True)
    return above.issue("deep")


def late() -> Party:
    return ROOT.issue("late", since=NOW - 3 * DAY, until=NOW - 2 * DAY)


REVOKED = ROOT.issue("revoked")
INNER_CLIENT = INNER.issue("below")

JUDGED: list[tuple[str, Callable[[], Party | None], MutualAuthentication, str]] = [
    ("of the root", lambda: GOOD, verify(), "in"),
    ("of an intermediate that it sends", lambda: INNER_CLIENT, verify(), "in"),
    ("of an intermediate in the store, root or not", lambda: Party(INNER_CLIENT.certificate, INNER_CLIENT.key),
     verify(INNER), "in"),
    ("of one of two", lambda: FOREIGN.issue("bob"), verify(ROOT, FOREIGN), "in"),
    ("RSA of 2048 bits", lambda: ROOT.issue("rsa", key=rsa_key(2048)), verify(), "in"),
    ("P-521", lambda: ROOT.issue("521", key=ec.generate_private_key(ec.SECP521R1())), verify(), "in"),
    ("no purpose named", lambda: ROOT.issue("any", usage=None), verify(), "in"),
    ("four steps to the root", lambda: deep(3), verify(), "in"),
    ("five steps to the root", lambda: deep(4), verify(), "Failed:ClientCertMaxChainDepthExceeded"),
    ("none", lambda: None, verify(), "Failed:UnmappedConnectionError"),
    ("of somebody else", lambda: FOREIGN.issue("mallory"), verify(), "Failed:ClientCertUntrusted"),
    ("of another root of the same name", lambda: root().issue("mallory"), verify(), "Failed:ClientCertUntrusted"),
    ("signed by itself", lambda: root("Self"), verify(), "Failed:ClientCertUntrusted"),
    ("issued by a client", lambda: GOOD.issue("child"), verify(), "Failed:ClientCertUntrusted"),
    ("an intermediate is not sent", lambda: Party(INNER_CLIENT.certificate, INNER_CLIENT.key), verify(),
     "Failed:ClientCertUntrusted"),
    ("expired", late, verify(), "Failed:ClientCertExpired"),
    ("expired, which is ignored", late, verify(ignore_client_certificate_expiry=True), "in"),
    ("expired and of somebody else", lambda: FOREIGN.issue("x", since=NOW - 3 * DAY, until=NOW - DAY),
     verify(ignore_client_certificate_expiry=True), "Failed:ClientCertUntrusted"),
    ("not yet valid", lambda: ROOT.issue("early", since=NOW + DAY), verify(), "Failed:ClientCertNotYetValid"),
    ("not yet valid, expiry ignored", lambda: ROOT.issue("early", since=NOW + DAY),
     verify(ignore_client_certificate_expiry=True), "Failed:ClientCertNotYetValid"),
    ("its authority has expired", lambda: ROOT.issue(
        "old", is_authority=True, since=NOW - 3 * DAY, until=NOW - DAY).issue("below"), verify(),
     "Failed:ClientCertExpired"),
    ("for servers only", lambda: ROOT.issue("server", usage=ExtendedKeyUsageOID.SERVER_AUTH), verify(),
     "Failed:ClientCertPurposeInvalid"),
    ("RSA of 1024 bits", lambda: ROOT.issue("weak", key=rsa_key(1024)), verify(), "Failed:ClientCertTypeUnsupported"),
    ("Ed25519", lambda: ROOT.issue("ed", key=ed25519.Ed25519PrivateKey.generate()), verify(),
     "Failed:ClientCertTypeUnsupported"),
    ("SHA-224", lambda: ROOT.issue("sha", digest=hashes.SHA224()), verify(), "Failed:ClientCertTypeUnsupported"),
    ("revoked", lambda: REVOKED, verify(revoked=(ROOT.revoke(REVOKED),)), "Failed:ClientCertCrlHit"),
    ("not the revoked one", lambda: GOOD, verify(revoked=(ROOT.revoke(REVOKED),)), "in"),
    ("revoked by one who may not", lambda: GOOD, verify(ROOT, FOREIGN, revoked=(FOREIGN.revoke(GOOD),)), "in"),
    ("its authority is revoked", lambda: INNER_CLIENT, verify(revoked=(ROOT.revoke(INNER),)),
     "Failed:ClientCertCrlHit"),
    ("its authority is revoked, and in the store itself", lambda: INNER_CLIENT,
     verify(ROOT, INNER, revoked=(ROOT.revoke(INNER),)), "Failed:ClientCertCrlHit"),
    ("its authority is not revoked, and in the store itself", lambda: INNER_CLIENT,
     verify(ROOT, INNER, revoked=(ROOT.revoke(REVOKED), INNER.revoke())), "in"),
    ("the root whose list there is is not in the store", lambda: INNER_CLIENT,
     verify(INNER, revoked=(ROOT.revoke(REVOKED),)), "Failed:ClientCertCrlProcessingError"),
    ("an intermediate in the store has a list of its own", lambda: INNER_CLIENT,
     verify(INNER, revoked=(INNER.revoke(INNER_CLIENT),)), "Failed:ClientCertCrlHit"),
    ("the list has expired", lambda: GOOD,
     verify(revoked=(ROOT.revoke(last_update=NOW - 3 * DAY, next_update=NOW - DAY),)),
     "Failed:ClientCertCrlProcessingError"),
    ("the list is forged", lambda: GOOD, verify(revoked=(root().revoke(GOOD),)),
     "Failed:ClientCertCrlProcessingError"),
    ("passed through: of somebody else", lambda: FOREIGN.issue("mallory"), PASSTHROUGH, "in"),
    ("passed through: expired", late, PASSTHROUGH, "in"),
    ("passed through: none", lambda: None, PASSTHROUGH, "in"),
]  # fmt: skip


@BOTH
@pytest.mark.parametrize(("party", "mutual", "end"), [row[1:] for row in JUDGED], ids=[row[0] for row in JUDGED])
def test_who_gets_in(
    presented: tuple[str, str],
    tmp_path: Path,
    version: ssl.TLSVersion,
    party: Callable[[], Party | None],
    mutual: MutualAuthentication,
    end: str,
) -> None:
    asking = trusting(version)
    asking.set_ciphers("ALL:@SECLEVEL=0")
    client = party()
    if client is not None:
        give(asking, client, tmp_path)
    shaken = shake(context(presented, mutual), asking)
    assert shaken.end == end
    assert shaken.received == ([b"x"] if end == "in" else [])
    assert (shaken.client_error is None) is (end == "in"), "whoever is refused is told by an alert"
    if end == "in" and client is not None:
        assert shaken.server.client is not None
        assert shaken.server.client.certificate.subject.startswith("CN=")
    elif client is not None:
        assert shaken.server.client is None
        assert shaken.server.refused is not None
        assert shaken.server.refused.subject == client.certificate.subject.rfc4514_string()


@BOTH
def test_no_session_is_resumed(presented: tuple[str, str], tmp_path: Path, version: ssl.TLSVersion) -> None:
    """A session that was begun with a certificate opens no door later."""
    server = context(presented, verify())
    asking = give(trusting(version), GOOD, tmp_path)
    first = shake(server, asking)
    assert first.end == "in"
    second = shake(server, asking, first.session)
    assert second.end == "in"
    assert not second.client.session_reused
    assert not second.server.session_reused


@pytest.mark.parametrize("is_on", [True, False])
def test_names_of_authorities_are_told_if_wanted(presented: tuple[str, str], is_on: bool) -> None:
    server = context(presented, verify(ROOT, FOREIGN, advertise_trust_store_ca_names=is_on))
    client = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
    client.set_connect_state()
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = server.wrap_bio(to_server, to_client, server_side=True)
    with pytest.raises(SSL.WantReadError):
        client.do_handshake()
    to_server.write(client.bio_read(65536))
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    client.bio_write(to_client.read())
    client.do_handshake()
    assert [one.CN for one in client.get_client_ca_list()] == (["Root", "Foreign"] if is_on else [])


# -- through a listener ------------------------------------------------------------------------------------------------


async def guarded(
    rig: Rig,
    certificates: tuple[Certificate, ...],
    mutual: MutualAuthentication,
    script: Script | None = None,
    **attributes: str,
) -> None:
    """An HTTPS listener on 443 that asks for certificates and forwards to an echoing target."""
    target = await rig.target(script)
    listener = replace(
        rig.listener(port=443, protocol=Protocol.HTTPS, certificates=certificates),
        mutual_authentication=mutual,
        attributes=ListenerAttributes.from_wire(
            {f"routing.http.request.x_amzn_mtls_clientcert{key}.header_name": it for key, it in attributes.items()}
        ),
    )
    await rig.apply(listener, groups=(rig.group(target),))
    await rig.healthy()


def at_target(rig: Rig) -> dict[str, list[str]]:
    """Header fields of the last request at the target that tell of a certificate."""
    fields: dict[str, list[str]] = {}
    for line in rig.targets[0].requests[-1].lines:
        key, _, value = line.partition(": ")
        if "mtls" in key.lower() or "mine" in key.lower():
            fields.setdefault(key, []).append(value)
    return fields


FORGED = (
    b"GET / HTTP/1.1\r\nHost: lb.test\r\nX-Amzn-Mtls-Clientcert-Subject: CN=admin\r\n"
    b"x-amzn-mtls-clientcert: forged\r\nMine-Subject: CN=admin\r\nX-Other: kept\r\n\r\n"
)


@BOTH
async def test_what_a_target_is_told(
    rig: Rig, certificates: tuple[Certificate, ...], tmp_path: Path, version: ssl.TLSVersion
) -> None:
    await guarded(rig, certificates, verify())
    alice = ROOT.issue("alice", serial=0xABC, since=NOW - DAY, until=NOW + DAY)
    client = await rig.client(443, ssl=give(trusting(version), alice, tmp_path), server_hostname="lb.test")
    for _ in range(2):
        assert (await client.ask(FORGED)).status == 200
        told = at_target(rig)
        assert told.pop("Mine-Subject") == ["CN=admin"], "no name of the load balancer's"
        assert {key: value[0] for key, value in told.items() if key != "X-Amzn-Mtls-Clientcert-Leaf"} == {
            "X-Amzn-Mtls-Clientcert-Serial-Number": "0ABC",
            "X-Amzn-Mtls-Clientcert-Issuer": "CN=Root,O=simlb tests",
            "X-Amzn-Mtls-Clientcert-Subject": "CN=alice,O=simlb tests",
            "X-Amzn-Mtls-Clientcert-Validity": f"NotBefore={NOW - DAY:%Y-%m-%dT%H:%M:%SZ};"
            f"NotAfter={NOW + DAY:%Y-%m-%dT%H:%M:%SZ}",
        }
        (leaf,) = told["X-Amzn-Mtls-Clientcert-Leaf"]
        assert unquote(leaf) == alice.pem
        assert leaf.startswith("-----BEGIN%20CERTIFICATE-----%0A")
    await until(lambda: len(rig.connections) == 1, "the connection is told")
    line = connection_log.format_line(rig.connections[0])
    assert f'"CN=alice,O=simlb tests" NotBefore={NOW - DAY:%Y-%m-%dT%H:%M:%SZ};NotAfter=' in line
    assert " 0ABC Success TID_" in line


async def test_headers_go_by_the_names_that_the_listener_gives_them(
    rig: Rig, certificates: tuple[Certificate, ...], tmp_path: Path
) -> None:
    await guarded(rig, certificates, verify(), _subject="Mine-Subject", _leaf="Mine-Leaf")
    client = await rig.client(443, ssl=give(trusting(), GOOD, tmp_path), server_hostname="lb.test")
    await client.ask(FORGED)
    told = at_target(rig)
    assert told["Mine-Subject"] == ["CN=alice,O=simlb tests"], "and nobody else's"
    assert {"X-Amzn-Mtls-Clientcert-Subject", "X-Amzn-Mtls-Clientcert-Leaf"}.isdisjoint(told)
    assert len(told) == 5


async def test_passthrough_hands_on_the_chain(rig: Rig, certificates: tuple[Certificate, ...], tmp_path: Path) -> None:
    await guarded(rig, certificates, PASSTHROUGH)
    foreign = FOREIGN.issue("Between", is_authority=True).issue("mallory")
    client = await rig.client(443, ssl=give(trusting(), foreign, tmp_path), server_hostname="lb.test")
    await client.ask(FORGED)
    told = at_target(rig)
    assert unquote(told["X-Amzn-Mtls-Clientcert"][0]) == foreign.chain_pem
    assert set(told) == {"X-Amzn-Mtls-Clientcert", "Mine-Subject"}
    without = await rig.client(443, ssl=trusting(), server_hostname="lb.test")
    await without.ask(FORGED)
    assert set(at_target(rig)) == {"Mine-Subject"}


@BOTH
async def test_who_is_refused_is_told_and_counted(
    rig: Rig, certificates: tuple[Certificate, ...], tmp_path: Path, version: ssl.TLSVersion
) -> None:
    await guarded(rig, certificates, verify(revoked=(ROOT.revoke(REVOKED),)))
    for number, party, end in (
        (1, REVOKED, '"CN=revoked,O=simlb tests"'),
        (2, FOREIGN.issue("mallory"), '"CN=mallory,O=simlb tests"'),
        (3, None, '"-" - - Failed:UnmappedConnectionError'),
    ):
        context = trusting(version) if party is None else give(trusting(version), party, tmp_path)
        with pytest.raises((ssl.SSLError, ConnectionError)):  # noqa: PT012 - in TLS 1.3 it is told with the first read
            client = await rig.client(443, ssl=context, server_hostname="lb.test")
            client.send(GET)
            assert await client.reader.readexactly(1)
        while len(rig.tls_failures) < number:
            await asyncio.sleep(0)
        assert end in connection_log.format_line(rig.connections[-1])
    assert rig.tls_failures == ["ClientCertCrlHit", "ClientCertUntrusted", "peer did not return a certificate"]
    assert rig.node.counts.tls_failed == 3
    assert not rig.targets[0].requests
    assert [one.verify_status for one in rig.connections] == [
        "Failed:ClientCertCrlHit",
        "Failed:ClientCertUntrusted",
        "Failed:UnmappedConnectionError",
    ]


async def test_another_trust_store_holds_from_the_next_handshake_on(
    rig: Rig, certificates: tuple[Certificate, ...], tmp_path: Path
) -> None:
    await guarded(rig, certificates, verify())
    context = give(trusting(), GOOD, tmp_path)
    first = await rig.client(443, ssl=context, server_hostname="lb.test")
    await first.ask(FORGED)
    (listener,) = rig.load_balancer.listeners
    await rig.apply(replace(listener, mutual_authentication=verify(FOREIGN)))
    await first.ask(FORGED)
    with pytest.raises((ssl.SSLError, ConnectionError)):  # noqa: PT012
        later = await rig.client(443, ssl=context, server_hostname="lb.test")
        later.send(GET)
        assert await later.reader.readexactly(1)


async def test_large_bodies_pass_both_ways(rig: Rig, certificates: tuple[Certificate, ...], tmp_path: Path) -> None:
    await guarded(rig, certificates, verify(), echo)
    client = await rig.client(443, ssl=give(trusting(), GOOD, tmp_path), server_hostname="lb.test")
    body = bytes(range(256)) * 8192
    answer = await client.ask(post(body))
    assert answer.body == body
    client.writer.close()
    await until(lambda: not rig.node.connections, "the goodbye is heard")


def test_a_trust_store_that_is_not_there_lets_nobody_listen(presented: tuple[str, str]) -> None:
    with pytest.raises(ssl.SSLError, match="there is no trust store"):
        context(presented, replace(verify(), trust_store=None))


def test_a_hostile_name_ends_no_header_line(presented: tuple[str, str], tmp_path: Path) -> None:
    hostile = ROOT.issue("x", subject=name("a\r\nX-Admin: yes", 'ünï, "q"'))
    shaken = shake(context(presented, verify()), give(trusting(), hostile, tmp_path))
    assert shaken.server.client is not None
    lines = shaken.server.client.header_lines(ListenerAttributes().mutual_tls_headers).split(b"\r\n")
    assert lines[2] == (b'X-Amzn-Mtls-Clientcert-Subject: CN=a\\0D\\0AX-Admin: yes,O=\\C3\\BCn\\C3\\AF\\, \\"q\\"')
    assert len(lines) == 6


@pytest.mark.parametrize(("filling_bytes", "end"), [(50_000, "in"), (70_000, TOO_LARGE), (200_000, TOO_LARGE)])
@BOTH
def test_what_is_too_large(
    presented: tuple[str, str], tmp_path: Path, version: ssl.TLSVersion, filling_bytes: int, end: str
) -> None:
    client = ROOT.issue("large", filling_bytes=filling_bytes)
    for mutual in (verify(), PASSTHROUGH):
        shaken = shake(context(presented, mutual), give(trusting(version), client, tmp_path))
        assert shaken.end == end


def test_a_policy_that_cannot_be_served_says_so(presented: tuple[str, str]) -> None:
    policy = replace(POLICIES[LISTENER_POLICY], ciphers=("DES-CBC3-SHA",), protocols=("TLSv1.2",))
    with pytest.raises(SimlbError) as caught:
        MutualContext(*presented, policy, verify())
    assert caught.value.code == "E805"
    assert "has no DES-CBC3-SHA" in caught.value.what


@pytest.mark.parametrize("policy", ["ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-3-2021-06"])
def test_the_policy_of_the_listener_holds(presented: tuple[str, str], tmp_path: Path, policy: str) -> None:
    ends = {}
    for key, version in VERSIONS.items():
        ends[key] = shake(context(presented, verify(), policy), give(trusting(version), GOOD, tmp_path)).server_error
    assert ends["1.2" if "2016" in policy else "1.3"] is None
    assert ends["1.3" if "2016" in policy else "1.2"] in {"unsupported protocol", "protocol version"}


VICTIM = ROOT.issue("victim", serial=0x11223344556677)
INVALID = "Failed:ClientCertInvalid"
MANGLED = [
    ("version 10", b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09"),
    ("version 1 with extensions", b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x00"),
    ("negative serial number", b"\x02\x07\x11", b"\x02\x07\x91"),
]


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@BOTH
@pytest.mark.parametrize(("old", "new"), [row[1:] for row in MANGLED], ids=[row[0] for row in MANGLED])
def test_certificates_that_nobody_should_make_let_nobody_in(
    presented: tuple[str, str], tmp_path: Path, version: ssl.TLSVersion, old: bytes, new: bytes
) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    for path, text in zip((chain, key), mangled(ROOT, VICTIM, old, new), strict=True):
        path.write_text(text)
    asking = trusting(version)
    asking.load_cert_chain(chain, key)
    ends = [shake(context(presented, mutual), asking).end for mutual in (verify(), PASSTHROUGH)]
    assert ends == [INVALID, INVALID]


@BOTH
async def test_clients_that_break_off_or_babble_leave_nothing_behind(
    rig: Rig, certificates: tuple[Certificate, ...], tmp_path: Path, version: ssl.TLSVersion
) -> None:
    await guarded(rig, certificates, verify())
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting(version).wrap_bio(incoming, outgoing, server_hostname="lb.test")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = outgoing.read()
    for babble in (
        b"",
        b"\x17\x03\x03\x00\x04abcd",
        b"\x16\x03\x03\xff\xff" + bytes(70_000),
        b"GET / HTTP/1.1\r\n\r\n",
    ):
        one = await rig.client(443)
        one.send(hello)
        await one.exactly(5)
        one.send(babble)
        one.writer.close()
    await until(lambda: not rig.node.connections, "all are gone")
    assert {record.verify_status for record in rig.connections} == {"Failed:UnmappedConnectionError"}
    good = await rig.client(443, ssl=give(trusting(version), GOOD, tmp_path), server_hostname="lb.test")
    assert (await good.ask()).status == 200


def test_a_session_goes_without_the_cycle_collector(presented: tuple[str, str], tmp_path: Path) -> None:
    for party in (GOOD, FOREIGN.issue("mallory")):
        shaken = shake(context(presented, verify()), give(trusting(), party, tmp_path))
        gc.collect()
        gc.disable()
        try:
            session = weakref.ref(shaken.server)
            del shaken
            assert session() is None
        finally:
            gc.enable()
