"""What an instance calls the load balancers and target groups of its log lines, which say AWS's names."""

from __future__ import annotations

from simlb.core.ids import name_here, region_of_name
from simlb.core.plan import ListenerPlan


def load_balancer_name(plan: ListenerPlan | None, elb: str) -> str:
    """Of the one that a request came to by `plan`, where that is kept; else the name in `app/<name>/<id>`."""
    if plan is not None:
        return plan.load_balancer.name
    return elb.split("/")[1] if "/" in elb else elb


def target_group_name(plan: ListenerPlan | None, aws_name: str | None) -> str | None:
    """Of a group of that load balancer: both are in one region."""
    if plan is None or aws_name is None:
        return aws_name
    return name_here("", region_of_name("", plan.load_balancer.name), aws_name)
