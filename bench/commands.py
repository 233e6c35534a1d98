"""How long one waits: `simlb up URL` until the first 200 over HTTPS, and every other command."""

from __future__ import annotations

import os
import re
import socket
import ssl
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.proxies import ROOT, Proxy, Setting

STARTS = 5
RUNS = 7
UP_GOAL_S = 1.0
COMMAND_GOAL_S = 0.3

COMMANDS = (
    ("--version",),
    ("--help",),
    ("status",),
    ("target", "ls"),
    ("logs",),
    ("cert", "path"),
    ("config", "check"),
)

_URL = re.compile(r"https://[^/:\s]+(?::(\d+))?/")


def _environment(home: Path, certs: Path) -> dict[str, str]:
    own = {"SIMLB_HOME": str(home), "SIMLB_CERTS": str(certs), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **own}


def _first_200(port: int, deadline: float) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    while time.monotonic() < deadline:
        try:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=2) as raw,
                context.wrap_socket(raw, server_hostname="localhost") as stream,
            ):
                stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                if stream.recv(64).startswith(b"HTTP/1.1 200"):
                    return True
        except OSError:
            pass
        time.sleep(0.005)
    return False


def _start_once(home: Path, certs: Path, target_port: int) -> float:
    """Seconds from the command to the first 200. Raises RuntimeError when there is none."""
    command = [sys.executable, "-m", "simlb", "up", f"http://127.0.0.1:{target_port}", "--instance", "start"]
    began = time.monotonic()
    process = subprocess.Popen(
        [*command, "--no-keys", "--control-port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=_environment(home, certs),
    )
    try:
        said = ""
        for line in process.stdout or ():
            said += line
            found = _URL.search(line)
            if found is not None:
                if _first_200(int(found[1] or 443), began + 15):
                    return time.monotonic() - began
                break
        raise RuntimeError(f"`simlb up URL` does not serve:\n{said}")
    finally:
        process.terminate()
        process.communicate(timeout=15)


def measure_start(setting: Setting, *, starts: int = STARTS) -> dict[str, float]:
    """Median seconds of `simlb up URL`: the first time, when certificates are issued, and every other time."""
    folder = setting.directory / "starts"
    home = folder / "home"
    found: dict[str, list[float]] = {"simlb up URL, first ever": [], "simlb up URL": []}
    for number in range(starts):
        certs = folder / f"certs-{number}"
        for name in found:
            found[name].append(_start_once(home, certs, setting.target_ports[0]))
    return {name: statistics.median(times) for name, times in found.items()}


def measure_commands(setting: Setting, proxy: Proxy) -> dict[str, float]:
    """Median seconds of the commands that ask the running instance `proxy`, or nobody."""
    folder = setting.directory / proxy.name
    environment = _environment(folder / "home", setting.directory / "certs")
    found: dict[str, float] = {}
    for words in COMMANDS:
        times = []
        for _ in range(RUNS):
            began = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", "simlb", *words], capture_output=True, env=environment, cwd=folder, check=False
            )
            times.append(time.monotonic() - began)
            if done.returncode:
                raise RuntimeError(f"simlb {' '.join(words)}: {done.stderr.decode()}")
        found["simlb " + " ".join(words)] = statistics.median(times)
    return found
