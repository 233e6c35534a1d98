"""Who may talk to the control port, as a table."""

import pytest

from simlb.controlplane.guard import Guard
from simlb.errors import SimlbError

PORT = 8089
GUARD = Guard(PORT, "s3cret")


@pytest.mark.parametrize("host", ["127.0.0.1:8089", "localhost:8089", "LOCALHOST:8089", "[::1]:8089", "127.0.0.9:8089"])
def test_loopback_hosts_with_our_port_pass(host: str) -> None:
    GUARD.check_page([host], {})


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [""],
        ["127.0.0.1"],
        ["localhost:80"],
        ["evil.example:8089"],
        ["localhost.evil.example:8089"],
        ["0.0.0.0:8089"],
        ["192.168.0.7:8089"],
        ["127.0.0.1:8089", "evil.example:8089"],
    ],
)
def test_any_other_host_is_refused(hosts: list[str]) -> None:
    with pytest.raises(SimlbError) as caught:
        GUARD.check_page(hosts, {})
    assert caught.value.code == "E605"


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),
        ({"Origin": "http://127.0.0.1:8089"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "http://localhost:8089"}, False),
        ({"Origin": "https://127.0.0.1:8089"}, False),
        ({"Origin": "http://127.0.0.1:3000"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
    ],
)
def test_only_our_own_pages_pass(headers: dict[str, str], passes: bool) -> None:
    if passes:
        GUARD.check_page(["127.0.0.1:8089"], headers)
        return
    with pytest.raises(SimlbError) as caught:
        GUARD.check_page(["127.0.0.1:8089"], headers)
    assert caught.value.code == "E606"


@pytest.mark.parametrize(
    ("authorization", "passes"),
    [
        ("Bearer s3cret", True),
        ("bearer s3cret", True),
        ("", False),
        ("Bearer", False),
        ("Bearer s3cre", False),
        ("Bearer 비밀", False),
        ("Basic s3cret", False),
    ],
)
def test_the_token_opens(authorization: str, passes: bool) -> None:
    if passes:
        GUARD.check_token({"Authorization": authorization})
        return
    with pytest.raises(SimlbError) as caught:
        GUARD.check_token({"Authorization": authorization})
    assert caught.value.code == "E607"
