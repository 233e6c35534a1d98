"""What lies behind what targets, target groups and rules do to a request."""

from __future__ import annotations

from simlb.explain.outcome import Cause, Outcome
from simlb.explain.story import Words

AT_TARGETS: dict[Outcome, Cause] = {
    Outcome.REFUSED: Cause(
        status_code=502,
        cause=Words(
            "Nothing listens at {address}: the target's process is down, or it listens on another port.",
            "{address}에서 듣고 있는 프로세스가 없습니다. 대상의 프로세스가 내려갔거나 다른 포트에서 듣고 있습니다.",
        ),
        next_steps=(
            Words(
                "See its state and its last check: simlb target ls. {start}",
                "상태와 마지막 상태 검사를 보세요: simlb target ls. {start}",
            ),
            Words(
                "If it runs, compare the port it listens on with the target's port.",
                "실행 중이라면 듣고 있는 포트와 대상에 등록된 포트를 비교하세요.",
            ),
            Words(
                "Until enough health checks have failed, it goes on getting its share of the requests.",
                "상태 검사가 충분히 실패할 때까지는 계속 제 몫의 요청을 받습니다.",
            ),
        ),
    ),
    Outcome.UNREACHABLE: Cause(
        status_code=502,
        cause=Words(
            "There is no way to {address}: the address does not exist on this network.",
            "{address}에 닿을 길이 없습니다. 이 네트워크에 없는 주소입니다.",
        ),
        next_steps=(Words("Check the target's address.", "대상의 주소를 확인하세요."),),
    ),
    Outcome.TLS_FAILED: Cause(
        status_code=502,
        cause=Words(
            "The target group speaks HTTPS, but {target} does not complete the TLS handshake: it speaks plain HTTP, or "
            "its TLS versions and ciphers do not fit.",
            "대상 그룹은 HTTPS인데 {target}이(가) TLS 핸드셰이크를 마치지 못했습니다. 평문 HTTP로 말하거나 TLS "
            "버전·암호가 맞지 않습니다.",
        ),
        next_steps=(
            Words(
                "Try it yourself: curl -vk https://{address}/. If plain http:// works, the group's protocol has to "
                "be HTTP.",
                "직접 시험해 보세요: curl -vk https://{address}/. 평문 http:// 가 된다면 대상 그룹의 프로토콜은 "
                "HTTP여야 합니다.",
            ),
        ),
    ),
    Outcome.CLOSED: Cause(
        status_code=502,
        cause=Words(
            "{target} closed the connection before its response was complete: it crashed while it worked on the "
            "request, or it closes without answering.",
            "{target}이(가) 응답을 마치기 전에 연결을 닫았습니다. 요청을 처리하다 죽었거나 응답 없이 닫았습니다.",
        ),
        next_steps=(
            Words("Look into the application's own log at this time.", "같은 시각의 애플리케이션 로그를 확인하세요."),
            Words(
                "Look for worker time-outs and memory limits that end a worker in the middle of a request.",
                "요청 도중에 워커를 끝내는 워커 시간 제한이나 메모리 제한이 있는지 확인하세요.",
            ),
        ),
    ),
    Outcome.KEEP_ALIVE_ENDED: Cause(
        status_code=502,
        cause=Words(
            "The request went out on a connection that had been kept open, just as {target} closed it: the "
            "application's keep-alive time is shorter than the load balancer's idle timeout (60 s).",
            "열려 있던 연결로 요청을 보내는 순간 {target}이(가) 그 연결을 닫았습니다. 애플리케이션의 keep-alive "
            "시간이 로드 밸런서의 유휴 제한 시간(60초)보다 짧습니다.",
        ),
        next_steps=(
            Words(
                "Set the application's keep-alive time above 60 s: uvicorn --timeout-keep-alive 75, Node "
                "server.keepAliveTimeout = 65000, gunicorn --keep-alive 75, nginx keepalive_timeout 75s.",
                "애플리케이션의 keep-alive 시간을 60초보다 길게 하세요: uvicorn --timeout-keep-alive 75, Node "
                "server.keepAliveTimeout = 65000, gunicorn --keep-alive 75, nginx keepalive_timeout 75s.",
            ),
            Words(
                "If it happens on new connections too, the application crashed: look into its log.",
                "새 연결에서도 일어난다면 애플리케이션이 죽은 것입니다. 로그를 확인하세요.",
            ),
        ),
    ),
    Outcome.MALFORMED_RESPONSE: Cause(
        status_code=502,
        cause=Words(
            "{target} answered with something that is not HTTP/1.1: a broken status line or header, two lengths, or "
            "a head of more than 32 kB.",
            "{target}의 응답이 HTTP/1.1이 아닙니다. 상태 줄이나 헤더가 깨졌거나, 길이가 둘이거나, 헤더가 32KB를 "
            "넘습니다.",
        ),
        next_steps=(
            Words(
                "See what it sends: curl -v http://{address}/ (too many Set-Cookie lines are a frequent reason).",
                "무엇을 보내는지 보세요: curl -v http://{address}/ (Set-Cookie가 너무 많은 경우가 흔합니다).",
            ),
            Words(
                "If it speaks TLS or HTTP/2, the target group's protocol does not fit.",
                "TLS나 HTTP/2로 말한다면 대상 그룹의 프로토콜이 맞지 않는 것입니다.",
            ),
        ),
    ),
    Outcome.DEREGISTERED: Cause(
        status_code=502,
        cause=Words(
            "{target} was deregistered, and its deregistration delay was over before it had answered.",
            "{target}이(가) 등록 취소되었고, 응답하기 전에 등록 취소 지연 시간이 끝났습니다.",
        ),
        next_steps=(
            Words(
                "Set deregistration_delay.timeout_seconds above the longest request.",
                "deregistration_delay.timeout_seconds를 가장 오래 걸리는 요청보다 길게 하세요.",
            ),
        ),
    ),
    Outcome.STOPPED: Cause(
        status_code=502,
        cause=Words(
            "simlb was stopped while the request was under way.", "요청을 처리하는 동안 simlb가 종료되었습니다."
        ),
        next_steps=(Words("Send it again.", "다시 보내세요."),),
    ),
    Outcome.NO_TARGETS: Cause(
        status_code=503,
        cause=Words("{group} has no registered target.", "{group}에 등록된 대상이 없습니다."),
        next_steps=(
            Words(
                "Register one: simlb target add {group_name} http://127.0.0.1:PORT, or `targets:` in the file.",
                "대상을 등록하세요: simlb target add {group_name} http://127.0.0.1:PORT, 또는 파일의 `targets:`.",
            ),
            Words(
                "In the AWS console, targets count only after 'Include as pending below' and 'Register pending "
                "targets'.",
                "AWS 콘솔에서는 '아래에 보류 중인 것으로 포함'과 '보류 중인 대상 등록'까지 눌러야 등록됩니다.",
            ),
        ),
    ),
    Outcome.GROUP_UNUSED: Cause(
        status_code=503,
        cause=Words("No listener uses {group} any more.", "{group}을(를) 쓰는 리스너가 더는 없습니다."),
        next_steps=(Words("Name it in a rule or a default action.", "규칙이나 기본 작업에서 이 그룹을 지정하세요."),),
    ),
    Outcome.ALL_INITIAL: Cause(
        status_code=503,
        cause=Words(
            "No target of {group} has passed a health check yet: all of them are initial.",
            "{group}의 대상이 모두 initial 상태입니다. 아직 상태 검사를 통과한 대상이 없습니다.",
        ),
        next_steps=(
            Words(
                "Wait for the first passed check; one is enough for a new target. See: simlb target ls.",
                "첫 상태 검사 통과를 기다리세요. 새 대상은 한 번만 통과하면 됩니다. 확인: simlb target ls.",
            ),
        ),
    ),
    Outcome.WEIGHTS_ZERO: Cause(
        status_code=503,
        cause=Words("Every target group of the action has weight 0.", "작업에 있는 모든 대상 그룹의 가중치가 0입니다."),
        next_steps=(
            Words("Give at least one of them a weight above 0.", "하나 이상의 그룹에 0보다 큰 가중치를 주세요."),
        ),
    ),
    Outcome.GROUP_GONE: Cause(
        status_code=503,
        cause=Words(
            "The target group was removed while a client connection of an old configuration still asked for it.",
            "이전 구성의 연결이 아직 요청하고 있는 동안 대상 그룹이 제거되었습니다.",
        ),
        next_steps=(Words("Send it again on a new connection.", "새 연결로 다시 보내세요."),),
    ),
    Outcome.NO_DESCRIPTOR: Cause(
        status_code=503,
        cause=Words(
            "simlb had no file descriptor left to connect to the target with.",
            "simlb에 대상으로 연결할 파일 디스크립터가 남아 있지 않았습니다.",
        ),
        next_steps=(
            Words(
                "Raise the limit of open files before the start: ulimit -n 65536.",
                "시작하기 전에 열린 파일 수 제한을 늘리세요: ulimit -n 65536.",
            ),
        ),
    ),
    Outcome.CONNECT_TIMED_OUT: Cause(
        status_code=504,
        cause=Words(
            "{address} did not answer the connection attempt within 10 s. On AWS that is nearly always a security "
            "group or a network ACL that drops the packets; a closed port would have refused at once (502).",
            "{address}이(가) 연결 시도에 10초 동안 답하지 않았습니다. AWS에서는 거의 언제나 보안 그룹이나 네트워크 "
            "ACL이 패킷을 버리는 경우입니다. 닫힌 포트라면 바로 거부되어 502가 됩니다.",
        ),
        next_steps=(
            Words(
                "Let the target's security group admit the load balancer's security group on the target's port.",
                "대상의 보안 그룹에서 대상 포트에 대해 로드 밸런서의 보안 그룹을 허용하세요.",
            ),
            Words(
                "Try to connect from here: curl -v http://{address}/.",
                "여기서 직접 연결해 보세요: curl -v http://{address}/.",
            ),
        ),
    ),
    Outcome.TLS_TIMED_OUT: Cause(
        status_code=504,
        cause=Words(
            "{target} accepted the connection, but did not complete the TLS handshake within 10 s.",
            "{target}이(가) 연결은 받았지만 10초 안에 TLS 핸드셰이크를 마치지 못했습니다.",
        ),
        next_steps=(
            Words(
                "See whether the port speaks TLS at all: curl -vk https://{address}/.",
                "그 포트가 TLS로 말하는지 확인하세요: curl -vk https://{address}/.",
            ),
        ),
    ),
    Outcome.IDLE: Cause(
        status_code=504,
        cause=Words(
            "{target} took the request, but sent nothing within the idle timeout ({detail}): it hangs, waits for "
            "something else such as a database, or is simply slower.",
            "{target}이(가) 요청을 받고도 유휴 제한 시간({detail}) 동안 아무것도 보내지 않았습니다. 멈췄거나, "
            "데이터베이스 같은 다른 것을 기다리거나, 그보다 느린 것입니다.",
        ),
        next_steps=(
            Words(
                "Look into the application: what did it do for so long? Requests pile up in flight: simlb target ls.",
                "애플리케이션이 그동안 무엇을 했는지 확인하세요. 처리 중인 요청이 쌓입니다: simlb target ls.",
            ),
            Words(
                "If such requests are meant to be long, raise idle_timeout.timeout_seconds.",
                "원래 오래 걸리는 요청이라면 idle_timeout.timeout_seconds를 늘리세요.",
            ),
        ),
    ),
    Outcome.RESPONSE_CUT: Cause(
        status_code=None,
        cause=Words(
            "The response broke off behind its head ({detail}). The status had been sent already, so the client's "
            "connection was closed: that is how it notices.",
            "응답이 헤더 뒤에서 끊겼습니다({detail}). 상태 코드는 이미 보냈으므로 클라이언트 연결을 닫아 알렸습니다.",
        ),
        next_steps=(
            Words(
                "Look into the log of {target}: does it send less than its Content-Length, or end in the middle?",
                "{target}의 로그를 확인하세요. Content-Length보다 적게 보내거나 도중에 끝나지 않나요?",
            ),
        ),
    ),
    Outcome.TARGET_SAID_4XX: Cause(
        status_code=None,
        cause=Words(
            "The {status} came from the target: {target} itself answered so, and the load balancer passed it on.",
            "{status} 코드는 대상이 보낸 것입니다. {target}이(가) 직접 그렇게 응답했고 로드 밸런서는 전달만 했습니다.",
        ),
        next_steps=(
            Words(
                "Ask the application, not the load balancer: does it know this path, host and method?",
                "로드 밸런서가 아니라 애플리케이션을 확인하세요. 이 경로, 호스트, 메서드를 처리하나요?",
            ),
        ),
    ),
    Outcome.TARGET_SAID_5XX: Cause(
        status_code=None,
        cause=Words(
            "The {status} came from the target: {target} itself answered so, and the load balancer passed it on.",
            "{status} 코드는 대상이 보낸 것입니다. {target}이(가) 직접 그렇게 응답했고 로드 밸런서는 전달만 했습니다.",
        ),
        next_steps=(
            Words(
                "Look into the application's own log at this time. Its health check may pass all the same: it is "
                "another request.",
                "같은 시각의 애플리케이션 로그를 확인하세요. 상태 검사는 다른 요청이므로 그래도 통과할 수 있습니다.",
            ),
            Words(
                "If the target is a proxy, its 502, 503 or 504 speaks of what is behind it.",
                "대상이 프록시라면 502, 503, 504는 그 뒤에 있는 서버의 문제입니다.",
            ),
        ),
    ),
    Outcome.TARGET_REDIRECTS_AGAIN: Cause(
        status_code=None,
        cause=Words(
            "{target} answers the same request with a redirect again and again ({detail}): a loop. It probably "
            "redirects to HTTPS by the scheme it sees itself, which is HTTP behind a load balancer that ends TLS.",
            "{target}이(가) 같은 요청에 계속 리디렉션으로 응답합니다({detail}). 순환입니다. TLS를 로드 밸런서에서 "
            "끝내면 대상에는 HTTP로 보이는데, 대상이 그 스킴만 보고 HTTPS로 리디렉션하고 있을 것입니다.",
        ),
        next_steps=(
            Words(
                "Have the application look at X-Forwarded-Proto, or leave the redirect to the load balancer's HTTP "
                "listener.",
                "애플리케이션이 X-Forwarded-Proto를 보게 하거나, 리디렉션은 로드 밸런서의 HTTP 리스너에 맡기세요.",
            ),
        ),
    ),
    Outcome.RULE_SAID_ERROR: Cause(
        status_code=None,
        cause=Words(
            "The {status} is a fixed response of the load balancer's rule: no target was asked.",
            "{status} 코드는 로드 밸런서 규칙의 고정 응답입니다. 대상에는 묻지 않았습니다.",
        ),
        next_steps=(
            Words(
                "If another rule was meant, see below why the ones before it did not match; all of them: simlb rules.",
                "다른 규칙을 기대했다면 아래에서 앞의 규칙이 왜 일치하지 않았는지 보세요. 전체 목록: simlb rules.",
            ),
        ),
    ),
    Outcome.REDIRECT_TO_ITSELF: Cause(
        status_code=None,
        cause=Words(
            "The redirect leads to the very URL that was asked for: a browser says 'too many redirects'.",
            "리디렉션이 요청한 바로 그 URL로 향합니다. 브라우저에는 '리디렉션이 너무 많음'으로 보입니다.",
        ),
        next_steps=(
            Words(
                "Change protocol, host, port, path or query in the redirect, or give the rule a condition that the "
                "new URL does not meet.",
                "리디렉션의 프로토콜, 호스트, 포트, 경로, 쿼리 중 하나를 바꾸거나, 새 URL과는 일치하지 않는 조건을 "
                "규칙에 넣으세요.",
            ),
        ),
    ),
}
