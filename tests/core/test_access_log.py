"""The access-log line: 34 fields, always on one line (reference 7.1)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core import access_log
from simlb.core.access_log import ConnectionFacts, ExchangeRecord, format_line, timestamp
from simlb.core.desync import Finding

GROUP = "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067"
QUOTED_FIELDS = 15
DNS_NAME = "my-loadbalancer-1234567890.us-east-2.elb.localhost"
SECOND = 1530570168
"""2018-07-02T22:22:48Z."""

# One group for each of the 34 fields, in the way that people's log tables (Athena, Logstash) take the line apart.
LINE = re.compile(
    r"([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*:[0-9]*) ([^ ]*[:-][0-9]*) ([-.0-9]*) ([-.0-9]*) ([-.0-9]*) (|[-0-9]*) "
    r'(-|[-0-9]*) ([-0-9]*) ([-0-9]*) "([^ ]* .* (?:- |[^ ]*))" "([^"]*)" ([A-Z0-9-_]+) ([A-Za-z0-9.-]*) ([^ ]*) '
    r'"([^"]*)" "([^"]*)" "([^"]*)" ([-.0-9]*) ([^ ]*) "([^"]*)" "([^"]*)" "([^ ]*)" "([^\s]+?)" "([^\s]+)" "([^ ]*)" '
    r'"([^ ]*)" (TID_[0-9a-f]+|-) "([^"]*)" "([^"]*)" "([^"]*)" ([0-9.:a-f]+)'
)


class Request:
    def __init__(
        self,
        method: bytes = b"GET",
        uri: bytes = b"/",
        host: bytes | None = b"www.example.com",
        user_agent: bytes | None = b"curl/7.46.0",
        version: bytes = b"HTTP/1.1",
    ) -> None:
        self.method, self.uri, self.version = method, uri, version
        self.named_host, self.user_agent = host, user_agent


def facts(*, scheme: str = "http", port: int = 80, client_ip: str = "192.168.131.39") -> ConnectionFacts:
    found = ConnectionFacts(
        elb="app/my-loadbalancer/50dc6c495c0c9188",
        dns_name=DNS_NAME,
        scheme=scheme,
        listener_port=port,
        client_ip=client_ip,
        client_port=2817,
        node_ip="127.0.0.1",
    )
    found.trace_id = "TID_1234abcd5678ef90"
    return found


def record(request: Request | None, connection: ConnectionFacts | None = None, **members: Any) -> ExchangeRecord:
    made = ExchangeRecord(connection or facts(), request, SECOND + 0.364)
    made.ended_at = SECOND + 12.186641
    for name, value in members.items():
        setattr(made, name, value)
    return made


FORWARDED: dict[str, Any] = {
    "target_address": "10.0.0.1:80",
    "target_group_arn": GROUP,
    "request_processing_time": 0.0,
    "target_processing_time": 0.001,
    "response_processing_time": 0.0,
    "elb_status_code": 200,
    "target_status_code": 200,
    "received_bytes": 34,
    "sent_bytes": 366,
    "trace_id": "Root=1-58337262-36d228ad5d99923122bbe354",
    "matched_rule_priority": 0,
    "action": "forward",
}


def fields_of(line: str) -> list[str]:
    match = LINE.fullmatch(line)
    assert match is not None, line
    return list(match.groups())


def test_the_sample_line_of_the_user_guide() -> None:
    assert format_line(record(Request(), **FORWARDED)) == (
        "http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 "
        '0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - '
        f'{GROUP} "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" '
        '"10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90 "-" "-" "-" 127.0.0.1'
    )


def test_a_table_of_34_columns_reads_it() -> None:
    assert len(fields_of(format_line(record(Request(), **FORWARDED)))) == 34


def test_https_names_cipher_protocol_server_name_and_certificate() -> None:
    connection = facts(scheme="https", port=443)
    connection.tls_cipher, connection.tls_protocol = "TLS_AES_128_GCM_SHA256", "TLSv1.3"
    connection.server_name = "www.example.com"
    connection.certificate_arn = "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    found = fields_of(format_line(record(Request(), connection, **FORWARDED)))
    assert found[0] == "https"
    assert found[12] == "GET https://www.example.com:443/ HTTP/1.1"
    assert found[14:16] == ["TLS_AES_128_GCM_SHA256", "TLSv1.3"]
    assert found[18:20] == [connection.server_name, connection.certificate_arn]


def test_what_repeats_is_not_remembered_without_bound() -> None:
    for number in range(3000):
        format_line(record(Request(user_agent=b"agent %d" % number), **FORWARDED))
    for number in range(50):
        format_line(record(Request(user_agent=b"%08d" % number * 1000), **FORWARDED))
    assert len(access_log._texts) <= access_log._TEXTS_MAX
    assert max(map(len, access_log._texts)) <= 512


def test_a_websocket_is_told_apart() -> None:
    assert fields_of(format_line(record(Request(), kind="ws", **FORWARDED)))[0] == "ws"


def test_what_could_not_be_read_as_a_request() -> None:
    line = format_line(record(None, elb_status_code=400, sent_bytes=272))
    assert line == (
        "http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 "
        "- -1 -1 -1 400 - 0 272 "
        '"- http://my-loadbalancer-1234567890.us-east-2.elb.localhost:80- -" "-" - - - "-" "-" "-" - '
        '2018-07-02T22:22:48.364000Z "-" "-" "-" "-" "-" "-" "-" TID_1234abcd5678ef90 "-" "-" "-" 127.0.0.1'
    )
    assert fields_of(line)[12].startswith("- http://")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param(
            {
                "target_address": "10.0.0.1:80",
                "target_group_arn": GROUP,
                "elb_status_code": 460,
                "action": "forward",
            },
            {4: "10.0.0.1:80", 5: "-1", 6: "-1", 7: "-1", 8: "460", 9: "-", 11: "0", 25: "10.0.0.1:80", 26: "-"},
            id="460: the client left before the answer",
        ),
        pytest.param(
            {
                "target_address": "10.0.0.1:80",
                "target_group_arn": GROUP,
                "request_processing_time": 0.001,
                "target_processing_time": 0.004,
                "elb_status_code": 502,
                "sent_bytes": 277,
                "action": "forward",
            },
            {4: "10.0.0.1:80", 5: "0.001", 6: "0.004", 7: "-1", 8: "502", 9: "-", 11: "277"},
            id="502: real times up to the failure",
        ),
        pytest.param(
            {"target_group_arn": GROUP, "elb_status_code": 503, "sent_bytes": 337, "action": "forward"},
            {4: "-", 5: "-1", 6: "-1", 7: "-1", 8: "503", 9: "-", 16: GROUP, 22: "forward", 25: "-", 26: "-"},
            id="503: no target",
        ),
        pytest.param(
            {
                "elb_status_code": 301,
                "action": "redirect",
                "redirect_url": "https://h:443/a?b",
                "matched_rule_priority": 0,
            },
            {4: "-", 8: "301", 9: "-", 16: "-", 20: "0", 22: "redirect", 23: "https://h:443/a?b"},
            id="a redirect",
        ),
        pytest.param(
            {"elb_status_code": 400, "findings": (Finding.SPACE_IN_URI, Finding.BAD_HEADER, Finding.BAD_VERSION)},
            {8: "400", 22: "-", 27: "Severe", 28: "BadHeader"},
            id="a blocked request: the worst class, its first reason",
        ),
        pytest.param(
            {"elb_status_code": 200, "findings": (Finding.NON_CRLF_LINE_TERMINATION,)},
            {27: "Acceptable", 28: "NonCrLfLineTermination"},
            id="a tolerated defect",
        ),
    ],
)
def test_outcomes(members: dict[str, Any], expected: dict[int, str]) -> None:
    found = fields_of(format_line(record(Request(), **members)))
    assert {place: found[place] for place in expected} == expected


@pytest.mark.parametrize(
    ("request_", "written"),
    [
        (Request(host=None, version=b"HTTP/1.0"), f"GET http://{DNS_NAME}:80/ HTTP/1.0"),
        (Request(uri=b"/a?b=c&d"), "GET http://www.example.com:80/a?b=c&d HTTP/1.1"),
        (Request(uri=b"http://other.test/x"), "GET http://other.test/x HTTP/1.1"),
        (Request(uri=b"/?u=http://other.test/"), "GET http://www.example.com:80/?u=http://other.test/ HTTP/1.1"),
        (Request(uri=b"/a b"), "GET http://www.example.com:80/a b HTTP/1.1"),
        (Request(uri=b"/\xec\x95\x88"), "GET http://www.example.com:80/\\xec\\x95\\x88 HTTP/1.1"),
        (Request(method=b"CUSTOM-METHOD"), "CUSTOM-METHOD http://www.example.com:80/ HTTP/1.1"),
        (Request(host=b"[::1]"), "GET http://[::1]:80/ HTTP/1.1"),
    ],
)  # fmt: skip
def test_request_lines(request_: Request, written: str) -> None:
    assert fields_of(format_line(record(request_)))[12] == written


@pytest.mark.parametrize(
    ("user_agent", "written"),
    [
        (None, "-"),
        (b"Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)"),
        (b'"quoted"', "\\x22quoted\\x22"),
        (b"back\\slash", "back\\x5cslash"),
        (b"tab\there", "tab\\x09here"),
        (b"\xff\x00\x7f", "\\xff\\x00\\x7f"),
        (b'" 200 200 0 0 "forged', "\\x22 200 200 0 0 \\x22forged"),
        (b"x" * 9000, "x" * 8192),
    ],
)
def test_user_agents(user_agent: bytes | None, written: str) -> None:
    assert fields_of(format_line(record(Request(user_agent=user_agent), **FORWARDED)))[13] == written


HOSTILE = st.binary(max_size=12) | st.sampled_from([b'" "', b"\n", b"\r\n", b"\\", b"\x85", "\u2028".encode(), b"-"])


@pytest.mark.slow
@settings(max_examples=200, derandomize=True, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_whatever_a_client_sends_a_line_stays_one_line_of_34_fields(
    method: bytes, uri: bytes, version: bytes, user_agent: bytes, trace: bytes, name: bytes
) -> None:
    connection = facts()
    connection.server_name = name.decode("latin-1")
    members = FORWARDED | {
        "has_own_trace_id": False,
        "trace_id": trace.decode("latin-1"),
        "redirect_url": uri.decode("latin-1"),
    }
    line = format_line(record(Request(method, uri, user_agent=user_agent, version=version), connection, **members))
    assert line.isascii()
    assert line.isprintable()
    assert len(line.splitlines()) == 1
    fields_of(line)
    assert line.count('"') == 2 * QUOTED_FIELDS


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.0, "1970-01-01T00:00:00.000000Z"),
        (1530570180.186641, "2018-07-02T22:23:00.186641Z"),
        (1530570180.9999996, "2018-07-02T22:23:01.000000Z"),
        (4102444799.5, "2099-12-31T23:59:59.500000Z"),
    ],
)
def test_timestamps(seconds: float, written: str) -> None:
    assert (timestamp(seconds), timestamp(0.0)[:4], timestamp(seconds)) == (written, "1970", written)
