"""`simlb fault types`: what can fail. It needs no running instance."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence

from simlb.cli.terminal import Style, columns
from simlb.controlplane.fault_views import FaultTypeView, ParameterView
from simlb.errors import EXIT_FINE

_INDENT = "    "


def types(arguments: Namespace) -> int:
    """List every type, or tell all about one."""
    from simlb.faults.parameters import find_type
    from simlb.faults.type_views import type_view
    from simlb.faults.types import BY_NAME

    chosen = BY_NAME.values() if arguments.type is None else [find_type(arguments.type, BY_NAME)]
    views = [type_view(fault_type) for fault_type in chosen]
    style = Style.of(sys.stdout)
    if arguments.json:
        print(json.dumps([view.to_json() for view in views], ensure_ascii=False, indent=2))
    elif arguments.type is None:
        print("\n".join(list_lines(views, style, korean=arguments.lang == "ko")))
    else:
        print("\n".join(type_lines(views[0], style, korean=arguments.lang == "ko")))
    return EXIT_FINE


def list_lines(views: Sequence[FaultTypeView], style: Style, *, korean: bool) -> Iterator[str]:
    """Every type in a line or two, with its parameters."""
    width = max(len(view.name) for view in views)
    for view in views:
        parameters = "  ".join(_usage(parameter) for parameter in view.parameters)
        yield f"{style.bold(view.name.ljust(width))}  {parameters}".rstrip()
        yield f"{_INDENT}{view.en}"
        if korean:
            yield f"{_INDENT}{view.ko}"
    yield ""
    yield "All about one: simlb fault types TYPE"


def type_lines(view: FaultTypeView, style: Style, *, korean: bool) -> Iterator[str]:
    """One type with everything that can be given."""
    yield f"{style.bold(view.name)}  on a {view.scope}{', one that simlb runs' if view.own_only else ''}"
    yield from _texts(view.en, view.ko, korean)
    yield from _texts(f"→ {view.consequence_en}", f"→ {view.consequence_ko}", korean)
    if view.parameters:
        yield ""
        yield from (f"  {line}" for line in columns([_row(parameter, korean) for parameter in view.parameters]))
    yield ""
    if view.selectors:
        options = {"match": "--match-method, --match-path, --match-header"}
        yield f"  which requests: {', '.join(options.get(name, f'--{name}') for name in view.selectors)}"
    yield "  it is over at once" if view.momentary else "  how long: --for 20s; else until simlb fault rm"


def _texts(en: str, ko: str, korean: bool) -> Iterator[str]:
    yield f"  {en}"
    if korean:
        yield f"  {ko}"


def _row(parameter: ParameterView, korean: bool) -> tuple[str, str, str]:
    kind = "|".join(parameter.choices) if parameter.choices else parameter.kind
    if parameter.required:
        default = "required"
    else:
        default = "optional" if parameter.default is None else f"default {parameter.default}"
    return f"{parameter.name}=", f"{kind}, {default}", f"{parameter.en} · {parameter.ko}" if korean else parameter.en


def _usage(parameter: ParameterView) -> str:
    value = "|".join(parameter.choices) if parameter.choices else parameter.default or parameter.kind.upper()
    return f"{parameter.name}={value}" if parameter.required else f"[{parameter.name}={value}]"
