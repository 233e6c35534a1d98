"""TLS with certificates of clients: what the standard library's `ssl` cannot do, with the interface that it has.

The standard library lets no client certificate through that it has not verified, names no authorities of one's choice,
knows no depth of a chain, and does not tell whose certificate it refused. pyOpenSSL does all of it. Listeners without
mutual authentication never come here.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto

from simlb.core.client_certificate import ClientIdentity, logged
from simlb.core.client_verification import (
    CHAIN_DEPTH_MAX,
    CHAIN_MAX_BYTES,
    HAS_EXPIRED,
    NO_CRL,
    UNREADABLE,
    ClientCertFailure,
    failure_of,
    is_supported,
)
from simlb.core.connection_log import SUCCESS, ClientCertificate
from simlb.core.model import MutualAuthentication
from simlb.core.ssl_policies import SslPolicy
from simlb.errors import SimlbError

_VERSIONS = {
    "TLSv1": SSL.TLS1_VERSION,
    "TLSv1.1": SSL.TLS1_1_VERSION,
    "TLSv1.2": SSL.TLS1_2_VERSION,
    "TLSv1.3": SSL.TLS1_3_VERSION,
}
_OLD = {"TLSv1", "TLSv1.1"}
_CRL_FLAGS = crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL
_DRAIN_BYTES = 64 * 1024
_OWN_INTERMEDIATES_MAX = CHAIN_DEPTH_MAX - 1
"""OpenSSL counts neither the client's certificate nor the root."""


class MutualTlsError(ssl.SSLError):
    """A handshake or session that failed, and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MutualContext:
    """What an HTTPS listener with mutual authentication presents for one certificate, and how it judges its clients."""

    def __init__(self, certificate_path: str, key_path: str, policy: SslPolicy, mutual: MutualAuthentication) -> None:
        """Raises OSError or ssl.SSLError for what cannot be used, SimlbError E805 when that is the policy."""
        self.mutual = mutual
        self._context = context = SSL.Context(SSL.TLS_SERVER_METHOD)
        try:
            self._apply_policy(policy)
            context.use_certificate_chain_file(certificate_path)
            context.use_privatekey_file(key_path)
            context.check_privatekey()
            if mutual.mode == "verify":
                self._trust(context)
        except (SSL.Error, crypto.Error, ValueError) as error:
            raise MutualTlsError(_reason(error)) from error
        context.set_options(
            SSL.OP_NO_COMPRESSION
            | SSL.OP_NO_RENEGOTIATION
            | SSL.OP_CIPHER_SERVER_PREFERENCE
            # Every session begins with a certificate: none is resumed (reference 6.3).
            | SSL.OP_NO_TICKET
        )
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_session_id(b"simlb mutual tls")
        context.set_alpn_select_callback(_choose_protocol)
        asked = SSL.VERIFY_PEER
        if mutual.mode == "verify":
            asked |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        context.set_verify(asked, _judge)
        context.set_verify_depth(_OWN_INTERMEDIATES_MAX)

    def _apply_policy(self, policy: SslPolicy) -> None:
        context = self._context
        ciphers = [cipher for cipher in policy.ciphers if not cipher.startswith("TLS_")]
        if ciphers:
            # As in simlb.dataplane.tls: TLS 1.0 and 1.1 sign with SHA-1.
            level = ["@SECLEVEL=0"] if _OLD & set(policy.protocols) else []
            chosen = ":".join((*ciphers, *level)).encode()
            # A context that has a connection takes no more changes: another one tells what there is.
            tried = SSL.Context(SSL.TLS_SERVER_METHOD)
            offered: set[str] = set()
            with contextlib.suppress(SSL.Error):  # none of them
                tried.set_cipher_list(chosen)
                offered = set(SSL.Connection(tried, None).get_cipher_list())
            if missing := [cipher for cipher in ciphers if cipher not in offered]:
                raise SimlbError(
                    "E805",
                    f"Security policy {policy.name} cannot be served with mutual TLS: "
                    f"{SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode()} has no {missing[0]}.",
                    "a policy with newer versions and ciphers: ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
                )
            context.set_cipher_list(chosen)
        context.set_min_proto_version(_VERSIONS[policy.protocols[-1]])
        context.set_max_proto_version(_VERSIONS[policy.protocols[0]])

    def _trust(self, context: SSL.Context) -> None:
        trusted = self.mutual.trust_store
        if trusted is None:
            raise ValueError(f"there is no trust store {self.mutual.trust_store_arn}")
        store = context.get_cert_store()
        assert store is not None
        authorities = x509.load_pem_x509_certificates(trusted.ca_certificates.encode())
        for certificate in authorities:
            store.add_cert(crypto.X509.from_cryptography(certificate))
            if self.mutual.advertise_trust_store_ca_names:
                context.add_client_ca(certificate)
        for revocation in trusted.revocations:
            store.add_crl(x509.load_pem_x509_crl(revocation.content.encode()))
        if trusted.revocations:
            store.set_flags(_CRL_FLAGS)
        subjects = {authority.subject for authority in authorities}
        if any(authority.issuer not in subjects for authority in authorities):
            # An authority of the bundle is trusted as it is, also without the one that signed it. Only then: OpenSSL
            # ends every chain at the first one, where the revocation list of the one above cannot be verified any more.
            store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *, server_side: bool) -> MutualConnection:
        """As `ssl.SSLContext.wrap_bio`."""
        assert server_side
        return MutualConnection(self.mutual, SSL.Connection(self._context, None), incoming, outgoing)


class MutualConnection:
    """One session; `ssl.SSLObject` as far as `TlsLayer` needs it. `client` is there once the handshake is done.

    `verify_status` is the connection log's. Of a certificate that was refused `refused` tells what can be told.
    """

    session_reused = False

    def __init__(
        self,
        mutual: MutualAuthentication,
        connection: SSL.Connection,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
    ) -> None:
        self._mutual = mutual
        self._connection = connection
        self._incoming = incoming
        self._outgoing = outgoing
        self._may_have_more = False
        self._failure: ClientCertFailure | None = None
        self.client: ClientIdentity | None = None
        self.refused: ClientCertificate | None = None
        connection.set_app_data(self)
        connection.set_accept_state()

    @property
    def verify_status(self) -> str:
        """`Success` or `Failed:<code>`."""
        if self.client is not None:
            return SUCCESS
        return f"Failed:{self._failure or ClientCertFailure.UNMAPPED}"

    def judge(self, presented: crypto.X509, error: int, depth: int) -> bool:
        """Whether to go on after what OpenSSL found about one certificate of the chain; 0 is the client's own.

        What is wrong further up is remembered until the client's own certificate comes, so that it can be told whose
        it was.
        """
        if self._mutual.mode == "passthrough":
            return True
        if error == NO_CRL or (error == HAS_EXPIRED and depth == 0 and self._mutual.ignore_client_certificate_expiry):
            error = 0
        if self._failure is None and error:
            self._failure = failure_of(error)
        try:
            certificate = presented.to_cryptography()
            if self._failure is None and certificate.subject != certificate.issuer and not is_supported(certificate):
                self._failure = ClientCertFailure.TYPE_UNSUPPORTED
            if depth == 0:
                # Read while it can still be refused with an alert.
                told = logged(certificate)
                self.refused = None if self._failure is None else told
        except UNREADABLE:
            self._failure = self._failure or ClientCertFailure.INVALID
        return depth != 0 or self._failure is None

    def do_handshake(self) -> None:
        """As `ssl.SSLObject.do_handshake`."""
        self._feed()
        try:
            self._connection.do_handshake()
        except SSL.WantReadError as error:
            raise ssl.SSLWantReadError from error
        except SSL.Error as error:
            self._connection.set_app_data(None)
            raise MutualTlsError(self._handshake_reason(error)) from error
        finally:
            self._drain()
        # Nothing is judged any more. Without the circle both go at once, not when the cycle collector comes by.
        self._connection.set_app_data(None)
        self._identify()

    def _handshake_reason(self, error: SSL.Error) -> str:
        reason = _reason(error)
        if self._failure is None and reason == "excessive message size":
            self._failure = ClientCertFailure.MAX_SIZE_EXCEEDED
        return reason if self._failure is None else self._failure.value

    def _identify(self) -> None:
        """Who it is that has proved to own the key of a certificate."""
        if self._failure is not None:
            raise MutualTlsError(self._failure.value)
        try:
            chain = self._chain()
            if sum(len(one.public_bytes(Encoding.DER)) for one in chain) > CHAIN_MAX_BYTES:
                self._failure = ClientCertFailure.MAX_SIZE_EXCEEDED
                raise MutualTlsError(self._failure.value)
            if chain:
                self.client = ClientIdentity(self._mutual.mode, chain)
        except UNREADABLE as error:
            self._failure = ClientCertFailure.INVALID
            raise MutualTlsError(self._failure.value) from error
        if self.client is None and self._mutual.mode == "verify":
            raise MutualTlsError("peer did not return a certificate")

    def _chain(self) -> Sequence[x509.Certificate]:
        """What the client has sent, its own certificate first; nothing when it has none."""
        connection = self._connection
        leaf = connection.get_peer_certificate(as_cryptography=True)
        if leaf is None:
            return ()
        # On this side OpenSSL's chain begins above the client's own certificate, in some versions with it.
        above = connection.get_peer_cert_chain(as_cryptography=True) or []
        return above if above[:1] == [leaf] else (leaf, *above)

    def read(self, size: int) -> bytes:
        """As `ssl.SSLObject.read`: nothing once the client has said goodbye."""
        self._feed()
        try:
            return self._connection.recv(size)
        except SSL.WantReadError as error:
            self._may_have_more = False
            raise ssl.SSLWantReadError from error
        except SSL.ZeroReturnError:
            return b""
        except SSL.Error as error:
            raise MutualTlsError(_reason(error)) from error
        finally:
            self._drain()

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """As `ssl.SSLObject.write`."""
        if not len(data):
            return 0
        try:
            return self._connection.send(data)
        except SSL.Error as error:
            raise MutualTlsError(_reason(error)) from error
        finally:
            self._drain()

    def unwrap(self) -> None:
        """Say goodbye."""
        try:
            self._connection.shutdown()
        except SSL.Error as error:
            raise MutualTlsError(_reason(error)) from error
        finally:
            self._drain()

    def pending(self) -> int:
        """More than nothing while another `read` may bring data."""
        return self._connection.pending() or int(self._may_have_more)

    def version(self) -> str | None:
        """`TLSv1.3`."""
        return self._connection.get_protocol_version_name()

    def cipher(self) -> tuple[str, str, int] | None:
        """Name, protocol and bits."""
        connection = self._connection
        name = connection.get_cipher_name()
        if name is None:
            return None
        return name, connection.get_cipher_version() or "", connection.get_cipher_bits() or 0

    def _feed(self) -> None:
        data = self._incoming.read()
        if data:
            self._connection.bio_write(data)
            self._may_have_more = True

    def _drain(self) -> None:
        while True:
            try:
                self._outgoing.write(self._connection.bio_read(_DRAIN_BYTES))
            except SSL.WantReadError:
                return


def _judge(connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, is_good: int) -> bool:
    session = connection.get_app_data()
    assert isinstance(session, MutualConnection)
    # What fails without saying why fails all the same.
    return session.judge(certificate, error or int(not is_good), depth)


def _choose_protocol(_connection: SSL.Connection, offered: list[bytes]) -> Any:
    return b"http/1.1" if b"http/1.1" in offered else SSL.NO_OVERLAPPING_PROTOCOLS


def _reason(error: Exception) -> str:
    """What OpenSSL says, as far as it says something."""
    told = error.args[0] if error.args else ""
    if isinstance(told, list):
        return next((entry[-1] for entry in reversed(told) if entry[-1]), "TLS error")
    return str(told) or "TLS error"
