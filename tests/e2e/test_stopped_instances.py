"""EC2's StopInstances and StartInstances with real processes."""

from __future__ import annotations

from simlb.core import ids
from tests.aws import REGION, elbv2
from tests.e2e.configs import web
from tests.e2e.harness import Workshop, wait_until

AT_ONCE = {"Delay": 0, "MaxAttempts": 500}


def test_a_stopped_instance_has_no_process_until_it_is_started(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: echo, name: a", "sample: echo, name: b"))
    instance.wait_healthy()
    machine = [ids.instance_id(REGION, "a")]
    with elbv2(f"http://{instance.view().control}", service="ec2") as ec2:
        ec2.stop_instances(InstanceIds=machine)
        ec2.get_waiter("instance_stopped").wait(InstanceIds=machine, WaiterConfig=AT_ONCE)
        stopped = instance.target("a")
        assert (stopped.state, stopped.reason, stopped.pid) == ("unused", "Target.InvalidState", None)
        assert stopped.process == "killed by SIGTERM"
        assert simlb.run("reload").returncode == 0
        assert instance.target("a").pid is None
        refused = simlb.run("target", "restart", "a")
        assert refused.returncode != 0
        assert "SIMLB-E830" in refused.stderr
        assert machine[0] in refused.stderr

        ec2.start_instances(InstanceIds=machine)
        instance.wait_healthy()
        started = instance.target("a").pid
        ec2.reboot_instances(InstanceIds=machine)
        wait_until(lambda: instance.target("a").pid not in {None, started}, "another process")
