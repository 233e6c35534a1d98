"""Records of trust stores that come from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simlb.core.trust_stores import check_record, of_record, to_record, trust_store_arn
from tests.client_certificates import root

ROOT = root()
ARN = trust_store_arn("ap-northeast-2", "clients", "0123456789abcdef")


CRL = ROOT.revoke(ROOT.issue("a"))


def record() -> dict[str, Any]:
    revocation = {"id": 2, "content": CRL, "entries": 1}
    return {
        "name": "clients",
        "ca_certificates": ROOT.pem,
        "number_of_ca_certificates": 1,
        "revocations": [revocation],
        "next_revocation_id": 3,
    }


def test_a_record_comes_back() -> None:
    check_record(ARN, record())
    assert to_record(of_record(ARN, record())) == record()


WRONG: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("another name", lambda body: body.update(name="others")),
    ("no name", lambda body: body.update(name="a b")),
    ("a leaf", lambda body: body.update(ca_certificates=ROOT.issue("a").pem)),
    ("another count", lambda body: body.update(number_of_ca_certificates=2)),
    ("a number that comes again", lambda body: body.update(next_revocation_id=2)),
    ("two of one number", lambda body: body["revocations"].append(body["revocations"][0])),
    ("another number of entries", lambda body: body["revocations"][0].update(entries=5)),
    ("no list", lambda body: body["revocations"][0].update(content="x")),
    ("no revocations", lambda body: body.pop("revocations")),
    ("another kind of value", lambda body: body.update(revocations=3)),
]


@pytest.mark.parametrize("spoil", [row[1] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_no_call_has_written_is_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    body = record()
    spoil(body)
    with pytest.raises((KeyError, TypeError, ValueError)):
        check_record(ARN, body)


def test_the_arn_has_to_fit() -> None:
    with pytest.raises(ValueError, match="do not go together"):
        check_record(ARN.replace("truststore", "targetgroup"), record())
