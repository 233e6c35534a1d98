"""What tests import: a load balancer built call by call, fake targets, and a clock that tests move."""

from simlb.testing.alb import ALB
from simlb.testing.backend import FakeBackend
from simlb.testing.clock import Clock
from simlb.testing.groups import HealthCheck
from simlb.testing.scenarios import arun_scenario, run_scenario

__all__ = ["ALB", "Clock", "FakeBackend", "HealthCheck", "arun_scenario", "run_scenario"]
