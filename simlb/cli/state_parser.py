"""The command tree below `simlb state`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlb.cli.parser import Commands


def add_state(commands: Commands) -> None:
    """`simlb state export | import | reset`."""
    summary = "what API calls and commands have made: take it out, bring it in, forget it"
    below = commands.below(commands.add("state", None, summary), required=True)
    leaving = below.add("export", "state:export", "write it as JSON")
    leaving.add_argument("file", nargs="?", default="-", metavar="FILE", help="default: standard output")
    leaving.add_argument("--with-keys", action="store_true", help="with the private keys of certificates")
    coming = below.add("import", "state:bring_in", "serve and keep what an export holds, all of it or nothing")
    coming.add_argument("file", metavar="FILE", help="what `simlb state export` wrote; -: standard input")
    coming.add_argument("--replace", action="store_true", help="in place of the state that the instance has")
    forgetting = below.add("reset", "state:reset", "forget it: the instance is as its file says")
    forgetting.add_argument("--yes", action="store_true", help="do not ask")
