"""`cert.wrong_name`: the certificate is for another name than clients ask for."""

from __future__ import annotations

from simlb.core.model import Protocol
from simlb.faults.certificates import CertificateFault
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.site import CertificateFlaw


def build(order: Order) -> CertificateFault:
    """For the name that is given, and nothing else."""
    return CertificateFault(order, CertificateFlaw.WRONG_NAME, (order.text("name"),))


FAULT_TYPE = FaultType(
    name="cert.wrong_name",
    scope=Scope.LISTENER,
    build=build,
    parameters=(
        Parameter(
            name="name",
            kind="text",
            default="wrong.localhost",
            en="the only name in the certificate",
            ko="인증서에 들어 있는 유일한 이름",
        ),
    ),
    protocol=Protocol.HTTPS,
    en="The listener presents a good certificate, for another name.",
    ko="리스너가 다른 이름의 인증서를 제시합니다.",
    consequence_en="Clients refuse the handshake (name mismatch): no request, no line in the log.",
    consequence_ko="클라이언트가 이름이 달라 핸드셰이크를 거부합니다. 요청도 로그도 남지 않습니다.",
)
