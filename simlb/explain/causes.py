"""What usually lies behind an outcome, and what to do next: one entry for each kind of outcome, in both languages.

This is the matrix of learners' mistakes as far as a single exchange shows it. Which outcome an exchange had, `outcomes`
finds out; here are only the words. Names in braces are filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from simlb.explain.story import Words


class Outcome(StrEnum):
    """How an exchange went wrong, or surprised; the value is for programs."""

    # 400
    PLAIN_HTTP = "plain_http_on_https"
    NOT_HTTP = "not_http"
    DESYNC = "desync"
    NO_HOST = "no_host"
    HEAD_TOO_LARGE = "head_too_large"
    BAD_BODY = "bad_body"
    CLIENT_GONE_IN_REQUEST = "client_gone_in_request"
    MALFORMED_REQUEST = "malformed_request"
    # other 4xx
    METHOD_REFUSED = "method_refused"
    REQUEST_TIMED_OUT = "request_timed_out"
    URI_TOO_LONG = "uri_too_long"
    CLIENT_CLOSED = "client_closed"
    TOO_MANY_ADDRESSES = "too_many_addresses"
    PROTOCOL_MISMATCH = "protocol_mismatch"
    # 500, 501, 505, 507
    TRANSFORM_FAILED = "transform_failed"
    ENCODING_UNKNOWN = "encoding_unknown"
    VERSION_UNKNOWN = "version_unknown"
    LOCATION_TOO_LONG = "location_too_long"
    # 502
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TLS_FAILED = "tls_failed"
    CLOSED = "closed"
    KEEP_ALIVE_ENDED = "keep_alive_ended"
    MALFORMED_RESPONSE = "malformed_response"
    DEREGISTERED = "deregistered"
    STOPPED = "stopped"
    # 503
    NO_TARGETS = "no_targets"
    GROUP_UNUSED = "group_unused"
    ALL_INITIAL = "all_initial"
    WEIGHTS_ZERO = "weights_zero"
    GROUP_GONE = "group_gone"
    NO_DESCRIPTOR = "no_descriptor"
    # 504
    CONNECT_TIMED_OUT = "connect_timed_out"
    TLS_TIMED_OUT = "tls_timed_out"
    IDLE = "idle"
    # behind a response head
    RESPONSE_CUT = "response_cut"
    # from the target
    TARGET_SAID_4XX = "target_4xx"
    TARGET_SAID_5XX = "target_5xx"
    TARGET_REDIRECTS_AGAIN = "target_redirects_again"
    # as the rules say
    RULE_SAID_ERROR = "rule_error"
    REDIRECT_TO_ITSELF = "redirect_to_itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """`status_code` is what the client gets; None where it differs from case to case."""

    status_code: int | None
    cause: Words
    next_steps: tuple[Words, ...]


CAUSES: dict[Outcome, Cause] = {
    Outcome.PLAIN_HTTP: Cause(
        status_code=400,
        cause=Words(
            "The client spoke plain HTTP to an HTTPS listener.", "클라이언트가 HTTPS 리스너에 평문 HTTP로 말했습니다."
        ),
        next_steps=(
            Words("Use https:// in the URL.", "URL을 https:// 로 시작하세요."),
            Words(
                "For people who type http://, have an HTTP listener on its own port that redirects to HTTPS.",
                "http:// 로 들어오는 사용자를 위해 별도 포트의 HTTP 리스너에서 HTTPS로 리디렉션하세요.",
            ),
        ),
    ),
    Outcome.NOT_HTTP: Cause(
        status_code=400,
        cause=Words(
            "The bytes that arrived are no HTTP request, or the connection ended before the head was complete.",
            "도착한 바이트가 HTTP 요청이 아니거나, 요청 헤더가 다 오기 전에 연결이 끝났습니다.",
        ),
        next_steps=(
            Words(
                "Look at what speaks to this port: TLS or another protocol on an HTTP listener looks like this, and so "
                "do port scanners.",
                "이 포트에 무엇이 접속하는지 확인하세요. HTTP 리스너에 TLS나 다른 프로토콜로 접속하거나 포트 스캐너가 "
                "접속하면 이렇게 보입니다.",
            ),
        ),
    ),
    Outcome.DESYNC: Cause(
        status_code=400,
        cause=Words(
            "The request head can be read in more than one way ({detail}), and the desync mitigation mode blocks that: "
            "such requests are used for request smuggling.",
            "요청 헤더가 두 가지 이상으로 해석될 수 있어({detail}) desync 완화 모드가 차단했습니다. 이런 요청은 요청 "
            "스머글링 공격에 쓰입니다.",
        ),
        next_steps=(
            Words(
                "Mend the client: one Content-Length or one Transfer-Encoding, CRLF line ends, plain field names.",
                "클라이언트를 고치세요. Content-Length 또는 Transfer-Encoding은 하나만, 줄 끝은 CRLF, 헤더 이름은 "
                "규격대로 보내야 합니다.",
            ),
            Words(
                "routing.http.desync_mitigation_mode decides what is let through: monitor, defensive or strictest.",
                "무엇을 통과시킬지는 routing.http.desync_mitigation_mode(monitor, defensive, strictest)가 정합니다.",
            ),
        ),
    ),
    Outcome.NO_HOST: Cause(
        status_code=400,
        cause=Words(
            "The request has no valid Host header, which HTTP/1.1 requires.",
            "HTTP/1.1에 꼭 있어야 하는 올바른 Host 헤더가 요청에 없습니다.",
        ),
        next_steps=(
            Words(
                "Have the client send exactly one Host header.", "클라이언트가 Host 헤더를 정확히 하나 보내게 하세요."
            ),
        ),
    ),
    Outcome.HEAD_TOO_LARGE: Cause(
        status_code=400,
        cause=Words(
            "The request head is too large: a header line may have up to 16 kB and the whole section up to 64 kB. "
            "Nearly always it is cookies.",
            "요청 헤더가 너무 큽니다. 헤더 한 줄은 16KB, 전체는 64KB까지입니다. 거의 언제나 쿠키 때문입니다.",
        ),
        next_steps=(
            Words(
                "Delete the cookies of this site in the client and try again.",
                "클라이언트에서 이 사이트의 쿠키를 지우고 다시 시도하세요.",
            ),
            Words(
                "Keep sessions on the server: the cookie then holds only an id.",
                "세션 내용은 서버에 두고 쿠키에는 ID만 담으세요.",
            ),
        ),
    ),
    Outcome.BAD_BODY: Cause(
        status_code=400,
        cause=Words(
            "The request body broke its framing: a chunk size was wrong, so nobody can say where the body ends.",
            "요청 본문의 형식이 깨졌습니다. 청크 크기가 틀려 본문이 어디서 끝나는지 알 수 없습니다.",
        ),
        next_steps=(
            Words(
                "Look at how the client writes chunks: the size in hexadecimal, CRLF, the data, CRLF.",
                "클라이언트가 청크를 쓰는 방법을 확인하세요. 16진수 크기, CRLF, 데이터, CRLF 순서입니다.",
            ),
        ),
    ),
    Outcome.CLIENT_GONE_IN_REQUEST: Cause(
        status_code=400,
        cause=Words(
            "The client closed the connection before its request was complete. It got no answer.",
            "요청을 다 보내기 전에 클라이언트가 연결을 닫았습니다. 응답은 전달되지 않았습니다.",
        ),
        next_steps=(
            Words(
                "Look at the client's side: a cancelled upload, its own time-out, a network that broke.",
                "클라이언트 쪽을 확인하세요. 업로드 취소, 클라이언트의 시간 제한, 네트워크 단절이 원인일 수 있습니다.",
            ),
        ),
    ),
    Outcome.MALFORMED_REQUEST: Cause(
        status_code=400,
        cause=Words(
            "The request does not follow HTTP, so no target may see it.",
            "요청이 HTTP 규격에 맞지 않아 대상에 전달할 수 없습니다.",
        ),
        next_steps=(
            Words(
                "Compare the request line and the header fields with what an ordinary client such as curl sends.",
                "요청 줄과 헤더를 curl 같은 보통 클라이언트가 보내는 것과 비교하세요.",
            ),
        ),
    ),
    Outcome.METHOD_REFUSED: Cause(
        status_code=405,
        cause=Words(
            "An Application Load Balancer refuses the methods TRACE and CONNECT.",
            "Application Load Balancer는 TRACE와 CONNECT 메서드를 거부합니다.",
        ),
        next_steps=(Words("Use another method.", "다른 메서드를 쓰세요."),),
    ),
    Outcome.REQUEST_TIMED_OUT: Cause(
        status_code=408,
        cause=Words(
            "The client did not send the rest of its request within the idle timeout.",
            "클라이언트가 유휴 제한 시간 안에 나머지 요청을 보내지 않았습니다.",
        ),
        next_steps=(
            Words(
                "Look at the client: does it announce a longer Content-Length than it sends?",
                "클라이언트를 확인하세요. 실제로 보내는 것보다 긴 Content-Length를 알리고 있지 않나요?",
            ),
            Words(
                "For slow uploads, raise idle_timeout.timeout_seconds.",
                "업로드가 느리다면 idle_timeout.timeout_seconds를 늘리세요.",
            ),
        ),
    ),
    Outcome.URI_TOO_LONG: Cause(
        status_code=414,
        cause=Words("The request line is longer than 16 kB.", "요청 줄이 16KB보다 깁니다."),
        next_steps=(
            Words(
                "Send the data in a body (POST) instead of the URL.", "데이터를 URL 대신 본문(POST)에 담아 보내세요."
            ),
        ),
    ),
    Outcome.CLIENT_CLOSED: Cause(
        status_code=460,
        cause=Words(
            "The client closed the connection before the target had answered: its own time-out is shorter than the "
            "target's time, or somebody cancelled.",
            "대상이 응답하기 전에 클라이언트가 연결을 닫았습니다. 클라이언트의 시간 제한이 대상의 처리 시간보다 "
            "짧거나 사용자가 취소했습니다.",
        ),
        next_steps=(
            Words(
                "Compare the client's time-out with the idle timeout (60 s by default): the client should wait longer.",
                "클라이언트의 시간 제한을 유휴 제한 시간(기본 60초)과 비교하세요. 클라이언트가 더 오래 기다려야 "
                "합니다.",
            ),
            Words("Find out why {target} was slow.", "{target}이(가) 왜 느렸는지 확인하세요."),
        ),
    ),
    Outcome.TOO_MANY_ADDRESSES: Cause(
        status_code=463,
        cause=Words(
            "X-Forwarded-For holds more than 30 addresses: a chain of proxies, or a loop among them.",
            "X-Forwarded-For에 주소가 30개 넘게 있습니다. 프록시가 너무 많이 이어져 있거나 서로 순환하고 있습니다.",
        ),
        next_steps=(
            Words(
                "Look at the addresses in X-Forwarded-For: the same one again and again is a loop.",
                "X-Forwarded-For의 주소를 보세요. 같은 주소가 되풀이되면 순환입니다.",
            ),
        ),
    ),
    Outcome.PROTOCOL_MISMATCH: Cause(
        status_code=464,
        cause=Words(
            "The protocol version of the request does not fit that of the target group.",
            "요청의 프로토콜 버전이 대상 그룹의 프로토콜 버전과 맞지 않습니다.",
        ),
        next_steps=(
            Words(
                "HTTP/2 and gRPC groups need HTTPS listeners and clients that speak HTTP/2.",
                "HTTP/2·gRPC 대상 그룹에는 HTTPS 리스너와 HTTP/2로 말하는 클라이언트가 필요합니다.",
            ),
        ),
    ),
    Outcome.TRANSFORM_FAILED: Cause(
        status_code=500,
        cause=Words(
            "A transform of the rule made something of the request that cannot be sent ({detail}).",
            "규칙의 변환이 요청을 보낼 수 없는 형태로 바꾸었습니다({detail}).",
        ),
        next_steps=(
            Words(
                "Look at the rule's host-header-rewrite and url-rewrite: the host has to be a valid one, the URL "
                "has to begin with / and hold no blanks.",
                "규칙의 host-header-rewrite와 url-rewrite를 확인하세요. 호스트는 올바른 이름이어야 하고 URL은 /로 "
                "시작하며 공백이 없어야 합니다.",
            ),
        ),
    ),
    Outcome.ENCODING_UNKNOWN: Cause(
        status_code=501,
        cause=Words(
            "The request has a Transfer-Encoding other than chunked.", "요청의 Transfer-Encoding이 chunked가 아닙니다."
        ),
        next_steps=(
            Words(
                "Compress with Content-Encoding, and send chunked or with a Content-Length.",
                "압축은 Content-Encoding으로 하고, chunked나 Content-Length로 보내세요.",
            ),
        ),
    ),
    Outcome.VERSION_UNKNOWN: Cause(
        status_code=505,
        cause=Words(
            "The request line names an HTTP version that an HTTP/1 connection cannot have.",
            "요청 줄에 HTTP/1 연결에서 쓸 수 없는 HTTP 버전이 적혀 있습니다.",
        ),
        next_steps=(Words("Send HTTP/1.1.", "HTTP/1.1로 보내세요."),),
    ),
    Outcome.LOCATION_TOO_LONG: Cause(
        status_code=507,
        cause=Words("The redirect's Location would be longer than 8 kB.", "리디렉션의 Location이 8KB보다 길어집니다."),
        next_steps=(
            Words(
                "Shorten the request's URL, or leave #{{query}} out of the redirect.",
                "요청 URL을 줄이거나 리디렉션에서 #{{query}}를 빼세요.",
            ),
        ),
    ),
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

_DEFAULTS = {
    "target": Words("the target", "대상"),
    "start": Words("Start it.", "다시 시작하세요."),
    "address": Words("ADDRESS:PORT", "ADDRESS:PORT"),
    "group": Words("the group", "대상 그룹"),
    "group_name": Words("GROUP", "GROUP"),
    "status": Words("status code", "상태"),
    "detail": Words("see the log line", "로그 줄 참고"),
}

_GENERAL = ("the ", "target ")
"""How what is not a name begins: in front of a sentence it gets a capital letter."""


def cause_of(outcome: Outcome, **names: str | Words) -> Cause:
    """The entry of an outcome with its names filled in.

    `target` and `group` are the subjects of sentences, `group_name` and `address` stand in commands; `start` says how
    to start the target, `status` is the status code, `detail` what else was seen. What is not given is told in general
    words: "the target".
    """
    entry = CAUSES[outcome]
    given = _DEFAULTS | {
        name: value if isinstance(value, Words) else Words(value, value) for name, value in names.items()
    }

    english = {name: value.en for name, value in given.items()}
    korean = {name: value.ko for name, value in given.items()}

    def filled(words: Words) -> Words:
        en = words.en.format_map(english)
        if words.en.startswith("{") and en.startswith(_GENERAL):
            en = en[0].upper() + en[1:]
        return Words(en, words.ko.format_map(korean))

    return Cause(
        status_code=entry.status_code,
        cause=filled(entry.cause),
        next_steps=tuple(map(filled, entry.next_steps)),
    )


def outcomes_of(status_code: int) -> tuple[Outcome, ...]:
    """Everything that may lie behind a status code that the load balancer makes itself; nothing for other codes."""
    return tuple(outcome for outcome, entry in CAUSES.items() if entry.status_code == status_code)
