"""Regions and zones as AWS has them."""

from __future__ import annotations

import pytest

from simlb.core.regions import REGIONS, zone_id, zones


@pytest.mark.parametrize(
    ("region", "letters", "ids"),
    [
        ("ap-northeast-2", "abcd", ["apne2-az1", "apne2-az2", "apne2-az3", "apne2-az4"]),
        ("us-east-1", "abcdef", ["use1-az1", "use1-az2", "use1-az3", "use1-az4", "use1-az5", "use1-az6"]),
        ("ap-northeast-1", "acd", ["apne1-az1", "apne1-az3", "apne1-az4"]),
        ("me-central-1", "abc", ["mec1-az1", "mec1-az2", "mec1-az3"]),
        ("ap-southeast-3", "abc", ["apse3-az1", "apse3-az2", "apse3-az3"]),
    ],
)
def test_zones(region: str, letters: str, ids: list[str]) -> None:
    assert zones(region) == tuple(f"{region}{letter}" for letter in letters)
    assert [zone_id(zone) for zone in zones(region)] == ids


def test_zone_ids_tell_all_zones_apart() -> None:
    names = [zone for region in REGIONS for zone in zones(region)]
    assert len({zone_id(zone) for zone in names}) == len(names)
