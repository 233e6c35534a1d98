"""Targets that speak TLS, with certificates that nobody should trust."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from simlb.core.model import Protocol
from tests.dataplane.harness import Rig, Script, ScriptedTarget, TargetConnection

EPOCH = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@cache
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


def self_signed_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, days: int = 36_500) -> bytes:
    """A key with a certificate of its own making, for `wrong.test`, from 2020 on."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "wrong.test")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(EPOCH).not_valid_after(EPOCH + datetime.timedelta(days=days))
    certificate = builder.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(pem, form, serialization.NoEncryption()) + certificate.public_bytes(pem)


def self_signed(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, days: int = 36_500) -> ssl.SSLContext:
    """A context with such a certificate."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "both.pem"
        path.write_bytes(self_signed_pem(key, days))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(path)
    return context


def server_side(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """A context with a certificate for `target.test`, if need be for one protocol version only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("target.test", key_type=trustme.KeyType.ECDSA).configure_cert(context)
    if version is not None:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1
            context.minimum_version = context.maximum_version = version
    return context


class TlsTarget(ScriptedTarget):
    """A scripted target behind TLS."""

    def __init__(self, script: Script | None = None, context: ssl.SSLContext | None = None) -> None:
        super().__init__(script)
        self._context = context or server_side()

    async def start(self) -> TlsTarget:
        self._server = await asyncio.start_server(self._accept, self.host, self.port, limit=1 << 20, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def _run(self, connection: TargetConnection) -> None:
        try:
            await self.script(connection)
        except (ConnectionError, ssl.SSLError):
            self.let_go.set()
        finally:
            connection.writer.close()


async def secure_target(rig: Rig, script: Script | None = None, context: ssl.SSLContext | None = None) -> TlsTarget:
    """Start a scripted target that speaks TLS."""
    target = await TlsTarget(script, context).start()
    rig.targets.append(target)
    return target


async def serve_over_tls(rig: Rig, *targets: ScriptedTarget | int, **attributes: Any) -> None:
    """One HTTP listener on port 80 in front of a group of protocol HTTPS, all of whose targets are healthy."""
    await rig.apply(rig.listener(), groups=(replace(rig.group(*targets), protocol=Protocol.HTTPS),), **attributes)
    await rig.healthy()
