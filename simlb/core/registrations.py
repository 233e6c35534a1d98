"""Targets that commands have added to the configuration file's, and taken from them: the drift, and how it ends.

Every target has an owner, the file or a command. A reload gives the file's targets back to the file, and keeps what
commands have added where it still fits. All of it is a value: what a reload makes of it is known before it changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from simlb.core.model import Configuration, Target, TargetType

Owner = Literal["file", "api"]


@dataclass(frozen=True, slots=True)
class Registration:
    """A target in a group."""

    target_group: str
    target: Target

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
        removed = {(item.target_group, item.target.key) for item in self.removed}
        groups = {
            name: replace(
                group,
                targets=(
                    *(target for target in group.targets if (name, target.key) not in removed),
                    *(item.target for item in self.added if item.target_group == name),
                ),
            )
            for name, group in file.target_groups.items()
        }
        wanted = {target.process for group in groups.values() for target in group.targets}
        unwanted = {item.target.process for item in self.removed} - wanted
        processes = tuple(process for process in file.processes if process.name not in unwanted)
        return replace(file, target_groups=groups, processes=processes)

    def owner(self, target_group: str, target: Target) -> Owner:
        """Who wants that registered target."""
        is_added = any((item.target_group, item.target.key) == (target_group, target.key) for item in self.added)
        return "api" if is_added else "file"

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

    def drift(self, file: Configuration) -> Iterator[str]:
        """How what is in force differs from the file's own target groups, one sentence each."""
        for item in self.added:
            if item.target_group not in file.target_groups:
                continue
            yield f"drift: {item.words} was added to {item.target_group} by command; the file does not have it."
        for item in self.removed:
            yield (
                f"drift: {item.words} was removed from {item.target_group} by command; "
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
                told.append(f"drift: {item.words}, removed by command, is registered again as the file says.")
        kept: list[Registration] = []
        renamed: dict[str, str] = {}
        file_names = {target.name: target.address for group in file.target_groups.values() for target in group.targets}
        names = {*file_names, *(item.target.name for item in self.added)}
        for item in self.added:
            reason = _leaves(item, file, is_allowed)
            if reason is not None:
                told.append(f"drift: {item.words}, added by command, {reason}.")
                continue
            if file_names.get(item.target.name, item.target.address) != item.target.address:
                name = renamed.setdefault(item.target.name, free_name(names))
                names.add(name)
                told.append(f"drift: {item.words}, added by command, is {name} now: the file uses that name.")
                item = replace(item, target=replace(item.target, name=name))
            kept.append(item)
        return Registrations(added=tuple(kept)), tuple(told)


def free_name(taken: Collection[str]) -> str:
    """The first of `i-01`, `i-02` ... that is not taken: what a target without a name of its own is called."""
    return next(name for number in itertools.count(1) if (name := f"i-{number:02}") not in taken)


def _leaves(item: Registration, file: Configuration, is_allowed: Callable[[Target], bool]) -> str | None:
    """Why an added target cannot stay; None when it can."""
    group = file.target_groups.get(item.target_group)
    if group is None:
        return f"leaves: the file has no target group '{item.target_group}' any more"
    if (item.target.instance_ip is not None) is not (group.target_type is TargetType.INSTANCE):
        # AWS has no such change: it is another group of the same name.
        return f"leaves: the targets of {item.target_group} are of type {group.target_type} now"
    # At the file's address, or with the id and port that the file gives to another address.
    mine = {item.target.address, item.target.key}
    own = next((target for target in group.targets if not mine.isdisjoint((target.address, target.key))), None)
    if own is not None:
        return f"is the file's own now, as {own.name}"
    return None if is_allowed(item.target) else "leaves: the file does not allow its address any more"
