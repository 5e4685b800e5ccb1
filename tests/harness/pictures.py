"""``make pictures``: draws docs/architecture.svg from the layers that ``tests/layering.py`` enforces."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from html import escape
from pathlib import Path

from tests.layering import PURE, rooms

LAYERS = rooms()
ARCHITECTURE = Path(__file__).parents[2] / "docs/architecture.svg"
# What each layer is for, in a few words; a layer without words is not drawn.
WORDS: Mapping[str, str] = {
    "operators": "what DAGs name",
    "sensors": "waits that DAGs name",
    "tasks": "one task, all its tries",
    "triggers": "waits in the triggerer",
    "hooks": "connection and verbs",
    "copying": "pure: one copy, once",
    "folder_events": "pure: what changed",
    "client": "alone calls Frame.io",
    "authorize": "a user's consent",
    "probe": "what is assumed, asked",
    "connection_form": "fields of the form",
    "provider_info": "what Airflow discovers",
    "assets": "version stacks as URIs",
    "lineage": "for OpenLineage",
    "links": "the task's button",
    "_compat": "Airflow's moved names",
    "api": "pure: said and answered",
    "emulator": "a Frame.io to run against",
}
_BOX_WIDTH, _BOX_HEIGHT, _GAP, _BETWEEN, _MARGIN = 199, 46, 14, 26, 20
_ACROSS = 4  # more would be too small to read on a page
_STYLE = """
  .card { fill: #ffffff; stroke: #d1d9e0; }
  text { font: 12px -apple-system, "Segoe UI", "Liberation Sans", Helvetica, Arial, sans-serif; fill: #59636e; }
  .name { font-size: 14px; font-weight: 600; fill: #1f2328; }
  .box { fill: #f6f8fa; stroke: #818b98; }
  .airflow { fill: #ddf4ff; stroke: #0969da; }
  .network { fill: #fff1e5; stroke: #bc4c00; }
  .pure { fill: #dafbe1; stroke: #1a7f37; }
  .row { stroke: #e4e8ec; }
"""
_LEGEND = (
    ("airflow", "imports Airflow, or what does"),
    ("network", "opens sockets"),
    ("pure", "pure"),
    ("box", "the rest"),
)


def rows() -> list[list[str]]:
    """The layers, the highest first: each imports only from rows below its own."""
    depths: dict[str, int] = {}

    def depth(layer: str) -> int:
        if layer not in depths:
            below = [depth(other) for other in LAYERS[layer][0] if other in WORDS]
            depths[layer] = 1 + max(below, default=-1)
        return depths[layer]

    found: list[list[str]] = [[] for _ in range(1 + max(map(depth, WORDS)))]
    for layer in sorted(WORDS):
        found[depth(layer)].append(layer)
    return found[::-1]


def picture() -> str:
    """The picture as SVG: the same layers give the same bytes."""
    width = 2 * _MARGIN + _ACROSS * (_BOX_WIDTH + _GAP) - _GAP
    parts: list[str] = []
    top = _MARGIN
    for number, row in enumerate(rows()):
        if number:
            middle = top + _BETWEEN / 2 - _GAP
            parts.append(f'<path class="row" d="M{_MARGIN} {middle:g} H{width - _MARGIN}"/>')
            top += _BETWEEN - _GAP
        for line in (row[start : start + _ACROSS] for start in range(0, len(row), _ACROSS)):
            left = (width - len(line) * (_BOX_WIDTH + _GAP) + _GAP) / 2
            parts += [_box(layer, left + place * (_BOX_WIDTH + _GAP), top) for place, layer in enumerate(line)]
            top += _BOX_HEIGHT + _GAP
    parts += _legend(top + 20)
    height = top + 20 + _MARGIN
    label = "The layers of airflow_provider_frameio; each imports only from rows below its own"
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label="{label}">',
        f"<title>{label}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="card" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>',
    ]
    return "\n".join([*head, *parts, "</svg>", ""])


def _box(layer: str, left: float, top: float) -> str:
    below, libraries = LAYERS[layer]
    title = f"{layer} imports {', '.join(sorted(below - {''} | libraries)) or 'nothing'}"
    middle = left + _BOX_WIDTH / 2
    return (
        f'<g><title>{escape(title)}</title><rect class="{_kind(layer)}" x="{left:g}" y="{top}" width="{_BOX_WIDTH}"'
        f' height="{_BOX_HEIGHT}" rx="5"/><text class="name" x="{middle:g}" y="{top + 20}" text-anchor="middle">'
        f'{escape(layer)}</text><text x="{middle:g}" y="{top + 37}" text-anchor="middle">'
        f"{escape(WORDS[layer])}</text></g>"
    )


def _legend(y: float) -> list[str]:
    return [
        f'<rect class="{kind}" x="{_MARGIN + place * 210}" y="{y - 11:g}" width="16" height="14" rx="3"/>'
        f'<text x="{_MARGIN + place * 210 + 23}" y="{y:g}">{escape(words)}</text>'
        for place, (kind, words) in enumerate(_LEGEND)
    ]


def _kind(layer: str) -> str:
    if layer in PURE:
        return "pure"
    if layer in {"client", "authorize", "emulator"}:
        return "network"
    return "airflow" if _reaches(layer, "airflow") else "box"


def _reaches(layer: str, library: str) -> bool:
    """Whether a layer imports a library, by itself or through another."""
    below, libraries = LAYERS[layer]
    return library in libraries or any(_reaches(other, library) for other in below)


def main() -> int:
    """Draw it."""
    ARCHITECTURE.write_text(picture())
    return 0


if __name__ == "__main__":
    sys.exit(main())
