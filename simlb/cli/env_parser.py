"""The command `simlb env`: name, flags and help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlb.cli.parser import Commands

SHELLS = ("sh", "fish", "powershell", "cmd")


def add_env(commands: Commands) -> None:
    """Describe it."""
    env = commands.add("env", "env:env", 'what points boto3 and the AWS CLI at this instance: eval "$(simlb env)"')
    env.add_argument(
        "--shell",
        choices=SHELLS,
        default="sh",
        metavar="SHELL",
        help=f"{', '.join(SHELLS)} (default: sh, which is for bash and zsh too)",
    )
    env.add_argument("--json", action="store_true", help="JSON in place of shell commands")
