"""Configurations for tests: every listener at a free port of 127.0.0.1."""

from __future__ import annotations

from collections.abc import Sequence


def web(*targets: str, check: str = "path: /health", listeners: Sequence[str] = (), delay_s: int = 300) -> str:
    """One load balancer, HTTP:80 redirects to HTTPS:443, which forwards to `web` with these targets (YAML)."""
    extra = "".join(f"\n      - {listener}" for listener in listeners)
    listed = "".join(f"\n      - {{{target}}}" for target in targets) or " []"
    return f"""\
simlb: config/1
control_port: 0
load_balancers:
  - name: my-alb
    dns: [my-alb.localhost]
    attributes: {{access_logs.s3.enabled: true}}
    listeners:
      - {{protocol: HTTP, port: 80, bind: "127.0.0.1:0", redirect: https}}
      - {{protocol: HTTPS, port: 443, bind: "127.0.0.1:0", forward: web}}{extra}
target_groups:
  - name: web
    health_check: {{{check}, matcher: "200-299"}}
    attributes: {{deregistration_delay.timeout_seconds: {delay_s}}}
    targets:{listed}
"""
