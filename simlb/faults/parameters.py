"""Reading what a fault is asked for: its parameters by their table, and which requests it is about.

A number alone says nothing about its unit: durations are `300ms`, `20s`, `2m`, sizes `64k`. Every wrong word is one
SimlbError that says what was meant, or what there is.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping

from simlb.core.wildcards import Wildcard
from simlb.errors import SimlbError
from simlb.faults.fault import FaultType, Parameter, Value
from simlb.faults.selection import Match, Selection

Written = str | int | float | bool
"""As it comes from a command line, from JSON or from Python."""

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_BYTES = re.compile(r"([0-9]+)([kKmM]?)")
_UNIT_BYTES = {"": 1, "k": 1024, "m": 1024 * 1024}
_CODES = re.compile(r"[1-5][0-9]{2}(?:-[1-5][0-9]{2})?")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_PERCENT_MAX = 100
_COUNT_MAX = 1_000_000_000
_PATTERN_MAX = 1000


def find_type(name: str, types: Mapping[str, FaultType]) -> FaultType:
    """The type of that name. Raises SimlbError E630."""
    if name in types:
        return types[name]
    near = difflib.get_close_matches(name, types, n=1)
    alike = near or [known for known in types if known.partition(".")[2] == name][:1]
    hint = f"did you mean {alike[0]}?" if alike else "simlb fault types lists them"
    raise SimlbError("E630", f"There is no fault '{name}'.", hint)


def read_parameters(fault_type: FaultType, given: Mapping[str, Written]) -> dict[str, Value]:
    """The values of all parameters, defaults included. Raises SimlbError E631, E632 or E633."""
    known = {parameter.name: parameter for parameter in fault_type.parameters}
    for name in given:
        if name not in known:
            raise SimlbError("E631", f"{fault_type.name} has no parameter '{name}'.", meant_or(name, known))
    values: dict[str, Value] = {}
    for name, parameter in known.items():
        if name in given:
            values[name] = read_value(fault_type.name, parameter, given[name])
        elif parameter.default is not None:
            values[name] = parameter.default
        elif not parameter.is_optional:
            raise SimlbError(
                "E633", f"{fault_type.name} needs {name}: {parameter.en}.", f"such as {_example(parameter)}"
            )
    return values


def read_value(owner: str, parameter: Parameter, given: Written) -> Value:
    """One parameter's value. Raises SimlbError E632."""
    what = f"{owner}: {parameter.name}"
    value = _read(what, parameter, given)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise _wrong(f"{what} is {_shown(given)}", f"it may be {_range(parameter)}")
    return value


def _read(what: str, parameter: Parameter, given: Written) -> Value:
    match parameter.kind:
        case "duration":
            return read_duration(what, given)
        case "bytes":
            return _bytes(what, given)
        case "number":
            return _number(what, given)
        case "whole":
            return _whole(what, given)
        case "flag":
            return _flag(what, given)
        case "codes":
            return _codes(what, given)
        case "choice":
            return _choice(what, parameter, given)
        case "text":
            text = given if isinstance(given, str) else _shown(given)
            if not text:
                raise _wrong(f"{what} is empty", f"such as {_example(parameter)}")
            return text


def read_duration(what: str, given: Written) -> float:
    """Seconds from `300ms`, `20s`, `2m`, `1h`, or 0. `what` begins the message. Raises SimlbError E632."""
    text = _shown(given)
    if text in {"0", "0.0"}:
        return 0.0
    match = _DURATION.fullmatch(text)
    if match is not None:
        return float(match[1]) * _UNIT_S[match[2]]
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", text):
        raise _wrong(f"{what} is {text}, without a unit", f"write {text}ms or {text}s")
    raise _wrong(f"{what} is '{text}', which is no duration", "write it as 300ms, 20s or 2m")


def read_selection(
    fault_type: FaultType,
    *,
    match_method: str | None = None,
    match_path: str | None = None,
    match_headers: Mapping[str, str] | None = None,
    percent: Written | None = None,
    count: Written | None = None,
    every: Written | None = None,
    pattern: str | None = None,
) -> Selection:
    """Which requests a fault is about. Raises SimlbError E637 for selectors that it does not take, or wrong ones."""
    given = {
        "match": match_method is not None or match_path is not None or bool(match_headers),
        "percent": percent is not None,
        "count": count is not None,
        "every": every is not None,
        "pattern": pattern is not None,
    }
    for name, is_given in given.items():
        if is_given and name not in fault_type.selectors:
            taken = sorted(fault_type.selectors)
            hint = f"it takes: {', '.join(taken)}" if taken else "it is there for every request, or not at all"
            raise SimlbError("E637", f"{fault_type.name} takes no {name}.", hint)
    return Selection(
        match=_match(match_method, match_path, match_headers or {}),
        percent=100.0 if percent is None else _percent(percent),
        count=None if count is None else _at_least_one("count", count),
        every=1 if every is None else _at_least_one("every", every),
        pattern=None if pattern is None else _pattern(pattern),
    )


def meant_or(word: str, known: Iterable[str]) -> str:
    """A hint: the closest known word, or all of them."""
    words = list(dict.fromkeys(known))
    near = difflib.get_close_matches(word, words, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(words) or 'none'}"


def _match(method: str | None, path: str | None, headers: Mapping[str, str]) -> Match:
    if method is not None and not _TOKEN.fullmatch(method):
        raise _unselected(f"'{method}' is no request method", "such as GET")
    for name in headers:
        if not _TOKEN.fullmatch(name):
            raise _unselected(f"'{name}' is no header name", "such as X-Canary")
    wildcard = None
    if path is not None:
        if not path.startswith(("/", "*")):
            raise _unselected(f"the path '{path}' matches nothing: paths begin with /", f"write /{path}")
        try:
            wildcard = Wildcard(path)
        except ValueError as error:
            raise _unselected(f"the path cannot be matched: {error}", "such as /api/*") from None
    return Match(method=method.upper() if method else None, path=wildcard, headers=tuple(headers.items()))


def _percent(given: Written) -> float:
    text = _shown(given).removesuffix("%").strip()
    try:
        percent = float(text)
    except ValueError:
        raise _unselected(f"percent is '{_shown(given)}'", "such as 50%") from None
    if not 0 < percent <= _PERCENT_MAX:
        raise _unselected(f"percent is {_shown(given)}", "it may be above 0, up to 100")
    return percent


def _at_least_one(name: str, given: Written) -> int:
    text = _shown(given)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_COUNT_MAX))):
        raise _unselected(f"{name} is '{text}'", "it is a whole number: 1, 2, 3 ...")
    if not 1 <= int(text) <= _COUNT_MAX:
        raise _unselected(f"{name} is {text}", "it is at least 1")
    return int(text)


def _pattern(text: str) -> str:
    pattern = text.upper()
    if not pattern or set(pattern) - {"F", "S"} or len(pattern) > _PATTERN_MAX:
        raise _unselected(f"the pattern is '{text}'", "F fails, S does not, in turns: FFS")
    if "F" not in pattern:
        raise _unselected(f"the pattern '{text}' never fails", "F fails, S does not, in turns: FFS")
    return pattern


def _number(what: str, given: Written) -> float:
    try:
        value = float(_shown(given))
    except ValueError:
        raise _wrong(f"{what} is '{_shown(given)}', which is no number") from None
    if not math.isfinite(value):
        raise _wrong(f"{what} is '{_shown(given)}', which is no number")
    return value


def _whole(what: str, given: Written) -> int:
    text = _shown(given)
    if not (re.fullmatch(r"-?[0-9]{1,15}", text)):
        raise _wrong(f"{what} is '{text}', which is no whole number")
    return int(text)


def _bytes(what: str, given: Written) -> int:
    text = _shown(given)
    match = _BYTES.fullmatch(text)
    if match is None or len(match[1]) > 12:
        raise _wrong(f"{what} is '{text}', which is no size", "write it as 500, 64k or 1m")
    return int(match[1]) * _UNIT_BYTES[match[2].lower()]


def _flag(what: str, given: Written) -> bool:
    if isinstance(given, bool):
        return given
    flag = _FLAGS.get(_shown(given).lower())
    if flag is None:
        raise _wrong(f"{what} is '{_shown(given)}'", "it is true or false")
    return flag


def _codes(what: str, given: Written) -> str:
    text = _shown(given)
    if not _CODES.fullmatch(text):
        raise _wrong(f"{what} is '{text}', which is no status code", "write it as 503 or 500-503")
    low, _, high = text.partition("-")
    if high and high < low:
        raise _wrong(f"{what} is '{text}', which runs backwards", f"write {high}-{low}")
    return text


def _choice(what: str, parameter: Parameter, given: Written) -> str:
    text = _shown(given)
    if text not in parameter.choices:
        raise _wrong(f"{what} is '{text}'", meant_or(text, parameter.choices))
    return text


def _example(parameter: Parameter) -> str:
    if parameter.choices:
        return f"{parameter.name}={parameter.choices[0]}"
    examples = {
        "duration": "300ms",
        "bytes": "64k",
        "number": "0.5",
        "whole": "3",
        "flag": "true",
        "codes": "503",
        "text": "text",
    }
    return f"{parameter.name}={examples[parameter.kind]}"


def _range(parameter: Parameter) -> str:
    unit = " s" if parameter.kind == "duration" else ""
    low, high = parameter.minimum, parameter.maximum
    if high is None:
        return f"{low:g}{unit} or more"
    return f"up to {high:g}{unit}" if low is None else f"{low:g}-{high:g}{unit}"


def _shown(given: Written) -> str:
    if isinstance(given, bool):
        return "true" if given else "false"
    return given.strip() if isinstance(given, str) else f"{given:.15g}"


def _wrong(what: str, *hints: str) -> SimlbError:
    return SimlbError("E632", f"{what}.", *hints)


def _unselected(what: str, *hints: str) -> SimlbError:
    return SimlbError("E637", f"{what[0].upper()}{what[1:]}.", *hints)
