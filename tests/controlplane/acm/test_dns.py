"""Which record proves a domain, and what a look at the DNS makes of a pending certificate."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from simlb.controlplane.acm.certificate import ManagedCertificate, of_record
from simlb.controlplane.acm.dns import GIVEN_UP_AFTER_S, is_validated, looked_at, pause_s, validation_record

DOMAIN = "api.shop.test"
RECORD = validation_record(DOMAIN)


def pending(*names: str) -> ManagedCertificate:
    return ManagedCertificate(
        arn="arn:aws:acm:ap-northeast-2:000000000000:certificate/1",
        type="AMAZON_ISSUED",
        status="PENDING_VALIDATION",
        names=names,
        key_algorithm="RSA_2048",
        created_at=datetime(2026, 11, 28, tzinfo=UTC),
    )


def test_the_record_looks_like_aws_s() -> None:
    assert re.fullmatch(r"_[0-9a-f]{32}\.api\.shop\.test\.", RECORD.name)
    assert re.fullmatch(r"_[0-9a-f]{32}\.[a-z]{10}\.acm-validations\.aws\.", RECORD.value)


@pytest.mark.parametrize(
    ("other", "is_same"), [("*.api.shop.test", True), ("API.shop.test", True), ("shop.test", False)]
)
def test_a_domain_has_one_record(other: str, is_same: bool) -> None:
    assert (validation_record(other) == RECORD) == is_same


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        (RECORD.value, True),
        (RECORD.value.rstrip("."), True),
        (RECORD.value.upper(), True),
        (None, False),
        ("", False),
        (f"{RECORD.value}x", False),
        ("api.shop.test", False),
    ],
)
def test_only_the_right_target_counts(found: str | None, counts: bool) -> None:
    asked: list[str] = []

    def lookup(name: str) -> str | None:
        asked.append(name)
        return found

    seen = looked_at(pending(DOMAIN), lookup, 0)
    assert is_validated(seen) == counts
    assert asked == [RECORD.name.rstrip(".")]


def test_nothing_new_is_the_same_certificate() -> None:
    certificate = pending(DOMAIN)
    assert looked_at(certificate, lambda _: None, GIVEN_UP_AFTER_S - 1) is certificate


@pytest.mark.parametrize(
    ("waited_s", "has_records", "status"),
    [
        (GIVEN_UP_AFTER_S - 1, False, "PENDING_VALIDATION"),
        (GIVEN_UP_AFTER_S, False, "VALIDATION_TIMED_OUT"),
        (GIVEN_UP_AFTER_S, True, "PENDING_VALIDATION"),  # and is issued
    ],
)
def test_when_it_is_given_up(waited_s: float, has_records: bool, status: str) -> None:
    records = {RECORD.name.rstrip("."): RECORD.value} if has_records else {}
    assert looked_at(pending(DOMAIN), records.get, waited_s).status == status


def test_the_looks_become_fewer() -> None:
    assert [pause_s(waited_s) for waited_s in (0, 3599, 3600, 200_000)] == [5, 5, 60, 60]


def test_it_comes_back_from_a_record_as_it_was() -> None:
    certificate = pending(DOMAIN, "*.shop.test")
    assert of_record(certificate.to_record()) == certificate
