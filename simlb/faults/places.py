"""What `on` names: targets, target groups or listeners - found once by their words, and again after every reload.

A target by its name or its number in its group (`web/3`) is that very target from then on, also when the group changes;
a group's name is all targets that it has at the time, and nothing is all listeners of the fault's kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from simlb.core.model import Configuration, ForwardAction, Listener, LoadBalancer
from simlb.errors import SimlbError
from simlb.faults.fault import FaultType, Scope
from simlb.faults.parameters import meant_or
from simlb.faults.site import Site

_NUMBERED = re.compile(r"(.+)/([0-9]{1,6})")
_LISTENER = re.compile(r"(?:(?P<balancer>[A-Za-z0-9/-]+):)?(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Place:
    """One thing that a fault acts on: a target, a target group, or a port of a load balancer."""

    name: str
    load_balancer: str | None = None
    label: str = ""
    """As people read it, where that is not the name: `HTTPS:443`."""

    @property
    def words(self) -> str:
        """`i-03`, `web`, `HTTPS:443`, `my-alb HTTPS:443`."""
        return self.label or self.name


@dataclass(frozen=True, slots=True)
class Spot:
    """One word of `on`, understood: a thing of this name, or (`is_all`) all that are in it."""

    word: str
    name: str
    load_balancer: str | None = None
    is_all: bool = False


def understand(fault_type: FaultType, on: Sequence[str], site: Site) -> tuple[Spot, ...]:
    """What these words name now. Raises SimlbError E634 for what is not there, E635 for what is of another kind."""
    words = tuple(dict.fromkeys(on))
    match fault_type.scope:
        case Scope.TARGET:
            return tuple(_target(fault_type, word, site) for word in words) or _no_target(fault_type, site)
        case Scope.TARGET_GROUP:
            return tuple(_group(fault_type, word, site) for word in words) or _only_group(fault_type, site)
        case Scope.LISTENER:
            return tuple(_listener(fault_type, word, site) for word in words) or _all_listeners(fault_type, site)


def find(fault_type: FaultType, spots: Sequence[Spot], site: Site) -> tuple[Place, ...]:
    """Where these spots are by now, each place once; nothing where they have gone."""
    match fault_type.scope:
        case Scope.TARGET:
            groups = site.targets()
            places: Iterator[Place] = (Place(name) for spot in spots for name in _targets_of(spot, groups))
        case Scope.TARGET_GROUP:
            present = site.configuration().target_groups
            places = (Place(spot.name) for spot in spots if spot.name in present)
        case Scope.LISTENER:
            places = (place for spot in spots for place in _listeners_of(fault_type, spot, site.configuration()))
    return tuple(dict.fromkeys(places))


def require_own(fault: str, target: str, site: Site) -> None:
    """Raise SimlbError E636 for a target that simlb did not start: it neither ends nor pauses what is not its own."""
    if site.is_own(target):
        return
    raise SimlbError(
        "E636",
        f"{fault} is for targets that simlb runs; {target} is a process that you run.",
        "link.* and http.* faults act on the way to it: simlb fault types",
        "or let simlb run it: `run:` instead of `url:` in the configuration",
    )


# -- targets -----------------------------------------------------------------------------------------------------------


def _target(fault_type: FaultType, word: str, site: Site) -> Spot:
    groups = site.targets()
    names = [name for targets in groups.values() for name in targets]
    if word in names:
        return Spot(word, word)
    if word in groups:
        return Spot(word, word, is_all=True)
    numbered = _NUMBERED.fullmatch(word)
    if numbered is not None and numbered[1] in groups:
        registered = site.configuration().target_groups[numbered[1]].targets
        number = int(numbered[2])
        if not 1 <= number <= len(registered):
            raise SimlbError(
                "E634",
                f"There is no target {word}: {numbered[1]} has {len(registered)}.",
                f"1 is the first: {numbered[1]}/1"
                if registered
                else f"register one: simlb target add {numbered[1]} URL",
            )
        return Spot(word, registered[number - 1].name)
    if _LISTENER.fullmatch(word):
        raise _other_kind(fault_type, word, "a listener", "targets", meant_or(word, names))
    raise SimlbError("E634", f"There is no target and no target group '{word}'.", meant_or(word, [*names, *groups]))


def _no_target(fault_type: FaultType, site: Site) -> tuple[Spot, ...]:
    names = [name for targets in site.targets().values() for name in targets]
    raise SimlbError(
        "E635",
        f"{fault_type.name} acts on targets: say on which.",
        f"--on {names[0]}, or a whole group: --on {next(iter(site.targets()))}" if names else "there are none yet",
    )


def _targets_of(spot: Spot, groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if spot.is_all:
        yield from groups.get(spot.name, ())
    elif any(spot.name in targets for targets in groups.values()):
        yield spot.name


# -- target groups -----------------------------------------------------------------------------------------------------


def _group(fault_type: FaultType, word: str, site: Site) -> Spot:
    groups = site.configuration().target_groups
    if word in groups:
        return Spot(word, word)
    holders = [name for name, targets in site.targets().items() if word in targets]
    if holders:
        raise _other_kind(fault_type, word, "a target", "target groups", f"its group: {holders[0]}")
    raise SimlbError("E634", f"There is no target group '{word}'.", meant_or(word, groups))


def _only_group(fault_type: FaultType, site: Site) -> tuple[Spot, ...]:
    groups = list(site.configuration().target_groups)
    if len(groups) == 1:
        return (Spot(groups[0], groups[0]),)
    raise SimlbError(
        "E635",
        f"{fault_type.name} acts on target groups: say on which.",
        f"there are: {', '.join(groups)}" if groups else "there are none yet",
    )


# -- listeners ---------------------------------------------------------------------------------------------------------


def _listener(fault_type: FaultType, word: str, site: Site) -> Spot:
    every = list(_every_listener(site.configuration()))
    said = _LISTENER.fullmatch(word)
    by_name = [
        (balancer, listener) for balancer, listener in every if f"{listener.protocol}:{listener.port}" == word.upper()
    ]
    if said is not None:
        found = [
            (balancer, listener)
            for balancer, listener in every
            if listener.port == int(said["port"]) and said["balancer"] in {None, balancer.name}
        ]
    else:
        found = []
    found = by_name or found
    if not found:
        known = [_listener_word(balancer, listener, every) for balancer, listener in every]
        raise SimlbError("E634", f"There is no listener '{word}'.", meant_or(word, known))
    if len(found) > 1:
        words = ", ".join(f"{balancer.name}:{listener.port}" for balancer, listener in found)
        raise SimlbError("E635", f"'{word}' is a listener of several load balancers.", f"say which: {words}")
    ((balancer, listener),) = found
    if fault_type.protocol not in {None, listener.protocol}:
        raise SimlbError(
            "E635", f"{fault_type.name} acts on {fault_type.protocol} listeners; {word} is {listener.protocol}."
        )
    return Spot(word, str(listener.port), balancer.name)


def _all_listeners(fault_type: FaultType, site: Site) -> tuple[Spot, ...]:
    configuration = site.configuration()
    everywhere = Spot("", "", is_all=True)
    found = [
        (balancer, listener)
        for balancer, listener in _every_listener(configuration)
        if fault_type.protocol in {None, listener.protocol}
    ]
    if fault_type.is_single:
        found = [item for item in found if isinstance(item[1].default_action, ForwardAction)] or found
    if not found:
        kind = "" if fault_type.protocol is None else f"{fault_type.protocol} "
        raise SimlbError("E635", f"{fault_type.name} acts on {kind}listeners, and there is none.")
    if fault_type.is_single:
        balancer, listener = found[0]
        return (Spot("", str(listener.port), balancer.name),)
    return (everywhere,)


def _listeners_of(fault_type: FaultType, spot: Spot, configuration: Configuration) -> Iterator[Place]:
    several = len(configuration.load_balancers) > 1
    for balancer, listener in _every_listener(configuration):
        is_meant = spot.is_all or (balancer.name, str(listener.port)) == (spot.load_balancer, spot.name)
        if is_meant and fault_type.protocol in {None, listener.protocol}:
            label = f"{listener.protocol}:{listener.port}"
            yield Place(str(listener.port), balancer.name, f"{balancer.name} {label}" if several else label)


def _every_listener(configuration: Configuration) -> Iterator[tuple[LoadBalancer, Listener]]:
    for balancer in configuration.load_balancers:
        for listener in balancer.listeners:
            yield balancer, listener


def _listener_word(balancer: LoadBalancer, listener: Listener, every: Sequence[tuple[LoadBalancer, Listener]]) -> str:
    is_alone = sum(other.port == listener.port for _, other in every) == 1
    return str(listener.port) if is_alone else f"{balancer.name}:{listener.port}"


def _other_kind(fault_type: FaultType, word: str, is_what: str, wants: str, hint: str) -> SimlbError:
    return SimlbError("E635", f"{fault_type.name} acts on {wants}; '{word}' is {is_what}.", hint)
