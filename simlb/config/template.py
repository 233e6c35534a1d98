"""What `simlb init` writes and `simlb demo` runs: one commented configuration in elbv2's words."""

from __future__ import annotations

from simlb.config.names import load_balancer_name
from simlb.config.problems import Refused
from simlb.errors import ConfigError

_TEMPLATE = """\
# yaml-language-server: $schema=./simlb.schema.json
# A local Application Load Balancer. For help while you type: simlb config schema > simlb.schema.json
# Start it: simlb up      Check this file: simlb config check      Load changes: simlb reload

simlb: config/1
region: ap-northeast-2

load_balancers:
  - name: NAME
    scheme: internet-facing
    # Further names; browsers and curl resolve *.localhost by themselves.
    dns: [NAME.localhost]
    attributes:
      access_logs.s3.enabled: true      # AWS's default is false
      idle_timeout.timeout_seconds: 60
    security_group:
      inbound: [80, 443]                # or {port: 443, source: 127.0.0.2/32}; all others see a time-out
    listeners:
      - {protocol: HTTP, port: 80, redirect: https}       # HTTP_301 to HTTPS on port 443
      - protocol: HTTPS                 # its certificate is issued by simlb's own CA
        port: 443
        forward: web                    # what no rule matches
        # rules:                        # the first that matches, by ascending priority
        #   - {priority: 10, path: "/old/*", redirect: {path: /, status_code: HTTP_302}}
        #   - {priority: 20, header: {X-Canary: "1"}, fixed_response: {status_code: 503, message_body: soon}}

target_groups:
  - name: web
    protocol: HTTP
    port: 80
    health_check:
      path: /health
      interval: 30s                     # AWS's defaults: every 30 s, 5 s to answer,
      timeout: 5s                       # out after 2 failures in a row, back after 5 passes
      healthy: 5
      unhealthy: 2
      matcher: "200-299"                # AWS's bare default is "200": a target that answers 204 would be unhealthy
    attributes:
      deregistration_delay.timeout_seconds: 300
    targets:
      - {sample: echo}                  # three small servers that come with simlb
      - {sample: echo}
      - {sample: echo}
      # - {url: "http://127.0.0.1:3000"}                  # a server that you run
      # - {run: "uvicorn shop:app --port {port}"}         # a command that simlb starts, watches and can kill
"""


def template(name: str = "my-alb") -> str:
    """The text of a first `simlb.yaml` for a load balancer called `name`. Raises ConfigError for a name AWS refuses."""
    try:
        return _TEMPLATE.replace("NAME", load_balancer_name(name))
    except Refused as refused:
        raise ConfigError("--name", refused.what, *refused.hints, code=refused.code) from None
