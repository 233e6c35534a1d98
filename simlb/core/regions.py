"""AWS's regions and their availability zones: how many there are, and what they are called (reference 1.1)."""

from __future__ import annotations

import re

_ABC = "abc"
_ZONES = {
    "us-east-1": ("use1", "abcdef"),
    "us-east-2": ("use2", _ABC),
    "us-west-1": ("usw1", "ac"),
    "us-west-2": ("usw2", "abcd"),
    "ca-central-1": ("cac1", "abd"),
    "eu-central-1": ("euc1", _ABC),
    "eu-west-1": ("euw1", _ABC),
    "eu-west-2": ("euw2", _ABC),
    "eu-west-3": ("euw3", _ABC),
    "eu-north-1": ("eun1", _ABC),
    "eu-south-1": ("eus1", _ABC),
    "ap-east-1": ("ape1", _ABC),
    "ap-northeast-1": ("apne1", "acd"),
    "ap-northeast-2": ("apne2", "abcd"),
    "ap-northeast-3": ("apne3", _ABC),
    "ap-southeast-1": ("apse1", _ABC),
    "ap-southeast-2": ("apse2", _ABC),
    "ap-south-1": ("aps1", _ABC),
    "sa-east-1": ("sae1", _ABC),
    "me-south-1": ("mes1", _ABC),
    "af-south-1": ("afs1", _ABC),
}
"""By region: what its zones' ids begin with, and the letters that an account has at the end of their names."""

REGIONS = tuple(sorted(_ZONES))
"""The regions that simlb knows; any other name is as good, and has three zones."""

_FORM = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}")
_WORDS = re.compile(r"[a-z]+|[0-9]+")
_DIRECTIONS = {"north": "n", "south": "s", "east": "e", "west": "w", "central": "c"}


def is_region(name: str) -> bool:
    """Whether that could be a region's name; it becomes a label of DNS names and a part of ARNs."""
    return _FORM.fullmatch(name) is not None


def zones(region: str) -> tuple[str, ...]:
    """The names of a region's availability zones, such as `eu-west-1a`."""
    _, letters = _ZONES.get(region, ("", _ABC))
    return tuple(f"{region}{letter}" for letter in letters)


def zone_id(zone: str) -> str:
    """The id of a zone, such as `euw1-az1`. Which zone has which id differs between accounts; here `a` is the first."""
    region, letter = zone[:-1], zone[-1]
    prefix, _ = _ZONES.get(region, (_prefix(region), _ABC))
    return f"{prefix}-az{ord(letter) - ord('a') + 1}"


def _prefix(region: str) -> str:
    """`me-central-1` -> `mec1`, `ap-southeast-3` -> `apse3`, as AWS shortens them."""
    shortened = []
    for word in _WORDS.findall(region):
        for direction, letter in _DIRECTIONS.items():
            word = word.replace(direction, letter)
        shortened.append(word)
    return "".join(shortened)
