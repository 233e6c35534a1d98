"""Lines of the three logs as named fields: AWS's samples, and what simlb calls their parts."""

from __future__ import annotations

import pytest

from simlb.core.access_log import unquoted
from simlb.core.log_kinds import LogKind
from simlb.observe.log_fields import (
    COLUMNS,
    USUAL_COLUMNS,
    Entry,
    Value,
    as_json,
    is_line,
    known_fields,
    request_words,
    split,
    time_of,
)

# Reference 7.1 to 7.3.
ACCESS = (
    "http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 "
    '0.000 200 200 34 366 "GET http://www.example.com:80/a/b?x=1&y=2 HTTP/1.1" "curl/7.46.0" - - '
    "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "
    '"Self=1-58337262-1;Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" '
    '"-" "10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90 "-" "-" "-"'
)
UNREADABLE = (
    "http 2018-07-02T22:23:00.186641Z app/my-lb/50dc6c495c0c9188 192.168.131.39:2817 - -1 -1 -1 400 - 0 272 "
    '"- http://my-lb-1.elb.amazonaws.com:80- -" "-" - - - "-" "-" "-" - 2018-07-02T22:22:48.364000Z "-" "-" "-" "-" '
    '"-" "-" "-"'
)
CONNECTION = (
    "2023-10-04T17:05:15.514108Z 203.0.113.1 36280 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 4.036 "
    '"CN=amazondomains.com,O=endEntity,L=Seattle,ST=Washington,C=US" '
    "NotBefore=2023-09-21T22:43:21Z;NotAfter=2026-06-17T22:43:21Z FEF257372D5C14D4 Success "
    "TID_3180a73013c8ca4bac2f731159d4b0fe"
)
HEALTH_CHECK = "http 2025-10-31T12:44:59.875678Z 1.121980746 172.31.31.9:80 HCLogsTestIPs FAIL 502 TargetError"

READ: list[tuple[LogKind, str, str, Value]] = [
    (LogKind.ACCESS, ACCESS, "status", 200),
    (LogKind.ACCESS, ACCESS, "target", "10.0.0.1:80"),
    (LogKind.ACCESS, ACCESS, "target_ip", "10.0.0.1"),
    (LogKind.ACCESS, ACCESS, "client_port", 2817),
    (LogKind.ACCESS, ACCESS, "seconds", 0.001),
    (LogKind.ACCESS, ACCESS, "method", "GET"),
    (LogKind.ACCESS, ACCESS, "scheme", "http"),
    (LogKind.ACCESS, ACCESS, "host", "www.example.com"),
    (LogKind.ACCESS, ACCESS, "port", 80),
    (LogKind.ACCESS, ACCESS, "path", "/a/b"),
    (LogKind.ACCESS, ACCESS, "query", "x=1&y=2"),
    (LogKind.ACCESS, ACCESS, "version", "HTTP/1.1"),
    (LogKind.ACCESS, ACCESS, "group", "my-targets"),
    (LogKind.ACCESS, ACCESS, "load_balancer", "my-loadbalancer"),
    (LogKind.ACCESS, ACCESS, "trace", "1-58337262-36d228ad5d99923122bbe354"),
    (LogKind.ACCESS, ACCESS, "cipher", None),
    (LogKind.ACCESS, ACCESS, "rule", 0),
    (LogKind.ACCESS, ACCESS, "clock", "22:23:00.186"),
    (LogKind.ACCESS, ACCESS, "number", 7),
    # A line of before AWS added the field.
    (LogKind.ACCESS, ACCESS, "ip_address", None),
    (LogKind.ACCESS, UNREADABLE, "method", None),
    (LogKind.ACCESS, UNREADABLE, "path", None),
    (LogKind.ACCESS, UNREADABLE, "target", None),
    (LogKind.ACCESS, UNREADABLE, "target_port", None),
    (LogKind.ACCESS, UNREADABLE, "seconds", None),
    (LogKind.ACCESS, UNREADABLE, "request_time", -1.0),
    (LogKind.ACCESS, UNREADABLE, "trace", None),
    (LogKind.ACCESS, UNREADABLE, "group", None),
    (LogKind.CONNECTION, CONNECTION, "client", "203.0.113.1"),
    (LogKind.CONNECTION, CONNECTION, "port", 443),
    (LogKind.CONNECTION, CONNECTION, "seconds", 4.036),
    (LogKind.CONNECTION, CONNECTION, "subject", "CN=amazondomains.com,O=endEntity,L=Seattle,ST=Washington,C=US"),
    (LogKind.CONNECTION, CONNECTION, "verify", "Success"),
    (LogKind.CONNECTION, CONNECTION, "key_exchange", None),
    (LogKind.CONNECTION, CONNECTION, "clock", "17:05:15.514"),
    (LogKind.HEALTH_CHECK, HEALTH_CHECK, "result", "FAIL"),
    (LogKind.HEALTH_CHECK, HEALTH_CHECK, "code", 502),
    (LogKind.HEALTH_CHECK, HEALTH_CHECK, "reason", "TargetError"),
    (LogKind.HEALTH_CHECK, HEALTH_CHECK, "group", "HCLogsTestIPs"),
    (LogKind.HEALTH_CHECK, HEALTH_CHECK, "target_port", 80),
    (LogKind.HEALTH_CHECK, HEALTH_CHECK, "seconds", 1.121980746),
    (LogKind.HEALTH_CHECK, HEALTH_CHECK, "clock", "12:44:59.875"),
]
SAMPLES = {LogKind.ACCESS: ACCESS, LogKind.CONNECTION: CONNECTION, LogKind.HEALTH_CHECK: HEALTH_CHECK}


@pytest.mark.parametrize(("kind", "line", "name", "value"), READ)
def test_a_field_of_a_line(kind: LogKind, line: str, name: str, value: Value) -> None:
    assert known_fields(kind)[name].get(Entry(split(line), 7)) == value


def test_the_logs_have_as_many_fields_as_the_reference_says() -> None:
    assert [len(COLUMNS[kind]) for kind in LogKind] == [34, 15, 10]
    for kind in LogKind:
        assert set(USUAL_COLUMNS[kind]) <= set(known_fields(kind))


@pytest.mark.parametrize("kind", LogKind)
def test_a_line_is_one_of_its_own_log_only(kind: LogKind) -> None:
    assert [other for other in LogKind if is_line(SAMPLES[other], kind)] == [kind]
    assert not is_line("Enable AccessLog for ELB: app/my-alb/1 at 2020-11-20T09:55:52.806Z", kind)


def test_as_json_nothing_is_none_and_what_is_unknown_has_a_number() -> None:
    members = as_json(Entry(split(f'{ACCESS} 127.0.0.1 "new"')), LogKind.ACCESS)
    assert list(members)[:34] == list(COLUMNS[LogKind.ACCESS])
    assert (members["ssl_cipher"], members["request_processing_time"], members["field_35"]) == (None, 0.0, "new")
    assert time_of(Entry(split(CONNECTION)), LogKind.CONNECTION) == "2023-10-04T17:05:15.514108Z"


@pytest.mark.parametrize(
    ("request_line", "words"),
    [
        ("GET http://a:80/x y HTTP/1.1", ("GET", "http://a:80/x y", "HTTP/1.1")),
        ("OPTIONS http://a:80* HTTP/1.1", ("OPTIONS", "http://a:80*", "HTTP/1.1")),
        ("- http://a:80- -", ("-", "-", "-")),
        ("-", ("-", "-", "-")),
    ],
)
def test_the_request_line_has_three_parts(request_line: str, words: tuple[str, str, str]) -> None:
    assert request_words(request_line) == words


def test_what_the_log_escapes_can_be_read_back() -> None:
    assert unquoted(r"/\x1b[31m\x22\x5cx41\xff") == b'/\x1b[31m"\\x41\xff'
