"""The command `simlb dns`: name, flags and help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlb.cli.parser import Commands


def add_dns(commands: Commands) -> None:
    """Describe it."""
    dns = commands.add("dns", "dns:dns", "where the DNS server of the hosted zones is, and how to ask it")
    dns.add_argument("--json", action="store_true", help="JSON in place of text")
