"""Questions and answers of a name server with two zones and a load balancer."""

from __future__ import annotations

import pytest

from simlb.core.dns.answers import Addresses, Answer, NameServer
from simlb.core.dns.names import canonical
from simlb.core.dns.values import Address, Name, Texts
from tests.core.dns.zones import alias, record_set, zone

LB = "lb-1.ap-northeast-2.elb.localhost"
SHOP = zone(
    "shop.test",
    record_set("shop.test", "TXT", '"v=spf1 -all"'),
    alias("api.shop.test", f"dualstack.{LB}"),
    alias("api.shop.test", LB, type_="AAAA"),
    alias("shop.test", "api.shop.test", zone="Z1"),
    record_set("www.shop.test", "CNAME", "api.shop.test"),
    record_set("far.shop.test", "CNAME", "www.example.com"),
    record_set("near.shop.test", "CNAME", "a.other.test"),
    record_set("direct.shop.test", "CNAME", LB),
    record_set("dead.shop.test", "CNAME", "no.shop.test"),
    record_set("one.shop.test", "CNAME", "two.shop.test"),
    record_set("two.shop.test", "CNAME", "one.shop.test"),
    record_set("*.apps.shop.test", "A", "192.0.2.7"),
    record_set("own.apps.shop.test", "TXT", '"x"'),
    record_set("x.deep.apps.shop.test", "A", "192.0.2.8"),
    record_set("team.shop.test", "NS", "ns.team.example"),
    record_set("*.links.shop.test", "CNAME", "api.shop.test"),
)
OTHER = zone("other.test", record_set("a.other.test", "A", "192.0.2.5"), zone_id="Z2")
BELOW = zone("below.shop.test", zone_id="Z3")
LATER = zone("shop.test", record_set("later.shop.test", "A", "192.0.2.6"), zone_id="Z4")


def balancer(name: str) -> Addresses | None:
    return Addresses(("127.0.0.1", "127.0.0.2"), ("::1",)) if name == f"{LB}." else None


SERVER = NameServer({one.id: one for one in (SHOP, OTHER, BELOW, LATER)}, balancer, "127.0.0.1")


def ask(name: str, type_: str) -> Answer:
    return SERVER.answer(canonical(name), type_)


def told(answer: Answer) -> list[str]:
    """Each record as `name type data`."""
    words = []
    for record in answer.records:
        data = record.data
        text = data.text if isinstance(data, Address) else data.name if isinstance(data, Name) else str(data)
        words.append(f"{record.name} {record.type} {text}")
    return words


API = ["api.shop.test. A 127.0.0.1", "api.shop.test. A 127.0.0.2"]


@pytest.mark.parametrize(
    ("name", "type_", "records"),
    [
        ("api.shop.test", "A", API),
        ("api.shop.test", "AAAA", ["api.shop.test. AAAA ::1"]),
        ("shop.test", "A", ["shop.test. A 127.0.0.1", "shop.test. A 127.0.0.2"]),
        ("www.shop.test", "A", ["www.shop.test. CNAME api.shop.test.", *API]),
        ("www.shop.test", "CNAME", ["www.shop.test. CNAME api.shop.test."]),
        ("far.shop.test", "A", ["far.shop.test. CNAME www.example.com."]),
        ("near.shop.test", "A", ["near.shop.test. CNAME a.other.test.", "a.other.test. A 192.0.2.5"]),
        ("direct.shop.test", "A", [f"direct.shop.test. CNAME {LB}.", f"{LB}. A 127.0.0.1", f"{LB}. A 127.0.0.2"]),
        ("any.apps.shop.test", "A", ["any.apps.shop.test. A 192.0.2.7"]),
        ("a.b.apps.shop.test", "A", ["a.b.apps.shop.test. A 192.0.2.7"]),
        ("x.links.shop.test", "A", ["x.links.shop.test. CNAME api.shop.test.", *API]),
        (LB, "A", [f"{LB}. A 127.0.0.1", f"{LB}. A 127.0.0.2"]),
        (f"dualstack.{LB}", "AAAA", [f"dualstack.{LB}. AAAA ::1"]),
        (SHOP.name_servers[0], "A", [f"{SHOP.name_servers[0]} A 127.0.0.1"]),
    ],
)
def test_answered(name: str, type_: str, records: list[str]) -> None:
    answer = ask(name, type_)
    assert (answer.status, answer.is_authoritative) == ("NOERROR", True)
    assert told(answer) == records


@pytest.mark.parametrize(
    ("name", "type_", "status", "start"),
    [
        ("api.shop.test", "MX", "NOERROR", "shop.test."),
        ("no.shop.test", "A", "NXDOMAIN", "shop.test."),
        ("apps.shop.test", "A", "NOERROR", "shop.test."),  # only others are below it
        ("own.apps.shop.test", "A", "NOERROR", "shop.test."),  # what is there hides the wildcard
        ("y.deep.apps.shop.test", "A", "NXDOMAIN", "shop.test."),  # so does a name with others below it
        ("later.shop.test", "A", "NXDOMAIN", "shop.test."),  # the older zone of that name answers
        ("x.below.shop.test", "A", "NXDOMAIN", "below.shop.test."),
        (LB, "TXT", "NOERROR", "elb.localhost."),
        ("gone.ap-northeast-2.elb.localhost", "A", "NXDOMAIN", "elb.localhost."),
        ("ap-northeast-2.elb.localhost", "A", "NOERROR", "elb.localhost."),
    ],
)
def test_there_is_nothing_and_the_soa_says_so(name: str, type_: str, status: str, start: str) -> None:
    answer = ask(name, type_)
    assert answer.status == status
    assert answer.records == ()
    assert [(record.name, record.type) for record in answer.authority] == [(start, "SOA")]


def test_a_no_holds_for_the_smaller_of_the_two_times_of_the_soa() -> None:
    (start,) = ask("no.shop.test", "A").authority
    assert start.ttl_s == 900


def test_a_cname_that_leads_nowhere_here() -> None:
    answer = ask("dead.shop.test", "A")
    assert answer.status == "NXDOMAIN"
    assert told(answer) == ["dead.shop.test. CNAME no.shop.test."]


def test_cnames_in_a_circle_end() -> None:
    assert len(ask("one.shop.test", "A").records) == 8


def test_what_is_handed_to_other_name_servers() -> None:
    answer = ask("www.team.shop.test", "A")
    assert (answer.status, answer.is_authoritative, answer.records) == ("NOERROR", False, ())
    assert [(record.name, record.type) for record in answer.authority] == [("team.shop.test.", "NS")]


@pytest.mark.parametrize("name", ["example.com", "test", "localhost", "."])
def test_anything_else_is_refused(name: str) -> None:
    assert ask(name, "A").status == "REFUSED"


def test_all_that_is_at_a_name() -> None:
    types = {record.type for record in ask("shop.test", "ANY").records}
    assert types == {"A", "NS", "SOA", "TXT"}


def test_ttls_are_those_of_the_record_or_a_minute_for_an_alias() -> None:
    assert {record.ttl_s for record in ask("www.shop.test", "A").records} == {300, 60}


def test_values_for_those_who_look_for_a_record() -> None:
    assert SERVER.records("www.shop.test.", "CNAME") == ["api.shop.test."]
    assert SERVER.records("shop.test.", "TXT") == ['"v=spf1 -all"']
    assert SERVER.records("api.shop.test.", "A") == []
    assert SERVER.records("no.where.", "TXT") == []
    assert Texts((b"x",)) in SHOP.records["own.apps.shop.test.", "TXT"].data
