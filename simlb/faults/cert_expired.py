"""`cert.expired`: the certificate's time is over."""

from __future__ import annotations

from simlb.core.model import Protocol
from simlb.faults.certificates import with_flaw
from simlb.faults.fault import FaultType, Scope
from simlb.faults.site import CertificateFlaw

FAULT_TYPE = FaultType(
    name="cert.expired",
    scope=Scope.LISTENER,
    build=with_flaw(CertificateFlaw.EXPIRED),
    protocol=Protocol.HTTPS,
    en="The listener presents a certificate whose time ended yesterday.",
    ko="리스너가 어제 만료된 인증서를 제시합니다.",
    consequence_en="Clients refuse the handshake (expired): no request, no line in the log.",
    consequence_ko="클라이언트가 만료를 이유로 핸드셰이크를 거부합니다. 요청도 로그도 남지 않습니다.",
)
