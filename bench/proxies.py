"""The proxies under measurement: how each is configured and started, always with the same certificate and targets.

All of them write one log line per request to a file, keep connections to the targets alive,
add the X-Forwarded-* fields and a trace id, and buffer as they do by default.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import clients, routing
from bench.system import Cores

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """PEM files, leaf first."""

    chain: Path
    key: Path


@dataclass(slots=True, kw_only=True)
class Setting:
    """What all proxies of a run share."""

    directory: Path
    target_ports: list[int]
    many_ports: list[int]
    """Those of the row with a thousand targets; empty when it is not measured."""
    cores: Cores
    certificate: Certificate | None = None
    """None until simlb has issued it."""

    def tls(self) -> Certificate:
        """The certificate for all."""
        if self.certificate is None:
            raise RuntimeError("simlb, which issues the certificate, has to be started first")
        return self.certificate


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different. Connections that somebody makes meanwhile get others."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if len(found) == count:
            return found
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
    raise RuntimeError(f"there are no {count} free ports")


_PORTS = range(10_000, 32_000)
"""Below those that the system gives to connections."""


@dataclass(slots=True)
class Proxy:
    """One running proxy."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    tls_port: int
    files: list[Path] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """The process, or the one above all its workers."""
        return self.process.pid

    def url(self, path: str, *, tls: bool) -> str:
        """An address of this proxy."""
        return f"https://127.0.0.1:{self.tls_port}{path}" if tls else f"http://127.0.0.1:{self.port}{path}"

    def answers(self, *, tls: bool) -> bool:
        """Whether it gives a 200 now."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            with socket.create_connection(("127.0.0.1", self.tls_port if tls else self.port), timeout=2) as raw:
                stream = context.wrap_socket(raw) if tls else raw
                with stream:
                    stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    return stream.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def wait_until_it_answers(self) -> None:
        """Return at the first 200 over HTTP and over HTTPS. Raises RuntimeError when there is none."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (self.answers(tls=False) and self.answers(tls=True)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = "".join(path.read_text(errors="replace")[-2000:] for path in self.files if path.exists())
                raise RuntimeError(f"{self.name} does not answer:\n{said}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, and wait until it is gone."""
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _start(setting: Setting, name: str, command: list[str], ports: list[int], **environment: str) -> Proxy:
    folder = setting.directory / name
    said = folder / "stdout"
    with said.open("wb") as out, setting.cores.for_proxy():
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **environment},
        )
    return Proxy(name, process, ports[0], ports[1], [said])


def _folder(setting: Setting, name: str) -> Path:
    folder = setting.directory / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def start_simlb(
    setting: Setting, name: str = "simlb", tree: Path = ROOT, layout: routing.Layout | None = None
) -> Proxy:
    """simlb from a source tree, with everything on: log file, trace ids, health checks, control port."""
    folder = _folder(setting, name)
    ports = free_ports(2)
    layout = layout or routing.no_rules(setting.target_ports)
    (folder / "simlb.yaml").write_text(
        f"""simlb: config/1
load_balancers:
  - name: bench
    attributes: {{access_logs.s3.enabled: true}}
    listeners:
      - {{protocol: HTTP, port: 80, bind: "127.0.0.1:{ports[0]}", forward: {layout.default}{layout.rules}}}
      - {{protocol: HTTPS, port: 443, bind: "127.0.0.1:{ports[1]}", forward: {layout.default},
         certificates: [shop.localhost]}}
target_groups:
{layout.groups}"""
    )
    certs = setting.directory / "certs"
    command = [sys.executable, "-m", "simlb", "up", "-f", "simlb.yaml", "--no-keys", "--control-port", "0"]
    home = str(folder / "home")
    proxy = _start(setting, name, command, ports, SIMLB_HOME=home, SIMLB_CERTS=str(certs), PYTHONPATH=str(tree))
    proxy.wait_until_it_answers()
    if setting.certificate is None:
        leaf = next(path for path in certs.glob("shop.localhost*.pem"))
        setting.certificate = Certificate(chain=leaf, key=leaf.with_suffix(".key"))
    return proxy


def start_nginx(setting: Setting) -> Proxy:
    """nginx with one worker, a buffered log line of the same fields, and request bodies passed on as they come."""
    folder = _folder(setting, "nginx")
    ports = free_ports(2)
    tls = setting.tls()
    targets = " ".join(f"server 127.0.0.1:{port};" for port in setting.target_ports)
    temporary = "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in _NGINX_TEMPORARY)
    (folder / "nginx.conf").write_text(
        f"""worker_processes 1;
worker_rlimit_nofile 16384;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
{temporary}  log_format alb '$scheme $time_iso8601 bench $remote_addr:$remote_port $upstream_addr $request_time '
    '$upstream_header_time $upstream_response_time $status $upstream_status $request_length $bytes_sent '
    '"$request_method $scheme://$host:$server_port$request_uri $server_protocol" "$http_user_agent" '
    '$ssl_cipher $ssl_protocol web "$trace_id" "$ssl_server_name" "-" 0 $msec "forward" "-" "-" '
    '"$upstream_addr" "$upstream_status" "-" "-" TID_$connection "-" "-" "-" $server_addr';
  access_log {folder}/access.log alb buffer=64k flush=250ms;
  upstream targets {{ {targets} keepalive 512; keepalive_requests 100000000; }}
  map $msec $trace_id {{ default "Root=1-$msec-$request_id"; }}
  keepalive_timeout 3600;
  keepalive_requests 100000000;
  client_max_body_size 0;
  ssl_certificate {tls.chain};
  ssl_certificate_key {tls.key};
  ssl_protocols TLSv1.2 TLSv1.3;
  server {{
    listen 127.0.0.1:{ports[0]} backlog=4096;
    listen 127.0.0.1:{ports[1]} ssl backlog=4096;
    location / {{
      proxy_pass http://targets;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Amzn-Trace-Id $trace_id;
    }}
  }}
}}
"""
    )
    command = ["nginx", "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    proxy = _start(setting, "nginx", command, ports)
    proxy.files.append(folder / "error.log")
    proxy.wait_until_it_answers()
    return proxy


_NGINX_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def start_haproxy(setting: Setting) -> Proxy:
    """HAProxy with one thread and `option httplog`, its lines going to a file."""
    folder = _folder(setting, "haproxy")
    ports = free_ports(2)
    tls = setting.tls()
    both = folder / "both.pem"
    both.touch(mode=0o600)
    both.write_bytes(tls.chain.read_bytes() + tls.key.read_bytes())
    servers = "\n".join(f"  server t{place} 127.0.0.1:{port}" for place, port in enumerate(setting.target_ports))
    (folder / "haproxy.cfg").write_text(
        f"""global
  nbthread 1
  maxconn 8192
  log stdout format raw local0
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  log global
  option httplog
  option forwardfor
  http-reuse always
  timeout connect 10s
  timeout client 3600s
  timeout server 60s
  timeout http-keep-alive 3600s
frontend front
  bind 127.0.0.1:{ports[0]} backlog 4096
  bind 127.0.0.1:{ports[1]} ssl crt {both} backlog 4096
  unique-id-format Root=1-%[date,hex]-%[uuid]
  unique-id-header X-Amzn-Trace-Id
  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
  http-request set-header X-Forwarded-Port %[dst_port]
  default_backend targets
backend targets
  balance roundrobin
{servers}
"""
    )
    proxy = _start(setting, "haproxy", ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], ports)
    proxy.wait_until_it_answers()
    return proxy


def start_aiohttp(setting: Setting) -> Proxy:
    """The naive proxy on the interpreter that runs this."""
    folder = _folder(setting, "aiohttp")
    ports = free_ports(2)
    tls = setting.tls()
    words = [
        str(folder / "access.log"),
        *(str(port) for port in ports),
        str(tls.chain),
        str(tls.key),
        *map(str, setting.target_ports),
    ]
    command = [sys.executable, "-m", "bench.naive_aiohttp", *words]
    proxy = _start(setting, "aiohttp", command, ports, PYTHONPATH=str(ROOT))
    proxy.wait_until_it_answers()
    return proxy


def start_one_rule(setting: Setting) -> Proxy:
    """simlb with one rule and three targets."""
    return start_simlb(setting, "one-rule", layout=routing.one_rule(setting.target_ports))


def start_hundred_rules(setting: Setting) -> Proxy:
    """simlb with a hundred rules and a thousand targets."""
    proxy = start_simlb(setting, "hundred-rules", layout=routing.hundred_rules(setting.many_ports))
    # Every target has had its first probe and every pool its first connection before anything is measured.
    clients.wrk(proxy.url("/", tls=False), connections=64, duration_s=3, script=routing.SCRIPT)
    return proxy


STARTERS: dict[str, Callable[[Setting], Proxy]] = {
    "simlb": start_simlb,
    "one-rule": start_one_rule,
    "hundred-rules": start_hundred_rules,
    "nginx": start_nginx,
    "haproxy": start_haproxy,
    "aiohttp": start_aiohttp,
}
PROGRAMS = {"nginx": "nginx", "haproxy": "haproxy"}
"""What has to be installed for a proxy."""


def start_target(setting: Setting) -> subprocess.Popen[bytes]:
    """The target, on the client's core; answers on all its ports when this returns."""
    command = [sys.executable, "-m", "bench.target", *map(str, setting.target_ports + setting.many_ports)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + START_TIMEOUT_S
    for port in setting.target_ports + setting.many_ports:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    raise RuntimeError("the target does not answer") from None
                time.sleep(0.02)
    return process
