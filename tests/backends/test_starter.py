"""The starter target, before and after the lesson."""

from __future__ import annotations

import re
from pathlib import Path

from backends import starter
from tests.backends.asgi import request


async def test_there_is_no_health_check_yet() -> None:
    assert (await request(starter.app, "/")).status == 200
    assert (await request(starter.app, "/health")).status == 404


async def test_the_page_shows_what_the_load_balancer_added() -> None:
    page = await request(starter.app, "/", headers=[(b"x-forwarded-proto", b"https")])
    assert b"\nx-forwarded-proto: https\n" in page.body


async def test_following_its_own_steps_adds_one() -> None:
    source = Path(starter.__file__).read_text(encoding="utf-8")
    lines = re.findall(r"^    # (?=elif|    await).*$", source, re.MULTILINE)
    assert len(lines) == 2
    edited = source
    for line in lines:
        edited = edited.replace(line, line.replace("# ", "", 1))
    module: dict[str, object] = {}
    exec(edited, module)  # noqa: S102 - our own file
    app = module["app"]
    assert callable(app)
    assert (await request(app, "/health")).status == 200
    assert (await request(app, "/")).status == 200
    assert (await request(app, "/other")).status == 404
