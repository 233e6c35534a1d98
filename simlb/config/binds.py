"""Where listeners' sockets go: the port itself, an unprivileged one in its stead, loopback unless exposed."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Collection

from simlb.config.problems import Refused
from simlb.core.model import Bind

_IN_ITS_STEAD = {80: range(8080, 8090), 443: range(8443, 8453)}
_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - recognised, not bound
_HAS_WHOLE_LOOPBACK_NET = sys.platform == "linux"


def exposed_address(expose: str) -> str:
    """The address of `--expose`. Raises Refused."""
    try:
        return str(ipaddress.ip_address(expose))
    except ValueError:
        raise Refused(f"'{expose}' is not an address of this machine") from None


def default_host(index: int, expose: str | None, *, whole_loopback: bool = _HAS_WHOLE_LOOPBACK_NET) -> str:
    """The address of load balancer number `index`: 127.0.0.1, then 127.0.1.1 ... where the system has them."""
    if expose is not None:
        return expose
    return f"127.0.{index}.1" if whole_loopback and 0 < index <= 255 else "127.0.0.1"


def given(bind: str | int, host: str, expose: str | None) -> Bind:
    """The one place that a listener's `bind` names; `host` is used when it names a port only. Raises Refused."""
    where, colon, port = f":{bind}".rpartition(":") if isinstance(bind, int) else bind.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise Refused(f"bind '{bind}' is not an address and port", "write it as 127.0.0.1:8080 or :8080")
    if not where:
        return Bind(host=host, port=int(port))
    if where == "localhost":
        where = "127.0.0.1"
    bracketed = where.startswith("[") and where.endswith("]")
    try:
        address = ipaddress.ip_address(where[1:-1] if bracketed else where)
    except ValueError:
        raise Refused(f"bind '{bind}': '{where}' is not an address") from None
    if bracketed != (address.version == 6):
        raise Refused(f"bind '{bind}' must be written as address:port, an IPv6 address in brackets")
    if not address.is_loopback and str(address) != expose:
        raise Refused(
            f"bind '{bind}' would let other machines in",
            f"if that is what you want, start simlb with --expose {address}",
        )
    return Bind(host=str(address), port=int(port))


def port_of(bind: str | int) -> int:
    """The port in a listener's `bind`; 0 where it has none that can be read."""
    port = str(bind).rpartition(":")[2]
    return int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0


def candidates(host: str, port: int, taken: Collection[int]) -> tuple[Bind, ...]:
    """The places to try for a listener without `bind`: its port, then ports in its stead that are not in `taken`."""
    stead = [other for other in _IN_ITS_STEAD.get(port, ()) if other not in taken]
    return tuple(Bind(host=host, port=number) for number in (port, *stead))


def meets(bind: Bind, host: str, port: int, *, is_dualstack: bool = False) -> bool:
    """True when a socket bound at `bind` is what a connection to `host` and `port` would reach.

    With `is_dualstack` there is one at the same port of the other family's loopback address as well.
    """
    host = "127.0.0.1" if host == "localhost" else host
    hosts = {bind.host, "127.0.0.1" if ":" in bind.host else "::1"} if is_dualstack else {bind.host}
    return bind.port == port and (host in hosts or bind.host in _WILDCARDS)
