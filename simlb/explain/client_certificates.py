"""Why a listener with mutual authentication has refused clients: one story for each reason (reference 6.6, 7.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from simlb.core.client_verification import CHAIN_DEPTH_MAX, ClientCertFailure
from simlb.core.refused_clients import RefusedClient
from simlb.dataplane.listener import OpenListener
from simlb.explain.story import Story, Words

LATE_S = 60.0


class _Reason(NamedTuple):
    cause: Words
    next_step: Words


_NO_CERTIFICATE = _Reason(
    Words(
        "The client sent no certificate, or broke off the handshake.",
        "클라이언트가 인증서를 보내지 않았거나 핸드셰이크를 중단했습니다.",
    ),
    Words(
        "Give it one: curl --cert client.pem --key client.key",
        "인증서를 지정하세요: curl --cert client.pem --key client.key",
    ),
)
_REASONS: Mapping[str, _Reason] = {
    ClientCertFailure.UNTRUSTED: _Reason(
        Words(
            "No certificate authority of the trust store has signed it, or an intermediate certificate was not sent.",
            "신뢰 저장소의 인증 기관이 서명한 인증서가 아니거나, 중간 인증서가 전송되지 않았습니다.",
        ),
        Words(
            "Have the client send its chain, or put its authority into the trust store.",
            "클라이언트가 인증서 체인을 보내게 하거나, 발급 기관을 신뢰 저장소에 추가하세요.",
        ),
    ),
    ClientCertFailure.EXPIRED: _Reason(
        Words("The certificate has expired.", "인증서가 만료되었습니다."),
        Words(
            "Renew it, or let it in all the same: ignore_client_certificate_expiry: true",
            "갱신하거나 만료를 무시하세요: ignore_client_certificate_expiry: true",
        ),
    ),
    ClientCertFailure.NOT_YET_VALID: _Reason(
        Words("The certificate is not valid yet.", "인증서의 유효 기간이 아직 시작되지 않았습니다."),
        Words("Compare its NotBefore with this machine's clock.", "NotBefore와 이 컴퓨터의 시계를 비교하세요."),
    ),
    ClientCertFailure.CRL_HIT: _Reason(
        Words("Its authority has revoked the certificate.", "발급 기관이 인증서를 폐기했습니다."),
        Words(
            "Issue another one, or take the list away: revocations in the file, or RemoveTrustStoreRevocations",
            "새로 발급하거나 폐기 목록을 제거하세요: 파일의 revocations 또는 RemoveTrustStoreRevocations",
        ),
    ),
    ClientCertFailure.CRL_PROCESSING_ERROR: _Reason(
        Words(
            "A revocation list of the trust store has expired, or its signature is wrong.",
            "신뢰 저장소의 폐기 목록이 만료되었거나 서명이 올바르지 않습니다.",
        ),
        Words("Add a current one, and remove the old one.", "최신 목록을 추가하고 이전 목록을 제거하세요."),
    ),
    ClientCertFailure.MAX_CHAIN_DEPTH_EXCEEDED: _Reason(
        Words(
            f"Its root is more than {CHAIN_DEPTH_MAX} steps away, or further than one of its authorities allows.",
            f"루트까지 {CHAIN_DEPTH_MAX}단계를 넘거나, 인증 기관이 허용하는 깊이를 넘습니다.",
        ),
        Words("Put an intermediate authority into the trust store.", "중간 인증 기관을 신뢰 저장소에 추가하세요."),
    ),
    ClientCertFailure.MAX_SIZE_EXCEEDED: _Reason(
        Words("The client's certificates are too large.", "클라이언트의 인증서가 너무 큽니다."),
        Words("Send fewer or smaller ones.", "더 적거나 작은 인증서를 보내세요."),
    ),
    ClientCertFailure.TYPE_UNSUPPORTED: _Reason(
        Words(
            "It is not X.509v3, not RSA of 2048 to 8192 bits or P-256, P-384, P-521, or not signed with SHA-2.",
            "X.509v3가 아니거나, RSA 2048~8192비트 또는 P-256, P-384, P-521이 아니거나, SHA-2로 서명되지 않았습니다.",
        ),
        Words("Issue one of those kinds.", "지원되는 종류로 다시 발급하세요."),
    ),
    ClientCertFailure.PURPOSE_INVALID: _Reason(
        Words("Its extended key usage is not for clients.", "확장 키 사용에 클라이언트 인증이 없습니다."),
        Words("Issue one with clientAuth.", "clientAuth로 다시 발급하세요."),
    ),
    ClientCertFailure.INVALID: _Reason(
        Words(
            "The certificate cannot be read, or does not follow X.509.",
            "인증서를 읽을 수 없거나 X.509에 맞지 않습니다.",
        ),
        Words("Look at it: openssl x509 -text -in client.pem", "확인하세요: openssl x509 -text -in client.pem"),
    ),
}


def asked_of_clients(listener: OpenListener) -> Words | None:
    """What a listener asks of its clients' certificates; None when it asks for nothing."""
    mutual = listener.model.mutual_authentication
    if mutual is None:
        return None
    if mutual.trust_store is None:
        return Words(
            "The listener asks for a client certificate, verifies nothing, and tells the target of it "
            "(passthrough). Here none is sent.",
            "리스너가 클라이언트 인증서를 요청하지만 검증하지 않고 대상에 전달합니다(passthrough). "
            "여기서는 보내지 않습니다.",
        )
    store = mutual.trust_store.name
    return Words(
        f"The client has to present a certificate that trust store {store} verifies; here it is taken for granted, and "
        "the target would be told of it in X-Amzn-Mtls-Clientcert-... headers.",
        f"클라이언트는 신뢰 저장소 {store}로 검증되는 인증서를 보내야 합니다. 여기서는 보낸 것으로 보며, 대상에는 "
        "X-Amzn-Mtls-Clientcert-... 헤더로 전달됩니다.",
    )


def refused_client_stories(load_balancer: str, listener: OpenListener) -> Iterator[Story]:
    """What a listener has refused in the last minute of real time, the most frequent reason first."""
    if listener.model.mutual_authentication is None:
        return
    node = listener.node
    by_status: dict[str, list[RefusedClient]] = {}
    for one in node.refused_clients.since(node.wall() - LATE_S, listener.model.port):
        by_status.setdefault(one.verify_status, []).append(one)
    for status, clients in sorted(by_status.items(), key=lambda item: -len(item[1])):
        yield _story(load_balancer, listener, status, clients)


def _story(load_balancer: str, listener: OpenListener, status: str, clients: list[RefusedClient]) -> Story:
    name = f"{listener.model.protocol}:{listener.model.port}"
    code = status.partition(":")[2]
    reason = _REASONS.get(code, _NO_CERTIFICATE)
    subjects = list(dict.fromkeys(one.subject for one in reversed(clients) if one.subject is not None))
    who = f" ({subjects[0]})" if subjects else ""
    count = len(clients)
    handshakes = "1 TLS handshake" if count == 1 else f"{count} TLS handshakes"
    return Story(
        subject=Words(f"listener {name} of {load_balancer}", f"{load_balancer}의 리스너 {name}"),
        outcome=Words(
            f"{handshakes} with clients failed in the last minute: {status}{who}.",
            f"최근 1분 동안 클라이언트와의 TLS 핸드셰이크가 {count}번 실패했습니다: {status}{who}.",
        ),
        cause=reason.cause,
        next_steps=(
            reason.next_step,
            Words("Each of them: simlb logs --connections", "하나하나 보기: simlb logs --connections"),
        ),
        facts={
            "kind": "client_certificate",
            "load_balancer": load_balancer,
            "listener": listener.model.port,
            "verify_status": status,
            "count": count,
            "subjects": subjects[:5],
        },
    )
