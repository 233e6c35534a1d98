"""Stands for `python -m simlb.scenario` in tests: the same lines, no load balancer. Only the standard library.

`steady`: asks one question, then ends. `torn`: leaves a torn line and kills itself. `silent`: never says anything.
`stuck`: ignores that its standard input has ended. `refused`: refuses. `full`: ends with an error.
"""

import json
import os
import signal
import sys
import time

META = {"type": "meta", "at_s": 0.0, "real_s": 0.0, "format": "journal/1", "simlb": "0", "text": "", "groups": {}}
TITLE = {"en": "A story", "ko": "이야기"}
QUESTION = {"type": "ask", "at_s": 2.0, "real_s": 0.2, "question": TITLE, "choices": [TITLE, TITLE], "answer": 1}


def say(said: object) -> None:
    """One line to simlb."""
    print(json.dumps(said), flush=True)


def shelf() -> list[object]:
    """What there is to play."""
    names = ("steady", "torn", "silent", "stuck", "refused", "full")
    known = {"title": TITLE, "summary": TITLE, "level": "basic", "minutes": 1, "tags": [], "speed": 10, "max_speed": 20}
    return [{"id": name, **known} for name in names]


def play(order: dict[str, str]) -> int:
    """One run."""
    what = order["run"]
    if what == "silent":
        time.sleep(600)
    if what == "refused":
        say({"refused": {"code": "E664", "message": "Too fast.", "hints": ["slower"]}})
        return 2
    with open(order["journal"], "w", encoding="utf-8", buffering=1) as journal:  # noqa: PTH123

        def write(record: object) -> None:
            journal.write(json.dumps(record) + "\n")

        started = "2026-11-28T16:48:44+00:00"
        write({**META, "scenario": what, "title": TITLE, "speed": 10.0, "seed": 7, "started": started, "variables": {}})
        say({"state": "starting", "title": TITLE, "speed": 10.0, "seed": 7})
        write({"type": "mark", "at_s": 1.0, "real_s": 0.1, "name": "start"})
        say({"state": "telling"})
        if what == "torn":
            journal.write('{"type":"mark","at_s":2.0,"re')
            journal.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "stuck":
            time.sleep(600)
        if what == "full":
            write({"type": "end", "at_s": 2.0, "real_s": 0.2, "outcome": "broken", "why": "No room."})
            error = {"code": "E713", "message": "No room.", "hints": []}
            say({"ended": {"outcome": "broken", "error": error}})
            return 2
        write(QUESTION)
        say({"asked": 1, "choices": 2})
        return obey(order, write)


def obey(order, write) -> int:  # type: ignore[no-untyped-def]
    """Commands until the question is answered, or until nobody gives any."""
    outcome = "interrupted"
    for line in sys.stdin:
        command = json.loads(line)
        if "pause" in command:
            say({"paused": command["pause"]})
        elif "answer" in command:
            say({"answered": command["answer"]})
            write({"type": "answer", "at_s": 3.0, "real_s": 0.3, "chosen": command["choice"]})
            outcome = "passed"
            break
        else:
            break
    verdict = {"type": "expectation", "at_s": 4.0, "real_s": 0.4, "title": TITLE, "seen": TITLE, "expected": TITLE}
    write({**verdict, "id": "fine", "has_passed": True})
    write({**verdict, "id": "wrong", "has_passed": False})
    write({"type": "end", "at_s": 5.0, "real_s": 0.5, "outcome": outcome})
    with open(order["report"], "w", encoding="utf-8") as report:  # noqa: PTH123
        report.write("<!doctype html><title>report</title>")
    say({"ended": {"outcome": outcome}})
    return 0


def main() -> int:
    """One order."""
    order = json.loads(sys.stdin.readline())
    if "shelf" in order:
        say({"scenarios": shelf()})
        return 0
    if "run" not in order:
        with open(order["report"], "w", encoding="utf-8") as report:  # noqa: PTH123
            report.write("<!doctype html><title>made later</title>")
        say({"written": order["report"]})
        return 0
    return play(order)


if __name__ == "__main__":
    sys.exit(main())
