"""`wrapper.py` for Windows: the same arguments, lines and promises, as far as Windows keeps them.

There are no signals: `stop` is CTRL+BREAK to the target's process group, which programs may ignore, and `kill` is
`taskkill /T /F`, which ends the target and the children it has at that moment. When this program itself is ended by
force, the target stays (simlb then calls taskkill). A single COMMAND argument is a whole command line.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def report(text: str) -> None:
    """One line to simlb. Nobody may be there to read it."""
    try:
        os.write(1, f"{text}\n".encode())
    except OSError:
        return


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """End the target and its children by force."""
    subprocess.run(  # noqa: S603
        ["taskkill", "/T", "/F", "/PID", str(process.pid)],  # noqa: S607
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def stop(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """Ask the target to end, and make it end when `grace_s` has passed."""
    try:
        process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
        process.wait(grace_s)
    except (OSError, subprocess.TimeoutExpired):
        kill_tree(process)


def obey(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """Do what simlb says on standard input until it ends."""
    for line in sys.stdin.buffer:
        command, _, argument = line.strip().partition(b" ")
        if command == b"kill":
            kill_tree(process)
        elif command == b"stop":
            # In a thread, so that a `kill` during the grace time is heard.
            threading.Thread(target=stop, args=(process, float(argument)), daemon=True).start()
    stop(process, grace_s)


def main(grace_s: float, command: list[str]) -> None:
    """Start, watch, report."""
    try:
        process = subprocess.Popen(  # noqa: S603
            command[0] if len(command) == 1 else command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            stderr=sys.stderr.fileno(),
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError as error:
        report(f"error {error.errno}")
        return
    report(f"pid {process.pid}")
    threading.Thread(target=obey, args=(process, grace_s), daemon=True).start()
    report(f"exit {process.wait()}")


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
