"""Change batches: what they come to, and what is refused. One zone, `shop.test.`, with a few records."""

from __future__ import annotations

import pytest

from simlb.core.dns.batches import Action, Change, InvalidBatchError, applied
from simlb.core.dns.zones import AliasTarget, Records, RecordSet
from tests.core.dns.zones import alias, record_set, zone

SHOP = zone(
    "shop.test",
    record_set("www.shop.test", "A", "192.0.2.1", "192.0.2.2"),
    record_set("docs.shop.test", "CNAME", "www.shop.test"),
    alias("api.shop.test", "lb.elb.localhost"),
)
Step = tuple[Action, RecordSet]


def known_balancer(_: RecordSet, target: AliasTarget, __: Records) -> str | None:
    return None if target.dns_name == "lb.elb.localhost." else "that target was not found"


def after(*steps: Step) -> Records:
    return applied(SHOP, [Change(action=action, records=records) for action, records in steps], known_balancer)


@pytest.mark.parametrize(
    ("steps", "there"),
    [
        ([("CREATE", record_set("new.shop.test", "A", "192.0.2.9"))], {("new.shop.test.", "A"): ("192.0.2.9",)}),
        ([("UPSERT", record_set("new.shop.test", "A", "192.0.2.9"))], {("new.shop.test.", "A"): ("192.0.2.9",)}),
        ([("UPSERT", record_set("www.shop.test", "A", "192.0.2.9"))], {("www.shop.test.", "A"): ("192.0.2.9",)}),
        ([("DELETE", record_set("WWW.shop.test.", "A", "192.0.2.2", "192.0.2.1"))], {("www.shop.test.", "A"): None}),
        ([("DELETE", record_set("docs.shop.test", "CNAME", "Www.Shop.test."))], {("docs.shop.test.", "CNAME"): None}),
        ([("DELETE", alias("api.shop.test", "lb.elb.localhost"))], {("api.shop.test.", "A"): None}),
        (
            [
                ("DELETE", record_set("docs.shop.test", "CNAME", "www.shop.test")),
                ("CREATE", record_set("docs.shop.test", "A", "192.0.2.7")),
            ],
            {("docs.shop.test.", "CNAME"): None, ("docs.shop.test.", "A"): ("192.0.2.7",)},
        ),
        (
            [
                ("CREATE", record_set("www.shop.test", "CNAME", "docs.shop.test")),
                ("DELETE", record_set("www.shop.test", "A", "192.0.2.1", "192.0.2.2")),
            ],
            {("www.shop.test.", "CNAME"): ("docs.shop.test",)},
        ),
        (
            [
                ("DELETE", record_set("www.shop.test", "A", "192.0.2.1", "192.0.2.2")),
                ("CREATE", record_set("www.shop.test", "A", "192.0.2.5")),
            ],
            {("www.shop.test.", "A"): ("192.0.2.5",)},
        ),
        ([("CREATE", record_set("www.shop.test", "AAAA", "::1"))], {("www.shop.test.", "AAAA"): ("::1",)}),
        ([("UPSERT", record_set("shop.test", "NS", "ns.b.test"))], {("shop.test.", "NS"): ("ns.b.test",)}),
    ],
)
def test_carried_out(steps: list[Step], there: dict[tuple[str, str], tuple[str, ...] | None]) -> None:
    records = after(*steps)
    assert {key: records[key].values if key in records else None for key in there} == there


NAMED = "[name='www.shop.test.', type='A']"
PERMITTED = "is not permitted"


@pytest.mark.parametrize(
    ("steps", "messages"),
    [
        (
            [("CREATE", record_set("www.shop.test", "A", "192.0.2.9"))],
            [f"Tried to create resource record set {NAMED} but it already exists"],
        ),
        (
            [("DELETE", record_set("no.shop.test", "A", "192.0.2.9"))],
            ["Tried to delete resource record set [name='no.shop.test.', type='A'] but it was not found"],
        ),
        (
            [("DELETE", record_set("www.shop.test", "A", "192.0.2.1"))],
            [
                f"Tried to delete resource record set {NAMED} but the values provided do not match the current values",
            ],
        ),
        (
            [("DELETE", record_set("www.shop.test", "A", "192.0.2.1", "192.0.2.2", ttl_s=60))],
            [f"Tried to delete resource record set {NAMED} but the values provided do not match the current values"],
        ),
        (
            [("CREATE", record_set("www.other.test", "A", "192.0.2.9"))],
            [f"RRSet with DNS name www.other.test. {PERMITTED} in zone shop.test."],
        ),
        (
            [("CREATE", record_set("shop.test", "CNAME", "www.shop.test"))],
            [f"RRSet of type CNAME with DNS name shop.test. {PERMITTED} at apex in zone shop.test."],
        ),
        (
            [("CREATE", record_set("www.shop.test", "CNAME", "docs.shop.test"))],
            [
                f"RRSet of type CNAME with DNS name www.shop.test. {PERMITTED} as it conflicts with other records with "
                "the same DNS name in zone shop.test."
            ],
        ),
        (
            [("CREATE", record_set("docs.shop.test", "A", "192.0.2.9"))],
            [
                f"RRSet of type A with DNS name docs.shop.test. {PERMITTED} because a conflicting RRSet of type CNAME "
                "with the same DNS name already exists in zone shop.test."
            ],
        ),
        (
            [("CREATE", record_set("a.shop.test", "A", "192.0.2.300", "192.0.2.1", "192.0.2.1"))],
            [
                "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address "
                "(Value is not a valid IPv4 address) "
                "encountered with '192.0.2.300''",
                "Duplicate Resource Record: '192.0.2.1'",
            ],
        ),
        (
            [("CREATE", record_set("a.shop.test", "CNAME", "b.test", "c.test"))],
            [f"RRSet of type CNAME with DNS name a.shop.test. {PERMITTED} to have more than one value"],
        ),
        ([("CREATE", alias("a.shop.test", "gone.elb.localhost"))], ["that target was not found"]),
        (
            [("DELETE", SHOP.records["shop.test.", "SOA"]), ("DELETE", SHOP.records["shop.test.", "NS"])],
            [
                "A HostedZone must contain exactly one SOA record.",
                "A HostedZone must contain at least one NS record for the zone itself.",
            ],
        ),
        (
            [("CREATE", record_set("a.shop.test", "SOA", "ns.a. me.a. 1 7200 900 1209600 86400"))],
            [f"RRSet of type SOA with DNS name a.shop.test. {PERMITTED} in zone shop.test."],
        ),
        (
            [
                ("CREATE", record_set("a.shop.test", "A", "192.0.2.1")),
                ("UPSERT", record_set("a.shop.test", "A", "192.0.2.2")),
            ],
            ["The request contains an invalid set of changes for a resource record set 'A a.shop.test.'"],
        ),
    ],
)
def test_refused(steps: list[Step], messages: list[str]) -> None:
    with pytest.raises(InvalidBatchError) as caught:
        after(*steps)
    assert list(caught.value.messages) == messages


def test_one_wrong_change_and_nothing_is_done_but_everything_wrong_is_said() -> None:
    before = dict(SHOP.records)
    with pytest.raises(InvalidBatchError) as caught:
        after(
            ("CREATE", record_set("new.shop.test", "A", "192.0.2.9")),
            ("DELETE", record_set("no.shop.test", "A", "192.0.2.9")),
            ("CREATE", record_set("www.other.test", "A", "192.0.2.9")),
        )
    assert len(caught.value.messages) == 2
    assert SHOP.records == before
