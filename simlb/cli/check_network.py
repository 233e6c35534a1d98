"""The doctor's questions about ports and names."""

from __future__ import annotations

import errno
import ipaddress
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Literal

from simlb.cli.findings import Finding, failure, fine, warning

_PAIRS = ((80, 8080), (443, 8443))
_RESOLVER_TIMEOUT_S = 3.0
_NAME = "simlb-doctor.localhost"
_NEVER_SUDO = "→ not needed: simlb listens on {other} and calls it {port}. Linux, until reboot: {sysctl}"
_SYSCTL = "sudo sysctl net.ipv4.ip_unprivileged_port_start=80"

PortState = Literal["free", "taken", "privileged", "reserved"]


def ports(instances: Mapping[int, str]) -> Iterator[Finding]:
    """Which of the usual ports can be opened, and who has the others. `instances` maps process ids to their names."""
    for port, other in _PAIRS:
        state, other_state = port_state(port), port_state(other)
        usable = state == "free" or other_state == "free"
        yield _port_finding(port, state, instances, usable=usable, other=other)
        yield _port_finding(other, other_state, instances, usable=usable)


def resolver() -> Iterator[Finding]:
    """Do programs on this machine find *.localhost?"""
    addresses = _resolve(_NAME)
    if addresses and all(ipaddress.ip_address(address).is_loopback for address in addresses):
        yield fine("*.localhost", f"resolves to {', '.join(addresses)}")
    else:
        seen = f"resolves to {', '.join(addresses)}, which is not this machine" if addresses else "does not resolve"
        yield warning(
            "*.localhost",
            f"{seen} for ordinary programs (SIMLB-E402)",
            "→ Chrome, Firefox and curl (7.77 and later) find it by themselves",
            "→ others: use 127.0.0.1 with the Host header, or curl --resolve NAME:PORT:127.0.0.1",
        )


def port_state(port: int, host: str = "127.0.0.1") -> PortState:
    """Try to listen, for an instant."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if not hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if getattr(error, "winerror", None) == 10013:
                return "reserved"
            return "privileged" if error.errno == errno.EACCES else "taken"
    return "free"


def _port_finding(
    port: int, state: PortState, instances: Mapping[int, str], *, usable: bool, other: int | None = None
) -> Finding:
    check = f"port {port}"
    if state == "free":
        return fine(check, "free")
    if state == "privileged":
        hint = _NEVER_SUDO.format(other=other, port=port, sysctl=_SYSCTL) if other else "→ choose another port"
        return warning(check, "may only be opened by the administrator on this system (SIMLB-E102)", hint)
    if state == "reserved":
        shown = "→ netsh interface ipv4 show excludedportrange protocol=tcp"
        return warning(check, "is reserved by Windows (SIMLB-E103)", shown)
    from simlb.processes.ports import port_owner

    owner = port_owner(port) or "another program"
    for pid, name in instances.items():
        if f"(pid {pid})" in owner:
            return fine(check, f"in use by simlb itself (instance {name}, pid {pid})")
    text = f"is taken by {owner} (SIMLB-E101)"
    if not usable:
        return failure(check, text, "→ end that program, or give the listener another bind")
    return warning(check, text, *([f"→ simlb listens on {other} instead"] if other else []))


def _resolve(name: str) -> list[str]:
    """The name's addresses; none when the resolver fails or does not answer in time."""
    found: list[str] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except OSError:
            return
        found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    # A resolver without a network may take half a minute; it cannot be interrupted, only left behind.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_RESOLVER_TIMEOUT_S)
    return list(found)
