"""Whatever rule a call makes comes back as it was given, and what comes back makes the same rule once more."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.controlplane.operations.conftest import Api
from tests.controlplane.operations.shop import SHOP
from tests.controlplane.operations.test_rule_changes import Rules

_words = st.text("abcxyz09", min_size=1, max_size=8)
_header_values = st.text([chr(code) for code in range(0x20, 0x7F) if chr(code) not in "*?\\"], min_size=1, max_size=20)


def _few(values: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=most)


def _shown_twice(field: str, member: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Any, Any]]:
    """The given and the shown condition of the two fields that have an old form."""
    held = st.one_of(
        _few(values).map(lambda found: {"Values": found}),
        _few(_words.map(lambda word: f"^{word}.*$")).map(lambda found: {"RegexValues": found}),
    )
    return held.map(lambda config: ({"Field": field, member: config}, {"Field": field, **config, member: config}))


def _shown_once(field: str, member: str, configs: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, Any]]:
    conditions = configs.map(lambda config: {"Field": field, member: config})
    return conditions.map(lambda condition: (condition, condition))


_pairs = st.builds(lambda key, value: ({"Key": key} if key else {}) | {"Value": value}, st.none() | _words, _words)
_conditions = st.tuples(
    _shown_twice("host-header", "HostHeaderConfig", _words.map(lambda word: f"{word}.example.com")),
    _shown_twice("path-pattern", "PathPatternConfig", _words.map(lambda word: f"/{word}/*")),
    _shown_once(
        "http-header",
        "HttpHeaderConfig",
        st.builds(lambda name, values: {"HttpHeaderName": name, "Values": values}, _words, _few(_header_values, 1)),
    ),
    _shown_once("http-request-method", "HttpRequestMethodConfig", st.just({"Values": ["GET"]})),
    _shown_once("query-string", "QueryStringConfig", _few(_pairs, 1).map(lambda pairs: {"Values": pairs})),
).flatmap(
    lambda found: st.sets(st.sampled_from(range(5)), min_size=1, max_size=3).map(lambda of: [found[n] for n in of])
)

_redirects = st.fixed_dictionaries(
    {
        "Protocol": st.sampled_from(["HTTPS", "#{protocol}"]),
        "Host": _words.map(lambda word: f"{word}.#{{host}}"),
        "Port": st.sampled_from(["#{port}", "1", "65535"]),
        "Path": _words.map(lambda word: f"/{word}/#{{path}}"),
        "Query": st.sampled_from(["", "#{query}", "a=#{port}&b=%20"]),
        "StatusCode": st.sampled_from(["HTTP_301", "HTTP_302"]),
    }
).map(lambda config: {"Type": "redirect", "RedirectConfig": config})
_fixed = st.fixed_dictionaries(
    {"StatusCode": st.integers(200, 299).map(str)},
    optional={
        "MessageBody": st.text(min_size=1, max_size=50).filter(lambda text: text.isprintable()),
        "ContentType": st.sampled_from(["text/plain", "application/json"]),
    },
).map(lambda config: {"Type": "fixed-response", "FixedResponseConfig": config})
_forwards = st.builds(
    lambda weights, sticky_s: (weights, sticky_s),
    st.lists(st.integers(0, 999), min_size=2, max_size=2),
    st.none() | st.integers(1, 604800),
)


def _forward(shop: Rules, weights: list[int], sticky_s: int | None) -> dict[str, Any]:
    groups = zip((shop.groups["web"], shop.groups["canary"]), weights, strict=True)
    sticky = {"Enabled": False} if sticky_s is None else {"Enabled": True, "DurationSeconds": sticky_s}
    config = {
        "TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups],
        "TargetGroupStickinessConfig": sticky,
    }
    return {"Type": "forward", "ForwardConfig": config}


def _within_quotas(conditions: list[tuple[Any, Any]]) -> bool:
    def count(shown: dict[str, Any]) -> int:
        return sum(
            len(values)
            for key, config in shown.items()
            if key.endswith("Config")
            for values in config.values()
            if isinstance(values, list)
        )

    return sum(count(given) for given, _ in conditions) <= 5


def _as_given(shown: dict[str, Any]) -> dict[str, Any]:
    """A shown condition without its old form, which a call must not have beside the new one."""
    return {key: value for key, value in shown.items() if key not in {"Values", "RegexValues"}}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    folder: Path = tmp_path_factory.mktemp("shop")
    api = Api(folder)
    return Rules(api, api.load(SHOP))


@settings(max_examples=60, deadline=None)
@given(_conditions.filter(_within_quotas), st.one_of(_redirects, _fixed, _forwards), st.none() | st.integers(1, 50000))
def test_a_rule_comes_back_as_it_was_given(
    shop: Rules, conditions: list[tuple[Any, Any]], action: Any, order: int | None
) -> None:
    wanted = _forward(shop, *action) if isinstance(action, tuple) else action
    wanted = wanted if order is None else wanted | {"Order": order}

    async def there_and_back() -> None:
        made = await shop.rule(Conditions=[given for given, _ in conditions], Actions=[wanted])
        try:
            assert made["Conditions"] == [shown for _, shown in conditions]
            assert made["Actions"] == [wanted]
            again = {"Conditions": list(map(_as_given, made["Conditions"])), "Actions": made["Actions"]}
            (same,) = (await shop.api("ModifyRule", RuleArn=made["RuleArn"], **again))["Rules"]
            assert same == made == (await shop.rules())["1000"]
        finally:
            await shop.api("DeleteRule", RuleArn=made["RuleArn"])

    asyncio.run(there_and_back())
