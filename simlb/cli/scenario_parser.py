"""`simlb scenario`: names, flags and help of the commands for failure stories."""

from __future__ import annotations

import argparse

from simlb.cli.parser import Commands, Parser, _given, _speed, _whole

_ID_OR_FILE = "an id of `simlb scenario ls`, or a file: ./crash.yaml"


def add_scenario(commands: Commands) -> None:
    """Add the commands to the tree."""
    scenario = commands.add("scenario", "scenarios:ls", "failure stories with a load, a timeline and expectations")
    below = commands.below(scenario)
    listing = below.add("ls", "scenarios:ls", "the scenarios that come with simlb")
    show = below.add("show", "scenarios:show", "what a scenario tells: its topology, timeline and expectations")
    new = below.add("new", "scenarios:new", "write a commented scenario to begin with, ID.yaml")
    check = below.add(
        "check", "scenarios:check", "whether a scenario is right, and the numbers to expect, without a run"
    )
    run = below.add("run", "scenario_running:run", "run a scenario; exit status 0 passed, 1 failed, 4 never steady")
    replay = below.add("replay", "scenario_running:replay", "tell a run again from its journal")
    new.add_argument("id", type=_given, metavar="ID", help="small letters, digits and hyphens: slow-database")
    for parser in (show, check, run):
        parser.add_argument("scenario", type=_given, metavar="ID|FILE", help=_ID_OR_FILE)
    replay.add_argument("journal", type=_given, metavar="JOURNAL", help="a file that --journal wrote")
    for parser, default in ((check, "the scenario's"), (run, "the scenario's"), (replay, "1")):
        parser.add_argument(
            "--speed",
            type=_speed,
            metavar="N",
            help=f"load-balancer time runs N times as fast (default: {default})",
        )
    _add_run_flags(run)
    replay.add_argument("--report", metavar="FILE", help="write the HTML report again instead")
    for parser in (scenario, listing, show, check, run, replay):
        parser.add_argument(
            "--lang",
            choices=("en", "ko"),
            # What stands before the subcommand holds unless it is said again behind it.
            default=None if parser is scenario else argparse.SUPPRESS,
            help="the language of the story (default: $LANG's, or en)",
        )
    for parser in (listing, show, check, run):
        parser.add_argument("--json", action="store_true", help="JSON in place of text")
    scenario.set_defaults(json=False)


def _add_run_flags(run: Parser) -> None:
    run.add_argument("--seed", type=_whole, metavar="N", help="of all draws (default: the scenario's)")
    report = run.add_mutually_exclusive_group()
    report.add_argument("--report", metavar="FILE", help="where to write the HTML report (default: runs/)")
    report.add_argument("--no-report", action="store_true", help="write none")
    run.add_argument("--junit", metavar="FILE", help="write the expectations as JUnit XML, for CI")
    run.add_argument("--journal", metavar="FILE", help="where to write the journal, for replay (default: runs/)")
    run.add_argument("--allow-run", action="store_true", help="let the scenario start the commands that it names")
    run.add_argument("--no-questions", action="store_true", help="answer the story's questions by themselves")
