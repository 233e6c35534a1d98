"""How the client of a dry run would arrive: the listener, the security group's gate, TLS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simlb.core.server_names import choose_certificate, covers
from simlb.dataplane.gate import Gate
from simlb.dataplane.listener import OpenListener
from simlb.explain.causes import Cause
from simlb.explain.client_certificates import asked_of_clients
from simlb.explain.dry_place import Place
from simlb.explain.dry_request import DryRequest
from simlb.explain.story import Step, Topic, Words


@dataclass(slots=True)
class Arrival:
    """What is told of it. `values` are facts for programs.

    `ending` is what the client sees when no request arrives. `flaw` keeps only those clients away that look closely.
    """

    steps: list[Step] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    ending: Words | None = None
    flaw: Cause | None = None

    def tell(self, topic: Topic, en: str, ko: str) -> None:
        """One more step."""
        self.steps.append(Step(topic=topic, words=Words(en, ko)))

    def end(self, outcome: Words, cause: Words, *next_steps: Words) -> Arrival:
        """No request arrives."""
        self.ending, self.flaw = outcome, Cause(status_code=None, cause=cause, next_steps=next_steps)
        return self


def arrive(place: Place, request: DryRequest) -> Arrival:
    """Come as far as one can without sending anything."""
    arrival, listener = Arrival(), place.listener
    arrival.values["listener"] = None if listener is None else listener.model.port
    if listener is None:
        return _refused(arrival, place, request)
    name = f"{listener.model.protocol}:{listener.model.port}"
    places = ", ".join(listener.places)
    arrival.tell(
        Topic.CONNECTION,
        f"Load balancer {place.load_balancer}, listener {name} ({places}).",
        f"로드 밸런서 {place.load_balancer}, 리스너 {name}({places}).",
    )
    # A gate of its own: the real one remembers who has asked.
    networks = listener.plan.load_balancer.security_group.networks_for(listener.model.port)
    if not Gate(networks).lets_in(request.client_ip):
        return _timed_out(arrival, request, listener.model.port, ", ".join(map(str, networks)))
    arrival.tell(
        Topic.CONNECTION,
        f"The security group lets {request.client_ip} in.",
        f"보안 그룹이 {request.client_ip}의 접속을 허용합니다.",
    )
    if request.scheme == "https" and not listener.is_tls:
        return _no_tls(arrival, name)
    if listener.is_tls and request.scheme == "https":
        _shake_hands(arrival, listener, request)
    return arrival


def _refused(arrival: Arrival, place: Place, request: DryRequest) -> Arrival:
    there = ", ".join(f"{one.model.protocol}:{one.model.port}" for one in place.node.listeners.values()) or "-"
    return arrival.end(
        Words(
            f"The connection would be refused at once: nothing listens on port {request.port}.",
            f"연결이 바로 거부됩니다. {request.port} 포트에는 리스너가 없습니다.",
        ),
        Words(
            f"Load balancer {place.load_balancer} has no listener for port {request.port}; it has: {there}.",
            f"로드 밸런서 {place.load_balancer}에 {request.port} 포트의 리스너가 없습니다. 있는 리스너: {there}",
        ),
        Words("Add a listener, or use the port of one.", "리스너를 추가하거나 있는 리스너의 포트를 쓰세요."),
    )


def _timed_out(arrival: Arrival, request: DryRequest, port: int, networks: str) -> Arrival:
    let_in = (
        Words(f"it lets in {networks}", f"허용: {networks}")
        if networks
        else Words("it lets nobody in to this port", "이 포트에는 아무도 허용하지 않습니다")
    )
    arrival.tell(
        Topic.CONNECTION,
        f"The security group does not let {request.client_ip} in: {let_in.en}.",
        f"보안 그룹이 {request.client_ip}의 접속을 허용하지 않습니다({let_in.ko}).",
    )
    return arrival.end(
        Words(
            "The client would wait and then time out connecting. No request arrives, and nothing is logged.",
            "클라이언트는 기다리다가 연결 시간 초과가 됩니다. 요청이 도착하지 않아 로그에도 남지 않습니다.",
        ),
        Words("The security group's gate is closed for this client.", "보안 그룹이 이 클라이언트를 막고 있습니다."),
        Words(
            f"Add an inbound rule for port {port} and this source to the security group.",
            f"보안 그룹에 {port} 포트와 이 소스의 인바운드 규칙을 추가하세요.",
        ),
    )


def _no_tls(arrival: Arrival, name: str) -> Arrival:
    return arrival.end(
        Words(
            f"The TLS handshake would fail: {name} speaks plain HTTP.",
            f"TLS 핸드셰이크가 실패합니다. {name}은(는) 평문 HTTP입니다.",
        ),
        Words("HTTPS was asked of an HTTP listener.", "HTTP 리스너에 HTTPS로 접속했습니다."),
        Words("Use http://, or the port of an HTTPS listener.", "http:// 를 쓰거나 HTTPS 리스너의 포트를 쓰세요."),
    )


def _shake_hands(arrival: Arrival, listener: OpenListener, request: DryRequest) -> None:
    """Which certificate the client would be shown, and whether it is one for the name."""
    name, host = request.server_name, request.host
    certificate, is_named = choose_certificate(listener.model.certificates, name)
    names = ", ".join(certificate.names)
    is_covered = covers(certificate.names, host)
    said = Words(f"server name {name}", f"서버 이름 {name}") if name else Words("no server name", "서버 이름 없음")
    chosen = Words("chosen by the name", "이름으로 선택") if is_named else Words("the default one", "기본 인증서")
    verdict = Words(f"It covers {host}.", f"{host}에 유효합니다.")
    if not is_covered:
        arrival.flaw = _uncovered(host, names)
        verdict = Words(
            f"It does not cover {host}: a client that checks ends the handshake here; one that does not (curl -k) goes "
            "on.",
            f"{host}에는 유효하지 않습니다. 검증하는 클라이언트는 여기서 핸드셰이크를 끝내고, 검증하지 않으면(curl -k) "
            "계속합니다.",
        )
    arrival.values["certificate"] = {"names": list(certificate.names), "covers_host": is_covered}
    arrival.tell(
        Topic.TLS,
        f"TLS with {said.en}: the certificate for {names} ({chosen.en}). {verdict.en}",
        f"TLS({said.ko}): {names}용 인증서({chosen.ko}). {verdict.ko}",
    )
    asked = asked_of_clients(listener)
    if asked is not None:
        arrival.tell(Topic.TLS, asked.en, asked.ko)


def _uncovered(host: str, names: str) -> Cause:
    return Cause(
        status_code=None,
        cause=Words(
            f"No certificate of the listener covers {host} (it presents {names}): browsers warn, and other clients end "
            "the handshake.",
            f"리스너의 인증서 중 {host}에 유효한 것이 없습니다({names} 인증서를 냅니다). 브라우저는 경고하고 다른 "
            "클라이언트는 핸드셰이크를 끝냅니다.",
        ),
        next_steps=(
            Words(
                f"Add the name to the listener's certificates, or to the load balancer's dns: [{host}].",
                f"리스너의 인증서에 이 이름을 추가하거나 로드 밸런서의 dns: [{host}]에 추가하세요.",
            ),
        ),
    )
