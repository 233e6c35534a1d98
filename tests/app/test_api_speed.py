"""A tripwire: at 50 load balancers with 50 rules each a call is not ten times as slow as it should be.

How fast it is, `make bench` says.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from simlb import config
from simlb.app.application import App
from simlb.app.elbv2 import AppEstate
from simlb.app.options import AppOptions
from simlb.clock import ManualClock
from simlb.config.certificates import UnissuedCertificates
from simlb.controlplane.operations.draft import Draft
from tests.app.conftest import Audience
from tests.app.test_untouched import REGION, balancer, group, rule

GOAL_S = 0.005


@pytest.mark.slow
async def test_creating_a_rule_beside_many(tmp_path: Path) -> None:
    def load() -> config.Compiled:
        return config.empty(region=REGION, certificates=UnissuedCertificates(REGION))

    options = AppOptions(instance="default", state_dir=tmp_path, certs_dir=tmp_path, load=load, keeps_state=True)
    app = App(options, Audience(), load(), clock=ManualClock())
    await app.start()
    try:

        def make(draft: Draft) -> None:
            for number in range(50):
                draft.put_target_group(group(f"g{number}"))
                draft.put_load_balancer(balancer(f"lb-{number}", *[f"g{number}"] * 50))

        await AppEstate(app).change(make)

        def create(draft: Draft) -> None:
            balancer_arn = balancer("lb-7").arn
            held = draft.catalog.load_balancers[balancer_arn]
            (listener,) = held.listeners
            rules = (*listener.rules, rule(listener.arn, len(listener.rules) + 1, "g7"))
            draft.put_listener(held, replace(listener, rules=rules), arn=listener.arn)

        took = []
        for _ in range(5):
            before = time.process_time()
            await AppEstate(app).change(create)
            took.append(time.process_time() - before)
        assert min(took) < 10 * GOAL_S, took
        assert len(app.nodes["lb-7"].listeners[80].plan.listener.rules) == 55
    finally:
        await app.close(grace_s=0)
