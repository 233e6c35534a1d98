"""The slow target's latency."""

from __future__ import annotations

import asyncio

import pytest

from backends import slow
from tests.backends.asgi import request


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds it slept, which do not pass."""
    waits: list[float] = []

    async def sleep(delay_s: float) -> None:
        waits.append(delay_s)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return waits


async def test_health_is_quick(waited: list[float]) -> None:
    assert (await request(slow.app, "/health")).status == 200
    assert waited == []


async def test_the_latency_is_the_setting_with_jitter(waited: list[float]) -> None:
    for _ in range(50):
        assert (await request(slow.app)).status == 200
    assert len(set(waited)) > 40
    assert 0.24 <= min(waited) <= max(waited) <= 0.36


async def test_speed_divides_the_latency(waited: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "SPEED", 10.0)
    answer = await request(slow.app, "/?ms=2000")
    assert waited == [0.2]
    assert answer.json() == {"target": slow.NAME, "latency_ms": 2000, "real_ms": 200}


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf"])
async def test_a_wrong_latency_is_400(waited: list[float], text: str) -> None:
    assert (await request(slow.app, f"/?ms={text}")).status == 400
    assert waited == []


@pytest.mark.parametrize("text", ["fast", "-1", "nan"])
def test_a_wrong_setting_ends_the_program_with_its_reason(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SIMLB_LATENCY_MS", text)
    with pytest.raises(SystemExit, match=f"SIMLB_LATENCY_MS={text}: must be a number"):
        slow.setting("SIMLB_LATENCY_MS", 300)
