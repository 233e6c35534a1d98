"""The command `simlb learn`: name, flags and help."""

from __future__ import annotations

from simlb.cli.parser import Commands, _port, _speed

STEP_MAX = 15


def add_learn(commands: Commands) -> None:
    """Describe it."""
    learn = commands.add("learn", "learn:learn", "the course: from nothing to HTTPS in 16 steps, in your browser")
    learn.add_argument(
        "step", nargs="?", type=int, choices=range(STEP_MAX + 1), metavar="STEP", help="open this step: 0 to 15"
    )
    learn.add_argument("--again", action="store_true", help="begin anew: forget what was made and done")
    learn.add_argument("--no-open", action="store_true", help="print the page's address in place of opening it")
    learn.add_argument(
        "--speed", type=_speed, metavar="N", help="load-balancer time runs N times as fast (default: 10)"
    )
    learn.add_argument("--control-port", type=_port, metavar="PORT", help="the control port (default: 8089; 0: any)")
    learn.add_argument("--no-keys", action="store_true", help="do not read single keys from the terminal")
