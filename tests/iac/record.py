"""Records what Terraform's AWS provider and Ansible's modules do to a running simlb. By hand: CI has neither.

    python -m tests.iac.record terraform --mirror /usr/share/terraform/plugins --version 5.100.0
    python -m tests.iac.record ansible --version 10.1.2

The tool's calls pass through a small proxy. `configurations/` has what it is asked for, twice: as it begins, and with
`second`. After each of the two the tool has to find nothing to change, or nothing is recorded.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.aws import REGION
from tests.iac.calls import RECORDINGS, Call, read_answer, read_exchange
from tests.iac.names import named

CONFIGURATIONS = Path(__file__).parent / "configurations"
SERVICES = ("ELASTIC_LOAD_BALANCING_V2", "ACM", "EC2", "ROUTE_53", "STS", "IAM")


@dataclass
class Phase:
    """One run of the tool. `is_kept` is false for a run that only has to find nothing to change."""

    name: str
    command: Sequence[str]
    is_kept: bool = True
    calls: list[Call] = field(default_factory=list)

    @property
    def is_refresh(self) -> bool:
        """Whether it only has to read."""
        return self.name.startswith(("refresh", "find"))


class Proxy(ThreadingHTTPServer):
    """Passes requests on to simlb and keeps them with their answers."""

    def __init__(self, control: str) -> None:
        self.control = urlsplit(control)
        self.calls: list[Call] = []
        super().__init__(("127.0.0.1", 0), _Passing)

    @property
    def url(self) -> str:
        """Where tools find it."""
        return f"http://127.0.0.1:{self.server_port}"


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        own = {"host", "connection", "content-length", "accept-encoding"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in own}
        connection = http.client.HTTPConnection(str(self.server.control.hostname), self.server.control.port, timeout=60)
        connection.request(self.command, self.path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        signed = self.headers["Authorization"].partition("Credential=")[2].split("/")[3]
        target = self.headers.get("X-Amz-Target", "")
        call = read_exchange(self.command, self.path, target, signed, body.decode())
        told = read_answer(call.service, call.operation, response.status, answer)
        outcome: dict[str, Any] = {"error": told["error"]} if "error" in told else {"answer": told}
        self.server.calls.append(replace(call, **outcome))
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_DELETE = _pass  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def main() -> None:
    """Record one tool."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tool", choices=["terraform", "ansible"])
    parser.add_argument("--version", required=True, help="of the AWS provider, or of the collection amazon.aws")
    parser.add_argument("--mirror", help="a folder with Terraform's provider, as `terraform providers mirror` makes it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            "SIMLB_HOME": str(folder / "simlb"),
            "LC_ALL": "C.UTF-8",
        }
        command = [sys.executable, "-m", "simlb", "serve", "--ephemeral", "--empty", "--json", "--speed", "30"]
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as simlb:
            assert simlb.stdout is not None
            proxy = Proxy(json.loads(simlb.stdout.readline())["control"]["url"])
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
            environment |= {f"AWS_ENDPOINT_URL_{service}": proxy.url for service in SERVICES}
            environment |= {"AWS_ACCESS_KEY_ID": "simlb", "AWS_SECRET_ACCESS_KEY": "simlb", "AWS_REGION": REGION}
            environment |= {"AWS_EC2_METADATA_DISABLED": "true"}
            try:
                if given.tool == "terraform":
                    phases = terraform(folder, environment, proxy, given.mirror)
                else:
                    phases = ansible(folder, environment, proxy)
            finally:
                proxy.shutdown()
                simlb.terminate()
    write(RECORDINGS / f"{given.tool}.jsonl", {"tool": given.tool, "version": given.version}, phases)


def terraform(folder: Path, environment: dict[str, str], proxy: Proxy, mirror: str) -> list[Phase]:
    """Create, find nothing to change, update, find nothing to change, destroy."""
    shutil.copy(CONFIGURATIONS / "main.tf", folder)
    subject = ["-days", "30", "-subj", "/CN=imported.example.com", "-addext", "subjectAltName=DNS:imported.example.com"]
    key = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*key, *subject], cwd=folder, check=True, capture_output=True)
    settings = folder / "terraformrc"
    settings.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\n')
    environment |= {"TF_CLI_CONFIG_FILE": str(settings), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    run(["terraform", "init", "-no-color"], folder, environment)
    second = ["-var", "second=true"]
    look, change = ["plan", "-detailed-exitcode"], ["apply", "-auto-approve"]
    phases = [
        Phase("create", change),
        Phase("refresh", look),
        Phase("refresh once more", look, is_kept=False),
        Phase("update", [*change, *second]),
        Phase("refresh what was updated", [*look, *second]),
        Phase("destroy", ["destroy", "-auto-approve", *second]),
    ]
    for phase in phases:
        run(["terraform", *phase.command, "-no-color"], folder, environment)
        phase.calls, proxy.calls = proxy.calls, []
    pem = {base64.b64encode((folder / f"{name}.pem").read_bytes()).decode(): f"«{name}»" for name in ("cert", "key")}
    return with_names(phases, pem)


def ansible(folder: Path, environment: dict[str, str], proxy: Proxy) -> list[Phase]:
    """The same by playbooks: a second run has to change nothing."""
    second = ["-e", '{"second": true}']
    phases = [
        Phase("create", ["playbook.yml"]),
        Phase("refresh", ["playbook.yml"]),
        Phase("update", ["playbook.yml", *second]),
        Phase("refresh what was updated", ["playbook.yml", *second]),
        Phase("destroy", ["absent.yml"]),
        Phase("find nothing left", ["absent.yml"]),
    ]
    for phase in phases:
        command = ["ansible-playbook", "-i", "localhost,", "-e", f"ansible_python_interpreter={sys.executable}"]
        said = run([*command, *phase.command], CONFIGURATIONS, environment)
        changed = "changed=0 " not in said
        assert changed is (phase.name in {"create", "update", "destroy"}), said
        phase.calls, proxy.calls = proxy.calls, []
    return with_names(phases, {})


def run(command: Sequence[str], folder: Path, environment: dict[str, str]) -> str:
    """What a tool says. It has to succeed: `terraform plan -detailed-exitcode` does when there is nothing to change."""
    ended = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {ended.returncode}\n{ended.stdout}")
    print(ended.stdout[-300:])
    return ended.stdout


def with_names(phases: Sequence[Phase], values: dict[str, str]) -> list[Phase]:
    """The phases with names for what differs between runs: ports too, which no test may choose."""
    ports = {f"900{number}": f"«target{number}»" for number in (1, 2, 3)}
    ports |= {f"1828{number}": f"«listener{number}»" for number in (0, 1, 2)}
    calls = iter(named((call for phase in phases for call in phase.calls), ports | values))
    for phase in phases:
        phase.calls = [next(calls) for _ in phase.calls]
    return list(phases)


def write(path: Path, what: dict[str, str], phases: Sequence[Phase]) -> None:
    """One line for each call, and for what is read several times with the same answer.

    What a changing phase reads is left out where the refreshing ones before and after it have read the same.
    """
    lines = [json.dumps(what)]
    kept = [phase for phase in phases if phase.is_kept]
    for before, phase, after in zip([None, *kept], kept, [*kept[1:], None], strict=False):
        seen = set()
        if not phase.is_refresh:
            seen = {_line(call) for around in (before, after) if around is not None for call in around.calls}
        lines.append(json.dumps({"phase": phase.name}))
        for call in phase.calls:
            line = _line(call)
            if not (call.is_reading and line in seen):
                lines.append(line)
            seen.add(line)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _line(call: Call) -> str:
    return json.dumps(call.to_json(), ensure_ascii=False)


if __name__ == "__main__":
    main()
