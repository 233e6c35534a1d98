"""Registering and deregistering targets of the running instance by command, on top of its configuration."""

from __future__ import annotations

import asyncio
import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from simlb.controlplane.durations import both_times
from simlb.controlplane.views import TargetChange
from simlb.core import ids, quotas
from simlb.core.model import Bind, Protocol, Target, TargetGroup, TargetType
from simlb.core.registrations import Registration, free_name
from simlb.core.target_group import RoutingMode, TargetState
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.config import Compiled
    from simlb.config.addresses import AddressPolicy, Located

_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}")
_PROCESS_KINDS = ("run:", "sample:")


def address_policy(compiled: Compiled) -> AddressPolicy:
    """Where targets may be: the same for commands as for the file."""
    from simlb.config.addresses import AddressPolicy, system_resolver

    return AddressPolicy(compiled.settings.allow_targets, system_resolver)


def target_policy(compiled: Compiled) -> Callable[[Target], bool]:
    """Whether a target may be where it is, by what the file allows."""
    from simlb.config.problems import Refused

    policy = address_policy(compiled)

    def is_allowed(target: Target) -> bool:
        try:
            policy.locate(_url(target))
        except Refused:
            return False
        return True

    return is_allowed


def refusals(app: App) -> Callable[[Target], str | None]:
    """Tells why there cannot be a target where one is; None when there can."""
    from simlb.config.problems import Refused

    policy, own = address_policy(app.compiled), _own_listeners(app)
    allowed: set[str] = set()

    def refusal(target: Target) -> str | None:
        # A thousand targets are on few hosts, and the port makes no difference.
        if target.dial_host not in allowed:
            try:
                policy.locate(_url(target))
            except Refused as refused:
                return ". ".join((refused.what, *refused.hints))
            allowed.add(target.dial_host)
        if own(target.dial_host, target.dial_port):
            return f"The IP address '{target.ip}' cannot be used as a target, as it is in use by a load balancer"
        return None

    return refusal


def _url(target: Target) -> str:
    host = f"[{target.dial_host}]" if ":" in target.dial_host else target.dial_host
    return f"http://{host}:{target.dial_port}"


async def register(app: App, group_name: str, url: str, name: str | None) -> TargetChange:
    """Register the target at `url` (or `ADDRESS:PORT`) in a group; one that drains there is registered again.

    Raises SimlbError: E304 for an unknown group, E305 when address or name are taken, E401, E502 or E506 for a
    wrong name or URL.
    """
    url = _written_out(url, _group(app, group_name).protocol)
    # Resolving a name may take seconds, which the traffic's loop does not have.
    located = await asyncio.to_thread(_locate, address_policy(app.compiled), url, name)
    address = f"[{located.ip}]:{located.port}" if ":" in located.ip else f"{located.ip}:{located.port}"
    async with app.reloading:
        group = _group(app, group_name)
        _check_scheme(url, located, group)
        present = next((target for target in group.targets if target.address == address), None)
        if present is not None:
            raise SimlbError("E305", f"{address} is registered in {group_name} already, as {present.name}.")
        _check_loop(app, url, located)
        _check_quotas(app, group)
        draining = any(state.target.address == address for state in _live(app, group_name))
        name = _name(app, address, name)
        registration = app.registrations.taken(group_name, address)
        if registration is not None and (registration.target.process is None or registration.by == "api" or draining):
            registrations = app.registrations.give_back(registration)
        else:
            # Also at the address of a process that has ended with its deregistration: commands start no process.
            registration = Registration(group_name, _target(app, group, located, name))
            registrations = app.registrations.register(registration)
        await app.use(registrations, group_name)
        app.narrator.configuration_changed("registration", f"{registration.words} is registered in {group_name}.")
        return _change(registration, _registered(app, registration, again=draining))


async def deregister(app: App, name: str, group_name: str | None) -> TargetChange:
    """Deregister the target of that name or address: it drains, and then is gone. One that drains already goes on.

    Raises SimlbError: E302 for an unknown target, E304 for an unknown group, E306 when several have it.
    """
    async with app.reloading:
        groups = app.registered.target_groups
        chosen = groups if group_name is None else {group_name: _group(app, group_name)}
        registered = [Registration(group, target) for group in chosen for target in groups[group].targets]
        found = [item for item in registered if name in {item.target.name, item.target.address}]
        if not found:
            leaving = [
                (Registration(group, state.target), state)
                for group in chosen
                for state in _live(app, group)
                if name in {state.target.name, state.target.address}
            ]
            if not leaving:
                place = "" if group_name is None else f" in {group_name}"
                raise unknown_target(name, [item.target.name for item in registered], place)
            item, state = leaving[0]
            return _change(item, f"{item.words} drains already: {_in_flight(state)}gone in {_left(app, state)}.")
        if len(found) > 1:
            places = ", ".join(f"{item.target_group} ({item.target.address})" for item in found)
            raise SimlbError(
                "E306",
                f"{name} is registered more than once: {places}.",
                f"→ say which: --group {found[0].target_group}, or by its address where that differs",
            )
        (item,) = found
        await app.use(app.registrations.deregister(item), item.target_group)
        text = f"{item.words} is deregistered from {item.target_group}."
        app.narrator.configuration_changed("registration", text)
        return _change(item, _deregistered(app, item))


def unknown_target(name: str, known: Iterable[str], place: str = "") -> SimlbError:
    """E302: nothing has that name; the closest that has."""
    known = dict.fromkeys(known)  # a target of several groups is told once
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"
    return SimlbError("E302", f"There is no target '{name}'{place}.", hint)


def _group(app: App, name: str) -> TargetGroup:
    groups = app.registered.target_groups
    if name not in groups:
        near = difflib.get_close_matches(name, groups, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(groups) or 'none'}"
        raise SimlbError("E304", f"There is no target group '{name}'.", hint)
    return groups[name]


def _live(app: App, group: str) -> list[TargetState]:
    """Every target that the load balancer knows in a group, also those that drain."""
    live = app.live_group(group)
    return list(live.targets.values()) if live is not None else []


def _locate(policy: AddressPolicy, url: str, name: str | None) -> Located:
    """Check address and name as the file's are checked."""
    from simlb.config import names
    from simlb.config.problems import Refused

    try:
        if name is not None:
            names.resource_name("Target", name)
        return policy.locate(url)
    except Refused as refused:
        raise SimlbError(refused.code, f"{refused.what}.", *refused.hints) from None


def _written_out(url: str, protocol: Protocol) -> str:
    """A URL from a URL or an address, to which requests go by the group's protocol."""
    if url.startswith(_PROCESS_KINDS):
        raise SimlbError(
            "E502",
            f"'{url}': commands come only from the configuration file.",
            "start it yourself and give its address, or write it into the file: simlb reload",
        )
    if url.isascii() and url.isdigit():
        raise SimlbError("E502", f"'{url}' is not a target's address.", f"write it as 127.0.0.1:{url}")
    return f"{protocol.lower()}://{url}" if _ADDRESS.fullmatch(url) else url


def _check_scheme(url: str, located: Located, group: TargetGroup) -> None:
    """A URL's scheme has to be the group's protocol, as in the file."""
    if located.scheme.upper() != group.protocol:
        raise SimlbError(
            "E502",
            f"'{url}' does not go with target group '{group.name}', which speaks {group.protocol}.",
            f"write {group.protocol.lower()}://{url.partition('://')[2]}",
        )


def _check_loop(app: App, url: str, located: Located) -> None:
    """As in the file, no target may be a listener: with a loop, one request becomes as many as descriptors allow."""
    if _own_listeners(app)(located.dial_host, located.port):
        raise SimlbError("E502", f"'{url}' is where simlb listens: the load balancer would forward to itself.")


def _own_listeners(app: App) -> Callable[[str, int], bool]:
    """Tells whether a connection to a host and port would reach a listener of simlb's."""
    from simlb.config.binds import meets

    binds: dict[int, list[Bind]] = {}
    for node in app.nodes.values():
        for listener in node.listeners.values():
            for door in listener.doors:
                binds.setdefault(door.port, []).append(Bind(host=door.host, port=door.port))
    return lambda host, port: any(meets(bind, host, port) for bind in binds.get(port, ()))


def _check_quotas(app: App, group: TargetGroup) -> None:
    """One more target, in the group and in its load balancer, has to be within AWS's quotas, as in the file."""
    groups = app.registered.target_groups
    counts = [(quotas.TARGETS_PER_TARGET_GROUP, len(group.targets) + 1)]
    for balancer in app.registered.load_balancers:
        names = balancer.target_group_names()
        if group.name in names:
            counts.append((quotas.TARGETS_PER_LOAD_BALANCER, sum(len(groups[name].targets) for name in names) + 1))
    for quota, count in counts:
        if count > quota.limit:
            raise SimlbError("E502", f"{quota.message} ({quota.code}).", f"the limit is {quota.limit}")


def _target(app: App, group: TargetGroup, located: Located, name: str) -> Target:
    is_instance = group.target_type is TargetType.INSTANCE
    return Target(
        id=ids.instance_id(group.region, name) if is_instance else located.ip,
        instance_ip=located.ip if is_instance else None,
        port=located.port,
        dial_host=located.dial_host,
        dial_port=located.port,
        name=name,
    )


def _name(app: App, address: str, wanted: str | None) -> str:
    """What to call the target at `address`. In whatever groups it is, it has one name, and no other target has that."""
    everything = list(_all_known(app))
    known: dict[str, Registration] = {}
    for item in everything:
        known.setdefault(item.target.name, item)
    present = next((item for item in everything if item.target.address == address), None)
    if present is not None:
        if wanted not in {None, present.target.name}:
            raise SimlbError("E305", f"{address} is called {present.target.name} in {present.target_group} already.")
        return present.target.name
    if wanted in known:
        raise SimlbError(
            "E305",
            f"There is another target named {known[wanted].words} already, in {known[wanted].target_group}.",
            f"→ free: --name {free_name(known)}",
        )
    return wanted or free_name(known)


def _all_known(app: App) -> Iterator[Registration]:
    """The file's targets, also those that were removed by command; what commands have added; what still drains."""
    for name, group in app.base.target_groups.items():
        yield from (Registration(name, target) for target in group.targets)
    yield from app.registrations.added
    for node in app.nodes.values():
        for name, live in node.groups.items():
            yield from (Registration(name, state.target) for state in live.targets.values())


def _registered(app: App, item: Registration, *, again: bool) -> str:
    said = [f"{item.words} is registered in {item.target_group}{' again' if again else ''}."]
    live = app.live_group(item.target_group)
    if live is None or not live.in_use:
        said.append("No listener forwards to that group, so that it is not used.")
    elif (state := live.targets.get(item.target.key)) is None or state.draining_until is not None:
        said.append("A fault has changed what that group has: simlb fault ls.")
    elif not state.is_candidate:
        said.append("It gets requests once it has passed a check, which is on its way.")
    elif live.mode is RoutingMode.FAIL_OPEN:
        said.append("It gets requests at once: too few targets are healthy, so that they go to all of them.")
    else:
        said.append("It gets requests at once: the group fails open while its targets are initial.")
    if app.registrations.owner(item.target_group, item.target) == "api":
        if app.options.keeps_state:
            said.append("A reload and the next start keep it.")
        else:
            said.append("A reload keeps it; the next start knows only the file's.")
    return " ".join(said)


def _deregistered(app: App, item: Registration) -> str:
    state = next((state for state in _live(app, item.target_group) if state.target.key == item.target.key), None)
    said = [f"{item.words} is deregistered from {item.target_group}: it gets no new requests."]
    if state is None or state.draining_until is None:
        said.append("A fault had changed what that group has: simlb fault ls.")
    elif state.outstanding:
        said.append(f"Its {state.outstanding} in flight may finish within {_left(app, state)}; then it is gone.")
    else:
        said.append(f"It is shown as draining for {_left(app, state)}; then it is gone.")
    if item.target.process not in {None, *(process.name for process in app.registered.processes)}:
        said.append("Its process ends with it.")
    if app.registrations.taken(item.target_group, item.target.address) is not None:
        said.append("The file still has it: a reload registers it again.")
    if not app.registered.target_groups[item.target_group].targets:
        said.append(f"No target is left in {item.target_group}: requests get 503.")
    return " ".join(said)


def _in_flight(state: TargetState) -> str:
    return f"{state.outstanding} in flight, " if state.outstanding else ""


def _left(app: App, state: TargetState) -> str:
    assert state.draining_until is not None
    return both_times(round(max(0.0, state.draining_until - app.clock.now())), app.clock.speed)


def _change(item: Registration, message: str) -> TargetChange:
    return TargetChange(
        message=message, target_group=item.target_group, name=item.target.name, address=item.target.address
    )
