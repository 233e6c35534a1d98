"""`cert.untrusted`: the certificate's issuer is unknown to everybody."""

from __future__ import annotations

from simlb.core.model import Protocol
from simlb.faults.certificates import with_flaw
from simlb.faults.fault import FaultType, Scope
from simlb.faults.site import CertificateFlaw

FAULT_TYPE = FaultType(
    name="cert.untrusted",
    scope=Scope.LISTENER,
    build=with_flaw(CertificateFlaw.UNTRUSTED),
    protocol=Protocol.HTTPS,
    en="The listener presents a certificate of an authority that nobody knows.",
    ko="리스너가 아무도 모르는 발급자의 인증서를 제시합니다.",
    consequence_en="Clients refuse the handshake (unknown issuer): no request, no line in the log.",
    consequence_ko="클라이언트가 발급자를 믿지 못해 핸드셰이크를 거부합니다. 요청도 로그도 남지 않습니다.",
)
