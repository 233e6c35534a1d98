"""What a client on this machine types to reach a listener, without a hosts file or a DNS server."""

from __future__ import annotations

from collections.abc import Iterable

_DEFAULT_PORTS = {"http": 80, "https": 443}
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not bound
_WHERE_LOCAL_NAMES_LEAD = frozenset({"127.0.0.1", "::1"})


def listener_url(protocol: str, host: str, port: int, names: Iterable[str]) -> str:
    """`http://shop.localhost:8080/` for the listener whose socket is at `host` and `port`.

    The first of the load balancer's `names` that every browser finds by itself: one under `.localhost`, when the
    listener is where such names lead. Else the address.
    """
    scheme = protocol.lower()
    host = _WILDCARDS.get(host, host)
    where = f"[{host}]" if ":" in host else host
    if host in _WHERE_LOCAL_NAMES_LEAD:
        where = next((name for name in names if f".{name}".endswith(".localhost")), where)
    return f"{scheme}://{where}{'' if port == _DEFAULT_PORTS[scheme] else f':{port}'}/"
