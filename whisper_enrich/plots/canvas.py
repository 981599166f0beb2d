"""One sheet to draw on, as a small PNG or as an SVG that follows the page's colours; the same input gives the same bytes.

Lengths are pixels throughout: a sheet has 72 of them to the inch, as points have, so that a font of size 9 is 9 pixels high.
matplotlib is imported when the first sheet is opened. Its settings are global to the process, so one sheet is open at a time.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, MUTED, RULE, PAPER = "#1f2328", "#6a737d", "#d0d7de", "#ffffff"
BLUE, RED, GREEN = "#0072b2", "#d55e00", "#009e73"
"""Of Okabe and Ito's palette (2008), which people with any colour vision tell apart."""

THEME = {INK: "ink", MUTED: "muted", RULE: "rule", PAPER: "paper", BLUE: "blue", RED: "red", GREEN: "green"}
"""The custom properties of a page that an SVG takes these colours from; without them it keeps its own."""

FONT = "DejaVu Sans"
"""It comes with matplotlib, so that every machine has it."""
TEXT = 9.0
PNG_SCALES = (1.2, 1.0, 0.75)
MOST_BYTES = 12_288
"""Of a PNG: one that is larger is drawn at the next scale."""
SHADES = {INK: 6, MUTED: 6, BLUE: 20, RED: 6, GREEN: 5, RULE: 2}
"""Steps from white to each colour in a PNG's palette: few, so that it is small, the same for all, so that colours stay."""
_PER_INCH = 72.0
_OPEN = RLock()

_SETTINGS: Mapping[str, Any] = {
    "font.family": FONT,
    "font.size": TEXT,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelsize": TEXT,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": TEXT,
    "axes.titlelocation": "left",
    "axes.titlepad": 4.0,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": TEXT - 1,
    "ytick.labelsize": TEXT - 1,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "svg.hashsalt": "whisper_enrich",
}


class Sheet:
    """A figure of ``width`` x ``height`` pixels; places are counted from its upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self._figure = Figure(figsize=(width / _PER_INCH, height / _PER_INCH), dpi=_PER_INCH)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes at this place."""
        bottom = self.height - top - height
        return self._figure.add_axes(
            (left / self.width, bottom / self.height, width / self.width, height / self.height)
        )

    def text(self, left: float, top: float, words: str, **style: Any) -> None:
        """Words whose first line begins at this place."""
        style = {"va": "top", "ha": "left", **style}
        self._figure.text(left / self.width, 1.0 - top / self.height, words, **style)

    def legend(self, left: float, top: float, *parts: tuple[str, str]) -> None:
        """Words on one line, each in its colour."""
        from matplotlib.font_manager import findfont, get_font

        font = get_font(findfont(FONT))
        font.set_size(TEXT - 1, _PER_INCH)
        for words, colour in parts:
            self.text(left, top, words, color=colour, fontsize=TEXT - 1)
            font.set_text(words)
            left += font.get_width_height()[0] / 64.0 + 9.0

    def png(self) -> bytes:
        """With a small palette, on white; at the first of `PNG_SCALES` at which it is small enough, else the last."""
        self._figure.set_facecolor(PAPER)
        drawn = b""
        for scale in PNG_SCALES:
            drawn = self._png(scale)
            if len(drawn) <= MOST_BYTES:
                break
        return drawn

    def _png(self, scale: float) -> bytes:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        self._figure.set_dpi(_PER_INCH * scale)
        canvas = FigureCanvasAgg(self._figure)
        canvas.draw()
        size = canvas.get_width_height()
        image = Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1).convert("RGB")
        palette = Image.new("P", (1, 1))
        palette.putpalette(_palette())
        out = io.BytesIO()
        image.quantize(palette=palette, dither=Image.Dither.NONE).save(out, format="PNG", optimize=True)
        return out.getvalue()

    def svg(self, name: str, says: str) -> str:
        """To stand in a page: without prolog, its ids under ``name``, ``says`` for those who do not see it."""
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        out = io.StringIO()
        self._figure.patch.set_visible(False)
        for axes in self._figure.axes:
            axes.patch.set_visible(False)
        FigureCanvasSVG(self._figure).print_svg(out, metadata={"Date": None})
        return _for_a_page(out.getvalue(), name, says)


@contextmanager
def sheet(width: float, height: float) -> Iterator[Sheet]:
    """A sheet to draw on and to render, within the block."""
    import matplotlib

    with _OPEN, warnings.catch_warnings(), matplotlib.rc_context({**_SETTINGS}):
        # A letter that the font lacks is a box in a PNG, and nobody's fault.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield Sheet(width, height)


def _palette() -> list[int]:
    """Red, green and blue of each colour, one after the other."""
    colours = [255, 255, 255]
    for colour, steps in SHADES.items():
        full = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        for step in range(1, steps + 1):
            colours += [round(255 + (channel - 255) * step / steps) for channel in full]
    return colours


def _for_a_page(drawn: str, name: str, says: str) -> str:
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"\s*<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"\s*<style type=\"text/css\">.*?</style>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"<!--.*?-->\s*", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", drawn)
    drawn = re.sub(rf"font: ([^;\"]*?)'{FONT}'", r"font: \1var(--sans, sans-serif)", drawn)
    for colour, variable in THEME.items():
        drawn = drawn.replace(colour, f"var(--{variable}, {colour})")
    title = f"<title>{escape(says)}</title>"
    head = f'<svg class="plot" role="img" aria-label="{escape(says)}"'
    opened = re.sub(r'<svg( xmlns:xlink="[^"]*")? width="[^"]*" height="[^"]*"', head, drawn, count=1)
    return re.sub(r"(<svg[^>]*>)", lambda found: found[1] + title, opened, count=1).strip()


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places for labels: as near to ``places`` as they can be, ``gap`` from each other, between ``low`` and ``high``.

    Where there is no room for that, they are spread evenly.
    """
    order = sorted(range(len(places)), key=lambda i: (places[i], i))
    if len(places) > 1 and gap * (len(places) - 1) > high - low:
        gap = (high - low) / (len(places) - 1)
    put = [0.0] * len(places)
    floor = low
    for i in order:
        put[i] = floor = max(places[i], floor)
        floor += gap
    ceiling = high
    for i in reversed(order):
        put[i] = ceiling = min(put[i], ceiling)
        ceiling -= gap
    return put


def short(words: str, longest: int) -> str:
    """Words on one line, cut where they are too long for their place."""
    words = " ".join(words.split())
    return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"


def bare(axes: Axes, *sides: str) -> None:
    """Hide these spines, and the ticks that stand on them."""
    for side in sides:
        axes.spines[side].set_visible(False)
    if "left" in sides:
        axes.tick_params(left=False)
    if "bottom" in sides:
        axes.tick_params(bottom=False)


def outward(axes: Axes) -> None:
    """Let the outermost labels of the horizontal axis end with it, so that neighbours do not run into each other."""
    labels = axes.get_xticklabels()
    labels[0].set_horizontalalignment("left")
    labels[-1].set_horizontalalignment("right")
