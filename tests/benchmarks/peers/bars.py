"""A plot of horizontal bars, as SVG, that is legible on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _LABELS, _VALUES = 860, 150, 110
_BAR, _GAP, _TITLE, _MARGIN = 18, 7, 34, 16
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.bar { fill: #8c959f }
.ours { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .bar { fill: #6e7681 }
  .ours { fill: #58a6ff }
}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: whose it is, how long, what stands at its end, and whether it is the one to look for."""

    label: str
    value: float
    text: str
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars on one scale, below a title."""

    title: str
    bars: Sequence[Bar]


def svg(panels: Sequence[Panel]) -> str:
    """Return the plot: the panels, one below the other."""
    parts: list[str] = []
    top = float(_MARGIN)
    for panel in panels:
        parts += _panel(panel, top)
        top += _TITLE + len(panel.bars) * (_BAR + _GAP) + _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top:g}" '
        f'viewBox="0 0 {_WIDTH} {top:g}" role="img">'
    )
    return "\n".join([head, f"<style>{_STYLE}</style>", *parts, "</svg>"]) + "\n"


def _panel(panel: Panel, top: float) -> list[str]:
    longest = max((bar.value for bar in panel.bars), default=0.0) or 1.0
    parts = [f'<text class="title" x="{_MARGIN}" y="{top + 14:g}">{escape(panel.title)}</text>']
    for number, bar in enumerate(panel.bars):
        y = top + _TITLE - 8 + number * (_BAR + _GAP)
        length = max(1.0, (_WIDTH - _LABELS - _VALUES) * bar.value / longest)
        kind = "bar ours" if bar.is_ours else "bar"
        base = y + _BAR - 5
        parts += [
            f'<text x="{_LABELS - 8}" y="{base:g}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect class="{kind}" x="{_LABELS}" y="{y:g}" width="{length:.1f}" height="{_BAR}" rx="2"/>',
            f'<text x="{_LABELS + length + 6:.1f}" y="{base:g}">{escape(bar.text)}</text>',
        ]
    return parts
