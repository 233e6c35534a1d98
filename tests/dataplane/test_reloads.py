"""A reload is one moment: no request is lost to it, and none sees parts of two configurations (design: snapshots)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simlb.dataplane.listener import OpenListener
from tests.dataplane.harness import Rig
from tests.dataplane.routes import get, groups_of_one, route, weighted


async def test_rules_and_groups_change_together(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening another listener takes the loop a while, and requests go on meanwhile."""
    await groups_of_one(rig, "old", "new")
    described = rig.groups
    rig.groups = {"old": described["old"]}
    await route(rig, action=weighted(old=1))
    client = await rig.client()
    seen = []
    really_open = OpenListener.open

    async def open_slowly(listener: OpenListener) -> None:
        seen.append((await client.ask(get())).body)
        await really_open(listener)

    monkeypatch.setattr(OpenListener, "open", open_slowly)
    new = replace(described["new"], fail_open_while_initial=True)
    await rig.apply(rig.listener(port=81), rig.listener(weighted(new=1)), groups=(new,))
    assert seen == [b"new"]
