"""docs/config.md keeps its word: its examples load, its messages are the real ones, and no key is missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from simlb.config import InvalidConfigError, documents, rule_documents
from simlb.core.attributes import HTTPS_LISTENER_ATTRIBUTES, LOAD_BALANCER_ATTRIBUTES, TARGET_GROUP_ATTRIBUTES

if TYPE_CHECKING:
    from .conftest import Load

PAGE = (Path(__file__).parents[2] / "docs" / "config.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\S+)( wrong)?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = [text for kind, wrong, text in BLOCKS if kind == "yaml" and not wrong]
WRONG = [text for _, wrong, text in BLOCKS if wrong]
MESSAGES = [text for kind, _, text in BLOCKS if kind == "text"]
ENTRIES = [
    item
    for item in {**vars(documents), **vars(rule_documents)}.values()
    if isinstance(item, type) and issubclass(item, msgspec.Struct) and item is not msgspec.Struct
]


def completed(example: str) -> str:
    """An example that leaves out what it is not about."""
    if "load_balancers:" not in example:
        example += "load_balancers: [{name: my-alb}]\n"
    if "target_groups:" not in example:
        example += "target_groups: [{name: web}]\n"
    return example if "simlb:" in example else f"simlb: config/1\n{example}"


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_load(load: Load, example: str) -> None:
    load(completed(example))


@pytest.mark.parametrize(("example", "message"), list(zip(WRONG, MESSAGES, strict=True)))
def test_messages_are_the_real_ones(load: Load, example: str, message: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(example)
    assert caught.value.render() == message.rstrip("\n")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.__name__)
def test_every_key_is_described(entry: type[msgspec.Struct]) -> None:
    missing = [key for key in entry.__struct_fields__ if not re.search(rf"`{key}`|[{{ ]{key}:", PAGE)]
    assert missing == []


ATTRIBUTES = {
    "### Attributes of a load balancer": LOAD_BALANCER_ATTRIBUTES,
    "### Attributes of a listener": HTTPS_LISTENER_ATTRIBUTES,
    "### Attributes of a target group": TARGET_GROUP_ATTRIBUTES,
}


@pytest.mark.parametrize("heading", ATTRIBUTES)
def test_the_attributes_of_each_kind_are_described_with_their_defaults(heading: str) -> None:
    section = PAGE.partition(f"{heading}\n")[2].partition("\n#")[0]
    described = dict(re.findall(r"^\| `(\S+)` \| (?:`?([^`| ]*)`? )?\|", section, re.MULTILINE))
    assert described == {key: row.default for key, row in ATTRIBUTES[heading].items() if row.supported}
