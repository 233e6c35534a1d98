"""What differs from one run to the next, by names in guillemets: given when recording, found again when replaying."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from simlb.controlplane.operations.tags import URL_TAG
from tests.iac.calls import Call

ANY = "«any»"
"""A value that nobody compares."""

_CHANGING = frozenset(
    {
        "CreatedAt",
        "CreatedTime",
        "ImportedAt",
        "IssuedAt",
        "NotAfter",
        "NotBefore",
        "Serial",
        "SubmittedAt",
        "TargetHealth",
    }
)
"""Members of answers whose values come from the clock, from keys and from what happens to listen on a port."""

_MADE_UP = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # certificates
    r"|(?<=_)[0-9a-f]{32}"  # what validates them
    r"|(?<=/)[0-9a-f]{16}(?![0-9a-f])"  # load balancers, target groups, listeners, rules
    r"|(?<=-)[0-9]{8,10}(?=\.[a-z0-9-]+\.elb\.)"  # DNS names of load balancers
    r"|\b[ZC]0[0-9A-F]{16,22}\b"  # hosted zones and changes of them
    r"|\bns-[0-9]+(?=\.)"  # name servers
)
_NAME = re.compile(r"(«[a-z]+[0-9]*»)")


def named(calls: Iterable[Call], ports: Mapping[str, str]) -> list[Call]:
    """Calls as a recording has them. `ports` are names of ports by their numbers."""
    names: dict[str, str] = {}
    named_calls = []

    def known(text: str) -> str:
        return _MADE_UP.sub(lambda found: names.get(found[0], found[0]), text)

    def new(text: str) -> str:
        return _MADE_UP.sub(lambda found: names.setdefault(found[0], f"«id{len(names) + 1}»"), text)

    for call in calls:
        request = _walk(call.request, known, ports)
        answer = _walk(call.answer, new, ports)
        named_calls.append(
            Call(service=call.service, operation=call.operation, request=request, answer=answer, error=call.error)
        )
    return named_calls


class Values:
    """What the names stand for in this run."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._values = dict(given)

    def put_in(self, recorded: Any) -> Any:
        """A request with the values of this run. Each name has been found before."""
        if isinstance(recorded, dict):
            return {name: self.put_in(value) for name, value in recorded.items()}
        if isinstance(recorded, list):
            return [self.put_in(value) for value in recorded]
        if isinstance(recorded, str):
            return _NAME.sub(lambda found: self._values[found[0]], recorded)
        return recorded

    def differences(self, recorded: Any, answered: Any, where: str = "") -> list[str]:
        """What an answer has other than it was recorded. Members that only the answer has are no difference.

        Names that are new stand from now on for what is there, if there is no difference.
        """
        found: dict[str, str] = {}
        told = self._compare(recorded, answered, where, found)
        if not told:
            self._values.update(found)
        return told

    def _compare(self, recorded: Any, answered: Any, where: str, found: dict[str, str]) -> list[str]:
        if recorded == ANY:
            return []
        if isinstance(recorded, dict):
            if not isinstance(answered, dict):
                return [f"{where}: {answered!r} instead of {recorded!r}"]
            missing = [f"{where}.{name} is missing" for name in recorded.keys() - answered.keys()]
            return missing + [
                each
                for name in recorded.keys() & answered.keys()
                for each in self._compare(recorded[name], answered[name], f"{where}.{name}", found)
            ]
        if isinstance(recorded, list):
            if where.endswith(".Attributes"):
                # A later simlb may have more of them: the tool asks for those that it knows.
                recorded, answered = _by_key(recorded), _by_key(answered)
                return self._compare(recorded, answered, where, found)
            if not isinstance(answered, list) or len(answered) != len(recorded):
                return [f"{where}: {answered!r} instead of {recorded!r}"]
            pairs = enumerate(zip(recorded, answered, strict=True))
            return [each for index, (a, b) in pairs for each in self._compare(a, b, f"{where}[{index}]", found)]
        if isinstance(recorded, str) and "«" in recorded and self._fits(recorded, str(answered), found):
            return []
        return [] if recorded == answered else [f"{where}: {answered!r} instead of {recorded!r}"]

    def _fits(self, recorded: str, answered: str, found: dict[str, str]) -> bool:
        pattern = ""
        unknown = []
        for part in _NAME.split(recorded):
            value = self._values.get(part) or found.get(part)
            if value is not None or _NAME.fullmatch(part) is None:
                pattern += re.escape(part if value is None else value)
            elif part in unknown:
                pattern += f"(?P={part[1:-1]})"
            else:
                unknown.append(part)
                pattern += f"(?P<{part[1:-1]}>[0-9A-Za-z-]+?)"
        match = re.fullmatch(pattern, answered)
        if match is None:
            return False
        found.update({name: match[name[1:-1]] for name in unknown})
        return True


def _walk(value: Any, rename: Any, ports: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        if value.get("Key") == URL_TAG:
            return {**value, "Value": ANY}
        return {name: ANY if name in _CHANGING else _walk(member, rename, ports) for name, member in value.items()}
    if isinstance(value, list):
        return [_walk(member, rename, ports) for member in value]
    if isinstance(value, str) and value.startswith("-----BEGIN "):
        return ANY
    if isinstance(value, str | int) and str(value) in ports:
        return ports[str(value)]
    return rename(value) if isinstance(value, str) else value


def _by_key(attributes: Any) -> dict[str, str]:
    return {attribute["Key"]: attribute.get("Value", "") for attribute in attributes}
