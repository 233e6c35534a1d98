"""Bad documents and the exact words they are refused with."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from simlb.config import InvalidConfigError
from simlb.config.documents import ELSEWHERE, TargetGroupEntry
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from .conftest import Load, RecordingCertificates, RecordingPorts

HEAD = """\
simlb: config/1
load_balancers:
  - name: my-alb
    listeners:
      - {protocol: HTTP, port: 80, forward: web}
"""
GROUP = """\
target_groups:
  - name: web
"""


def refused(load: Load, text: str, **flags: object) -> list[str]:
    with pytest.raises(InvalidConfigError) as caught:
        load(text, **flags)
    return [f"{problem.code} {problem.place.text}: {problem.what}" for problem in caught.value.problems]


def listeners(*lines: str) -> str:
    """A document whose listeners start in line 5; the HTTPS one, where needed, is among the lines."""
    entries = "".join(f"      - {{{line}}}\n" for line in lines)
    return f"simlb: config/1\nload_balancers:\n  - name: my-alb\n    listeners:\n{entries}{GROUP}"


def group(text: str) -> str:
    """A document whose target group `web` goes on in line 8."""
    return HEAD + GROUP + textwrap.indent(textwrap.dedent(text), "    ")


def balancer(text: str) -> str:
    """A document whose load balancer goes on in line 4."""
    return "simlb: config/1\nload_balancers:\n  - name: my-alb\n" + textwrap.indent(text, "    ")


SHAPE = [
    ("simlb: config/1", ["E501 simlb.yaml:1: 'load_balancers' is missing in the file"]),
    ("simlb: config/2\nload_balancers: []", [
        "E502 simlb.yaml:1: 'simlb' must be 'config/1', not 'config/2' (did you mean 'config/1'?)",
    ]),
    ("load_balancers: [{name: a}]", ["E501 simlb.yaml:1: 'simlb' is missing in the file"]),
    ("- a", ["E501 simlb.yaml:1: the file must be a mapping (key: value), not a list"]),
    ("hello", ["E501 simlb.yaml:1: the file must be a mapping (key: value), not 'hello'"]),
    (HEAD + "target_group: []", [
        "E501 simlb.yaml:6: unknown key 'target_group' in the file (did you mean 'target_groups'?)"
    ]),
    (HEAD + "target_groups:", ["E501 simlb.yaml:6: 'target_groups' has no value"]),
    (HEAD + "target_groups: [web]", [
        "E501 simlb.yaml:6: 'target_groups[0]' must be a mapping (key: value), not 'web'"
    ]),
    (HEAD + "speed: 0", ["E502 simlb.yaml:6: 'speed' must be a number above 0 and at most 1000, not 0"]),
    (HEAD + "speed: fast", ["E501 simlb.yaml:6: 'speed' must be a number above 0 and at most 1000, not 'fast'"]),
    (HEAD + "strict: no", ["E501 simlb.yaml:6: 'strict' must be true or false, not 'no'"]),
    (HEAD + "control_port: 65536", [
        "E502 simlb.yaml:6: 'control_port' must be a whole number from 0 to 65535, not 65536"
    ]),
    (balancer("scheme: public"), [
        "E502 simlb.yaml:4: 'scheme' must be one of 'internal', 'internet-facing', not 'public'"
    ]),
    (balancer("scheme: internl"), [
        "E502 simlb.yaml:4: 'scheme' must be one of 'internal', 'internet-facing', not 'internl'"
        " (did you mean 'internal'?)"
    ]),
    (balancer("listeners:\n- {protocol: HTTP, port: 70000, forward: web}"), [
        "E502 simlb.yaml:5: 'port' must be a whole number from 1 to 65535, not 70000"
    ]),
    (balancer("listeners:\n- {protocol: TCP, port: true, forward: 5}"), [
        "E502 simlb.yaml:5: 'protocol' must be one of 'HTTP', 'HTTPS', not 'TCP'",
        "E501 simlb.yaml:5: 'port' must be a whole number from 1 to 65535, not true",
        "E501 simlb.yaml:5: 'forward' must be text or a mapping (key: value), not 5",
    ]),
    (group("health_check:\n  interval: 30s\n  heathy: 5\n"), [
        "E501 simlb.yaml:10: unknown key 'heathy' in health_check (did you mean 'healthy'?)"
    ]),
    (listeners("protocol: HTTPS, port: 443, forward: web, ssl_policy: ELBSecurityPolicy-2016-80"), [
        "E503 simlb.yaml:5: Policy ELBSecurityPolicy-2016-80 not found (SSLPolicyNotFound)"
        " (did you mean 'ELBSecurityPolicy-2016-08'?)"
    ]),
    (listeners("protocol: HTTP, port: 80, forward: web, ssl_policy: ELBSecurityPolicy-2016-08"), [
        "E501 simlb.yaml:5: an HTTP listener has no security policy"
    ]),
    (group("targets: [{url: [1]}]"), ["E501 simlb.yaml:8: 'url' must be text, not a list"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problems"), SHAPE)
def test_shape(load: Load, text: str, problems: list[str]) -> None:
    assert refused(load, text) == problems


NOT_YET = [
    (group("protocol_version: GRPC"),
     "E505 simlb.yaml:8: target group protocol_version 'GRPC' is not supported yet (only 'HTTP1')"),
    (group("target_type: lambda"),
     "E505 simlb.yaml:8: target group target_type 'lambda' is not supported yet (only 'ip', 'instance')"),
    (group("health_check: {matcher: {grpc_code: 0, http_code: 200}}"),
     "E505 simlb.yaml:8: 'grpc_code' is not supported yet"),
    (group("attributes: {load_balancing.cross_zone.enabled: false}"),
     "E505 simlb.yaml:8: 'load_balancing.cross_zone.enabled' = 'false' is not supported by simlb yet"
     " (only 'use_load_balancer_configuration')"),
    (balancer("attributes: {zonal_shift.config.enabled: true}"),
     "E505 simlb.yaml:4: 'zonal_shift.config.enabled' = 'true' is not supported by simlb yet (only 'false')"),
    (balancer("subnets: [a, b]"), "E505 simlb.yaml:4: 'subnets' is not supported yet"),
    (group("target_control_port: 9000"), "E505 simlb.yaml:8: 'target_control_port' is not supported yet"),
    (group("ip_address_type: ipv6"), "E505 simlb.yaml:8: 'ip_address_type' is not supported yet"),
    (group("vpc_id: vpc-0123"), "E505 simlb.yaml:8: 'vpc_id' is not supported yet"),
    (listeners("protocol: HTTPS, port: 443, forward: web, ssl_policy: ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"),
     "E505 simlb.yaml:5: policy ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09 is not supported by simlb: its post-quantum"
     " key exchange cannot be chosen in Python's ssl module"),
    (listeners("protocol: HTTPS, port: 443, forward: web, alpn_policy: [HTTP2Preferred]"),
     "E505 simlb.yaml:5: 'alpn_policy' is not supported yet"),
    (balancer("security_group: {inbound: [{source: sg-0123}]}"),
     "E505 simlb.yaml:4: 'sg-0123': security groups as a source are not supported yet"),
    (listeners("protocol: HTTP, port: 80, default_actions: [{type: authenticate-oidc, x: 1}]"),
     "E505 simlb.yaml:5: action type 'authenticate-oidc' is not supported yet"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), NOT_YET)
def test_what_is_not_supported_yet_says_so(load: Load, text: str, problem: str) -> None:
    assert refused(load, text) == [problem]


@pytest.mark.parametrize(("key", "instead"), ELSEWHERE[TargetGroupEntry].items())
def test_a_key_of_other_tools_is_told_what_it_is_here(load: Load, key: str, instead: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(group(f"{key}: 1"))
    assert caught.value.render().splitlines() == [
        f"SIMLB-E501  simlb.yaml:8: unknown key '{key}' in target_groups[0]",
        f"            → write it as {instead}",
    ]
    load(group(instead))


LISTENERS = [
    (listeners("protocol: HTTP, port: 80, forward: web", "protocol: HTTP, port: 80, forward: web"),
     "E502 simlb.yaml:6: A listener already exists on this port for this load balancer 'my-alb'"),
    (listeners("protocol: HTTP, port: 80, forward: web, certificates: [a.test]"),
     "E501 simlb.yaml:5: an HTTP listener has no certificates"),
    (listeners("protocol: HTTPS, port: 443, forward: web, certificates: []"),
     "E502 simlb.yaml:5: an HTTPS listener has at least one certificate"),
    (listeners("protocol: HTTPS, port: 443, forward: web, certificates: [shop.example.com]"),
     "E203 simlb.yaml:5: the local CA does not sign 'shop.example.com'"),
    (listeners("protocol: HTTPS, port: 443, forward: web, certificates: [{names: [a b]}]"),
     "E502 simlb.yaml:5: 'a b' is not a DNS name such as shop.localhost"),
    (listeners("protocol: HTTPS, port: 443, forward: web, certificates: [{names: []}]"),
     "E502 simlb.yaml:5: a certificate needs at least one name"),
    (listeners("protocol: HTTPS, port: 443, forward: web, certificates: [{certificate_file: a.pem}]"),
     "E501 simlb.yaml:5: a certificate has either 'names', or 'certificate_file' and 'key_file'"),
    (listeners("protocol: HTTP, port: 80, forward: web, bind: 8080.0"),
     "E501 simlb.yaml:5: 'bind' must be text or a whole number from 0 to 65535, not 8080.0"),
    (listeners("protocol: HTTP, port: 80, forward: web, bind: 8080",
               "protocol: HTTP, port: 81, forward: web, bind: 8080"),
     "E502 simlb.yaml:6: 127.0.0.1:8080 is already taken by listener 80 of 'my-alb'"),
    (listeners("protocol: HTTP, port: 80, forward: web, bind: 127.0.0.1:8080").replace(
        "target_groups", "  - name: b\n    listeners:\n"
        "      - {protocol: HTTPS, port: 1, bind: 127.0.0.1:8080, fixed_response: {status_code: 200}}\ntarget_groups"),
     "E502 simlb.yaml:8: 127.0.0.1:8080 is already taken by listener 80 of 'my-alb', which speaks HTTP"),
    (listeners("protocol: HTTP, port: 80, forward: web, bind: here:80"),
     "E502 simlb.yaml:5: bind 'here:80': 'here' is not an address"),
    (listeners("protocol: HTTP, port: 80, forward: web, bind: 127.0.0.1"),
     "E502 simlb.yaml:5: bind '127.0.0.1' is not an address and port"),
    (listeners("protocol: HTTP, port: 80, forward: web, bind: '::1:80'"),
     "E502 simlb.yaml:5: bind '::1:80' must be written as address:port, an IPv6 address in brackets"),
    (listeners("protocol: HTTP, port: 80, forward: web, bind: 0.0.0.0:80"),
     "E502 simlb.yaml:5: bind '0.0.0.0:80' would let other machines in"),
    (listeners("protocol: HTTP, port: 80, forward: web, bind: ':8080'", "protocol: HTTP, port: 81, forward: web,"
               " bind: 127.0.0.1:8080"),
     "E502 simlb.yaml:6: 127.0.0.1:8080 is already taken by listener 80 of 'my-alb'"),
    (listeners("protocol: HTTP, port: 8000, forward: web") + "    targets: [{url: 'http://localhost:8000'}]",
     "E502 simlb.yaml:5: a target is at 127.0.0.1:8000: the load balancer would forward to itself"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), LISTENERS)
def test_listeners(load: Load, text: str, problem: str) -> None:
    assert refused(load, text) == [problem]


def named(name: str) -> str:
    return f"simlb: config/1\nload_balancers:\n  - name: '{name}'\n"


BALANCERS = [
    (balancer("") + "keep_bodies: 2m", "E502 simlb.yaml:4: 'keep_bodies' must be from 0 to 1m, not 2m"),
    (balancer("") + "keep_bodies: -1", "E502 simlb.yaml:4: 'keep_bodies' must be from 0 to 1m, not -1"),
    (balancer("") + "foreign_ids: x", "E502 simlb.yaml:4: 'foreign_ids' must be one of 'accept', 'refuse', not 'x'"),
    (
        balancer("") + "foreign_endpoint: https://127.0.0.1:5000",
        "E502 simlb.yaml:4: 'foreign_endpoint' is an http URL such as http://127.0.0.1:5000",
    ),
    (
        balancer("") + "foreign_endpoint: http://10.0.0.1:5000",
        "E506 simlb.yaml:4: 'http://10.0.0.1:5000' is at 10.0.0.1, which is not on this machine",
    ),
    (balancer("") + "keep_bodies: 64 kB", "E502 simlb.yaml:4: '64 kB' is not a size such as 64k"),
    (balancer("") + "keep_bodies: yes", "E502 simlb.yaml:4: 'yes' is not a size such as 64k"),
    (named(""), "E502 simlb.yaml:3: Load balancer name '' cannot be empty"),
    (named("a" * 33), f"E502 simlb.yaml:3: Load balancer name '{'a' * 33}' cannot be longer than '32' characters"),
    (named("-a"), "E502 simlb.yaml:3: Load balancer name '-a' cannot begin or end with '-'"),
    (named("a-"), "E502 simlb.yaml:3: Load balancer name 'a-' cannot begin or end with '-'"),
    (named("--"), "E502 simlb.yaml:3: Load balancer name '--' cannot begin or end with '-'"),
    (named("a_b"), "E502 simlb.yaml:3: Load balancer name 'a_b' can only contain characters that are alphanumeric"
                   " characters or hyphens(-)"),
    (named("상점"), "E502 simlb.yaml:3: Load balancer name '상점' can only contain characters that are alphanumeric"
                   " characters or hyphens(-)"),
    (named("internal-a"), "E502 simlb.yaml:3: Load balancer name 'internal-a' cannot begin with 'internal-'"),
    (named("a") + "  - name: a\n", "E502 simlb.yaml:4: there are two load balancers named 'a'"),
    (named("a") + "region: here", "E502 simlb.yaml:4: 'here' is not a region such as ap-northeast-2"),
    (balancer("dns: [a..b]"), "E502 simlb.yaml:4: 'a..b' is not a DNS name such as shop.localhost"),
    (balancer("dns: [127.0.0.1]"), "E502 simlb.yaml:4: '127.0.0.1' is not a DNS name such as shop.localhost"),
    (balancer("dns: [a.test, A.test]"), "E502 simlb.yaml:4: 'a.test' already leads to load balancer 'my-alb'"),
    (group("attributes: {slow_start.duration_seconds: 10}"),
     "E502 simlb.yaml:8: 'slow_start.duration_seconds' value '10' must be '0' or between '30-900' inclusive"
     " (ValidationError)"),
    (group("attributes: {stickiness.enabled: true, stickiness.type: app_cookie}"),
     "E502 simlb.yaml:8: You must set an application cookie name to enable stickiness of type 'app_cookie'"
     " (InvalidConfigurationRequest)"),
    (group("attributes: {stickiness.enabled: true, stickiness.type: app_cookie,"
           " stickiness.app_cookie.cookie_name: AWSALB}"),
     "E502 simlb.yaml:8: 'stickiness.app_cookie.cookie_name' value 'AWSALB' must not begin with"
     " AWSALB, AWSALBAPP or AWSALBTG (ValidationError)"),
    (balancer("attributes: {idle_timeout.timeout_seconds: 0}"),
     "E502 simlb.yaml:4: 'idle_timeout.timeout_seconds' value '0' must be between '1-4000' inclusive"
     " (ValidationError)"),
    (balancer("attributes:\n  idle_timeout.seconds: 5"),
     "E501 simlb.yaml:5: attribute key 'idle_timeout.seconds' is not recognized"
     " (did you mean 'idle_timeout.timeout_seconds'?)"),
    (balancer("attributes: {routing.http.desync_mitigation_mode: strict}"),
     "E502 simlb.yaml:4: 'routing.http.desync_mitigation_mode' value 'strict' must be one of 'monitor', 'defensive',"
     " 'strictest' (ValidationError)"),
    (balancer("attributes: {access_logs.s3.enabled: yes}"),
     "E502 simlb.yaml:4: 'access_logs.s3.enabled' value 'yes' must be one of 'true', 'false' (ValidationError)"),
    (balancer("attributes: {idle_timeout.timeout_seconds: 1.5}"),
     "E501 simlb.yaml:4: 'idle_timeout.timeout_seconds' must be text or a whole number or true or false, not 1.5"),
    (balancer("security_group: {inbound: [{source: nowhere}]}"),
     "E502 simlb.yaml:4: 'nowhere' is not a network such as 127.0.0.0/8"),
    (balancer("security_group: {inbound: [{source: 10.0.0.1/8}]}"),
     "E502 simlb.yaml:4: '10.0.0.1/8' has host bits set (did you mean '10.0.0.0/8'?)"),
    (balancer("security_group: {inbound: ['80']}"),
     "E501 simlb.yaml:4: 'inbound[0]' must be a whole number from 1 to 65535 or a mapping (key: value), not '80'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), BALANCERS)
def test_load_balancers(load: Load, text: str, problem: str) -> None:
    assert refused(load, text) == [problem]


HEALTH = [
    ("interval: 4s", "'interval' must be from 5 to 300, not 4"),
    ("interval_seconds: 301", "'interval_seconds' must be from 5 to 300, not 301"),
    ("interval: 5.5", "'interval' must be a whole number of seconds, not 5.5"),
    ("interval: soon", "'soon' is not a duration such as 30s"),
    ("interval: 30s, interval_seconds: 30", "'interval' is a shorthand for 'interval_seconds': give one of them"),
    ("timeout: 1", "'timeout' must be from 2 to 120, not 1"),
    ("timeout: 30s", "Health check timeout '30' must be smaller than the interval '30'"),
    ("interval: 5s", "Health check timeout '5' must be smaller than the interval '5'"),
    ("healthy: 1", "'healthy' must be from 2 to 10, not 1"),
    ("unhealthy_threshold_count: 11", "'unhealthy_threshold_count' must be from 2 to 10, not 11"),
    ("path: health", "health check path 'health' must start with '/'"),
    ('path: "/a b"', "health check path '/a b' may hold visible ASCII characters other than '#' only"),
    ("path: ''", "'path' must be text of 1 to 1024 characters, not ''"),
    ("port: 0", "'port' must be a whole number from 1 to 65535 or 'traffic-port', not 0"),
    ("matcher: 100", "matcher '100' is outside 200-499 or runs backwards"),
    ("matcher: 2xx", "matcher '2xx' is neither a code such as 200 nor a range such as 200-299"),
]


@pytest.mark.parametrize(("members", "message"), HEALTH)
def test_health_checks(load: Load, members: str, message: str) -> None:
    code = "E501" if "shorthand" in message else "E502"
    assert refused(load, group(f"health_check: {{{members}}}")) == [f"{code} simlb.yaml:8: {message}"]


TARGETS = [
    ("{}", "E501", "a target has exactly one of 'url', 'run', 'sample', 'target'; this one has none of them"),
    ("{url: 'http://localhost:1', run: x}", "E501",
     "a target has exactly one of 'url', 'run', 'sample', 'target'; this one has 'url', 'run'"),
    ("{url: 'http://localhost:1', port: 2}", "E501", "'port' does not go with 'url'"),
    ("{sample: echo, cwd: .}", "E501", "'cwd' does not go with 'sample'"),
    ("{run: ' '}", "E502", "'run' has no command"),
    ("{run: x, cwd: nowhere}", "E502", "there is no folder '{folder}/nowhere'"),
    ("{run: x, cwd: ~nobody-of-this-name}", "E502", "'~nobody-of-this-name': there is no such user"),
    (f"{{run: x, cwd: {'x' * 5000}}}", "E502", f"there is no folder '{{folder}}/{'x' * 5000}'"),
    ('{run: "a\\0b"}', "E502", "'run' must not hold a NUL"),
    ("{run: x, env: {A=B: 1}}", "E502", "'A=B' cannot be an environment variable"),
    ("{sample: ecko}", "E503", "there is no sample 'ecko' (did you mean 'echo'?)"),
    ("{sample: echo, name: a_b}", "E502",
     "Target name 'a_b' can only contain characters that are alphanumeric characters or hyphens(-)"),
    ("{sample: echo, name: a}, {sample: echo, name: a}", "E502", "there are two targets named 'a'"),
    ("{sample: echo, port: 9}, {sample: echo, port: 9}", "E502", "port 9 is already that of target 'i-01'"),
    ("{url: 'http://127.0.0.1:9'}, {url: 'http://localhost:9'}", "E502",
     "target 127.0.0.1:9 is already in 'web' as 'i-01'"),
    ("{url: 'localhost:3000'}", "E502", "'localhost:3000' is not a URL of a target"),
    ("{url: ':3000'}", "E502", "':3000' is not a URL of a target"),
    ("{url: 'ftp://localhost'}", "E502", "'ftp://localhost' is not a URL of a target"),
    ("{url: 'http://localhost:99999'}", "E502",
     "'http://localhost:99999' is not a URL: Port out of range 0-65535"),
    ("{url: 'http://localhost:0'}", "E502", "'http://localhost:0': port 0 is not a port to connect to"),
    ("{url: 'http://localhost:1/app'}", "E502",
     "'http://localhost:1/app' must end after the port: requests keep their own path"),
    ("{url: 'http://me:pw@localhost:1'}", "E502", "'http://me:pw@localhost:1' must be only http://host:port"),
    ("{url: 'http://10.0.0.1:80'}", "E506", "'http://10.0.0.1:80' is at 10.0.0.1, which is not on this machine"),
    ("{url: 'http://0.0.0.0:80'}", "E506", "'http://0.0.0.0:80' has no address to connect to"),
    ("{url: 'http://169.254.169.254'}", "E506",
     "'http://169.254.169.254' is at 169.254.169.254: link-local addresses are never targets"),
    ("{url: 'http://[::ffff:169.254.169.254]'}", "E506",
     "'http://[::ffff:169.254.169.254]' is at 169.254.169.254: link-local addresses are never targets"),
    ("{url: 'http://[fe80::1]'}", "E506",
     "'http://[fe80::1]' is at fe80::1: link-local addresses are never targets"),
    ("{url: 'http://metadata.example'}", "E506",
     "'http://metadata.example' is at 169.254.169.254: link-local addresses are never targets"),
    ("{url: 'http://mapped.example'}", "E506",
     "'http://mapped.example' is at 169.254.169.254: link-local addresses are never targets"),
    ("{url: 'http://app.internal'}", "E506", "'http://app.internal' is at 10.1.2.3, which is not on this machine"),
    ("{url: 'http://nowhere.example'}", "E401", "'nowhere.example' does not resolve here"),
]  # fmt: skip


@pytest.mark.parametrize(("targets", "code", "message"), TARGETS)
def test_targets(load: Load, targets: str, code: str, message: str) -> None:
    text = group(f"targets: [{targets}]")
    assert refused(load, text) == [f"{code} simlb.yaml:8: {message.replace('{folder}', str(Path.cwd()))}"]


def test_link_local_addresses_are_refused_even_where_allowed(load: Load) -> None:
    text = "allow_targets: [0.0.0.0/0]\n" + group("targets: [{url: 'http://169.254.169.254'}]")
    assert refused(load, text)[0].startswith("E506 simlb.yaml:9: ")


def test_target_group_names(load: Load) -> None:
    text = "simlb: config/1\nload_balancers: [{name: a}]\ntarget_groups:\n  - name: a--b\n  - name: c\n  - name: c\n"
    assert refused(load, text) == [
        "E502 simlb.yaml:4: Target group name 'a--b' cannot contain '--'",
        "E502 simlb.yaml:6: there are two target groups named 'c'",
    ]


def test_all_problems_are_told_at_once_in_the_order_of_the_file(load: Load) -> None:
    text = group("health_check: {interval: 4s}\ntargets:\n  - {sample: ecko}\n").replace("my-alb", "my_alb")
    with pytest.raises(InvalidConfigError) as caught:
        load(text)
    assert caught.value.render().splitlines() == [
        "SIMLB-E502  simlb.yaml:3: Load balancer name 'my_alb' can only contain characters that are alphanumeric "
        "characters or hyphens(-)",
        "            E502  simlb.yaml:8: 'interval' must be from 5 to 300, not 4",
        "              → strict: false allows it",
        "            E503  simlb.yaml:10: there is no sample 'ecko' (did you mean 'echo'?)",
        "              → samples: echo, starter, slow, stream",
    ]


def test_a_hundred_problems_do_not_flood_the_terminal(load: Load) -> None:
    targets = "\n".join("  - {sample: nothing}" for _ in range(100))
    with pytest.raises(InvalidConfigError) as caught:
        load(group(f"targets:\n{targets}"))
    assert len(caught.value.problems) == 100
    assert caught.value.render().splitlines()[-1].strip() == "... and 80 more"


def test_a_wrong_file_issues_and_takes_nothing(
    load: Load, certificates: RecordingCertificates, ports: RecordingPorts
) -> None:
    text = listeners("protocol: HTTPS, port: 443, forward: wbe") + "    targets: [{sample: echo}]"
    refused(load, text)
    assert certificates.issued == []
    assert ports.names == []


def test_what_the_certificate_source_refuses_is_told_with_its_code_and_line(load: Load) -> None:
    class Refusing:
        def issue(self, names: tuple[str, ...]) -> object:
            raise SimlbError("E206", "the folder cannot be written", "make room")

    text = listeners("protocol: HTTPS, port: 443, forward: web")
    assert refused(load, text, certificates=Refusing()) == ["E206 simlb.yaml:5: the folder cannot be written"]


def test_own_certificate_files_must_exist(load: Load) -> None:
    text = listeners(
        "protocol: HTTPS, port: 443, forward: web, certificates: [{certificate_file: a.pem, key_file: a.key}]"
    )
    (problem,) = refused(load, text)
    assert problem.startswith("E204 simlb.yaml:5: there is no file '")


def test_flags_are_named_as_flags(load: Load) -> None:
    assert refused(load, HEAD + GROUP, speed=0) == [
        "E502 --speed: 'speed' must be a number above 0 and at most 1000, not 0"
    ]
    assert refused(load, HEAD + GROUP, expose="everywhere") == [
        "E502 --expose: 'everywhere' is not an address of this machine"
    ]
