"""The shape of rules in `simlb.yaml`: conditions, transforms, and the actions that listeners have as well.

Ranges are AWS's, in AWS's words, and so are left to `simlb.core.validation`; editors learn them from the JSON Schema.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Port = Annotated[int, Meta(ge=1, le=65535)]
Order = Annotated[
    int | None,
    Meta(
        description="May be left out where there is one action.",
        extra_json_schema={"minimum": 1, "maximum": 50000},
    ),
]
Weight = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": 999})]
Values = Annotated[
    list[str] | None,
    Meta(description="One of them must match; * and ? are wildcards.", extra_json_schema={"maxItems": 3}),
]
RegexValues = Annotated[
    list[str] | None,
    Meta(description="Regular expressions, instead of 'values'.", extra_json_schema={"maxItems": 3}),
]
OneOrMore = str | list[str] | None
ByName = Annotated[dict[str, str | list[str]], Meta(min_length=1)] | None


class WeightedTargetGroupEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A target group among those of a forward."""

    target_group: Annotated[str, Meta(description="Name of the target group.")]
    weight: Annotated[
        int | None,
        Meta(
            description="May be left out where there is one target group.",
            extra_json_schema={"minimum": 0, "maximum": 999},
        ),
    ] = None


class TargetGroupStickinessEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Whether a client stays with the target group that it was given first."""

    enabled: bool
    duration_seconds: Annotated[
        int | None,
        Meta(description="Required when enabled.", extra_json_schema={"minimum": 1, "maximum": 604800}),
    ] = None


class ForwardAction(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag="forward", tag_field="type"):
    """`forward` to one target group, or to up to five by weight."""

    target_group: Annotated[str | None, Meta(description="Name of the only target group.")] = None
    target_groups: Annotated[list[WeightedTargetGroupEntry] | None, Meta(description="1 to 5, with weights.")] = None
    target_group_stickiness_config: Annotated[
        TargetGroupStickinessEntry | None,
        Meta(description="Required when one of several target groups has stickiness."),
    ] = None
    order: Order = None


class Redirect(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A redirect; members may hold #{protocol}, #{host}, #{port}, #{path}, #{query}."""

    protocol: Literal["HTTP", "HTTPS", "#{protocol}"] = "#{protocol}"
    host: Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 128})] = "#{host}"
    port: Annotated[Port | str, Meta(description="1-65535 or '#{port}'.")] = "#{port}"
    path: Annotated[str, Meta(description="Starts with '/'.", extra_json_schema={"minLength": 1, "maxLength": 128})] = (
        "/#{path}"
    )
    query: Annotated[str, Meta(description="Without a leading '?'.", extra_json_schema={"maxLength": 128})] = "#{query}"
    status_code: Annotated[Literal["HTTP_301", "HTTP_302"], Meta(description="Permanent (301) or temporary (302).")]


class RedirectAction(Redirect, forbid_unknown_fields=True, frozen=True, kw_only=True, tag="redirect", tag_field="type"):
    """`redirect`: the client is told to go elsewhere."""

    order: Order = None


class FixedResponse(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An answer that the load balancer gives by itself."""

    status_code: Annotated[int | str, Meta(description="A status code 2xx, 4xx or 5xx.")]
    message_body: Annotated[str, Meta(extra_json_schema={"maxLength": 1024})] = ""
    content_type: (
        Literal["text/plain", "text/css", "text/html", "application/javascript", "application/json"] | None
    ) = None


class FixedResponseAction(
    FixedResponse, forbid_unknown_fields=True, frozen=True, kw_only=True, tag="fixed-response", tag_field="type"
):
    """`fixed-response`: the load balancer answers by itself."""

    order: Order = None


ActionEntry = ForwardAction | RedirectAction | FixedResponseAction
Forward = Annotated[
    str | Annotated[dict[str, Weight], Meta(min_length=1)] | None,
    Meta(description="Shorthand: forward to this target group, or to several by weight: {web: 90, canary: 10}."),
]
RedirectTo = Annotated[
    Literal["https"] | Redirect | None,
    Meta(description="Shorthand: 'https' is HTTP_301 to HTTPS, port 443; or the members of a redirect."),
]
Fixed = Annotated[FixedResponse | None, Meta(description="Shorthand for a fixed-response action.")]


class HostHeaderCondition(
    Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag="host-header", tag_field="field"
):
    """The request's Host, in any case."""

    values: Values = None
    regex_values: RegexValues = None


class PathPatternCondition(
    Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag="path-pattern", tag_field="field"
):
    """The request's path without its query."""

    values: Values = None
    regex_values: RegexValues = None


class HttpHeaderCondition(
    Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag="http-header", tag_field="field"
):
    """A header field of the request, in any case."""

    http_header_name: Annotated[str, Meta(description="At most 40 characters, no wildcards, not Host.")]
    values: Values = None
    regex_values: RegexValues = None


class HttpRequestMethodCondition(
    Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag="http-request-method", tag_field="field"
):
    """The request's method."""

    values: Annotated[list[str], Meta(description="Up to 3 of A-Z, hyphen and underscore; no wildcards.")]


class QueryStringEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A key and a value of the query string."""

    key: Annotated[str | None, Meta(description="Default: any key.")] = None
    value: Annotated[str, Meta(description="May hold the wildcards * and ?, which \\ makes literal.")]


class QueryStringCondition(
    Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag="query-string", tag_field="field"
):
    """Keys and values of the request's query string, in any case."""

    values: Annotated[list[QueryStringEntry], Meta(description="Up to 3 pairs of which one must occur.")]


class SourceIpCondition(
    Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag="source-ip", tag_field="field"
):
    """The address that the connection comes from."""

    values: Annotated[list[str], Meta(description="Up to 5 networks such as 10.0.0.0/8.")]


ConditionEntry = (
    HostHeaderCondition
    | PathPatternCondition
    | HttpHeaderCondition
    | HttpRequestMethodCondition
    | QueryStringCondition
    | SourceIpCondition
)


class RewriteEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A regular expression and what stands for its match."""

    regex: Annotated[str, Meta(description="At most 1024 characters.")]
    replace: Annotated[str, Meta(description="At most 1024 characters; $1, $2 ... are the groups of 'regex'.")]


class TransformEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A change to the request on its way to the target."""

    type: Literal["host-header-rewrite", "url-rewrite"]
    rewrites: Annotated[list[RewriteEntry], Meta(description="Exactly one.")]


class RuleEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A rule: what requests it is for, and what becomes of them."""

    priority: Annotated[
        int,
        Meta(
            description="1-50000, unique in the listener; the lowest that matches wins.",
            extra_json_schema={"minimum": 1, "maximum": 50000},
        ),
    ]
    conditions: Annotated[list[ConditionEntry], Meta(description="All must hold, together with the shorthands.")] = (
        field(default_factory=list)
    )
    host: Annotated[OneOrMore, Meta(description="Shorthand for a host-header condition.")] = None
    path: Annotated[OneOrMore, Meta(description="Shorthand for a path-pattern condition.")] = None
    method: Annotated[OneOrMore, Meta(description="Shorthand for an http-request-method condition.")] = None
    source_ip: Annotated[OneOrMore, Meta(description="Shorthand for a source-ip condition.")] = None
    header: Annotated[
        ByName, Meta(description="Shorthand for http-header conditions: {X-Canary: '1'}; all names must match.")
    ] = None
    query: Annotated[
        ByName, Meta(description="Shorthand for query-string conditions: {version: beta}; all keys must match.")
    ] = None
    transforms: Annotated[list[TransformEntry], Meta(description="At most one of each type.")] = field(
        default_factory=list
    )
    actions: Annotated[list[ActionEntry] | None, Meta(description="Exactly one final action.")] = None
    forward: Forward = None
    redirect: RedirectTo = None
    fixed_response: Fixed = None
