"""Draws curves over time as SVG, with the standard library only. The same data give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

Points = Sequence[tuple[float, float]]

WIDTH = 880
_PANEL_HEIGHT, _TOP, _BOTTOM, _LEFT, _RIGHT, _LEGEND = 250, 34, 52, 58, 22, 44
# On a card of its own, since a page's theme and the system's may differ: the picture only knows the system's.
_STYLE = """
  .card { fill: #ffffff; stroke: #d1d9e0; }
  text { fill: #1f2328; font: 13px -apple-system, "Segoe UI", "Liberation Sans", Helvetica, Arial, sans-serif; }
  .title { font-weight: 600; font-size: 14px; }
  .axis { fill: #59636e; font-size: 12px; }
  .grid { stroke: #e4e8ec; }
  .base { stroke: #818b98; }
  .curve { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
  .dot { stroke-width: 8; }
  .optimum { stroke: #818b98; stroke-width: 7; stroke-opacity: 0.35; }
  .ours { stroke: #0969da; }
  .sdk { stroke: #bc4c00; }
  .generic { stroke: #8250df; stroke-dasharray: 6 4; }
  .generic.dot { stroke-dasharray: none; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .axis { fill: #9198a1; }
    .grid { stroke: #262c36; }
    .base, .optimum { stroke: #9198a1; }
    .ours { stroke: #4493f8; }
    .sdk { stroke: #f0883e; }
    .generic { stroke: #bc8cff; }
  }
"""


@dataclass(frozen=True)
class Curve:
    """A line in a panel.

    :ivar kind: how it is drawn: ``ours``, ``sdk``, ``generic`` or ``optimum``.
    :ivar points: (seconds, value), by time.
    :ivar note: words beside its end.
    """

    name: str
    kind: str
    points: Points
    note: str = ""


@dataclass(frozen=True)
class Panel:
    """A pair of axes, the horizontal one in minutes."""

    title: str
    unit: str
    curves: Sequence[Curve]


def steps(moments: Sequence[float], until: float) -> list[tuple[float, float]]:
    """How many of the moments have passed, as a staircase from 0 to ``until``."""
    stairs = [(0.0, 0.0)]
    for count, moment in enumerate(moments):
        stairs += [(moment, float(count)), (moment, count + 1.0)]
    return [*stairs, (max(until, *moments, 0.0), float(len(moments)))]


def draw(title: str, rows: Sequence[Sequence[Panel]]) -> str:
    """Panels in rows, below one legend for all of them."""
    height = _LEGEND + _PANEL_HEIGHT * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        *_legend([curve for row in rows for panel in row for curve in panel.curves]),
    ]
    for number, row in enumerate(rows):
        width = WIDTH / len(row)
        minutes = _highest(x for panel in row for curve in panel.curves for x, _ in curve.points) / 60
        for place, panel in enumerate(row):
            parts += _panel(panel, width * place, _LEGEND + _PANEL_HEIGHT * number, width, minutes)
    return "\n".join([*parts, "</svg>", ""])


def ticks(highest: float, about: int = 5) -> list[float]:
    """Round numbers from 0 to ``highest``; 1, 2 or 5 times a power of ten apart."""
    rough = highest / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    return [nth * step for nth in range(math.floor(highest / step + 1e-9) + 1)]


def _highest(values: Iterator[float]) -> float:
    """What an axis reaches to: never 0, so that there is always something to divide by."""
    return max(values, default=0.0) or 1.0


def _legend(curves: Sequence[Curve]) -> Iterator[str]:
    x = float(_LEFT)
    for name, kind in dict.fromkeys((curve.name, curve.kind) for curve in curves):
        yield f'<path class="curve {kind}" d="M{x:.1f} 25 h28"/>'
        yield f'<text x="{x + 36:.1f}" y="29.5">{escape(name)}</text>'
        x += 64 + 6.8 * len(name)


def _panel(panel: Panel, x: float, y: float, width: float, minutes: float) -> Iterator[str]:
    top_value = _highest(value for curve in panel.curves for _, value in curve.points)
    left, right, top, bottom = x + _LEFT, x + width - _RIGHT, y + _TOP, y + _PANEL_HEIGHT - _BOTTOM

    def place(seconds: float, value: float) -> tuple[float, float]:
        along = left + (right - left) * seconds / 60 / minutes
        return along, bottom - (bottom - top) * value / top_value

    yield f'<text class="title" x="{left:.1f}" y="{y + 16:.1f}">{escape(panel.title)}</text>'
    for value in ticks(top_value):
        height = place(0, value)[1]
        kind = "grid" if value else "base"
        yield f'<path class="{kind}" d="M{left:.1f} {height:.1f} H{right:.1f}"/>'
        yield f'<text class="axis" x="{left - 8:.1f}" y="{height + 4:.1f}" text-anchor="end">{value:g}</text>'
    for minute in ticks(minutes):
        along = place(minute * 60, 0)[0]
        yield f'<text class="axis" x="{along:.1f}" y="{bottom + 18:.1f}" text-anchor="middle">{minute:g}</text>'
    yield f'<text class="axis" x="{(left + right) / 2:.1f}" y="{bottom + 36:.1f}" text-anchor="middle">minutes</text>'
    yield from _unit(panel.unit, x + 14, (top + bottom) / 2)
    for curve in panel.curves:
        points = [place(*point) for point in curve.points]
        yield f'<path class="curve {curve.kind}" d="{_path(points)}"><title>{escape(curve.name)}</title></path>'
        if curve.note:
            yield from _end(curve, *points[-1], right)


def _end(curve: Curve, x: float, y: float, right: float) -> Iterator[str]:
    """A dot where the curve ends, and its note below: to the right where there is room."""
    yield f'<path class="curve {curve.kind} dot" d="M{x:.1f} {y:.1f} h0"/>'
    where = f'x="{x + 6:.1f}" y="{y + 17:.1f}"'
    if x + 7 * len(curve.note) > right:
        where = f'x="{right:.1f}" y="{y + 30:.1f}" text-anchor="end"'
    yield f'<text class="axis" {where}>{escape(curve.note)}</text>'


def _unit(unit: str, x: float, y: float) -> Iterator[str]:
    turned = f'transform="translate({x:.1f} {y:.1f}) rotate(-90)"'
    yield f'<text class="axis" text-anchor="middle" {turned}>{escape(unit)}</text>'


def _path(points: Points) -> str:
    """A path through the points, without those that would be drawn on top of the one before."""
    drawn = [f"{x:.1f} {y:.1f}" for x, y in points]
    return "M" + " L".join(point for nth, point in enumerate(drawn) if not nth or point != drawn[nth - 1])
