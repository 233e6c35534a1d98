"""Who may talk to the control port. Any web page can send requests to a local port, so an address is not enough.

- The Host must be a loopback name with our port: a foreign name that resolves here (DNS rebinding) does not pass.
- A browser names the page that asks in Origin or Sec-Fetch-Site: only our own pages pass.
- Whatever changes something needs the instance's token, which only its owner can read.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping, Sequence

from simlb.errors import SimlbError


class Guard:
    """Decides over request heads for one port and one token."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token.encode()

    def check_page(self, hosts: Sequence[str], headers: Mapping[str, str], *, is_front: bool = False) -> None:
        """Raise SimlbError E605 for a foreign Host, E606 for a foreign page. `hosts` holds every Host field line.

        `is_front`: the page at `/` is asked for. Any link may lead there: it holds nothing, nobody can frame it.
        """
        if len(hosts) != 1 or not self._is_own_host(hosts[0]):
            raise SimlbError(
                "E605",
                f"Host {', '.join(hosts) or '(none)'} is not this control port.",
                f"→ use http://127.0.0.1:{self._port}/ or http://localhost:{self._port}/",
            )
        origin = headers.get("Origin")
        foreign_origin = origin is not None and origin.lower() != f"http://{hosts[0].lower()}"
        if is_front and origin is None and headers.get("Sec-Fetch-Mode") == "navigate":
            return
        if foreign_origin or headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
            raise SimlbError("E606", f"Requests from other web pages are refused (Origin {origin or 'not given'}).")

    def check_token(self, headers: Mapping[str, str]) -> None:
        """Raise SimlbError E607 without the token, compared in constant time."""
        scheme, _, given = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
            raise SimlbError(
                "E607",
                "This needs the instance's token: Authorization: Bearer …",
                "→ the simlb command sends it by itself; it stands in run/<instance>.json of the state folder",
            )

    def _is_own_host(self, host: str) -> bool:
        name, separator, port = host.rpartition(":")
        if not separator or port != str(self._port):
            return False
        if name.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
        except ValueError:
            return False
