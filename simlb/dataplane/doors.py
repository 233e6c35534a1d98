"""Where the listeners of a process are: which sockets there are, and who gets one that somebody else has already."""

from __future__ import annotations

import errno
import ipaddress
import os
from collections.abc import Callable, Iterator, Sequence

from simlb.core.model import Bind
from simlb.dataplane.binding import (
    BindProblem,
    Refusal,
    bind_error,
    has_ipv6_loopback,
    listening_socket,
    other_host,
    refusal_words,
)
from simlb.dataplane.door import Door, Holder
from simlb.errors import SimlbError

_PORTS_TRIED = 32
"""How many ports of the system's choice are tried for one that is free in both families."""


class Doors:
    """All listening sockets of the load balancers of a process."""

    def __init__(
        self,
        port_owner: Callable[[int], str | None] = lambda port: None,
        leads_to: Callable[[str], str | None] = lambda name: None,
    ) -> None:
        """`port_owner` tells who else listens on a port, for messages.

        `leads_to` tells which load balancer's DNS name another name leads to; it is asked where doors are shared.
        """
        self._port_owner = port_owner
        self._leads_to = leads_to
        self._doors: dict[tuple[str, int], Door] = {}

    def __iter__(self) -> Iterator[Door]:
        """Every door that somebody holds."""
        return iter(tuple(self._doors.values()))

    def claim(
        self, holder: Holder, binds: Sequence[Bind], *, is_dualstack: bool
    ) -> tuple[tuple[Door, ...], list[Refusal]]:
        """The doors at the first of `binds` that works, and why each earlier one did not. `holder` holds them.

        A dualstack listener gets two, for IPv4 and IPv6, with one port number. Where another load balancer's listener
        is already, the door is shared on loopback addresses, and anywhere when there is no other choice.

        Raises BindError when none works.
        """
        problems: list[BindProblem] = []
        for bind in binds:
            try:
                doors = self._claim_at(holder, bind, is_dualstack=is_dualstack, must_share=len(binds) == 1)
            except BindProblem as problem:
                problems.append(problem)
            else:
                return doors, [refusal_words(problem, self._port_owner) for problem in problems]
        raise bind_error(problems[0], self._port_owner)

    def claim_beside(self, holder: Holder, door: Door, *, is_dualstack: bool) -> tuple[Door, ...]:
        """A door that the holder's listener has, and, for dualstack, the one of the other family. `holder` holds both.

        Raises BindError when the port is not free there.
        """
        try:
            doors = self._with_other(holder, door, must_share=True) if is_dualstack else (door,)
        except BindProblem as problem:
            raise bind_error(problem, self._port_owner) from None
        door.hold(holder)
        return doors

    def check_ipv6(self) -> None:
        """Raise SimlbError E858 when there can be no dualstack load balancer on this machine."""
        if not has_ipv6_loopback():
            raise SimlbError(
                "E858",
                "This machine has no IPv6 loopback address ::1, where a dualstack load balancer listens.",
                "switch IPv6 on (Linux: sudo sysctl net.ipv6.conf.lo.disable_ipv6=0; Docker: --sysctl, the same name)",
                "or leave the load balancer at ip_address_type ipv4",
            )

    def _claim_at(self, holder: Holder, bind: Bind, *, is_dualstack: bool, must_share: bool) -> tuple[Door, ...]:
        tries = 1 if bind.port or not is_dualstack else _PORTS_TRIED
        while True:
            first = self._take(holder, bind, must_share=must_share)
            first.hold(holder)
            if not is_dualstack:
                return (first,)
            tries -= 1
            try:
                return self._with_other(holder, first, must_share=must_share)
            except BindProblem:
                first.let_go(holder)
                if not tries:
                    raise

    def _with_other(self, holder: Holder, first: Door, *, must_share: bool) -> tuple[Door, ...]:
        host = other_host(first.versions)
        if host is None:
            return (first,)
        other = self._take(holder, Bind(host=host, port=first.port), must_share=must_share)
        other.hold(holder)
        return first, other

    def _take(self, holder: Holder, bind: Bind, *, must_share: bool) -> Door:
        present = self._doors.get((bind.host, bind.port))
        if present is None:
            sock = listening_socket(bind)
            door = Door(sock, self._abandoned, self._leads_to)
            self._doors[door.host, door.port] = door
            return door
        own = [held for held in present.holders if held.node is holder.node and held.port != holder.port]
        if own or not (must_share or ipaddress.ip_address(bind.host).is_loopback):
            taken = OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
            raise BindProblem(bind, taken, (own or present.holders)[0].words)
        return present

    def _abandoned(self, door: Door) -> None:
        del self._doors[door.host, door.port]
