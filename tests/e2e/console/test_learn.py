"""The Learn page in a real browser: the whole course clicked through, and what it shows as commands really run."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from awscli import clidriver
from botocore.validate import validate_parameters
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.console.browser import PATIENCE_MS, PROJECTOR, address, opened, picture, smallest_text_px, violations
from tests.e2e.harness import Instance, Workshop, wait_until

SPEED = "40"
LAST_STEP = 15
# The browser itself says so of every call that AWS would refuse, too.
REFUSED = ("the server responded with a status of 400", "the server responded with a status of 404")
ALL_SEEN = ".learn-observe:not(:has(li:not(.learn-seen)))"
HOSTILE = "<img src=x onerror=y>$(id)';\""
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Typed:
    """What the page says to type, by step, before its button was pressed."""

    cli: dict[int, str] = field(default_factory=dict)
    boto3: dict[int, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def instance(workshop: Workshop) -> Instance:
    return workshop.start("learn", "--no-open", "--no-keys", "--speed", SPEED)


@pytest.fixture(scope="module")
def typed(browser: Browser, instance: Instance) -> Typed:
    """The course, clicked through once: others look at what it says to type."""
    found = Typed()
    with opened(browser, address(instance, "learn"), expected_errors=REFUSED) as page:
        page.on("dialog", lambda dialog: dialog.accept())
        for number in range(LAST_STEP + 1):
            _step(page, number)
            _read(page, number, found)
            _before(page, number)
            if number == 9:
                page.locator(".learn-do").click()
                _ready(page)
                _add_health_check(page)
            page.locator(".learn-do").click()
            _ready(page)
            page.wait_for_selector(ALL_SEEN)
            _after(page, number)
        _summary(page)
    return found


def _step(page: Page, number: int) -> None:
    """As a click on it in the list."""
    page.locator(f'.learn-steps a[href="#/learn/{number}"]').click()
    page.wait_for_selector(f'.learn-crumb:has-text("{number} / {LAST_STEP}")')
    expect(page.locator("h1")).to_be_focused()


def _ready(page: Page) -> None:
    page.wait_for_selector(".learn-do:not([disabled])")


def _read(page: Page, number: int, found: Typed) -> None:
    code = page.locator(".learn-side > .learn-codes")
    for kind, texts in (("cli", found.cli), ("boto3", found.boto3)):
        code.locator(f'.learn-tab[data-kind="{kind}"]').click()
        texts[number] = code.locator("pre").inner_text()


def _before(page: Page, number: int) -> None:
    """What is tried before the step is done. That the page itself has looked is no observation."""
    if number in {3, 4, 7}:
        expect(page.locator(".learn-seen")).to_have_count(0)
    if number == 8:
        picture(page, "learn-8-before")
    if number != 6:
        return
    # A name that AWS does not take: the page says so at once, AWS too, and it stays text.
    name = page.get_by_label("Target group name")
    name.fill(HOSTILE)
    expect(page.locator("#learn-field-name-hint")).to_have_text("not in the form that AWS takes")
    page.locator(".learn-do").click()
    _ready(page)
    expect(page.locator("#learn-field-name-problem")).to_contain_text("ValidationError")
    expect(name).to_have_attribute("aria-invalid", "true")
    assert page.locator("img").count() == 0
    # A reload keeps what was typed, and what was done.
    page.reload()
    expect(page.get_by_label("Target group name")).to_have_value(HOSTILE)
    expect(page.locator('.learn-steps a[href="#/learn/5"]')).to_have_attribute("data-state", "done")
    # By keyboard alone: the fields, then the button.
    page.get_by_label("Target group name").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("web-tg")
    for key in ("Tab", "Tab", "Tab", "Tab", "Tab", "Control+A"):
        page.keyboard.press(key)
    page.keyboard.type("10")
    expect(page.get_by_label("Interval")).to_have_value("10")
    expect(page.locator(".learn-time").first).to_have_text("10–20 s")
    page.keyboard.press("Control+A")
    page.keyboard.type("30")
    expect(page.locator(".learn-time").first).to_have_text("30–60 s")
    expect(page.locator(".learn-time").last).to_have_text("120–150 s")
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(".learn-do")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_selector(ALL_SEEN)


def _after(page: Page, number: int) -> None:
    """What there is to see, and mistakes, some of them."""
    if number in {0, 6, 9, 13}:
        assert violations(page) == []
        picture(page, f"learn-{number}")
    if number == 6:
        expect(page.locator(".learn-there")).to_contain_text("already")
        _attributes(page)
    if number == 8:
        mistake = _try(page, "same_port")
        expect(mistake.locator(".learn-outcomes")).to_contain_text("DuplicateListener")
        mistake.locator("summary").nth(1).click()
        expect(mistake.locator("pre")).to_contain_text("LoadBalancerArn=lb")
    if number == 10:
        mistake = _try(page, "crash")
        expect(mistake.locator(".learn-outcomes")).to_contain_text("502 Bad Gateway from the load balancer itself")
        expect(mistake.locator(".learn-told")).to_be_visible()
        assert violations(page) == []
        picture(page, "learn-10-crash")
        _undo(mistake)
    if number == 11:
        # Once more: no second zone of that name, which nobody would clean up.
        page.locator(".learn-do").click()
        _ready(page)
        expect(page.locator(".learn-outcome").first).to_contain_text("already")
        mistake = _try(page, "copied_address")
        _undo(mistake)
        expect(mistake.locator(".learn-outcomes")).to_contain_text("ChangeResourceRecordSets")
    if number == 14:
        # What could be seen on port 80 before is told to be over, where one looks for it.
        _step(page, 10)
        expect(page.locator('[data-mistake="crash"] .learn-first')).to_contain_text("Step 14 is done")


def _try(page: Page, name: str) -> Locator:
    mistake = page.locator(f'[data-mistake="{name}"]')
    mistake.locator("summary").first.click()
    mistake.get_by_role("button", name="Try it").click()
    expect(mistake.locator(".learn-tried")).to_contain_text("tried")
    return mistake


def _undo(mistake: Locator) -> None:
    mistake.get_by_role("button", name="Undo").click()
    mistake.locator(".btn-danger:not([disabled])").wait_for()


def _attributes(page: Page) -> None:
    """A form of simlb's own table; what is changed is sent, and shown as a command."""
    page.locator(".learn-advanced > summary").click()
    part = page.locator(".learn-advanced")
    delay = part.get_by_label("deregistration_delay.timeout_seconds")
    expect(delay).to_have_value("300")
    delay.fill("99999")
    part.get_by_role("button", name="Save attributes").click()
    expect(part.locator("[role=status]")).to_contain_text("ValidationError")
    delay.fill("60")
    expect(part.locator("pre")).to_contain_text("deregistration_delay.timeout_seconds")
    part.get_by_role("button", name="Save attributes").click()
    expect(part.locator("[role=status]")).to_contain_text("in force now")
    page.reload()
    page.locator(".learn-advanced > summary").click()
    expect(page.get_by_label("deregistration_delay.timeout_seconds")).to_have_value("60")


def _add_health_check(page: Page) -> None:
    """The learner's editor: the two lines of the page without the '# ' in front of them."""
    expect(page.locator(".learn-seen")).to_have_count(2)
    file = Path(page.locator(".learn-edit pre").first.inner_text())
    lines = page.locator(".learn-edit pre").nth(1).inner_text().splitlines()
    text = file.read_text(encoding="utf-8")
    for line in lines:
        text, count = re.subn(rf"(?m)^(\s*)# ({re.escape(line)})$", r"\1\2", text)
        assert count == 1, line
    file.write_text(text, encoding="utf-8")


def _summary(page: Page) -> None:
    page.locator(".learn-next a").click()
    figures = page.locator(".learn-figures dd")
    expect(figures.first).to_have_text(f"{LAST_STEP + 1} / {LAST_STEP + 1}")
    expect(figures.nth(2)).to_have_text(re.compile(r"^[3-9] / \d+$"))
    expect(figures.nth(4)).to_contain_text("$0.0")
    assert violations(page) == []
    picture(page, "learn-summary")
    # Paper is bright, and has no buttons.
    page.emulate_media(media="print")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    for gone in (".frame-header", ".learn-steps", ".learn-summary .btn"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(figures.last).to_be_visible()
    picture(page, "learn-summary-print")
    page.emulate_media(media="screen")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_whole_course(typed: Typed) -> None:
    """Every observation of every step was ticked; `typed` waits for each."""
    assert sorted(typed.cli) == list(range(LAST_STEP + 1))
    assert "aws elbv2 create-target-group" in typed.cli[6]
    assert "elbv2.create_target_group(" in typed.boto3[6]


def test_python_does_the_same(typed: Typed, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the boto3 tab says, one step after the other in one session, makes it all again and deletes it."""
    for name, value in _aws(instance).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with contextlib.ExitStack() as opened_clients:
        make = boto3.client

        def closed_at_the_end(*given: Any, **named: Any) -> Any:
            return opened_clients.enter_context(contextlib.closing(make(*given, **named)))

        monkeypatch.setattr(boto3, "client", closed_at_the_end)
        _run_programs(typed)
    view = instance.view()
    assert view.load_balancers == ()
    assert [group.name for group in view.target_groups] == ["machines"]


def _run_programs(typed: Typed) -> None:
    space: dict[str, Any] = {}
    for number, text in sorted(typed.boto3.items()):
        # Its requests are the client's affair, not AWS's.
        program = re.sub(r"(?m)^(\s*)subprocess\.run\(", r"\1(lambda words: None)(", text)
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(program, f"step {number}", "exec"), space)  # noqa: S102  the very text is what is tested
        if number == 8:
            elbv2 = space["elbv2"]
            assert len(elbv2.describe_target_health(TargetGroupArn=space["tg"])["TargetHealthDescriptions"]) == 3
        if number == 12:  # as the page tells to look out for
            acm = space["acm"]
            described = partial(acm.describe_certificate, CertificateArn=space["cert"])
            wait_until(partial(_is_issued, described), "the certificate is issued")


def test_aws_cli_takes_the_commands(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of the course, through a shell and the AWS CLI's own parser: options, shorthand, JSON, types."""
    seen: list[str] = []

    def validate(caller: Any, service: str, operation: str, parameters: dict[str, Any], _: Any) -> int:
        seen.append(operation)
        shape = caller._session.get_service_model(service).operation_model(operation).input_shape
        if shape is not None:
            validate_parameters(parameters, shape)
        return 0

    monkeypatch.setattr(clidriver.CLIOperationCaller, "invoke", validate)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    driver = clidriver.create_clidriver()
    for number, text in sorted(typed.cli.items()):
        for words in _commands(text):
            with contextlib.redirect_stderr(io.StringIO()) as said:
                status = driver.main(words)
            assert status == 0, f"step {number}: {words}: {said.getvalue()}"
    assert {"CreateTargetGroup", "CreateListener", "ChangeResourceRecordSets", "RequestCertificate"} < set(seen)
    assert len(seen) > 30


def test_the_shell_does_the_same(typed: Typed, instance: Instance) -> None:
    """One step for real, with what it needs and its end: each command takes the CLI a second."""
    environment = {
        **os.environ,
        **_aws(instance),
        "AWS_PAGER": "",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    script = "\n".join(
        [
            "set -e",
            "VPC=$(aws ec2 describe-vpcs --query 'Vpcs[0].VpcId' --output text)",
            typed.cli[6],
            'aws elbv2 delete-target-group --target-group-arn "$TG"',
            "echo all is well",
        ]
    )
    finished = subprocess.run(
        ["bash", "-c", script],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[-1] == "all is well"


def _is_issued(described: Callable[[], Any]) -> bool:
    return bool(described()["Certificate"]["Status"] == "ISSUED")


def _aws(instance: Instance) -> dict[str, str]:
    """Where AWS's clients find this instance."""
    url = f"http://{instance.view().control}"
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "simlb",
        "AWS_SECRET_ACCESS_KEY": "simlb",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _commands(text: str) -> list[list[str]]:
    """The words of each `aws` in a script, as a shell makes them; variables of earlier steps are there."""
    stub = """
      aws() {
        printf '%s\\0' "$@" >&3; printf '\\1' >&3
        if [ "$1" = acm ]; then echo arn:aws:acm:ap-northeast-2:000000000000:certificate/0; else echo value; fi
      }
      curl() { :; }; simlb() { :; }
      VPC=v SG=s TG=t LB=l DNS=d LB_ZONE=z HZ=h HTTP=l HTTPS=l OLD_ADDRESS=1
      CERT=arn:aws:acm:ap-northeast-2:000000000000:certificate/0
      SUBNETS=(a b) INSTANCES=(a b c) ZONES=(a b)
    """
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as said:
        subprocess.run(
            ["bash", "-c", f"exec 3>&{writer}\n{stub}{text}"], pass_fds=(writer,), stdout=subprocess.DEVNULL, check=True
        )
        os.close(writer)
        return [
            [word.decode() for word in command.split(b"\0")[:-1]]
            for command in said.read().split(b"\1")
            if command.strip(b"\0")
        ]


def test_every_step_in_korean(browser: Browser, instance: Instance, typed: Typed) -> None:
    """Bright, on a projector: nothing is left in English letters alone, nothing is small, nothing is cut off."""
    assert typed.cli
    where = address(instance, "learn/0")
    with opened(browser, where, language="ko", theme="light", size=PROJECTOR, expected_errors=REFUSED) as page:
        for number in range(LAST_STEP + 1):
            page.locator(f'.learn-steps a[href="#/learn/{number}"]').click()
            page.wait_for_selector(f'.learn-crumb:has-text("{number} / {LAST_STEP}")')
            for place in ("h1", ".learn-why", ".learn-observe"):
                assert re.search("[가-힣]", page.locator(place).first.inner_text()), f"step {number}: {place}"
            assert not re.search(r"\blearn\.\w", page.inner_text("main")), f"step {number}: a word is missing"
            spare = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert spare <= 0, f"step {number}: wider than the window"
            spare = page.evaluate("document.documentElement.scrollHeight - innerHeight")
            assert spare <= 0, f"step {number}: higher than the window"
            if number in {6, 8, 11, 12}:
                assert smallest_text_px(page) >= 18
                assert violations(page) == []
                picture(page, f"learn-{number}-ko")
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="처음부터").click()
        expect(page.locator(".learn-progress")).to_contain_text(re.compile("개 중 0개 확인"))
