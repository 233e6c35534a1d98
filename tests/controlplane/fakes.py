"""An instance that remembers what it was asked: the control port and the command line are tested against it."""

from __future__ import annotations

import asyncio
import dataclasses

from simlb.controlplane.views import (
    HealthCheckView,
    InstanceView,
    ListenerView,
    LoadBalancerView,
    LogPage,
    RuleView,
    TargetChange,
    TargetGroupView,
    TargetView,
)
from simlb.core.log_kinds import LogKind
from simlb.errors import BindError, ConfigError, SimlbError

LOG_LINE = (
    "https 2026-11-23T09:00:00.000186Z app/demo/50dc6c495c0c9188 127.0.0.1:2817 127.0.0.1:9001 "
    "0.000 0.001 0.000 200 200 "
    '34 366 "GET https://demo.elb.localhost:8443/?q=%22 HTTP/1.1" "curl/7.88.1" TLS_AES_128_GCM_SHA256 TLSv1.3 '
    "arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:targetgroup/web/73e2d6bc24d8a067 "
    '"Root=1-58337262-36d228ad5d99923122bbe354" "demo.elb.localhost" "arn:aws:acm:x" 0 2026-11-23T09:00:00.000000Z '
    '"forward" "-" "-" "127.0.0.1:9001" "200" "-" "-" TID_1234abcd5678ef90 "-" "-" "-" 127.0.0.1'
)

RULE = "arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:listener-rule/app/demo/50dc6c495c0c9188"


def target(name: str = "i-01", port: int = 9001, **changes: object) -> TargetView:
    view = TargetView(
        name=name,
        id="127.0.0.1",
        port=port,
        address=f"127.0.0.1:{port}",
        dial=f"127.0.0.1:{port}",
        state="healthy",
        reason=None,
        description=None,
        hint=None,
        last_check="200 in 2 ms (pass 14)",
        requests=7,
        in_flight=0,
        since_s=252,
        process="pid 4121",
        pid=4121,
    )
    return dataclasses.replace(view, **changes)  # type: ignore[arg-type]


def instance_view(**changes: object) -> InstanceView:
    view = InstanceView(
        name="default",
        pid=4000,
        version="0.1.0",
        speed=10,
        started_at="2026-11-23T09:00:00Z",
        state_dir="/home/ann/.simlb",
        ca_path="/home/ann/.simlb/certs/ca.pem",
        uptime_s=420,
        real_uptime_s=42,
        control="127.0.0.1:8089",
        access_log=None,
        load_balancers=(
            LoadBalancerView(
                name="demo",
                dns_name="demo-1234567890.ap-northeast-2.elb.localhost",
                scheme="internet-facing",
                names=("demo.elb.localhost",),
                listeners=(
                    ListenerView(
                        protocol="HTTP",
                        port=80,
                        bind="127.0.0.1:8080",
                        published_port=8080,
                        default_action="redirect HTTPS:443 (301)",
                        rules=(RuleView(priority="default", arn=f"{RULE}/80/0", action="redirect HTTPS:443 (301)"),),
                    ),
                    ListenerView(
                        protocol="HTTPS",
                        port=443,
                        bind="127.0.0.1:8443",
                        published_port=8443,
                        default_action="forward web",
                        certificate_names=("demo.elb.localhost",),
                        rules=(
                            RuleView(
                                priority="10",
                                arn=f"{RULE}/443/10",
                                conditions=("path /img/*, /css/*", "method GET, HEAD"),
                                transforms=("url-rewrite ^/img/(.*)$ → /$1",),
                                action="forward images",
                                target_groups=("images",),
                            ),
                            RuleView(
                                priority="20",
                                arn=f"{RULE}/443/20",
                                conditions=("header X-Canary: 1",),
                                action="forward web 90 %, canary 10 % (sticky 1 h)",
                                target_groups=("web", "canary"),
                            ),
                            RuleView(
                                priority="default",
                                arn=f"{RULE}/443/0",
                                action="forward web",
                                target_groups=("web",),
                            ),
                        ),
                    ),
                ),
            ),
        ),
        target_groups=(
            TargetGroupView(
                name="web",
                protocol="HTTP",
                port=80,
                health_check=HealthCheckView(
                    protocol="HTTP",
                    port="traffic-port",
                    path="/health",
                    interval_s=30,
                    timeout_s=5,
                    healthy_threshold_count=5,
                    unhealthy_threshold_count=2,
                    matcher="200-299",
                ),
                in_use=True,
                mode="healthy",
                targets=(
                    target("i-01", 9001, process="pid 4121", pid=4121),
                    target("i-02", 9002, process=None, pid=None),
                    target(
                        "i-03",
                        9003,
                        state="unhealthy",
                        reason="Target.FailedHealthChecks",
                        description="Health checks failed",
                        hint="nothing listens on 127.0.0.1:9003",
                        last_check="refused (fail 5, needs 5 passes)",
                        process="killed by SIGKILL",
                        pid=None,
                        since_s=38,
                    ),
                ),
            ),
        ),
        notices=("All is well.",),
        counters={"requests": 21},
    )
    return dataclasses.replace(view, **changes)  # type: ignore[arg-type]


class FakeInstance:
    """Implements `simlb.controlplane.instance.Instance`. `calls` lists what was asked."""

    def __init__(self, view: InstanceView | None = None) -> None:
        self.current = view or instance_view()
        self.calls: list[str] = []
        self.lines: list[str] = []
        self.bad_file = False
        self.port_taken = False
        self.stop_requested = asyncio.Event()

    def view(self) -> InstanceView:
        return self.current

    async def kill_target(self, name: str) -> str:
        self._check(name)
        self.calls.append(f"kill {name}")
        return f"{name} killed (pid 4121, SIGKILL)."

    async def restart_target(self, name: str) -> str:
        self._check(name)
        self.calls.append(f"restart {name}")
        return f"{name} restarted (pid 4122)."

    async def register_target(self, target_group: str, url: str, name: str | None) -> TargetChange:
        if target_group != "web":
            raise SimlbError("E304", f"There is no target group '{target_group}'.", "did you mean web?")
        self.calls.append(f"register {target_group} {url} {name}")
        return TargetChange(
            message=f"{name} is registered in web.", target_group="web", name=name or "i-04", address="127.0.0.1:9004"
        )

    async def deregister_target(self, name: str, target_group: str | None = None) -> TargetChange:
        self._check(name)
        self.calls.append(f"deregister {name} {target_group}")
        return TargetChange(
            message=f"{name} is deregistered from web.", target_group="web", name=name, address="127.0.0.1:9003"
        )

    async def reload(self) -> str:
        if self.bad_file:
            more = ("E502  simlb.yaml:15: 'interval' must be from 5 to 300, not 4",)
            what = "unknown key 'heathy' in health_check"
            raise ConfigError("simlb.yaml:14", what, "did you mean 'healthy'?", notes=more)
        if self.port_taken:
            raise BindError("E101", "Port 8080 is already in use by java (pid 4121).")
        self.calls.append("reload")
        return "Reloaded."

    def log_lines(self, after: int, limit: int, kind: LogKind = LogKind.ACCESS) -> LogPage:
        lines = self.lines if kind is LogKind.ACCESS else [f"{kind} {line}" for line in self.lines]
        start = max(0, len(lines) + after) if after < 0 else min(after, len(lines))
        chosen = tuple(lines[start : start + limit])
        return LogPage(next=start + len(chosen), lines=chosen)

    def request_stop(self) -> None:
        self.calls.append("stop")
        self.stop_requested.set()

    def _check(self, name: str) -> None:
        if name == "i-02":
            raise SimlbError("E303", "i-02 is a process that you run; simlb only kills what it started.")
        if name not in {"i-01", "i-03"}:
            raise SimlbError("E302", f"There is no target '{name}'.", "did you mean i-01?")
