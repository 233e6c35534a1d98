"""The first lines of `simlb up` and `simlb demo`: where things listen, and what to type next."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from simlb.cli.spelling import quote, short_path, simlb_command
from simlb.cli.status import NO_LOAD_BALANCERS, is_loopback, outcome, public_name, public_url
from simlb.cli.terminal import Style, columns, ticked
from simlb.controlplane.views import InstanceView, ListenerView, LoadBalancerView
from simlb.controlplane.words import counted


def header_lines(view: InstanceView, style: Style) -> Iterator[str]:
    """Who this is, and its targets."""
    yield f"{style.bold('simlb ' + view.version)} – a local Application Load Balancer"
    for group in view.target_groups:
        if group.targets:
            names = "  ".join(f"{target.name} {target.dial}" for target in group.targets)
            yield ticked(f"{counted(len(group.targets), 'target')} in {group.name}   {names}", style)


def place_lines(view: InstanceView, style: Style) -> Iterator[str]:
    """Where things listen, and what is unusual about it."""
    rows = []
    if not view.load_balancers:
        yield f"   {NO_LOAD_BALANCERS}"
    for load_balancer in view.load_balancers:
        name = public_name(load_balancer)
        for listener in load_balancer.listeners:
            remarks = [f"stands for :{listener.port}"] if listener.published_port != listener.port else []
            if not _leads_to(name, listener):
                remarks.append(f"at {_reachable(listener)}")
            remarks += [f"also {bind}" for bind in listener.further_binds]
            remark = f"({', '.join(remarks)})" if remarks else ""
            rows.append(
                (
                    listener.name,
                    public_url(listener, name),
                    remark,
                    outcome(listener),
                )
            )
    rows.append(("console", f"http://{view.control}/", "", f"instance {view.name}, pid {view.pid}"))
    yield from (ticked(line, style) for line in columns(rows))
    listeners = [listener for balancer in view.load_balancers for listener in balancer.listeners]
    for listener in listeners:
        if not is_loopback(listener.bind_host):
            yield style.red(f" ⚠ {listener.bind} can be reached from the network, not only from this machine!")
    # Where it was not the file that said so, a notice tells why.
    moved = [listener for listener in listeners if listener.published_port != listener.port]
    if moved:
        said = ", ".join(f"{listener.published_port} stands for {listener.port}" for listener in moved)
        yield style.dim(f"   {said} in rules and logs.")
    if view.speed != 1:
        yield f"   Load-balancer time runs {view.speed:g} times as fast: 30 s AWS = {30 / view.speed:g} s here."


def suggestion_lines(view: InstanceView) -> Iterator[str]:
    """What to type next, ready to be copied."""
    yield "Try in another terminal:"
    for load_balancer in view.load_balancers:
        yield from curl_lines(load_balancer, view.ca_path)
    simlb = simlb_command(view.name)
    rows = [
        (f"{simlb} console", "the web page: watch it live, learn, play scenarios"),
        (f"{simlb} status", "how everything stands"),
        (f"{simlb} logs -f", "one line for each request"),
        (f"{simlb} down", "stop (or Ctrl-C here)"),
    ]
    yield from (f"  {line}" for line in columns(rows))


def curl_lines(load_balancer: LoadBalancerView, ca_path: str | None) -> Iterator[str]:
    """One command for each listener."""
    name = public_name(load_balancer)
    listeners = sorted(load_balancer.listeners, key=lambda listener: listener.protocol, reverse=True)
    for listener in listeners:
        words = ["curl"]
        if listener.protocol == "HTTPS" and ca_path:
            words += ["--cacert", quote(short_path(Path(ca_path)))]
            if sys.platform == "win32":
                words.append("--ssl-no-revoke")  # a local CA has no revocation list, which Windows insists on
        if not _leads_to(name, listener):
            # curl resolves *.localhost by itself (from 7.77 on), other names not.
            words += ["--resolve", f"{name}:{listener.published_port}:{_reachable(listener)}"]
        is_redirect = listener.default_action.startswith("redirect")
        words += ["-i", public_url(listener, name)] if is_redirect else [public_url(listener, name)]
        yield f"  {' '.join(words)}" + ("      (answers with the redirect)" if is_redirect else "")


def _leads_to(name: str, listener: ListenerView) -> bool:
    """Whether browsers and curl find the listener by that name alone: *.localhost is 127.0.0.1 and ::1 to them."""
    is_local = name == "localhost" or name.endswith(".localhost")
    return is_local and _reachable(listener) in {"127.0.0.1", "[::1]"}


def _reachable(listener: ListenerView) -> str:
    host = listener.bind_host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - read, not bound
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"  # noqa: S104
    return f"[{host}]" if ":" in host else host
