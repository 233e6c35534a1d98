"""Opening listening sockets where the system allows, and what to say where it does not."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
from collections.abc import Callable

from simlb.core.model import Bind
from simlb.errors import BindError

BACKLOG = 4096
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
_RESERVED_BY_WINDOWS = 10013
_IPV4_LOOPBACK, _IPV6_LOOPBACK = "127.0.0.1", "::1"

Refusal = tuple[str, str]
"""Why a bind did not work: a message code and the words for it."""


class BindProblem(Exception):  # noqa: N818 - a finding about one of several places, raised and caught within `Doors`
    """One place where a socket cannot be. `owner` is who has it, where that is known without asking the system."""

    def __init__(self, bind: Bind, error: OSError, owner: str | None = None) -> None:
        super().__init__(bind, error)
        self.bind = bind
        self.error = error
        self.owner = owner


def listening_socket(bind: Bind) -> socket.socket:
    """A socket that listens there. Raises BindProblem."""
    family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off on what is accepted here. Otherwise a response
    # that its target sends in two pieces waits 40 ms for the client's delayed acknowledgement.
    try:
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:  # a system without IPv6
        raise BindProblem(bind, error) from error
    try:
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        sock.bind((bind.host, bind.port))
        # Binding alone does not find a socket that already listens there; listening does.
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise BindProblem(bind, error) from error
    sock.setblocking(False)
    return sock


def has_ipv6_loopback() -> bool:
    """Whether this machine has ::1."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
        sock.bind((_IPV6_LOOPBACK, 0))
        return True
    return False


def ip_versions(sock: socket.socket) -> frozenset[int]:
    """The versions of IP that its clients may have: both, for one that listens on all addresses of either."""
    if sock.family == socket.AF_INET:
        return frozenset({4})
    is_for_both = sock.getsockname()[0] == "::" and not sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    return frozenset({4, 6}) if is_for_both else frozenset({6})


def other_host(versions: frozenset[int]) -> str | None:
    """Where a dualstack listener is as well, when it has a socket for these versions; None when that one does."""
    if versions == {4}:
        return _IPV6_LOOPBACK
    return _IPV4_LOOPBACK if versions == {6} else None


def refusal_words(problem: BindProblem, port_owner: Callable[[int], str | None]) -> Refusal:
    """Why it did not work there, where another place will do."""
    bind, error = problem.bind, problem.error
    if error.errno in _FORBIDDEN:
        return "E102", f"{_place(bind)} may only be opened by the administrator on this system"
    if error.errno == errno.EADDRINUSE:
        owner = problem.owner or port_owner(bind.port)
        return "E101", f"{_place(bind)} is already in use" + (f" by {owner}" if owner else "")
    return "E104", f"{_written(bind)} cannot be opened: {error.strerror or error}"


def bind_error(problem: BindProblem, port_owner: Callable[[int], str | None]) -> BindError:
    """The error for a place where nothing else will do."""
    bind, error = problem.bind, problem.error
    if getattr(error, "winerror", None) == _RESERVED_BY_WINDOWS:
        return BindError(
            "E103",
            f"Port {bind.port} is reserved by Windows (WinError 10013).",
            "netsh interface ipv4 show excludedportrange protocol=tcp lists the reserved ranges: choose another port",
        )
    code, words = refusal_words(problem, port_owner)
    hints: tuple[str, ...] = ()
    if code == "E102":
        hints = (
            "leave out `bind` (simlb then takes a port above 1024 and the lessons still call it "
            f"{bind.port}), or give another one",
            "Linux: sudo sysctl net.ipv4.ip_unprivileged_port_start=80 allows it until the next reboot",
        )
    elif code == "E101":
        hints = ("choose another `bind` port, or leave it out to let simlb take the next free one",)
        if problem.owner is None:
            hints += ("is it another simlb? `simlb status` shows it, `simlb down` stops it",)
    return BindError(code, f"{words}.", *hints)


def _place(bind: Bind) -> str:
    return f"Port {bind.port} of [{bind.host}]" if ":" in bind.host else f"Port {bind.port}"


def _written(bind: Bind) -> str:
    return f"[{bind.host}]:{bind.port}" if ":" in bind.host else f"{bind.host}:{bind.port}"
