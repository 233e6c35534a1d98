"""The command tree: names, flags and help. What each command does is imported only when it is called."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from simlb import __version__
from simlb.cli.console_parser import add_console
from simlb.cli.dns_parser import add_dns
from simlb.cli.env_parser import add_env
from simlb.cli.explain_arguments import add_explain
from simlb.cli.load_arguments import add_load
from simlb.cli.log_arguments import add_logs
from simlb.cli.metrics_arguments import add_metrics
from simlb.cli.replay_arguments import add_replay
from simlb.cli.state_parser import add_state
from simlb.cli.url_parser import add_url
from simlb.cli.watch_arguments import add_watch

MAX_PORT = 65535

_DESCRIPTION = """\
A local, offline AWS Application Load Balancer.

Without a command: the status of a running instance; else `up` when there is a simlb.yaml here; else `demo`.
"""


class Parser(argparse.ArgumentParser):
    """argparse with short errors that know what was probably meant. Exit status 2, as for every wrong usage."""

    gathers = ""
    """The list of words, if there is one, that options may stand in the middle of."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Each command refuses what it does not know, rather than the tree's root, which knows the options of all."""
        known, rest = super().parse_known_args(args, namespace)
        if self.gathers:
            # argparse ends a list of words at the first option behind it.
            words = [word for word in rest if not word.startswith("-")]
            setattr(known, self.gathers, [*getattr(known, self.gathers), *words])
            rest = [word for word in rest if word.startswith("-")]
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return known, rest

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and leave."""
        self.exit(2, f"simlb: {self._clearer(message)}\n       more: {self.prog} --help\n")

    def _clearer(self, message: str) -> str:
        if chosen := re.match(r"argument (\S+): invalid choice: (.*) \(choose from .*\)", message, re.DOTALL):
            word = chosen[2][1:-1]
            if (values := self._values(chosen[1])) is not None:
                return f"{chosen[1]}: '{word}' is none of: {', '.join(values)}"
            commands = sorted(self.command_names())
            return f"unknown command '{word}'{_meant(word, commands) or '; there are: ' + ', '.join(commands)}"
        if unknown := re.fullmatch(r"unrecognized arguments: (\S+).*", message):
            word = unknown[1]
            if word.startswith("-"):
                name = word.partition("=")[0]
                names = {*self.option_names()}
                if name in names:
                    return f"'{name}' belongs behind a command"
                return f"unknown option '{word}'{_meant(name, sorted(names))}"
            return f"one word too many: '{word}'"
        return message

    def _values(self, argument: str) -> list[str] | None:
        """The values that an argument takes, by the name that argparse calls it; None for the commands."""
        for action in self._actions:
            is_named = argument == ("/".join(action.option_strings) or action.metavar or action.dest)
            if is_named and action.choices is not None and not isinstance(action, argparse._SubParsersAction):
                return [str(choice) for choice in action.choices]
        return None

    def command_names(self) -> Iterator[str]:
        """The commands right below this one."""
        for action in self._subparsers_actions():
            yield from action.choices

    def option_names(self) -> Iterator[str]:
        """Every option of this command and of those below."""
        for action in self._actions:
            yield from action.option_strings
        for action in self._subparsers_actions():
            for parser in action.choices.values():
                if isinstance(parser, Parser):
                    yield from parser.option_names()

    def _subparsers_actions(self) -> Iterator[argparse._SubParsersAction[argparse.ArgumentParser]]:
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                yield action


def build() -> Parser:
    """The whole tree. Parsed arguments hold `run`, the `module:function` of the command (None without a command)."""
    from simlb.cli.learn_parser import add_learn  # which build on what is defined here
    from simlb.cli.scenario_parser import add_scenario

    common = Parser(add_help=False)
    # Before or after the command: what is not given must not overwrite what was.
    common.add_argument(
        "--instance", default=argparse.SUPPRESS, metavar="NAME", help="which instance, when several run"
    )
    parser = Parser(
        prog="simlb",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"simlb {__version__} (Python {_python_version()})")
    parser.set_defaults(run=None)
    commands = Commands(parser, common)
    _add_serving(commands)
    _add_running(commands)
    add_watch(commands)
    add_explain(commands)
    add_logs(commands)
    add_replay(commands)
    add_scenario(commands)
    add_load(commands)
    add_metrics(commands)
    add_env(commands)
    add_dns(commands)
    add_state(commands)
    add_url(commands)
    add_console(commands)
    add_learn(commands)
    _add_faults(commands)
    _add_files(commands)
    return parser


class Commands:
    """The commands below one parser; modules that describe commands of their own get it handed."""

    def __init__(self, parser: Parser, common: Parser, *, required: bool = False) -> None:
        self._common = common
        self._subparsers: argparse._SubParsersAction[Parser] = parser.add_subparsers(
            metavar="COMMAND", title="commands", parser_class=Parser, required=required
        )

    def add(self, name: str, run: str | None, summary: str) -> Parser:
        parser = self._subparsers.add_parser(
            name, help=summary, description=summary, parents=[self._common], allow_abbrev=False
        )
        if run is not None:
            parser.set_defaults(run=f"simlb.cli.{run}")
        return parser

    def below(self, parser: Parser, *, required: bool = False) -> Commands:
        return Commands(parser, self._common, required=required)


def _add_serving(commands: Commands) -> None:
    demo = commands.add("demo", "serve:demo", "a load balancer with three targets that you can kill and revive")
    _add_serving_flags(demo, "10")
    demo.add_argument("--no-browser", action="store_true", help="do not open the console in a browser")
    demo.set_defaults(urls=[], file=None, name=None, health=None)
    up = commands.add("up", "serve:up", "serve simlb.yaml, or put HTTPS in front of the given URLs")
    up.add_argument("urls", nargs="*", metavar="URL", help="a target that you run: http://127.0.0.1:3000")
    up.add_argument("-f", "--file", help="the configuration (default: simlb.yaml)")
    up.add_argument("--name", help="with URLs: the name to serve, such as shop.localhost")
    up.add_argument("--health", metavar="PATH", help="with URLs: the health check's path, such as /health")
    _add_empty(up)
    _add_serving_flags(up, "as in the file, else 1")
    _add_ephemeral(commands)


def _add_ephemeral(commands: Commands) -> None:
    serve = commands.add("serve", "ephemeral:serve", "serve for one test run, for a program in any language to drive")
    serve.add_argument("urls", nargs="*", metavar="URL", help="a target that you run: http://127.0.0.1:3000")
    serve.add_argument("-f", "--file", help="the configuration (default: simlb.yaml)")
    serve.add_argument("--name", help="with URLs: the name to serve, such as shop.example.com")
    serve.add_argument("--health", metavar="PATH", help="with URLs: the health check's path, such as /health")
    _add_empty(serve)
    serve.add_argument(
        "--ephemeral", action="store_true", help="free ports, a CA in memory, no state; ends with its parent"
    )
    serve.add_argument("--json", action="store_true", help="one line of JSON in place of text")
    serve.add_argument(
        "--speed", type=_speed, metavar="N", help="load-balancer time runs N times as fast (default: as in the file)"
    )
    serve.add_argument(
        "--manual-clock", action="store_true", help="load-balancer time stands still until it is advanced"
    )
    serve.add_argument("--seed", type=_whole, metavar="N", help="repeat all random choices of an earlier run")


def _add_empty(parser: Parser) -> None:
    parser.add_argument("--empty", action="store_true", help="begin without a load balancer: AWS's tools make them")
    parser.add_argument("--region", type=_given, metavar="REGION", help="with --empty (default: ap-northeast-2)")


def _add_serving_flags(parser: Parser, default_speed: str) -> None:
    parser.add_argument(
        "--speed", type=_speed, metavar="N", help=f"load-balancer time runs N times as fast (default: {default_speed})"
    )
    parser.add_argument("--control-port", type=_port, metavar="PORT", help="the control port (default: 8089; 0: any)")
    parser.add_argument(
        "--dns-port",
        type=_port,
        metavar="PORT",
        help="the DNS server's port (default: any, once there is a hosted zone)",
    )
    parser.add_argument("--expose", type=_address, metavar="ADDR", help="listen on this address: others can connect!")
    parser.add_argument("--no-keys", action="store_true", help="do not read single keys from the terminal")


def _add_running(commands: Commands) -> None:
    status = commands.add("status", "status:status", "how the running instance stands")
    rules = commands.add("rules", "rules:rules", "the rules of every listener, in the order of their evaluation")
    down = commands.add("down", "down:down", "stop the running instance, and wait until it is gone")
    down.add_argument(
        "--timeout", type=_seconds, default=30.0, metavar="S", help="give up after S seconds (default: 30)"
    )
    commands.add("reload", "reload:reload", "read the configuration again; a bad one keeps the old")

    target = commands.add("target", "targets:ls", "list targets, register and deregister them, kill their processes")
    below = commands.below(target)
    listing = below.add("ls", "targets:ls", "every target and its state")
    for name, summary in (
        ("kill", "end a target's process with SIGKILL: the load balancer finds out by itself"),
        ("restart", "start a target's process again"),
    ):
        below.add(name, f"targets:{name}", summary).add_argument(
            "name", type=_given, metavar="NAME", help="such as i-03"
        )
    adding = below.add("add", "registering:add", "register a target that runs already; a reload of the file keeps it")
    adding.add_argument("group", type=_given, metavar="GROUP", help="the target group, such as web")
    adding.add_argument(
        "url",
        type=_given,
        metavar="URL|ADDRESS:PORT",
        help="where it listens: http://127.0.0.1:9003, 127.0.0.1:9003",
    )
    adding.add_argument("--name", type=_given, metavar="NAME", help="what to call it (default: the next free i-NN)")
    for name, summary in (
        ("rm", "deregister a target: it gets no new requests, drains, and then is gone"),
        ("drain", "deregister a target, and wait until it is gone"),
    ):
        leaving = below.add(name, f"registering:{name}", summary)
        leaving.add_argument("name", type=_given, metavar="NAME", help="such as i-03, or its address: 127.0.0.1:9003")
        leaving.add_argument("--group", type=_given, metavar="GROUP", help="of this target group, when several have it")
    for parser in (status, rules, listing):
        parser.add_argument("--json", action="store_true", help="JSON in place of text")
    target.set_defaults(json=False)


def _add_faults(commands: Commands) -> None:
    fault = commands.add("fault", "faults:ls", "install failures, list them and undo them")
    fault.set_defaults(json=False)
    below = commands.below(fault)
    adding = below.add("add", "faults:add", "let something fail, until it is undone or its time is over")
    adding.add_argument("type", type=_given, metavar="TYPE", help="such as link.latency: simlb fault types")
    adding.add_argument("parameters", nargs="*", metavar="NAME=VALUE", help="such as delay=300ms")
    adding.gathers = "parameters"
    adding.add_argument(
        "--on", action="append", default=[], metavar="X", help="i-03, web/3 (the third of web), web (all of it) or 443"
    )
    adding.add_argument("--match-method", metavar="METHOD", help="only requests with this method")
    adding.add_argument("--match-path", metavar="PATTERN", help="only requests for these paths: '/api/*'")
    adding.add_argument(
        "--match-header", action="append", default=[], metavar="'NAME: VALUE'", help="only requests with this header"
    )
    adding.add_argument("--percent", metavar="P", help="only so many of them, drawn at random: 50%%")
    adding.add_argument("--count", type=_whole, metavar="N", help="only so often, then no more")
    adding.add_argument("--every", type=_whole, metavar="N", help="only every Nth of them")
    adding.add_argument("--pattern", metavar="FFS", help="F fails, S does not, in turns")
    adding.add_argument("--for", dest="lasts", metavar="20s", help="undo it by itself after that load-balancer time")
    adding.add_argument("--name", type=_given, metavar="NAME", help="what to call it (default: latency-1, ...)")
    adding.add_argument("--seed", type=_whole, metavar="N", help="the same draws every time")
    listing = below.add("ls", "faults:ls", "every installed fault, and how to undo it")
    removing = below.add("rm", "faults:rm", "undo a fault")
    removing.add_argument("name", type=_given, metavar="NAME", help="such as latency-1")
    below.add("clear", "faults:clear", "undo all faults")
    types = below.add("types", "fault_types:types", "what can fail, and what the load balancer makes of it")
    types.add_argument("type", nargs="?", metavar="TYPE", help="all about this one")
    types.add_argument("--lang", choices=("en", "ko"), default="en", help="ko: in Korean too")
    for parser in (adding, listing, types):
        parser.add_argument("--json", action="store_true", help="JSON in place of text")


def _add_files(commands: Commands) -> None:
    init = commands.add("init", "files:init", "write a simlb.yaml to begin with")
    init.add_argument("file", nargs="?", default="simlb.yaml", metavar="FILE", help="default: simlb.yaml")
    init.add_argument("--force", action="store_true", help="replace an existing file")
    config = commands.add("config", None, "check a configuration, or print its JSON Schema")
    below = commands.below(config, required=True)
    check = below.add("check", "files:check", "say whether a configuration is right")
    check.add_argument("file", nargs="?", default="simlb.yaml", metavar="FILE", help="default: simlb.yaml")
    below.add("schema", "files:schema", "the JSON Schema, for editors")
    below = commands.below(commands.add("cert", None, "the local certificate authority"), required=True)
    below.add("path", "cert:path", "the file that clients must trust")
    authority = below.add("ca", "cert_authority:ca", "what it is and may sign; have it sign for a domain of yours too")
    authority.add_argument(
        "--permit",
        action="append",
        default=[],
        metavar="NAME",
        help="a new CA that may sign this domain too: shop.co.kr",
    )
    authority.add_argument(
        "--forbid", action="append", default=[], metavar="NAME", help="a new CA that may not sign this domain any more"
    )
    authority.add_argument("--yes", action="store_true", help="do not ask")
    authority.add_argument("--json", action="store_true", help="JSON in place of text")
    doctor = commands.add("doctor", "doctor:doctor", "what works on this machine, and what does not")
    doctor.add_argument("--json", action="store_true", help="JSON in place of text")


def _meant(word: str, known: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(word, known, n=1)
    return f". Did you mean '{close[0]}'?" if close else ""


def _python_version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _given(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _speed(text: str) -> float:
    speed = _number(text)
    if not (0 < speed < math.inf):
        raise argparse.ArgumentTypeError(f"'{text}' must be above 0")
    return speed


def _seconds(text: str) -> float:
    seconds = _number(text)
    if not (0 <= seconds < math.inf):
        raise argparse.ArgumentTypeError(f"'{text}' must be 0 or more seconds")
    return seconds


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number")
    return int(text)


def _port(text: str) -> int:
    port = _whole(text)
    if port > MAX_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is above {MAX_PORT}")
    return port


def _address(text: str) -> str:
    import ipaddress

    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no IP address (0.0.0.0 stands for every one)") from None
