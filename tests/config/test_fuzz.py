"""Whatever a file holds: a configuration or a ConfigError, never anything else, and never a long wait."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simlb.config import documents, rule_documents, template
from simlb.config.addresses import AddressPolicy
from simlb.config.certificates import UnissuedCertificates
from simlb.config.compile import check_source
from simlb.config.context import Tools
from simlb.config.documents import SAMPLE_NAMES
from simlb.config.problems import Refused
from simlb.config.source import FlagSource
from simlb.config.yaml_source import YamlSource, decode_text
from simlb.errors import ConfigError

EXAMPLES = 60

BOUNDED = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
LINES = [*template().splitlines(), *(line.replace("# - {", "- {") for line in template().splitlines())]
WORDS = sorted(set(template().replace(":", " : ").replace(",", " , ").split()))

STRUCTS = {**vars(documents), **vars(rule_documents)}.values()
ENTRIES = [item for item in STRUCTS if isinstance(item, type) and issubclass(item, msgspec.Struct)]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 70000),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(["HTTP", "HTTPS", "web", "echo", "http://localhost:1", "[::1]:80", "#{path}", "30s", "*.test"]),
)
keys = st.sampled_from([key for entry in ENTRIES for key in entry.__struct_fields__])
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | st.text(max_size=4), inner, max_size=5),
    max_leaves=8,
)


def no_addresses(name: str) -> list[str]:
    raise OSError(name)


TOOLS = Tools(
    certificates=UnissuedCertificates("x"),
    allocate_port=lambda _: 1,
    sample_names=SAMPLE_NAMES,
    resolve=no_addresses,
)


def compile_text(text: str) -> None:
    with contextlib.suppress(ConfigError):
        check_source(YamlSource(text, "f.yaml"), TOOLS)


@BOUNDED
@given(st.binary(max_size=200))
def test_bytes(data: bytes) -> None:
    with contextlib.suppress(ConfigError):
        compile_text(decode_text(data, "f.yaml"))


@BOUNDED
@given(st.text(alphabet="ab:-[]{},&*!|>'\"# \n\t%@`?~0", max_size=120))
def test_text_full_of_yamls_own_signs(text: str) -> None:
    compile_text(text)


@BOUNDED
@given(st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(WORDS)), max_size=4))
def test_the_template_with_words_exchanged(changes: list[tuple[int, str]]) -> None:
    words = template().split(" ")
    for position, word in changes:
        words[position % len(words)] = word
    compile_text(" ".join(words))


@BOUNDED
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(-1, len(LINES) - 1)), max_size=5))
def test_the_template_with_lines_exchanged(changes: list[tuple[int, int]]) -> None:
    lines = template().splitlines()
    for position, line in changes:
        lines[position % len(lines)] = LINES[line] if line >= 0 else ""
    compile_text("\n".join(lines))


@pytest.mark.slow
@BOUNDED
@given(
    st.dictionaries(keys, trees, max_size=6),
    st.lists(st.dictionaries(keys, trees, max_size=6), max_size=2),
    st.lists(st.dictionaries(keys, trees, max_size=6), max_size=2),
)
def test_trees_of_known_words(top: dict[str, Any], balancers: list[Any], groups: list[Any]) -> None:
    values = {**top, "simlb": "config/1", "load_balancers": balancers, "target_groups": groups}
    with contextlib.suppress(ConfigError):
        check_source(FlagSource(values, {}), TOOLS)


def rules(text: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Rules of the right shape."""
    value = text | st.text("*?./az:0[]()+$\\\\", max_size=12)
    values = st.lists(value, max_size=4)
    either = {"values": values, "regex_values": values}
    condition = st.one_of(
        st.fixed_dictionaries({"field": st.sampled_from(["host-header", "path-pattern"])}, optional=either),
        st.fixed_dictionaries({"field": st.just("http-header"), "http_header_name": value}, optional=either),
        st.fixed_dictionaries({"field": st.sampled_from(["http-request-method", "source-ip"]), "values": values}),
        st.fixed_dictionaries(
            {
                "field": st.just("query-string"),
                "values": st.lists(st.fixed_dictionaries({"value": value}, optional={"key": value}), max_size=2),
            }
        ),
    )
    rewrite = st.fixed_dictionaries({"regex": value, "replace": value | st.just("$1")})
    transform = st.fixed_dictionaries(
        {
            "type": st.sampled_from(["url-rewrite", "host-header-rewrite"]),
            "rewrites": st.lists(rewrite, max_size=2),
        }
    )
    forward = st.fixed_dictionaries(
        {"type": st.just("forward")},
        optional={
            "order": st.integers(-1, 50001),
            "target_group": text,
            "target_groups": st.lists(
                st.fixed_dictionaries({"target_group": text}, optional={"weight": st.integers(-1, 1000)}), max_size=3
            ),
            "target_group_stickiness_config": st.fixed_dictionaries(
                {"enabled": st.booleans()}, optional={"duration_seconds": st.integers(0, 604801)}
            ),
        },
    )
    return st.fixed_dictionaries(
        {"priority": st.integers(-1, 50001)},
        optional={
            "conditions": st.lists(condition, max_size=3),
            "host": value,
            "path": values,
            "header": st.dictionaries(value, value | values, min_size=1, max_size=2),
            "query": st.dictionaries(value, value | values, min_size=1, max_size=2),
            "transforms": st.lists(transform, max_size=2),
            "forward": text,
            "actions": st.lists(forward, max_size=2),
        },
    )


@st.composite
def valid_shapes(draw: st.DrawFn) -> dict[str, Any]:
    """Documents of the right shape, so that the checks behind the shape are reached."""
    text = st.text(max_size=10) | st.sampled_from(["web", "a", "a-b", "*.a.test", "::1", "10.0.0.0/8", "#{host}", "/x"])
    listener = st.fixed_dictionaries(
        {"protocol": st.sampled_from(["HTTP", "HTTPS"]), "port": st.integers(1, 65535)},
        optional={
            "bind": text | st.integers(0, 65535) | st.from_regex(r"[0-9a-f.:\[\]]{0,12}:[0-9]{1,6}"),
            "certificates": st.lists(text | st.fixed_dictionaries({"names": st.lists(text, max_size=2)}), max_size=2),
            "rules": st.lists(rules(text), max_size=2),
            "forward": text | st.dictionaries(text, st.integers(-1, 1001), min_size=1, max_size=3),
            "redirect": st.just("https"),
            "default_actions": st.lists(
                st.fixed_dictionaries(
                    {"type": st.just("redirect"), "status_code": st.just("HTTP_301")},
                    optional={"host": text.filter(bool), "path": text.filter(bool), "port": text, "query": text},
                ),
                max_size=2,
            ),
        },
    )
    balancer = st.fixed_dictionaries(
        {"name": text},
        optional={
            "dns": st.lists(text, max_size=2),
            "listeners": st.lists(listener, max_size=3),
            "attributes": st.dictionaries(text, text | st.booleans() | st.integers(), max_size=2),
            "security_group": st.fixed_dictionaries(
                {"inbound": st.lists(st.integers(1, 9) | st.fixed_dictionaries({"source": text}), max_size=2)}
            ),
        },
    )
    target = st.fixed_dictionaries(
        {}, optional={"url": text.map("http://{}".format) | text, "run": text, "name": text, "cwd": text}
    )
    health = st.fixed_dictionaries(
        {}, optional={"interval": text | st.floats(), "matcher": text | st.integers(), "path": text.filter(bool)}
    )
    group = st.fixed_dictionaries(
        {"name": text}, optional={"targets": st.lists(target, max_size=3), "health_check": health}
    )
    return {
        "simlb": "config/1",
        "region": draw(text | st.just("us-east-1")),
        "strict": draw(st.booleans()),
        "allow_targets": draw(st.lists(text, max_size=2)),
        "load_balancers": draw(st.lists(balancer, min_size=1, max_size=2)),
        "target_groups": draw(st.lists(group, max_size=2)),
    }


@pytest.mark.slow
@BOUNDED
@given(valid_shapes())
def test_right_shapes_with_strange_values(values: dict[str, Any]) -> None:
    with contextlib.suppress(ConfigError):
        check_source(FlagSource(values, {}), TOOLS)


@BOUNDED
@given(st.text(max_size=30) | st.text(alphabet="htp:/[]@#?%.0123456789abcdefx", max_size=30).map("http://{}".format))
def test_urls(url: str) -> None:
    try:
        located = AddressPolicy((), no_addresses).locate(url)
    except Refused:
        return
    assert located.ip.startswith("127.") or located.ip == "::1"
