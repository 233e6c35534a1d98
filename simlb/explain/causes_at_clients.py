"""What lies behind what a load balancer refuses itself: the request, or its client."""

from __future__ import annotations

from simlb.explain.outcome import Cause, Outcome
from simlb.explain.story import Words

AT_CLIENTS: dict[Outcome, Cause] = {
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
    Outcome.OTHER_LOAD_BALANCER: Cause(
        status_code=400,
        cause=Words(
            "The request is for another load balancer that shares this address and port. The TLS server name, or the "
            "Host of the connection's first request, has given the connection to this one.",
            "주소와 포트를 함께 쓰는 다른 로드 밸런서로 가는 요청입니다. 이 연결은 TLS 서버 이름 또는 첫 요청의 Host에 "
            "따라 이 로드 밸런서의 것입니다.",
        ),
        next_steps=(
            Words(
                "Send it on a connection of its own; over TLS, with the same name in the ClientHello as in Host.",
                "다른 연결로 보내세요. TLS라면 ClientHello의 이름과 Host의 이름이 같아야 합니다.",
            ),
            Words(
                "Or give the load balancers different addresses or ports: bind.",
                "또는 bind로 로드 밸런서마다 다른 주소나 포트를 지정하세요.",
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
}
