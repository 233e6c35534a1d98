"""What `on` names, and what is said where it names nothing."""

from __future__ import annotations

import pytest

from simlb.core.model import Protocol
from simlb.errors import SimlbError
from simlb.faults.places import find, understand
from simlb.faults.types import BY_NAME
from tests.faults.fake_site import FakeSite, balancer, configuration, listener, without

TWO_BALANCERS = configuration(
    balancer("my-alb", listener(80), listener(443, Protocol.HTTPS)),
    balancer("admin", listener(80), listener(8443, Protocol.HTTPS)),
    web=("i-01", "i-02"),
)


def places(fault: str, *on: str, site: FakeSite | None = None) -> list[str]:
    site = site or FakeSite()
    fault_type = BY_NAME[fault]
    return [place.words for place in find(fault_type, understand(fault_type, on, site), site)]


@pytest.mark.parametrize(
    ("fault", "on", "found"),
    [
        ("target.crash", ["i-03"], ["i-03"]),
        ("target.crash", ["web/3"], ["i-03"]),
        ("target.crash", ["web"], ["i-01", "i-02", "i-03"]),
        ("target.crash", ["i-04", "web/1", "i-01"], ["i-04", "i-01"]),
        ("config.path", ["api"], ["api"]),
        ("gate.close", ["443"], ["HTTPS:443"]),
        ("gate.close", ["https:443"], ["HTTPS:443"]),
        ("gate.close", ["my-alb:80"], ["HTTP:80"]),
        ("gate.close", [], ["HTTP:80", "HTTPS:443"]),
        ("cert.expired", [], ["HTTPS:443"]),
        ("config.no_redirect", [], ["HTTP:80"]),
        ("client.abort", [], ["HTTPS:443"]),
    ],
)
def test_what_is_found(fault: str, on: list[str], found: list[str]) -> None:
    assert places(fault, *on) == found


@pytest.mark.parametrize(
    ("fault", "on", "code", "message"),
    [
        ("target.crash", ["i-33"], "E634", "There is no target and no target group 'i-33'. did you mean i-03?"),
        ("target.crash", ["web/9"], "E634", "There is no target web/9: web has 3. 1 is the first: web/1"),
        ("target.crash", ["web/0"], "E634", "There is no target web/0: web has 3. 1 is the first: web/1"),
        ("target.crash", ["443"], "E635", "target.crash acts on targets; '443' is a listener. there are: i-01,"),
        ("target.crash", [], "E635", "target.crash acts on targets: say on which. --on i-01, or a whole group:"),
        ("config.path", ["i-03"], "E635", "config.path acts on target groups; 'i-03' is a target. its group: web"),
        ("config.path", ["wbe"], "E634", "There is no target group 'wbe'. did you mean web?"),
        ("config.path", [], "E635", "config.path acts on target groups: say on which. there are: web, api"),
        ("gate.close", ["433"], "E634", "There is no listener '433'. did you mean 443?"),
        ("gate.close", ["web"], "E634", "There is no listener 'web'. there are: 80, 443"),
        ("cert.expired", ["80"], "E635", "cert.expired acts on HTTPS listeners; 80 is HTTP."),
    ],
)  # fmt: skip
def test_what_is_said_where_nothing_is_found(fault: str, on: list[str], code: str, message: str) -> None:
    with pytest.raises(SimlbError) as caught:
        places(fault, *on)
    assert caught.value.code == code
    assert " ".join((caught.value.what, *caught.value.hints)).startswith(message)


def test_listeners_of_several_load_balancers_go_by_both_names() -> None:
    site = FakeSite(TWO_BALANCERS)
    assert places("gate.close", "443", site=site) == ["my-alb HTTPS:443"]
    assert places("gate.close", "admin:80", site=site) == ["admin HTTP:80"]
    with pytest.raises(SimlbError) as caught:
        places("gate.close", "80", site=site)
    assert caught.value.hints == ("say which: my-alb:80, admin:80",)


def test_what_is_of_another_region_goes_by_its_name_with_the_region() -> None:
    far = configuration(
        balancer("my-alb", listener(80)), balancer("us-east-1/my-alb", listener(80)), **{"us-east-1/web": ("i-01",)}
    )
    site = FakeSite(far)
    assert places("gate.close", "us-east-1/my-alb:80", site=site) == ["us-east-1/my-alb HTTP:80"]
    assert places("target.crash", "us-east-1/web/1", site=site) == ["i-01"]
    assert places("target.crash", "us-east-1/web", site=site) == ["i-01"]
    assert places("config.path", "us-east-1/web", site=site) == ["us-east-1/web"]


def test_one_group_needs_no_naming() -> None:
    assert places("config.path", site=FakeSite(configuration(web=("i-01",)))) == ["web"]


def test_a_numbered_target_stays_the_same_when_others_leave() -> None:
    site = FakeSite()
    fault_type = BY_NAME["target.crash"]
    spots = understand(fault_type, ["web/2"], site)
    site.file = without(site.file, "i-01")
    assert [place.name for place in find(fault_type, spots, site)] == ["i-02"]


def test_a_group_is_whoever_is_in_it_also_while_draining() -> None:
    site = FakeSite()
    fault_type = BY_NAME["target.crash"]
    spots = understand(fault_type, ["web"], site)
    site.file = without(site.file, "i-02")
    site.draining = {"web": ("i-02",)}
    assert [place.name for place in find(fault_type, spots, site)] == ["i-01", "i-03", "i-02"]
