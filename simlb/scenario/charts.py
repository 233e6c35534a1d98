"""The pictures of a report: lines, stacked areas and bands over load-balancer time, as SVG to be put into a page.

pygal draws; what is put into the page has no script, no reference to another host, and takes its colours from the
page's variables (`--text`, `--faint`, `--c-NAME`), so that it reads in light and in dark. The page writes the legend.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SIZE = (1000, 300)
_BAND_PX = 34
_BAND_STROKE_PX = 18
_BANDS_EDGE_PX = 92
_FONT = "system-ui, sans-serif"
# Between the topmost value and the top, so that the numbers of marks do not lie on lines.
_HEADROOM = 1.12

Point = tuple[float, float | None]
"""Load-balancer seconds, and a value; None interrupts the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line or area. `color` is one of the page's `--c-...` variables by the part of its name behind that."""

    name: str
    color: str
    points: Sequence[Point]
    is_dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An upright line at a moment of the story, under a number that the story's table repeats."""

    at_s: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One row of a band chart: what it is, and the stretches (from, to, kind) in which it was one of the kinds."""

    name: str
    stretches: Sequence[tuple[float, float, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What all pictures of a report share: where time begins and ends, what is marked in it, and what it is called."""

    from_s: float
    to_s: float
    marks: Sequence[Mark]
    title: str


def lines(name: str, axis: Axis, series: Sequence[Series], *, unit: str) -> str:
    """Lines over time; `unit` stands at the upright axis. `name` tells the picture from the others of its page."""
    return _drawn(name, axis, [(one, False) for one in series], unit)


def areas(name: str, axis: Axis, series: Sequence[Series], *, unit: str) -> str:
    """Areas on top of each other, the first at the bottom. All series have the same moments and no gaps."""
    stacked: list[Series] = []
    below = [0.0] * (len(series[0].points) if series else 0)
    for one in series:
        below = [under + (value or 0.0) for under, (_, value) in zip(below, one.points, strict=True)]
        points = [(at_s, height) for (at_s, _), height in zip(one.points, below, strict=True)]
        stacked.append(Series(name=one.name, color=one.color, points=points))
    # The highest first: each one covers the foot of the one before it.
    return _drawn(name, axis, [(one, True) for one in reversed(stacked)], unit)


def bands(name: str, axis: Axis, rows: Sequence[Band], colors: Mapping[str, str]) -> str:
    """A row for each band; `colors` by kind of stretch."""
    chart = _chart(axis, list(colors.values()), height=len(rows) * _BAND_PX + _BANDS_EDGE_PX)
    chart.range = (0.4, len(rows) + 0.6)
    chart.y_labels = [{"label": row.name, "value": len(rows) - number} for number, row in enumerate(rows)]
    for kind in colors:
        points: list[Point] = []
        for number, row in enumerate(rows):
            height = float(len(rows) - number)
            for from_s, to_s, what in row.stretches:
                if what == kind:
                    points += [(from_s, height), (to_s, height), (to_s, None)]
        # Also without points: a series takes the next colour.
        chart.add(kind, points, stroke_style={"width": _BAND_STROKE_PX}, allow_interruptions=True)
    _add_marks(chart, axis, 0.4, len(rows) + 0.45)
    return _cleaned(chart, name)


def _drawn(name: str, axis: Axis, series: Sequence[tuple[Series, bool]], unit: str) -> str:
    top = max((value for one, _ in series for _, value in one.points if value is not None), default=0.0) or 1.0
    chart = _chart(axis, [one.color for one, _ in series], height=_SIZE[1])
    chart.range = (0, top * _HEADROOM)
    chart.y_title = unit
    for one, is_filled in series:
        stroke = {"width": 2.5, "dasharray": "7, 5"} if one.is_dashed else {"width": 1 if is_filled else 2.5}
        chart.add(one.name, list(one.points), fill=is_filled, stroke_style=stroke, allow_interruptions=True)
    _add_marks(chart, axis, 0.0, top * 1.04)
    return _cleaned(chart, name)


def _chart(axis: Axis, colors: Sequence[str], *, height: int) -> Any:
    pygal = library()
    style = pygal.style.Style(
        background="transparent",
        plot_background="transparent",
        foreground="var(--text)",
        foreground_strong="var(--text)",
        foreground_subtle="var(--faint)",
        guide_stroke_color="var(--faint)",
        major_guide_stroke_color="var(--faint)",
        font_family=_FONT,
        label_font_size=15,
        major_label_font_size=15,
        title_font_size=16,
        value_label_font_size=15,
        # How far a mark’s number stands from its place.
        value_font_size=1,
        opacity="1",
        opacity_hover="1",
        stroke_opacity="1",
        stroke_opacity_hover="1",
        # Else it would overrule the width of each series.
        stroke_width="inherit",
        stroke_width_hover="inherit",
        transition="0s",
        colors=tuple(f"var(--c-{color})" for color in (*colors, "mark")),
        # What pygal would work out from colours that it can read.
        value_colors=("var(--text)",) * (len(colors) + 1),
    )
    return pygal.XY(
        style=style,
        js=[],
        width=_SIZE[0],
        height=height,
        disable_xml_declaration=True,
        show_dots=False,
        print_labels=True,
        show_legend=False,
        max_scale=8,
        xrange=(axis.from_s, max(axis.to_s, axis.from_s + 1)),
        x_title=axis.title,
        x_value_formatter=lambda at_s: f"{at_s:g}",
        truncate_label=-1,
        margin=8,
    )


def library() -> Any:
    """pygal, without the finder that it puts into everybody's imports.

    The finder is for plug-ins that draw maps, and has no `find_spec`: every later import of anything would warn of it,
    and fail where warnings are errors, as in many test suites.
    """
    import pygal
    import pygal.style

    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
    return pygal


def _add_marks(chart: Any, axis: Axis, bottom: float, top: float) -> None:
    """A line for each mark, and its number above."""
    if not axis.marks:
        return
    points: list[object] = []
    for mark in axis.marks:
        points += [(mark.at_s, bottom), {"value": (mark.at_s, top), "label": mark.label}, (mark.at_s, None)]
    chart.add(
        "",
        points,
        stroke_style={"width": 1.5, "dasharray": "2, 3"},
        allow_interruptions=True,
        show_dots=True,
        dots_size=0,
    )


_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
_NAMESPACE = re.compile(r'\s+xmlns(?::\w+)?="[^"]*"')
# Words for a tooltip that pygal's own script would show; they would be read aloud as one long row of numbers.
_DESCRIPTION = re.compile(r"<desc\b[^>]*>.*?</desc>", re.DOTALL)


def _cleaned(chart: Any, name: str) -> str:
    """The SVG element for a page: pygal's comments, script and namespaces (URLs, all of them) left out."""
    text: str = chart.render(is_unicode=True)
    text = text.replace(chart.uuid, name)
    for part in (_COMMENT, _SCRIPT, _DESCRIPTION, _NAMESPACE):
        text = part.sub("", text)
    return text
