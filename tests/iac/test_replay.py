"""What IaC tools do to simlb, as they did it: each recorded call is made again, and is answered as it was then.

When it was recorded, the tool found nothing to change after creating and after updating. So it would today.
"""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simlb import config
from simlb.app.application import App
from simlb.app.options import AppOptions
from simlb.certs.ephemeral_files import EphemeralFiles
from simlb.clock import ManualClock
from simlb.config.certificates import UnissuedCertificates
from simlb.controlplane.server import ControlServer
from tests.app.conftest import Audience
from tests.aws import REGION
from tests.iac.calls import RECORDINGS, Call, load, read_answer, send
from tests.iac.names import Values

WAITS_S = 120
"""Of load-balancer time, for an answer that comes with time: an active load balancer, an issued certificate."""


class Instance:
    """simlb without a load balancer, on a clock that stands still, and what a recording's names stand for there."""

    def __init__(self, control: ControlServer, clock: ManualClock, values: Values) -> None:
        self._port = control.port
        self._clock = clock
        self._values = values

    async def play(self, call: Call) -> list[str]:
        """What the answer to a call has other than was recorded. What is read may come with time."""
        expected = {"error": call.error} if call.error else call.answer
        told: list[str] = []
        for _ in range(WAITS_S if call.is_reading else 1):
            request = self._values.put_in(call.request)
            told = self._values.differences(expected, await self.ask(call.service, call.operation, request))
            if not told:
                break
            await self._clock.advance(1)
        return told

    async def ask(self, service: str, operation: str, request: object) -> dict[str, object]:
        """The answer to a call."""
        status, body = await asyncio.to_thread(send, self._port, service, operation, request)
        return read_answer(service, operation, status, body)

    async def listed(self) -> list[object]:
        """Everything that a tool could have left."""
        zones = {"method": "GET", "path": "/2013-04-01/hostedzone"}
        return [
            (await self.ask("elbv2", "DescribeLoadBalancers", {}))["LoadBalancers"],
            (await self.ask("elbv2", "DescribeTargetGroups", {}))["TargetGroups"],
            (await self.ask("ec2", "DescribeSecurityGroups", {}))["SecurityGroups"],
            (await self.ask("ec2", "DescribeTags", {}))["Tags"],
            (await self.ask("acm", "ListCertificates", {}))["CertificateSummaryList"],
            (await self.ask("route53", "ListHostedZones", zones))["HostedZones"],
        ]


@pytest.fixture
async def instance() -> AsyncIterator[Instance]:
    """One for each recording."""
    async with AsyncExitStack() as ends:
        files = EphemeralFiles()
        ends.callback(files.close)

        def compiled() -> config.Compiled:
            return config.empty(certificates=UnissuedCertificates(REGION))

        options = AppOptions(
            instance="iac",
            state_dir=files.folder,
            certs_dir=files.folder,
            load=compiled,
            issuer=files.authority,
            is_ephemeral=True,
        )
        clock = ManualClock()
        app = App(options, Audience(), compiled(), clock=clock)
        ends.push_async_callback(app.close, grace_s=0)
        await app.start()
        control = ControlServer(app, "token", 0, routes=app.control_routes())
        ends.push_async_callback(control.close)
        await control.start()
        cert, key = _pair()
        ports = _free_ports(6)
        values = {f"«target{number}»": str(ports.pop()) for number in (1, 2, 3)}
        values |= {f"«listener{number}»": str(ports.pop()) for number in (0, 1, 2)}
        yield Instance(control, clock, Values({**values, "«cert»": cert, "«key»": key}))


@pytest.mark.parametrize("tool", ["terraform", "ansible"])
async def test_a_tool_is_answered_as_when_it_found_nothing_to_change(tool: str, instance: Instance) -> None:
    before = await instance.listed()
    for phase, calls in load(RECORDINGS / f"{tool}.jsonl").items():
        for look in range(2 if phase == "refresh" else 1):
            for number, call in enumerate(calls, 1):
                told = await instance.play(call)
                assert not told, f"{phase} ({look}), call {number}, {call.request}: {told}"
    assert await instance.listed() == before


def _free_ports(count: int) -> list[int]:
    """Ports that nothing listens on. They are all held until the last one is found."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(each.getsockname()[1]) for each in sockets]


def _pair() -> tuple[str, str]:
    """The certificate that is imported and its key, as calls have them."""
    key = rsa.generate_private_key(65537, 2048)
    name = "imported.example.com"
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(
            subject, subject, key.public_key(), 10, now - timedelta(days=1), now + timedelta(days=30)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pems = (
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    cert, private = (base64.b64encode(pem).decode() for pem in pems)
    return cert, private
