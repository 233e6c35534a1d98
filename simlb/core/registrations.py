"""Targets that commands have added to the configuration file's, and taken from them: the drift, and how it ends.

Every target has an owner, the file or a command. A reload gives the file's targets back to the file, and keeps what
commands have added where it still fits. All of it is a value: what a reload makes of it is known before it changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from simlb.core.model import Configuration, Target, TargetType
from simlb.core.model.target_group import with_targets
from simlb.core.remembered import LARGE_REMEMBERED_MAX, Remembered, RememberedBeside

Owner = Literal["file", "api"]
Source = Literal["command", "api"]


@dataclass(frozen=True, slots=True)
class Registration:
    """A target in a group.

    `by` tells who registered or removed it. A file's target whose removal a command asked for ends its process; by a
    call it is an instance, which goes on running.
    """

    target_group: str
    target: Target
    by: Source = field(default="command", compare=False)

    @property
    def source(self) -> str:
        """`by command`, `through the API`."""
        return "by command" if self.by == "command" else "through the API"

    @property
    def words(self) -> str:
        """`i-04 (127.0.0.1:9004)`."""
        return f"{self.target.name} ({self.target.address})"


@dataclass(frozen=True, slots=True)
class Registrations:
    """Lies over a file's configuration. `added` are the commands' own targets, `removed` the file's that they took."""

    added: tuple[Registration, ...] = ()
    removed: tuple[Registration, ...] = ()

    def applied_to(self, file: Configuration) -> Configuration:
        """What is in force: the file's targets without the removed ones, then the added ones.

        The process of a removed target is not wanted any more either, unless another group has that target too.
        """
        return _applied(self, file)

    def owner(self, target_group: str, target: Target) -> Owner:
        """Who wants that registered target."""
        return "api" if (target_group, target.key) in _places(self.added) else "file"

    def taken(self, target_group: str, address: str) -> Registration | None:
        """The file's target at that address that a command has removed from the group, if one has."""
        return next(
            (item for item in self.removed if (item.target_group, item.target.address) == (target_group, address)), None
        )

    def register(self, registration: Registration) -> Registrations:
        """With one more target of the commands' own."""
        return replace(self, added=(*self.added, registration))

    def give_back(self, registration: Registration) -> Registrations:
        """With a removed target of the file back in its place."""
        return replace(self, removed=tuple(item for item in self.removed if item != registration))

    def deregister(self, registration: Registration) -> Registrations:
        """Without that target, whoever owns it."""
        if registration in self.added:
            return replace(self, added=tuple(item for item in self.added if item != registration))
        return replace(self, removed=(*self.removed, registration))

    def deregister_all(self, registrations: Collection[Registration]) -> Registrations:
        """Without any of these, each of which is there: as `deregister`, for as many as a group may have."""
        leaving = {(item.target_group, item.target.key) for item in registrations}
        groups = {item.target_group for item in registrations}
        own = {(item.target_group, item.target.key) for item in self.added if item.target_group in groups}
        added = tuple(
            [
                item
                for item in self.added
                if item.target_group not in groups or (item.target_group, item.target.key) not in leaving
            ]
        )
        taken = tuple(item for item in registrations if (item.target_group, item.target.key) not in own)
        return replace(self, added=added, removed=(*self.removed, *taken))

    def register_all(self, target_group: str, targets: Collection[Target]) -> Registrations:
        """With all of these of a call's, none of which is there: the file's own back in their place, the others new."""
        coming = {(target_group, target.key): target for target in targets}
        removed = tuple(item for item in self.removed if (item.target_group, item.target.key) not in coming)
        back = {(item.target_group, item.target.key) for item in self.removed}
        new = tuple(Registration(target_group, coming[key], by="api") for key in coming if key not in back)
        return replace(self, added=(*self.added, *new), removed=removed)

    def drift(self, file: Configuration) -> Iterator[str]:
        """How what is in force differs from what the file says of its own target groups, one sentence each."""
        for item in self.added:
            if item.target_group not in file.target_groups:
                continue
            yield f"drift: {item.words} was added to {item.target_group} {item.source}; the file does not have it."
        for item in self.removed:
            yield (
                f"drift: {item.words} was removed from {item.target_group} {item.source}; "
                "a reload registers it again, as the file says."
            )

    def after_reload(
        self, file: Configuration, is_allowed: Callable[[Target], bool]
    ) -> tuple[Registrations, tuple[str, ...]]:
        """What stays when `file` is read anew, and what to say about the rest. `is_allowed`: at that address."""
        told: list[str] = []
        for item in self.removed:
            group = file.target_groups.get(item.target_group)
            if group is not None and any(target.key == item.target.key for target in group.targets):
                told.append(f"drift: {item.words}, removed {item.source}, is registered again as the file says.")
        kept: list[Registration] = []
        renamed: dict[str, str] = {}
        file_names = {target.name: target.address for group in file.target_groups.values() for target in group.targets}
        names = {*file_names, *(item.target.name for item in self.added)}
        addresses: dict[str, str] = {}
        for item in self.added:
            item = _relocated(item, file)
            reason = _leaves(item, file, is_allowed)
            if reason is not None:
                told.append(f"drift: {item.words}, added {item.source}, {reason}.")
                continue
            is_files = file.instance(item.target.id) is not None
            if not is_files and file_names.get(item.target.name, item.target.address) != item.target.address:
                name = renamed.setdefault(item.target.name, free_name(names))
                names.add(name)
                told.append(f"drift: {item.words}, added {item.source}, is {name} now: the file uses that name.")
                item = replace(item, target=replace(item.target, name=name))
            elif item.target.instance_ip is None and (
                addresses.setdefault(item.target.name, item.target.address) != item.target.address
            ):
                # What two regions of an earlier simlb have made, which had nothing to do with each other then.
                name = free_name(names)
                names.add(name)
                addresses[name] = item.target.address
                told.append(f"drift: {item.words}, added {item.source}, is {name} now: another target has that name.")
                item = replace(item, target=replace(item.target, name=name))
            kept.append(item)
        return Registrations(added=tuple(kept)), tuple(told)


def _lay_over(registrations: Registrations, file: Configuration) -> Configuration:
    if not (registrations.added or registrations.removed):
        return file
    removed = {(item.target_group, item.target.key) for item in registrations.removed}
    added = _by_group(registrations.added)
    groups = dict(file.target_groups)
    for name in (added.keys() | {name for name, _ in removed}) & groups.keys():
        present: tuple[Target, ...] = groups[name].targets
        if registrations.removed:
            present = tuple(target for target in present if (name, target.key) not in removed)
        groups[name] = with_targets(groups[name], (*present, *added.get(name, ())))
    processes = file.processes
    unwanted = {item.target.process for item in registrations.removed if item.by == "command"}
    if unwanted:
        unwanted -= {target.process for group in groups.values() for target in group.targets}
        processes = tuple(process for process in processes if process.name not in unwanted)
    return replace(file, target_groups=groups, processes=processes)


_applied = RememberedBeside(_lay_over, LARGE_REMEMBERED_MAX)


_places = Remembered[tuple[Registration, ...], frozenset[tuple[str, tuple[str, int]]]](
    lambda items: frozenset((item.target_group, item.target.key) for item in items), LARGE_REMEMBERED_MAX
)
"""Groups and the keys of the targets in them."""


def _grouped(added: tuple[Registration, ...]) -> dict[str, list[Target]]:
    groups: dict[str, list[Target]] = {}
    for item in added:
        groups.setdefault(item.target_group, []).append(item.target)
    return groups


_by_group = Remembered(_grouped, LARGE_REMEMBERED_MAX)


def free_name(taken: Collection[str]) -> str:
    """The first of `i-01`, `i-02` ... that is not taken: what a target without a name of its own is called."""
    return next(name for number in itertools.count(1) if (name := f"i-{number:02}") not in taken)


def _relocated(item: Registration, file: Configuration) -> Registration:
    """With an instance of the file where the file has it now."""
    instance, group = file.instance(item.target.id), file.target_groups.get(item.target_group)
    if instance is None or group is None or group.target_type is not TargetType.INSTANCE:
        return item
    return replace(item, target=instance.target(item.target.port, group.port))


def _leaves(item: Registration, file: Configuration, is_allowed: Callable[[Target], bool]) -> str | None:
    """Why an added target cannot stay; None when it can."""
    group = file.target_groups.get(item.target_group)
    if group is None:
        return f"leaves: the file has no target group '{item.target_group}' any more"
    if (item.target.instance_ip is not None) is not (group.target_type is TargetType.INSTANCE):
        # AWS has no such change: it is another group of the same name.
        return f"leaves: the targets of {item.target_group} are of type {group.target_type} now"
    if item.target.process is not None and all(process.name != item.target.process for process in file.processes):
        return "leaves: the file does not run it any more"
    # At the file's address, or with the id and port that the file gives to another address.
    mine = {item.target.address, item.target.key}
    own = next((target for target in group.targets if not mine.isdisjoint((target.address, target.key))), None)
    if own is not None:
        return f"is the file's own now, as {own.name}"
    return None if is_allowed(item.target) else "leaves: the file does not allow its address any more"
