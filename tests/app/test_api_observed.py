"""What API calls change is told, logged and metered like what the file changes."""

from __future__ import annotations

from simlb.app.metering import Metering
from simlb.core.metrics import MetricStore
from simlb.core.metrics.store import Key
from simlb.observe.metrics import MetricSink
from tests.app.conftest import Bench
from tests.app.test_elbv2_listeners import free_port
from tests.app.test_elbv2_load_balancers import SUBNETS
from tests.app.test_elbv2_targets import Both
from tests.app.test_events import heard, texts

A = "{url: http://127.0.0.1:9, name: i-01}"
NOON = 1_795_867_200


async def test_what_a_call_changes_is_told(bench: Bench) -> None:
    app = await bench.start(web=[A])
    both = Both(bench)
    events = heard(app)
    balancer = (await both.api("CreateLoadBalancer", Name="new", Subnets=SUBNETS))["LoadBalancers"][0]
    arn = balancer["LoadBalancerArn"]
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    port = free_port()
    await both.api("CreateListener", LoadBalancerArn=arn, Protocol="HTTP", Port=port, DefaultActions=[action])
    await both.api("AddTags", ResourceArns=[arn], Tags=[{"Key": "a", "Value": "b"}])
    group = app.configuration.target_groups["web"]
    await both.api("DeregisterTargets", TargetGroupArn=group.arn, Targets=[{"Id": group.targets[0].id, "Port": 9}])
    await both.api("DeleteLoadBalancer", LoadBalancerArn=arn)
    assert texts(events) == [
        ("api", "API: load balancer new is new."),
        ("api", f"API: listener HTTP:{port} of new is new."),
        ("api", "API: target group web: i-01 (127.0.0.1:9) is gone."),
        ("api", "API: load balancer new is gone."),
    ]


async def test_logs_that_a_call_enables_have_a_place_at_once(bench: Bench) -> None:
    app = await bench.start()
    both = Both(bench)
    arn = app.configuration.load_balancers[0].arn
    wanted = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "my-logs", "access_logs.s3.prefix": "web"}
    attributes = [{"Key": key, "Value": value} for key, value in wanted.items()]
    changed = await both.api("ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=attributes)
    shown = {item["Key"]: item["Value"] for item in changed["Attributes"]}
    assert shown.items() >= wanted.items()
    assert app.observing.access_log == str(bench.folder / "s3" / "my-logs")
    await app.observing.close()
    tests = list((bench.folder / "s3" / "my-logs" / "web").rglob("ELBAccessLogTestFile"))
    assert len(tests) == 1


async def test_rules_of_earlier_requests_outlast_changes_of_targets(bench: Bench) -> None:
    """Explanations keep the rules of a few configurations; only what changes a load balancer is another one."""
    app = await bench.start(web=[A])
    both = Both(bench)
    group = app.configuration.target_groups["web"]
    target = [{"Id": group.targets[0].id, "Port": 9}]
    plans = [listener.plan for listener in app.nodes["my-alb"].listeners.values()]
    for _ in range(10):
        await both.api("DeregisterTargets", TargetGroupArn=group.arn, Targets=target)
        await both.api("RegisterTargets", TargetGroupArn=group.arn, Targets=target)
    assert [listener.plan for listener in app.nodes["my-alb"].listeners.values()] == plans
    arn = app.configuration.load_balancers[0].arn
    attribute = {"Key": "routing.http.preserve_host_header.enabled", "Value": "true"}
    await both.api("ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=[attribute])
    changed = [listener.plan for listener in app.nodes["my-alb"].listeners.values()]
    assert all(plan not in plans and plan.attributes.preserve_host_header for plan in changed)


async def test_capacity_of_a_load_balancer_that_goes_and_comes_back(bench: Bench) -> None:
    """The node of before still drains, or is gone: the minute has what both have used."""
    app = await bench.start()
    both = Both(bench)
    balancer = app.configuration.load_balancers[0]
    at = NOON + 0.5
    sink = MetricSink(MetricStore())
    metering = Metering(app, sink, wall=lambda: at)
    metering.collect()
    for connections in (750, 750):
        app.nodes["my-alb"].counts.opened += connections
        at += 1
        metering.collect()
        await both.api("DeleteLoadBalancer", LoadBalancerArn=balancer.arn)
        at += 1
        metering.collect()
        await app.reload()
        at += 1
        metering.collect()
    used = sink.store.read(Key("ConsumedLCUs", balancer.resource), NOON, NOON + 60, 60)
    assert [(begins, round(found.sum * 60, 3)) for begins, found in used] == [(NOON, 1.0)]
    await both.api("DeleteLoadBalancer", LoadBalancerArn=balancer.arn)
    at += 60
    metering.collect()
    seconds = sink.store.series()
    at += 60
    metering.collect()
    assert Key("ConsumedLCUs", balancer.resource) in seconds
    assert sink.store.minute(Key("ConsumedLCUs", balancer.resource), NOON + 120) == 0
